-- Desks: who works on a debtor. Every statement stands under its name.

-- name: desk
SELECT k.holder, k.since, k.until_at, a.account_no, k.account_id FROM desks k JOIN accounts a USING (account_id)
WHERE k.debtor_id = :debtor_id;

-- name: listed
SELECT k.debtor_id, k.holder, k.since, k.until_at, a.account_no, k.account_id FROM desks k JOIN accounts a USING (account_id)
WHERE (:holder = '' OR k.holder = :holder) AND k.until_at > :at ORDER BY k.since, k.debtor_id;

-- name: take
INSERT INTO desks (debtor_id, account_id, holder, since, until_at)
VALUES (:debtor_id, :account_id, :holder, :at, :until_at)
ON CONFLICT (debtor_id) DO UPDATE SET account_id = excluded.account_id, holder = excluded.holder,
    since = CASE WHEN holder = excluded.holder AND until_at > :at THEN since ELSE excluded.since END,
    until_at = excluded.until_at;

-- name: leave
DELETE FROM desks WHERE debtor_id = :debtor_id;

-- name: over
SELECT debtor_id, account_id, holder FROM desks WHERE until_at <= :at LIMIT :limit;

-- name: lease
-- A lease that has not run out, or the call that is in the air or not concluded.
SELECT a.leased_by, a.leased_until_at, NULL FROM accounts a
WHERE a.debtor_id = :debtor_id AND a.leased_by IS NOT NULL AND a.leased_until_at > :at
  AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.debtor_id = a.debtor_id AND t.disposed_at IS NULL)
UNION ALL
SELECT t.engine, t.at, coalesce(t.agent_id, '') FROM attempts t
WHERE t.debtor_id = :debtor_id AND t.disposed_at IS NULL LIMIT 1;
