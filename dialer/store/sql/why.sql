-- Why an account is dialled or not, and how many of a list are where. These only read. Every statement stands under its
-- name.

-- name: standing
-- Where each account of a list stands, first reason first; `ready`: only the gate and the agents are left to ask.
-- As a lease looks at it: leases that ran out are free, and what is due is open. Goes before another statement.
WITH flying(debtor_id, number) AS MATERIALIZED (SELECT debtor_id, number FROM attempts WHERE disposed_at IS NULL),
held(account_id, debtor_id, number) AS MATERIALIZED (
  SELECT account_id, debtor_id, leased_number FROM accounts
  WHERE leased_by IS NOT NULL
    AND (leased_until_at > :at OR debtor_id IN (SELECT debtor_id FROM flying))
),
standing AS (
  SELECT a.account_id, a.debtor_id, a.team, a.next_at, a.next_reason, p.number, p.zone, p.role,
    a.callback, a.priority, a.worth_cents, a.days_past_due, a.amount_due_cents, a.last_attempt_at, a.risk, a.region,
    a.language, a.product, coalesce(o.skill, '') AS skill, coalesce(o.level, 0) AS level,
    CASE
      WHEN a.state = 'closed' THEN 'closed'
      WHEN a.state = 'never' THEN 'never:' || CASE WHEN a.next_rule LIKE 'stop:%' THEN substr(a.next_rule, 6)
                                                   ELSE a.next_rule END
      WHEN a.account_id IN (SELECT account_id FROM held) THEN
        CASE WHEN a.debtor_id IN (SELECT debtor_id FROM flying) THEN 'in_air' ELSE 'leased' END
      WHEN a.state <> 'open' AND (a.next_at IS NULL OR a.next_at > :at) THEN
        CASE WHEN a.state = 'hold' AND a.next_rule LIKE 'promise%' THEN 'promise'
             WHEN a.state = 'waiting' AND a.next_rule = 'payment' THEN 'payment' ELSE a.state END
      WHEN a.team <> '' AND :teams <> '[]' AND a.team NOT IN (SELECT value FROM json_each(:teams)) THEN 'team'
      WHEN p.phone_id IS NULL OR p.state <> 'valid' THEN 'no_number'
      WHEN EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number) THEN 'stop:do_not_call'
      WHEN f.flag IS NOT NULL THEN 'stop:' || f.flag
      WHEN a.debtor_id IN (SELECT debtor_id FROM desks WHERE until_at > :at) THEN 'desk'
      WHEN a.next_rule <> 'promise.reminder' AND NOT (a.callback = 1 AND a.next_rule NOT IN ('', 'promise'))
        AND a.account_id IN (SELECT account_id FROM promises WHERE status IN ('open', 'due')) THEN 'promise'
      WHEN a.debtor_id IN (SELECT debtor_id FROM flying) OR p.number IN (SELECT number FROM flying) THEN 'in_air'
      WHEN a.debtor_id IN (SELECT debtor_id FROM held) OR p.number IN (SELECT number FROM held) THEN 'leased'
      ELSE 'ready'
    END AS step
  FROM accounts a LEFT JOIN phones p ON p.phone_id = a.next_phone_id
  LEFT JOIN owners o ON o.debtor_id = a.debtor_id
  LEFT JOIN (SELECT debtor_id, min(flag) AS flag FROM stop_flags
             WHERE phone_id IS NULL AND (until_at IS NULL OR until_at > :at) GROUP BY debtor_id) f
    ON f.debtor_id = a.debtor_id
  WHERE a.list_name = :list_name
)

-- name: listed_accounts
-- All of a list, in the order of dialling. For those that may be asked about (ready, waiting): the last dials to the debtor
-- and to the number, whether anything else is known that the gate must see (a flag, a consent, a third party), and
-- whether a rule has set the moment for which they wait. `step` is named once only: it is worked out each time.
SELECT s.step, s.next_at, s.account_id, s.debtor_id, s.number, s.zone, s.role, s.team, s.days_past_due,
       s.amount_due_cents, s.risk, s.region, s.language, s.product, s.skill, s.level,
       coalesce((SELECT max(t.at) FROM attempts t WHERE t.debtor_id = s.debtor_id), ''),
       coalesce((SELECT max(t.at) FROM attempts t WHERE t.number = s.number), ''),
       s.role <> 'debtor' OR s.debtor_id IN (SELECT debtor_id FROM stop_flags)
         OR s.debtor_id IN (SELECT debtor_id FROM consents WHERE until_at > :at),
       s.next_at > :at AND (instr(s.next_reason, :moved) > 0
         OR EXISTS (SELECT 1 FROM refusals r WHERE r.account_id = s.account_id AND r.until_at = s.next_at))
FROM standing s
ORDER BY s.callback DESC, s.priority DESC, s.worth_cents DESC, s.days_past_due DESC, s.amount_due_cents DESC,
         s.last_attempt_at, s.account_id;

-- name: accounts_by_no
SELECT account_id, NULL AS phone_id FROM accounts WHERE account_no = :asked ORDER BY account_id;

-- name: accounts_by_number
SELECT a.account_id, p.phone_id FROM phones p JOIN accounts a ON a.debtor_id = p.debtor_id
WHERE p.number = :asked ORDER BY a.account_id;

-- name: similar_accounts
-- Those that begin or end as what was asked for.
SELECT DISTINCT account_no FROM accounts
WHERE account_no LIKE :begin ESCAPE '\' OR account_no LIKE :end ESCAPE '\' LIMIT 2000;

-- name: account
SELECT a.account_no, a.client, a.list_name, a.debtor_id, d.name, a.state, a.next_at, a.next_phone_id, a.next_rule,
       a.next_reason, a.callback_agent, a.team, a.leased_by, a.leased_until_at
FROM accounts a JOIN debtors d ON d.debtor_id = a.debtor_id WHERE a.account_id = :account_id;

-- name: phones
SELECT p.phone_id, p.number, p.state, p.role, p.zone, n.flag, n.at, n.added_by
FROM phones p LEFT JOIN do_not_call n ON n.number = p.number
WHERE p.debtor_id = :debtor_id ORDER BY p.rank, p.phone_id;

-- name: stops
-- Lifted ones are gone; those whose time is over do not count.
SELECT flag, at, until_at, added_by, phone_id FROM stop_flags
WHERE debtor_id = :debtor_id AND (until_at IS NULL OR until_at > :at) ORDER BY at, stop_id;

-- name: calls_in_air
SELECT attempt_id, at, account_id FROM attempts
WHERE disposed_at IS NULL AND (debtor_id = :debtor_id OR number = :number) ORDER BY at LIMIT 1;

-- name: leased_elsewhere
SELECT account_no, leased_by, leased_until_at FROM accounts
WHERE leased_by IS NOT NULL AND leased_until_at > :at AND account_id <> :account_id
  AND (debtor_id = :debtor_id OR leased_number = :number) LIMIT 1;

-- name: calls
SELECT t.attempt_id, t.at, t.campaign, t.number, t.permit_rules, t.outcome, t.agent_id, t.talk_s,
       d.code, d.decided_by, d.next_kind, d.next_at, d.next_rule, d.next_reason
FROM attempts t LEFT JOIN dispositions d ON d.attempt_id = t.attempt_id
WHERE t.account_id = :account_id ORDER BY t.at, t.attempt_id;

-- name: refusals
SELECT r.at, r.campaign, p.number, r.rule, r.reason, r.until_at
FROM refusals r JOIN phones p ON p.phone_id = r.phone_id
WHERE r.account_id = :account_id ORDER BY r.at, r.refusal_id;

-- name: desk
SELECT holder, since, until_at FROM desks WHERE debtor_id = :debtor_id AND until_at > :at;

-- name: imported
SELECT max(b.at) FROM accounts a JOIN debtor_sources s ON s.debtor_id = a.debtor_id
JOIN import_batches b ON b.batch_id = s.batch_id WHERE a.account_id = :account_id;
