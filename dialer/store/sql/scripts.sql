-- What strategies ask about a person, what was shown, and who is left alone. Every statement stands under its name.

-- name: person
-- The account with whoever is reached at a number of it; without a number, the one that is next, or none.
SELECT a.account_id, a.account_no, a.debtor_id, d.name, coalesce(p.role, 'debtor'), coalesce(p.number, ''), coalesce(p.zone, ''),
       a.days_past_due, a.amount_due_cents, a.risk, a.region, a.product, a.industry, a.language
FROM accounts a JOIN debtors d ON d.debtor_id = a.debtor_id
LEFT JOIN phones p ON p.phone_id = coalesce(:phone_id, a.next_phone_id) AND p.debtor_id = a.debtor_id
WHERE a.account_id = :account_id;

-- name: accounts_by_no
SELECT account_id FROM accounts WHERE account_no = :account_no ORDER BY account_id;

-- name: instalments_paid
-- Of all loans of a debtor: paid by the last day of grace; paid later, or not paid when grace is over.
SELECT coalesce(sum(i.paid_on IS NOT NULL AND i.paid_on <= date(i.due_on, '+' || coalesce(l.grace_days, 0) || ' days')), 0),
       coalesce(sum(coalesce(i.paid_on, :today) > date(i.due_on, '+' || coalesce(l.grace_days, 0) || ' days')), 0)
FROM accounts a JOIN instalments i ON i.account_id = a.account_id LEFT JOIN loans l ON l.account_id = a.account_id
WHERE a.debtor_id = :debtor_id;

-- name: monthly_due
-- Of each loan the instalment that is next, or the last one; NULL: no loan of the debtor has instalments.
SELECT sum((SELECT i.principal_cents + i.interest_cents + i.fee_cents FROM instalments i
            WHERE i.account_id = a.account_id ORDER BY i.due_on < :today, abs(julianday(i.due_on) - julianday(:today)) LIMIT 1))
FROM accounts a WHERE a.debtor_id = :debtor_id;

-- name: promises_counted
SELECT coalesce(sum(p.status = 'kept'), 0), coalesce(sum(p.status = 'broken'), 0),
       coalesce(sum(p.status IN ('open', 'due')), 0)
FROM accounts a JOIN promises p ON p.account_id = a.account_id WHERE a.debtor_id = :debtor_id;

-- name: promise_to_name
-- The live one of the debtor, this account's first; without one the one that was broken last.
SELECT p.amount_cents, p.due_on FROM accounts a JOIN promises p ON p.account_id = a.account_id
WHERE a.debtor_id = :debtor_id AND p.status IN ('open', 'due', 'broken')
ORDER BY p.status = 'broken', p.account_id <> :account_id, p.due_on DESC LIMIT 1;

-- name: last_disposition
SELECT code FROM dispositions WHERE debtor_id = :debtor_id AND code IS NOT NULL AND conversation = 1
ORDER BY at DESC LIMIT 1;

-- name: penalty
SELECT coalesce(sum(penalty_cents - paid_penalty_cents), 0) FROM instalments WHERE account_id = :account_id;

-- name: keep_version
INSERT INTO script_versions (name, version, digest, body, first_at) VALUES (:name, :version, :digest, :body, :at)
ON CONFLICT (name, version, digest) DO NOTHING;

-- name: versions
SELECT name, version, digest, first_at FROM script_versions ORDER BY name, version, first_at;

-- name: version_body
SELECT body FROM script_versions WHERE name = :name AND digest LIKE :digest || '%' ORDER BY first_at DESC LIMIT 1;

-- name: was_held_out
SELECT 1 FROM hold_outs WHERE experiment = :experiment AND debtor_id = :debtor_id;

-- name: hold_out
INSERT INTO hold_outs (experiment, debtor_id, since, until_at, campaign)
VALUES (:experiment, :debtor_id, :at, :until_at, :campaign);

-- name: accounts_to_hold
-- All accounts of a debtor that may be dialled some day: an experiment must hold for each of them.
SELECT days_past_due, amount_due_cents, risk, region, product, language, callback
FROM accounts WHERE debtor_id = :debtor_id AND state NOT IN ('closed', 'never');

-- name: hold_outs_of
SELECT experiment, since, until_at, campaign FROM hold_outs WHERE debtor_id = :debtor_id ORDER BY since;
