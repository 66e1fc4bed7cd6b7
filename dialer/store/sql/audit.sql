-- The log of decisions. Every statement stands under its name.

-- name: head
SELECT seq, hash, change_id FROM audit_head;

-- name: move_head
UPDATE audit_head SET seq = :seq, hash = :hash, change_id = :change_id;

-- name: append
INSERT INTO audit (seq, at, actor, role, action, subject, detail, prev_hash, hash)
VALUES (:seq, :at, :actor, :role, :action, :subject, :detail, :prev_hash, :hash);

-- name: new_stop_changes
SELECT change_id, at, by, change, flag, number, debtor_id FROM stop_changes
WHERE change_id > :change_id ORDER BY change_id;

-- name: count_attempts
SELECT count(*) FROM attempts;

-- name: entries
-- As bytes and kinds: what was damaged must not stop the walk that looks for it.
SELECT seq, typeof(at) || typeof(actor) || typeof(role) || typeof(action) || typeof(subject) || typeof(detail),
       CAST(at AS BLOB), CAST(actor AS BLOB), CAST(role AS BLOB), CAST(action AS BLOB), CAST(subject AS BLOB),
       CAST(detail AS BLOB), CAST(prev_hash AS BLOB), CAST(hash AS BLOB)
FROM audit WHERE seq >= :seq ORDER BY seq;

-- name: count_entries
SELECT count(*) FROM audit;

-- name: lowest_seq
SELECT coalesce(min(seq), 1) FROM audit;

-- name: attempt
-- What the log says of an attempt, as the ledger has it.
SELECT t.campaign, t.account_id, t.debtor_id, t.phone_id, t.number, t.server, t.trunk, t.caller_id, t.permit_rules,
       t.at, t.closed_at, t.outcome, t.cause, t.sip_code, t.ringing_s, t.answered_s, t.bridged_s, t.talk_s, t.ended_s,
       t.wait_s, t.connect_ms, t.abandoned, t.message_played, t.disposed_at,
       d.code, d.decided_by, d.stop, d.conversation, d.right_party, d.next_kind, d.next_at, d.next_rule
FROM attempts t LEFT JOIN dispositions d ON d.attempt_id = t.attempt_id
WHERE t.attempt_id = :attempt_id;

-- name: attempt_ids
SELECT attempt_id FROM attempts ORDER BY at, attempt_id;

-- name: debtors_of_number
SELECT debtor_id FROM phones WHERE number = :number
UNION
SELECT debtor_id FROM attempts WHERE number = :number;

-- name: debtors_of_account
SELECT DISTINCT debtor_id FROM accounts WHERE account_no = :account_no;

-- name: accounts_of_debtor
SELECT account_id FROM accounts WHERE debtor_id = :debtor_id;

-- name: numbers_of_debtor
SELECT number FROM phones WHERE debtor_id = :debtor_id;

-- name: about
-- Entries about some subjects.
SELECT seq, at, actor, role, action, subject, detail, prev_hash, hash FROM audit
WHERE subject IN (SELECT value FROM json_each(:subjects)) ORDER BY seq;

-- name: within
-- Entries of a span of time.
SELECT seq, at, actor, role, action, subject, detail, prev_hash, hash FROM audit
WHERE at >= :since AND at < :until ORDER BY seq;

-- name: since_entry
SELECT seq, at, actor, role, action, subject, detail FROM audit WHERE seq >= :seq ORDER BY seq;

-- name: told_account
SELECT account_no FROM accounts WHERE account_id = :account_id;

-- name: told_phone
SELECT number FROM phones WHERE phone_id = :phone_id;

-- name: prev_hash
SELECT prev_hash FROM audit WHERE seq = :seq;
