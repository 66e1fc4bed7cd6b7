-- Taking over a list in sets: a block of rows is staged in temporary tables, sorted into what is plain and what is not,
-- and the plain ones are written by a few statements. `staging.py` says in which order. `slow`: row by row.

-- name: make_rows
CREATE TEMP TABLE IF NOT EXISTS staged (
    row INTEGER PRIMARY KEY, account_no TEXT, client TEXT, identity TEXT, name TEXT, product TEXT,
    principal_cents INTEGER, amount_due_cents INTEGER, days_past_due INTEGER, risk TEXT, region TEXT, language TEXT,
    industry TEXT, remark TEXT, priority INTEGER, alias TEXT, first_row INTEGER, first_phone INTEGER, phones INTEGER,
    own INTEGER, slow INTEGER, account_id INTEGER, debtor_id INTEGER, is_new INTEGER NOT NULL DEFAULT 0
);

-- name: make_phones
CREATE TEMP TABLE IF NOT EXISTS staged_phones (
    id INTEGER PRIMARY KEY, row INTEGER, number TEXT, zone TEXT, role TEXT, rank INTEGER
);

-- name: make_changed
CREATE TEMP TABLE IF NOT EXISTS changed (account_id INTEGER PRIMARY KEY, row INTEGER);

-- name: clear_changed
DELETE FROM changed;

-- name: clear_rows
DELETE FROM staged;

-- name: clear_phones
DELETE FROM staged_phones;

-- name: stage_row
INSERT INTO staged (row, account_no, client, identity, name, product, principal_cents, amount_due_cents, days_past_due,
                    risk, region, language, industry, remark, priority, alias, first_row, first_phone, phones, own, slow)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: stage_phone
INSERT INTO staged_phones (id, row, number, zone, role, rank) VALUES (?, ?, ?, ?, ?, ?);

-- name: last_ids
SELECT coalesce((SELECT max(debtor_id) FROM debtors), 0), coalesce((SELECT max(phone_id) FROM phones), 0),
       coalesce((SELECT max(account_id) FROM accounts), 0);

-- name: any_account
SELECT EXISTS (SELECT 1 FROM accounts);

-- name: any_key
SELECT EXISTS (SELECT 1 FROM debtor_keys);

-- name: any_suppressed
SELECT EXISTS (SELECT 1 FROM suppressed);

-- name: find_accounts
UPDATE staged SET (account_id, debtor_id) =
    (SELECT a.account_id, a.debtor_id FROM accounts a WHERE a.account_no = staged.account_no AND a.client = staged.client);

-- name: find_debtors
UPDATE staged SET debtor_id = (SELECT d.debtor_id FROM debtors d WHERE d.identity = staged.identity)
WHERE debtor_id IS NULL;

-- name: slow_after_known
-- A new account without a debtor of its identity, in a file that gives the same identity to a known account.
UPDATE staged SET slow = 1
WHERE NOT slow AND debtor_id IS NULL AND first_row <> row
  AND (SELECT f.account_id IS NOT NULL FROM staged f WHERE f.row = staged.first_row);

-- name: slow_known_by_key
-- Ids that are second names: who is meant is asked row by row.
UPDATE staged SET slow = 1
WHERE NOT slow AND EXISTS (SELECT 1 FROM debtor_keys k WHERE k.identity = staged.identity);

-- name: slow_aliases
-- A second id that somebody has, or that its debtor has not yet.
UPDATE staged SET slow = 1
WHERE NOT slow AND alias <> ''
  AND (debtor_id IS NULL OR NOT EXISTS (SELECT 1 FROM debtor_keys k
                                        WHERE k.identity = staged.alias AND k.debtor_id = staged.debtor_id))
  AND (debtor_id IS NOT NULL OR EXISTS (SELECT 1 FROM debtor_keys k WHERE k.identity = staged.alias)
       OR EXISTS (SELECT 1 FROM debtors d WHERE d.identity = staged.alias));

-- name: slow_namesakes
-- Somebody without an id, whose number somebody has already: a namesake is the same person, and names change.
UPDATE staged SET slow = 1
WHERE NOT slow AND debtor_id IS NULL AND first_row = row AND identity LIKE 'name:%'
  AND EXISTS (SELECT 1 FROM staged_phones s JOIN phones p ON p.number = s.number WHERE s.id = staged.first_phone);

-- name: slow_somebody_else
-- A known account that the file gives to another debtor, a debtor with another name, or one with something to add.
UPDATE staged SET slow = 1
WHERE NOT slow AND debtor_id IS NOT NULL
  AND EXISTS (SELECT 1 FROM debtors d WHERE d.debtor_id = staged.debtor_id
              AND (d.name <> staged.name
                   OR (staged.identity LIKE 'key:%' AND d.identity <> staged.identity)));

-- name: slow_new_numbers
UPDATE staged SET slow = 1
WHERE NOT slow AND debtor_id IS NOT NULL
  AND EXISTS (SELECT 1 FROM staged_phones s
              LEFT JOIN phones p ON p.debtor_id = staged.debtor_id AND p.number = s.number
              WHERE s.id BETWEEN staged.first_phone AND staged.first_phone + staged.phones - 1
                AND (p.phone_id IS NULL OR (s.zone <> '' AND s.zone <> p.zone)
                     OR (p.role = 'contact' AND s.role <> 'contact') OR (p.role <> 'debtor' AND s.role = 'debtor')));

-- name: slow_stopped
-- A new account of a debtor against whom something stands, or whose number cannot be dialled.
UPDATE staged SET slow = 1
WHERE NOT slow AND account_id IS NULL
  AND (own = 0
       OR EXISTS (SELECT 1 FROM stop_flags f WHERE f.debtor_id = staged.debtor_id)
       OR EXISTS (SELECT 1 FROM staged_phones s JOIN do_not_call n ON n.number = s.number WHERE s.id = staged.first_phone)
       OR EXISTS (SELECT 1 FROM staged_phones s JOIN phones p ON p.debtor_id = staged.debtor_id AND p.number = s.number
                  WHERE s.id = staged.first_phone AND p.state <> 'valid'));

-- name: slow_suppressed
UPDATE staged SET slow = 1
WHERE NOT slow
  AND EXISTS (SELECT 1 FROM staged_phones s JOIN suppressed u ON u.digest = number_digest(s.number)
              WHERE s.id BETWEEN staged.first_phone AND staged.first_phone + staged.phones - 1);

-- name: slow_unlisted
-- Known so far only from an application: whether it may be dialled now is asked row by row.
UPDATE staged SET slow = 1
WHERE NOT slow AND account_id IS NOT NULL
  AND EXISTS (SELECT 1 FROM accounts a WHERE a.account_id = staged.account_id AND a.next_rule = 'unlisted');

-- name: any_slow
SELECT EXISTS (SELECT 1 FROM staged WHERE slow);

-- name: slow_together
-- What is not plain of a debtor makes all of them slow, so that their rows come in the file's order: whoever has the
-- account now, and whomever an id names.
UPDATE staged SET slow = 1
WHERE NOT slow
  AND (identity IN (SELECT identity FROM staged WHERE slow)
       OR debtor_id IN (
           SELECT debtor_id FROM staged WHERE slow AND debtor_id IS NOT NULL
           UNION SELECT d.debtor_id FROM staged s CROSS JOIN debtors d ON d.identity = s.identity WHERE s.slow
           UNION SELECT d.debtor_id FROM staged s CROSS JOIN debtors d ON d.identity = s.alias
                 WHERE s.slow AND s.alias <> ''
           UNION SELECT k.debtor_id FROM staged s CROSS JOIN debtor_keys k ON k.identity = s.identity WHERE s.slow
           UNION SELECT k.debtor_id FROM staged s CROSS JOIN debtor_keys k ON k.identity = s.alias
                 WHERE s.slow AND s.alias <> ''));

-- name: mark_new
UPDATE staged SET is_new = 1, debtor_id = :debtors + first_row WHERE NOT slow AND debtor_id IS NULL;

-- name: add_debtors
INSERT INTO debtors (debtor_id, identity, name)
SELECT debtor_id, identity, name FROM staged WHERE is_new AND first_row = row ORDER BY row;

-- name: add_aliases
INSERT INTO debtor_keys (identity, debtor_id)
SELECT alias, debtor_id FROM staged WHERE is_new AND first_row = row AND alias <> '' ORDER BY row;

-- name: add_phones
INSERT INTO phones (phone_id, debtor_id, number, rank, zone, role)
SELECT :phones + s.id, r.debtor_id, s.number, s.rank, s.zone, s.role
FROM staged r CROSS JOIN staged_phones s ON s.id BETWEEN r.first_phone AND r.first_phone + r.phones - 1
WHERE r.is_new AND r.first_row = r.row ORDER BY s.id;

-- name: add_accounts
-- With ids in the order of the file, slow rows too: what is equally urgent is dialled in that order.
INSERT INTO accounts (account_id, account_no, client, list_name, debtor_id, product, principal_cents, amount_due_cents,
                      days_past_due, risk, region, language, industry, remark, priority, batch_id, state, next_phone_id)
SELECT :accounts + row, account_no, client, :list_name, debtor_id, product, principal_cents, amount_due_cents, days_past_due, risk,
       region, language, industry, remark, priority, :batch_id, 'open',
       CASE WHEN is_new AND first_row = row THEN :phones + first_phone
            ELSE (SELECT p.phone_id FROM phones p WHERE p.debtor_id = staged.debtor_id AND p.number =
                  (SELECT s.number FROM staged_phones s WHERE s.id = staged.first_phone)) END
FROM staged WHERE NOT slow AND account_id IS NULL ORDER BY row;

-- name: find_changed
-- A blank cell says nothing.
INSERT INTO changed (account_id, row)
SELECT s.account_id, s.row FROM staged s CROSS JOIN accounts a ON a.account_id = s.account_id
WHERE NOT s.slow
  AND ((a.list_name, a.amount_due_cents, a.days_past_due, a.language, a.priority) IS NOT
       (:list_name, s.amount_due_cents, s.days_past_due, s.language, s.priority)
       OR (s.product <> '' AND a.product <> s.product) OR (s.risk <> '' AND a.risk <> s.risk)
       OR (s.principal_cents IS NOT NULL AND a.principal_cents IS NOT s.principal_cents)
       OR (s.region <> '' AND a.region <> s.region) OR (s.industry <> '' AND a.industry <> s.industry)
       OR (s.remark <> '' AND a.remark <> s.remark));

-- name: update_accounts
UPDATE accounts SET (list_name, product, principal_cents, amount_due_cents, days_past_due, risk, region, language,
                     industry, remark, priority, batch_id) =
    (SELECT :list_name, coalesce(nullif(s.product, ''), accounts.product),
            coalesce(s.principal_cents, accounts.principal_cents), s.amount_due_cents, s.days_past_due,
            coalesce(nullif(s.risk, ''), accounts.risk), coalesce(nullif(s.region, ''), accounts.region), s.language,
            coalesce(nullif(s.industry, ''), accounts.industry), coalesce(nullif(s.remark, ''), accounts.remark),
            s.priority, :batch_id
     FROM staged s WHERE s.row = (SELECT c.row FROM changed c WHERE c.account_id = accounts.account_id))
WHERE account_id IN (SELECT account_id FROM changed);

-- name: note_sources
INSERT INTO debtor_sources (debtor_id, batch_id)
SELECT DISTINCT debtor_id, :batch_id FROM staged WHERE NOT slow ORDER BY debtor_id
ON CONFLICT DO NOTHING;

-- name: slow_rows
SELECT row FROM staged WHERE slow ORDER BY row;
