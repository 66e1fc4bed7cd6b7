-- What applications, repayments, scores and contacts tell. Every statement stands under its name.

-- name: accounts_of
SELECT account_id, debtor_id, client FROM accounts WHERE account_no = :account_no AND (:client = '' OR client = :client);

-- name: add_unlisted
-- An account of which no list has told yet: nobody is called for it.
INSERT INTO accounts (account_no, client, list_name, debtor_id, product, principal_cents, amount_due_cents, region,
                      language, industry, batch_id, state, next_rule, next_reason)
VALUES (:account_no, :client, '', :debtor_id, :product, :principal_cents, 0, :region, :language, :industry, :batch_id,
        'closed', 'unlisted', '只有申请资料，尚未列入名单 · only an application tells of it, no list yet');

-- name: fill_account
-- What nobody has told of an account yet.
UPDATE accounts SET product = CASE WHEN product = '' THEN :product ELSE product END,
    principal_cents = coalesce(principal_cents, :principal_cents)
WHERE account_id = :account_id
  AND ((product = '' AND :product <> '') OR (principal_cents IS NULL AND :principal_cents IS NOT NULL));

-- name: is_named_only
-- Known by name and number only: no id says that it is somebody else.
SELECT identity LIKE 'name:%' AND NOT EXISTS (SELECT 1 FROM debtor_keys k WHERE k.debtor_id = d.debtor_id)
FROM debtors d WHERE debtor_id = :debtor_id;

-- name: is_leased
SELECT EXISTS (SELECT 1 FROM accounts WHERE debtor_id IN (:debtor_id, :into_id) AND leased_by IS NOT NULL)
    OR EXISTS (SELECT 1 FROM attempts WHERE debtor_id IN (:debtor_id, :into_id) AND disposed_at IS NULL);

-- name: copy_phones
-- The numbers of one person who was known twice, after those that the other has.
INSERT INTO phones (debtor_id, number, rank, zone, state, role, contact_name, relation)
SELECT :into_id, p.number,
       p.rank + coalesce((SELECT max(q.rank) + 1 FROM phones q WHERE q.debtor_id = :into_id AND q.role = p.role), 0),
       p.zone, p.state, p.role, p.contact_name, p.relation
FROM phones p WHERE p.debtor_id = :debtor_id
ON CONFLICT (debtor_id, number) DO NOTHING;

-- name: move_accounts
UPDATE accounts SET debtor_id = :into_id,
    next_phone_id = (SELECT q.phone_id FROM phones p JOIN phones q ON q.number = p.number AND q.debtor_id = :into_id
                     WHERE p.phone_id = accounts.next_phone_id)
WHERE debtor_id = :debtor_id;

-- name: move_flags
-- A no to one of two is a no to both.
INSERT INTO stop_flags (debtor_id, phone_id, flag, until_at, added_by, at, note)
SELECT :into_id, NULL, flag, until_at, added_by, at, note FROM stop_flags
WHERE debtor_id = :debtor_id AND phone_id IS NULL;

-- name: move_attempts
-- Limits count what a person was called, under whichever name.
UPDATE attempts SET debtor_id = :into_id,
    phone_id = coalesce((SELECT q.phone_id FROM phones p JOIN phones q ON q.number = p.number AND q.debtor_id = :into_id
                         WHERE p.phone_id = attempts.phone_id), phone_id)
WHERE debtor_id = :debtor_id;

-- name: move_dispositions
UPDATE dispositions SET debtor_id = :into_id WHERE debtor_id = :debtor_id;

-- name: move_consents
UPDATE consents SET debtor_id = :into_id WHERE debtor_id = :debtor_id;

-- name: move_scores
UPDATE scores SET debtor_id = :into_id WHERE debtor_id = :debtor_id;

-- name: move_facts
UPDATE OR IGNORE debtor_facts SET debtor_id = :into_id WHERE debtor_id = :debtor_id;

-- name: move_sources
UPDATE OR IGNORE debtor_sources SET debtor_id = :into_id WHERE debtor_id = :debtor_id;

-- name: move_owners
UPDATE OR IGNORE owners SET debtor_id = :into_id WHERE debtor_id = :debtor_id;

-- name: stop_moved
UPDATE accounts SET state = 'never', next_at = NULL, next_rule = 'stop:' || (
    SELECT f.flag FROM stop_flags f WHERE f.debtor_id = :into_id AND f.phone_id IS NULL AND f.until_at IS NULL
    ORDER BY f.stop_id LIMIT 1)
WHERE debtor_id = :into_id AND state IN ('open', 'waiting', 'hold')
  AND EXISTS (SELECT 1 FROM stop_flags f WHERE f.debtor_id = :into_id AND f.phone_id IS NULL AND f.until_at IS NULL);

-- name: name_phone
UPDATE phones SET contact_name = CASE WHEN :name <> '' THEN :name ELSE contact_name END,
    relation = CASE WHEN :relation <> '' THEN :relation ELSE relation END
WHERE debtor_id = :debtor_id AND number = :number
  AND ((:name <> '' AND contact_name <> :name) OR (:relation <> '' AND relation <> :relation));

-- name: spoil_phone
UPDATE phones SET state = :state WHERE debtor_id = :debtor_id AND number = :number AND state = 'valid';

-- name: instalment
SELECT due_on, principal_cents, interest_cents, fee_cents FROM instalments WHERE account_id = :account_id AND no = :no;

-- name: save_instalment
-- What was paid of it stays; a penalty that the source tells holds from now on.
INSERT INTO instalments (account_id, no, due_on, principal_cents, interest_cents, fee_cents, penalty_cents)
VALUES (:account_id, :no, :due_on, :principal, :interest, :fee, coalesce(:penalty, 0))
ON CONFLICT (account_id, no) DO UPDATE
SET due_on = excluded.due_on, principal_cents = excluded.principal_cents, interest_cents = excluded.interest_cents,
    fee_cents = excluded.fee_cents, penalty_cents = coalesce(:penalty, penalty_cents)
WHERE (due_on, principal_cents, interest_cents, fee_cents, penalty_cents) IS NOT
      (excluded.due_on, excluded.principal_cents, excluded.interest_cents, excluded.fee_cents,
       coalesce(:penalty, penalty_cents));

-- name: knows_payment
SELECT amount_cents FROM payments WHERE account_id = :account_id AND txn_id = :txn_id;

-- name: same_score
SELECT score_id FROM scores
WHERE debtor_id = :debtor_id AND account_id IS :account_id AND model = :model AND at = :at AND score = :score
  AND grade = :grade LIMIT 1;

-- name: add_score
INSERT INTO scores (debtor_id, account_id, model, score, grade, reasons, at, batch_id)
VALUES (:debtor_id, :account_id, :model, :score, :grade, :reasons, :at, :batch_id);

-- name: grade_account
-- Where nobody has graded it yet.
UPDATE accounts SET risk = :grade WHERE risk = '' AND :grade <> ''
  AND ((:account_id IS NOT NULL AND account_id = :account_id) OR (:account_id IS NULL AND debtor_id = :debtor_id));

-- name: note_source
INSERT INTO debtor_sources (debtor_id, batch_id) VALUES (:debtor_id, :batch_id) ON CONFLICT DO NOTHING;

-- name: mapping
SELECT field, header FROM import_mappings WHERE kind = :kind AND name = :name ORDER BY field;

-- name: save_mapping
INSERT INTO import_mappings (kind, name, field, header, at) VALUES (:kind, :name, :field, :header, :at)
ON CONFLICT (kind, name, field) DO UPDATE SET header = excluded.header, at = excluded.at
WHERE header <> excluded.header;

-- name: mappings
SELECT kind, name, field, header, at FROM import_mappings ORDER BY kind, name, field;
