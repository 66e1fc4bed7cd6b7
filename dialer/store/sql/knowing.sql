-- What each source says of debtors and accounts. Every statement stands under its name.

-- name: debtor_facts
SELECT f.field, f.value, f.source, f.at, f.said_by, coalesce(b.source, '')
FROM debtor_facts f LEFT JOIN import_batches b USING (batch_id) WHERE f.debtor_id = :id ORDER BY f.field;

-- name: account_facts
SELECT f.field, f.value, f.source, f.at, f.said_by, coalesce(b.source, '')
FROM account_facts f LEFT JOIN import_batches b USING (batch_id) WHERE f.account_id = :id ORDER BY f.field;

-- name: listed
-- What lists say of a debtor stands in columns of the accounts, the newest last. Chinese stands there too where a list
-- said nothing of the language.
SELECT coalesce(nullif(b.as_of, ''), b.at), b.source, d.name, a.region, a.industry,
       CASE WHEN a.language = 'zh' THEN '' ELSE a.language END
FROM accounts a JOIN import_batches b ON b.batch_id = a.batch_id JOIN debtors d ON d.debtor_id = a.debtor_id
WHERE a.debtor_id = :id AND b.kind = 'accounts' ORDER BY 1, a.account_id;

-- name: listed_account
SELECT coalesce(nullif(b.as_of, ''), b.at), b.source, a.principal_cents, a.product
FROM accounts a JOIN import_batches b ON b.batch_id = a.batch_id WHERE a.account_id = :id AND b.kind = 'accounts';

-- name: say_of_debtor
-- An older word of the same source never replaces a newer one.
INSERT INTO debtor_facts (debtor_id, field, source, value, at, batch_id, said_by)
VALUES (:id, :field, :source, :value, :at, :batch_id, :said_by)
ON CONFLICT (debtor_id, field, source) DO UPDATE
SET value = excluded.value, at = excluded.at, batch_id = excluded.batch_id, said_by = excluded.said_by
WHERE excluded.at > at OR (excluded.at = at AND excluded.value <> value);

-- name: say_of_account
INSERT INTO account_facts (account_id, field, source, value, at, batch_id, said_by)
VALUES (:id, :field, :source, :value, :at, :batch_id, :said_by)
ON CONFLICT (account_id, field, source) DO UPDATE
SET value = excluded.value, at = excluded.at, batch_id = excluded.batch_id, said_by = excluded.said_by
WHERE excluded.at > at OR (excluded.at = at AND excluded.value <> value);

-- name: debtor_of_account
SELECT debtor_id FROM accounts WHERE account_id = :id;
