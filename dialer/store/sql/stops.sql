-- Whom nobody may call, who said so, and lifting it again. Every statement stands under its name.

-- name: number_key
SELECT value FROM installation WHERE name = 'number_key';

-- name: is_suppressed
SELECT 1 FROM suppressed WHERE digest = :digest;

-- name: mark_suppressed
INSERT INTO do_not_call (number, flag, added_by, at, note)
SELECT :number, flag, added_by, at, note FROM suppressed WHERE digest = :digest
ON CONFLICT (number) DO NOTHING;

-- name: all_numbers
SELECT DISTINCT number FROM phones;

-- name: note_change
INSERT INTO stop_changes (at, by, change, flag, number, debtor_id, note)
VALUES (:at, :by, :change, :flag, :number, :debtor_id, :note);

-- name: phones_of_number
SELECT phone_id, debtor_id, role FROM phones WHERE number = :number;

-- name: forbid_number
-- A refusal by somebody who is not the debtor stays one, whatever else is said later.
INSERT INTO do_not_call (number, flag, added_by, at, note, lasting) VALUES (:number, :flag, :by, :at, :note, :lasting)
ON CONFLICT (number) DO UPDATE SET lasting = max(lasting, excluded.lasting);

-- name: forbidden_number
SELECT flag, lasting FROM do_not_call WHERE number = :number;

-- name: allow_number
DELETE FROM do_not_call WHERE number = :number AND lasting = 0;

-- name: allow_digest
DELETE FROM suppressed WHERE digest = :digest;

-- name: end_flags_of_number
UPDATE stop_flags SET until_at = :at
WHERE phone_id IN (SELECT phone_id FROM phones WHERE number = :number)
  AND (until_at IS NULL OR until_at > :at) AND (:flag = '' OR flag = :flag);

-- name: number_is_theirs
UPDATE phones SET state = 'valid' WHERE number = :number AND state = 'wrong';

-- name: reopen_with_number
-- Accounts that were closed because no number was left.
UPDATE accounts SET state = 'open', next_rule = '', next_reason = '',
    next_phone_id = (SELECT p.phone_id FROM phones p WHERE p.debtor_id = accounts.debtor_id AND p.number = :number)
WHERE state = 'closed' AND next_rule = 'no-number'
  AND debtor_id IN (SELECT debtor_id FROM phones WHERE number = :number AND state = 'valid');

-- name: end_flags_of_debtor
UPDATE stop_flags SET until_at = :at
WHERE debtor_id = :debtor_id AND phone_id IS NULL
  AND (until_at IS NULL OR until_at > :at) AND (:flag = '' OR flag = :flag);

-- name: reopen_debtor
-- What a flag for good had stopped, when none is left; without a usable number it is closed.
UPDATE accounts SET
    next_phone_id = (SELECT p.phone_id FROM phones p WHERE p.debtor_id = accounts.debtor_id AND p.state = 'valid'
                     AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number)
                     ORDER BY p.role = 'contact', p.rank, p.phone_id LIMIT 1),
    state = 'closed', next_rule = 'no-number', next_reason = '无可用号码 · no usable number is left'
WHERE debtor_id = :debtor_id AND state = 'never' AND next_rule LIKE 'stop:%'
  AND NOT EXISTS (SELECT 1 FROM stop_flags f WHERE f.debtor_id = accounts.debtor_id AND f.phone_id IS NULL
                  AND f.until_at IS NULL);

-- name: open_reopened
UPDATE accounts SET state = 'open', next_rule = '', next_reason = ''
WHERE debtor_id = :debtor_id AND state = 'closed' AND next_rule = 'no-number' AND next_phone_id IS NOT NULL;

-- name: suppress
INSERT INTO suppressed (digest, flag, added_by, at, note) VALUES (:digest, :flag, :by, :at, :note)
ON CONFLICT (digest) DO NOTHING;

-- name: give_consent
INSERT INTO consents (debtor_id, at, until_at, added_by, note) VALUES (:debtor_id, :at, :until_at, :by, :note);

-- name: withdraw_consent
UPDATE consents SET withdrawn_at = :at
WHERE debtor_id = :debtor_id AND until_at > :at AND withdrawn_at IS NULL;

-- name: note_list
INSERT INTO stop_lists (source, at, added_by, hashed, numbers, added, on_our_lists)
VALUES (:note, :at, :by, :hashed, :numbers, :added, :on_our_lists);
