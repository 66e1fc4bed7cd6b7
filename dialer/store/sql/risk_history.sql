-- What features and outcomes are computed from, each row with when it was known. `low`, `high`: which debtors.
-- Moments are seconds since 1970. `zone_s`: local midnight is so many seconds before that of UTC.

-- name: accounts
-- Terms of the contract, and the days past due that a list had or that were rolled on, with the day of that.
SELECT a.account_id, a.debtor_id, coalesce(l.principal_cents, a.principal_cents, 0),
       unixepoch(l.disbursed_on) - :zone_s, a.product, a.days_past_due,
       nullif(max(coalesce(unixepoch(a.aged_on) - :zone_s, 0), coalesce(unixepoch(b.at), 0)), 0)
FROM accounts a LEFT JOIN loans l USING (account_id) LEFT JOIN import_batches b ON b.batch_id = a.batch_id
WHERE a.debtor_id BETWEEN :low AND :high
ORDER BY a.account_id;

-- name: instalments
SELECT i.account_id, unixepoch(i.due_on) - :zone_s, i.principal_cents + i.interest_cents + i.fee_cents
FROM accounts a CROSS JOIN instalments i USING (account_id)
WHERE a.debtor_id BETWEEN :low AND :high;

-- name: payments
-- What a file told long after the day was known to the bank by the next day: `known_after_s`.
SELECT p.account_id, unixepoch(p.at),
       CASE WHEN p.batch_id IS NULL THEN unixepoch(p.noted_at)
            ELSE min(unixepoch(p.noted_at), unixepoch(p.at) + :known_after_s) END,
       unixepoch(p.reversed_at), p.amount_cents
FROM accounts a CROSS JOIN payments p USING (account_id)
WHERE a.debtor_id BETWEEN :low AND :high;

-- name: promises
SELECT p.account_id, unixepoch(p.judged_at), p.status = 'kept'
FROM accounts a CROSS JOIN promises p USING (account_id)
WHERE a.debtor_id BETWEEN :low AND :high AND p.status IN ('kept', 'broken') AND p.judged_at IS NOT NULL;

-- name: calls
SELECT t.debtor_id, unixepoch(coalesce(t.disposed_at, t.closed_at)),
       t.outcome IN ('bridged', 'abandoned', 'early_hangup'), coalesce(d.right_party AND d.conversation, 0)
FROM attempts t LEFT JOIN dispositions d USING (attempt_id)
WHERE t.debtor_id BETWEEN :low AND :high AND t.closed_at IS NOT NULL
  AND t.outcome NOT IN ('trunk_failed', 'cancelled', 'engine_error', 'congestion', 'unknown');

-- name: facts
SELECT debtor_id, field, unixepoch(at), value FROM debtor_facts
WHERE debtor_id BETWEEN :low AND :high
  AND field IN (SELECT value FROM json_each(:fields));

-- name: scores
-- Of others: our own cards do not look at themselves.
SELECT debtor_id, unixepoch(at), score FROM scores s
WHERE debtor_id BETWEEN :low AND :high AND NOT EXISTS (SELECT 1 FROM risk_models m WHERE m.model = s.model);

-- name: reports
SELECT debtor_id, unixepoch(at), json_extract(payload, '$.sign'), json_extract(payload, '$.value')
FROM account_events
WHERE kind = 'risk.reported' AND debtor_id BETWEEN :low AND :high;

-- name: debtors_of
SELECT DISTINCT a.debtor_id FROM accounts a WHERE a.account_no = :account_no;
