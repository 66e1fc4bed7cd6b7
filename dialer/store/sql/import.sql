-- Taking over a list. Every statement stands under its name.

-- name: start_batch
INSERT INTO import_batches (list_name, source, at, kind, digest, as_of, rejected)
VALUES (:list_name, :source, :at, :kind, :digest, :as_of, :rejected);

-- name: said_at
SELECT as_of FROM import_batches WHERE kind = :kind AND digest = :digest AND as_of <> '' AND digest <> ''
ORDER BY batch_id LIMIT 1;

-- name: find_account
SELECT a.account_id, a.debtor_id, a.leased_by IS NOT NULL, a.next_rule = 'unlisted', a.list_name, a.product, a.principal_cents,
       a.amount_due_cents, a.days_past_due, a.risk, a.region, a.language, a.industry, a.remark, a.priority
FROM accounts a WHERE a.account_no = :account_no AND a.client = :client;

-- name: update_account
UPDATE accounts SET list_name = :list_name, product = :product, principal_cents = :principal_cents,
    amount_due_cents = :amount_due_cents, days_past_due = :days_past_due, risk = :risk, region = :region,
    language = :language, industry = :industry, remark = :remark, priority = :priority, batch_id = :batch_id
WHERE account_id = :account_id;

-- name: insert_account
-- Never again, when a flag for good stands against the debtor; closed, when no number can be dialled.
INSERT INTO accounts (account_id, account_no, client, list_name, debtor_id, product, principal_cents, amount_due_cents,
                      days_past_due, risk, region, language, industry, remark, priority, batch_id, next_phone_id,
                      state, next_rule, next_reason)
SELECT :account_id, :account_no, :client, :list_name, :debtor_id, :product, :principal_cents, :amount_due_cents,
       :days_past_due, :risk, :region, :language, :industry, :remark, :priority, :batch_id, :next_phone_id,
       CASE WHEN :flag IS NOT NULL THEN 'never' WHEN :next_phone_id IS NULL THEN 'closed' ELSE 'open' END,
       CASE WHEN :flag IS NOT NULL THEN 'stop:' || :flag WHEN :next_phone_id IS NULL THEN 'no-number' ELSE '' END,
       CASE WHEN :flag IS NOT NULL THEN '' WHEN :next_phone_id IS NULL
            THEN '无可用号码 · no usable number is left' ELSE '' END;

-- name: move_account
-- To another debtor. What was closed or stopped stays so.
UPDATE accounts SET debtor_id = :debtor_id, next_phone_id = :next_phone_id,
    state = CASE WHEN state IN ('closed', 'never') THEN state WHEN :flag IS NOT NULL THEN 'never'
                 WHEN :next_phone_id IS NULL THEN 'closed' ELSE state END,
    next_at = CASE WHEN :flag IS NOT NULL OR :next_phone_id IS NULL THEN NULL ELSE next_at END,
    next_rule = CASE WHEN state IN ('closed', 'never') THEN next_rule WHEN :flag IS NOT NULL THEN 'stop:' || :flag
                     WHEN :next_phone_id IS NULL THEN 'no-number' ELSE next_rule END
WHERE account_id = :account_id;

-- name: list_account
-- Opens what only an application had told of; see `insert_account`.
UPDATE accounts SET next_phone_id = :next_phone_id,
    state = CASE WHEN :flag IS NOT NULL THEN 'never' WHEN :next_phone_id IS NULL THEN 'closed' ELSE 'open' END,
    next_rule = CASE WHEN :flag IS NOT NULL THEN 'stop:' || :flag WHEN :next_phone_id IS NULL THEN 'no-number'
                     ELSE '' END,
    next_reason = CASE WHEN :flag IS NULL AND :next_phone_id IS NULL THEN '无可用号码 · no usable number is left'
                       ELSE '' END
WHERE account_id = :account_id AND :debtor_id IS NOT NULL;

-- name: names_of
SELECT identity FROM debtors WHERE debtor_id = :debtor_id
UNION ALL
SELECT identity FROM debtor_keys WHERE debtor_id = :debtor_id;

-- name: learn_key
INSERT INTO debtor_keys (identity, debtor_id) VALUES (:identity, :debtor_id) ON CONFLICT DO NOTHING;

-- name: lasting_flag
SELECT flag FROM stop_flags WHERE debtor_id = :debtor_id AND phone_id IS NULL AND until_at IS NULL LIMIT 1;

-- name: find_debtor
-- By its first name, or by one that was learned later.
SELECT debtor_id FROM debtors WHERE identity = :identity
UNION ALL
SELECT debtor_id FROM debtor_keys WHERE identity = :identity
LIMIT 1;

-- name: find_namesake
-- Without an id from outside, the same name with the same number is the same person.
SELECT d.debtor_id, d.name FROM phones p JOIN debtors d ON d.debtor_id = p.debtor_id
WHERE p.number = :number AND d.name = :name ORDER BY d.debtor_id LIMIT 1;

-- name: insert_debtor
INSERT INTO debtors (debtor_id, identity, name) VALUES (:debtor_id, :identity, :name);

-- name: debtor_name
SELECT name FROM debtors WHERE debtor_id = :debtor_id;

-- name: rename_debtor
UPDATE debtors SET name = :name WHERE debtor_id = :debtor_id;

-- name: note_source
INSERT INTO debtor_sources (debtor_id, batch_id) VALUES (:debtor_id, :batch_id) ON CONFLICT DO NOTHING;

-- name: debtor_phones
SELECT number, zone, rank, role FROM phones WHERE debtor_id = :debtor_id;

-- name: insert_phone
INSERT INTO phones (debtor_id, number, rank, zone, role) VALUES (:debtor_id, :number, :rank, :zone, :role);

-- name: update_phone
-- `moved`: it is somebody else who is reached there; the number stands last among theirs.
UPDATE phones SET zone = :zone, role = :role, rank = CASE WHEN :moved THEN :rank ELSE rank END
WHERE debtor_id = :debtor_id AND number = :number;

-- name: first_usable_phone
-- Those of the row first, in its order, then the debtor's others by rank.
SELECT p.phone_id FROM phones p LEFT JOIN json_each(:numbers) j ON j.value = p.number
WHERE p.debtor_id = :debtor_id AND p.state = 'valid'
  AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number)
ORDER BY p.role = 'contact', j.key IS NULL, j.key, p.rank, p.phone_id LIMIT 1;

-- name: reopen_numbered
-- A new number brings back accounts that were closed for want of one, or held where only a third party was left.
UPDATE accounts SET state = 'open', next_rule = '', next_reason = '', next_phone_id = :phone_id
WHERE debtor_id = :debtor_id AND (state = 'closed' AND next_rule = 'no-number'
                                  OR state = 'hold' AND next_rule = 'third_party' AND next_at IS NULL);

-- name: reopen_zoned
-- A zone brings back accounts that the gate refused for want of one.
UPDATE accounts SET state = 'open' WHERE debtor_id = :debtor_id AND state = 'hold' AND next_rule = 'zone';

-- name: end_batch
UPDATE import_batches SET added = :added, updated = :updated, unchanged = :unchanged WHERE batch_id = :batch_id;
