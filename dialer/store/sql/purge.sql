-- Removing what need not be kept any more. Every statement stands under its name; `purging.py` says in which order.

-- name: set_moment
UPDATE purge_moment SET at = :at;

-- name: debtors
-- Debtors whose last call, last import and last payment are older than a moment. `debtor_id`: only this one.
SELECT * FROM (
    SELECT d.debtor_id,
           max(coalesce((SELECT max(t.at) FROM attempts t WHERE t.debtor_id = d.debtor_id), ''),
               coalesce((SELECT max(b.at) FROM debtor_sources s JOIN import_batches b USING (batch_id)
                         WHERE s.debtor_id = d.debtor_id), ''),
               coalesce((SELECT max(p.noted_at) FROM payments p JOIN accounts a USING (account_id)
                         WHERE a.debtor_id = d.debtor_id), '')) AS last_at,
           (SELECT json_group_array(DISTINCT t.campaign) FROM attempts t WHERE t.debtor_id = d.debtor_id) AS campaigns,
           (SELECT json_group_array(DISTINCT a.list_name) FROM accounts a WHERE a.debtor_id = d.debtor_id) AS lists,
           (SELECT group_concat(h.reason) FROM held_debtors h WHERE h.debtor_id = d.debtor_id) AS held
    FROM debtors d
    WHERE d.identity NOT LIKE 'purged:%' AND (:debtor_id IS NULL OR d.debtor_id = :debtor_id)
) WHERE last_at < :before ORDER BY debtor_id;

-- name: recordings
-- Recordings that are older than a moment, with their debtors.
SELECT r.attempt_id, r.stem, r.at, t.campaign, t.debtor_id,
       (SELECT group_concat(h.reason) FROM held_debtors h
        WHERE h.debtor_id = t.debtor_id AND h.reason <> 'counted') AS held
FROM recordings r JOIN attempts t USING (attempt_id)
WHERE r.at < :before AND (:debtor_id IS NULL OR t.debtor_id = :debtor_id)
ORDER BY r.at, r.attempt_id;

-- name: recordings_of
SELECT r.attempt_id, r.stem FROM recordings r JOIN attempts t USING (attempt_id) WHERE t.debtor_id = :debtor_id;

-- name: forget_recording
DELETE FROM recordings WHERE attempt_id = :attempt_id;

-- name: forget_recording_of_attempt
UPDATE attempts SET recording = '' WHERE attempt_id = :attempt_id;

-- name: begin_pass
INSERT INTO purge_passes (debtor_id, run_id) VALUES (:debtor_id, :run_id);

-- name: end_pass
DELETE FROM purge_passes WHERE debtor_id = :debtor_id;

-- name: ids_of_call_events
SELECT event_id FROM call_events WHERE attempt_id IN (SELECT attempt_id FROM attempts WHERE debtor_id = :debtor_id);

-- name: ids_of_promises
SELECT promise_id FROM promises WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: ids_of_promise_reminders
SELECT attempt_id FROM promise_reminders WHERE attempt_id IN (SELECT attempt_id FROM attempts WHERE debtor_id = :debtor_id);

-- name: ids_of_promise_boosts
SELECT account_id FROM promise_boosts WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: ids_of_desks
SELECT debtor_id FROM desks WHERE debtor_id = :debtor_id;

-- name: ids_of_owners
SELECT debtor_id FROM owners WHERE debtor_id = :debtor_id;

-- name: ids_of_outbox_given_up
SELECT webhook || ':' || seq FROM outbox_given_up WHERE seq IN (SELECT seq FROM account_events WHERE debtor_id = :debtor_id);

-- name: ids_of_account_events
SELECT seq FROM account_events WHERE debtor_id = :debtor_id;

-- name: ids_of_refusals
SELECT refusal_id FROM refusals WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: ids_of_consents
SELECT consent_id FROM consents WHERE debtor_id = :debtor_id;

-- name: ids_of_attempts
SELECT attempt_id FROM attempts WHERE debtor_id = :debtor_id;

-- name: ids_of_dispositions
SELECT attempt_id FROM dispositions WHERE debtor_id = :debtor_id;

-- name: ids_of_accounts
SELECT account_id FROM accounts WHERE debtor_id = :debtor_id;

-- name: ids_of_phones
SELECT phone_id FROM phones WHERE debtor_id = :debtor_id;

-- name: remove_call_events
DELETE FROM call_events WHERE attempt_id IN (SELECT attempt_id FROM attempts WHERE debtor_id = :debtor_id);

-- name: remove_promises
DELETE FROM promises WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: remove_promise_reminders
DELETE FROM promise_reminders WHERE attempt_id IN (SELECT attempt_id FROM attempts WHERE debtor_id = :debtor_id);

-- name: remove_promise_boosts
DELETE FROM promise_boosts WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: remove_desks
DELETE FROM desks WHERE debtor_id = :debtor_id;

-- name: remove_owners
DELETE FROM owners WHERE debtor_id = :debtor_id;

-- name: remove_outbox_given_up
DELETE FROM outbox_given_up WHERE seq IN (SELECT seq FROM account_events WHERE debtor_id = :debtor_id);

-- name: remove_account_events
-- Who has not read them yet never will: there is a gap in the places, and what comes after it is not moved.
DELETE FROM account_events WHERE debtor_id = :debtor_id;

-- name: remove_refusals
DELETE FROM refusals WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: remove_consents
DELETE FROM consents WHERE debtor_id = :debtor_id;

-- name: remove_recordings
DELETE FROM recordings WHERE attempt_id IN (SELECT attempt_id FROM attempts WHERE debtor_id = :debtor_id);

-- name: ids_of_risk_alerts
SELECT alert_id FROM risk_alerts WHERE debtor_id = :debtor_id;

-- name: ids_of_account_grades
SELECT account_id FROM account_grades WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: remove_risk_alerts
DELETE FROM risk_alerts WHERE debtor_id = :debtor_id;

-- name: remove_account_grades
DELETE FROM account_grades WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: ids_of_scores
SELECT score_id FROM scores WHERE debtor_id = :debtor_id;

-- name: remove_scores
DELETE FROM scores WHERE debtor_id = :debtor_id;

-- name: ids_of_plan_entries
SELECT plan_id || ':' || no || ':' || entry FROM plan_entries WHERE plan_id IN (SELECT plan_id FROM plans WHERE debtor_id = :debtor_id);

-- name: ids_of_plan_payments
SELECT plan_id || ':' || no FROM plan_payments WHERE plan_id IN (SELECT plan_id FROM plans WHERE debtor_id = :debtor_id);

-- name: ids_of_plans
SELECT plan_id FROM plans WHERE debtor_id = :debtor_id;

-- name: ids_of_payment_lines
SELECT payment_id || ':' || no || ':' || part FROM payment_lines WHERE payment_id IN (SELECT p.payment_id FROM payments p JOIN accounts a USING (account_id)
                                            WHERE a.debtor_id = :debtor_id);

-- name: ids_of_payments
SELECT payment_id FROM payments WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: ids_of_instalments
SELECT account_id || ':' || no FROM instalments WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: ids_of_loans
SELECT account_id FROM loans WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: ids_of_paid_closures
SELECT account_id FROM paid_closures WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: remove_plan_entries
DELETE FROM plan_entries WHERE plan_id IN (SELECT plan_id FROM plans WHERE debtor_id = :debtor_id);

-- name: remove_plan_payments
DELETE FROM plan_payments WHERE plan_id IN (SELECT plan_id FROM plans WHERE debtor_id = :debtor_id);

-- name: remove_plans
DELETE FROM plans WHERE debtor_id = :debtor_id;

-- name: remove_payment_lines
DELETE FROM payment_lines WHERE payment_id IN (SELECT p.payment_id FROM payments p JOIN accounts a USING (account_id)
                                            WHERE a.debtor_id = :debtor_id);

-- name: remove_payments
DELETE FROM payments WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: remove_instalments
DELETE FROM instalments WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: remove_loans
DELETE FROM loans WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: remove_paid_closures
DELETE FROM paid_closures WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: ids_of_debtor_facts
SELECT debtor_id || ':' || field || ':' || source FROM debtor_facts WHERE debtor_id = :debtor_id;

-- name: remove_debtor_facts
DELETE FROM debtor_facts WHERE debtor_id = :debtor_id;

-- name: ids_of_account_facts
SELECT account_id || ':' || field || ':' || source FROM account_facts
WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: remove_account_facts
DELETE FROM account_facts WHERE account_id IN (SELECT account_id FROM accounts WHERE debtor_id = :debtor_id);

-- name: ids_of_debtor_keys
-- How many there were: the ids are somebody's.
SELECT debtor_id FROM debtor_keys WHERE debtor_id = :debtor_id;

-- name: remove_debtor_keys
DELETE FROM debtor_keys WHERE debtor_id = :debtor_id;

-- name: numbers
SELECT number FROM phones WHERE debtor_id = :debtor_id
UNION
SELECT number FROM attempts WHERE debtor_id = :debtor_id;

-- name: lasting_flag
-- A no that must outlive the records: the numbers stay suppressed as digests.
SELECT flag FROM stop_flags
WHERE debtor_id = :debtor_id AND phone_id IS NULL AND until_at IS NULL
  AND flag IN ('do_not_call', 'refused', 'complaint', 'attorney', 'deceased')
ORDER BY stop_id LIMIT 1;

-- name: forbidden
SELECT flag FROM do_not_call WHERE number = :number;

-- name: suppress
INSERT INTO suppressed (digest, flag, added_by, at) VALUES (:digest, :flag, 'purge', :at)
ON CONFLICT (digest) DO NOTHING;

-- name: forget_forbidden
-- Unless another debtor, whose records stay, has the number.
DELETE FROM do_not_call WHERE number = :number
  AND NOT EXISTS (SELECT 1 FROM phones o WHERE o.number = :number AND o.debtor_id <> :debtor_id);

-- name: blank_stop_changes
UPDATE stop_changes SET number = '', note = ''
WHERE (number <> '' OR note <> '')
  AND (debtor_id = :debtor_id
       OR number IN (SELECT f.number FROM phones f WHERE f.debtor_id = :debtor_id
                     AND NOT EXISTS (SELECT 1 FROM phones o WHERE o.number = f.number AND o.debtor_id <> :debtor_id)));

-- name: blank_stop_flags
UPDATE stop_flags SET note = '' WHERE debtor_id = :debtor_id AND note <> '';

-- name: blank_dispositions
UPDATE dispositions SET note = '', next_reason = '', amount_due_cents = NULL, risk = NULL WHERE debtor_id = :debtor_id;

-- name: blank_attempts
-- The rows stay, without a number: limits, abandonment and reports go on counting them.
UPDATE attempts SET number = 'purged', recording = '', detail = '' WHERE debtor_id = :debtor_id;

-- name: blank_accounts
UPDATE accounts SET
    account_no = 'purged-' || account_id, remark = '', industry = '', region = '', principal_cents = NULL,
    amount_due_cents = 0, state = CASE WHEN state = 'never' THEN 'never' ELSE 'closed' END, next_at = NULL,
    next_phone_id = NULL, worth_cents = 0, next_rule = 'purged', next_reason = '', callback = 0, callback_agent = NULL
WHERE debtor_id = :debtor_id;

-- name: blank_phones
-- No number any more: no plan of numbers holds it, and it is not dialled.
UPDATE phones SET number = '+1-purged-' || phone_id, zone = '', state = 'invalid', contact_name = '', relation = ''
WHERE debtor_id = :debtor_id;

-- name: blank_debtor
UPDATE debtors SET name = '', identity = 'purged:' || debtor_id WHERE debtor_id = :debtor_id;

-- name: save_run
INSERT INTO purge_runs (run_id, at, actor, manifest, manifest_sha256)
VALUES (:run_id, :at, :actor, :manifest, :manifest_sha256);

-- name: accounts_of
SELECT account_id, debtor_id FROM accounts WHERE account_no = :account_no;

-- name: debtor_of
SELECT DISTINCT debtor_id FROM accounts WHERE account_no = :account_no;

-- name: hold
INSERT INTO legal_holds (account_id, debtor_id, state, at, by, note)
VALUES (:account_id, :debtor_id, :state, :at, :by, :note);

-- name: held
SELECT h.account_id, a.account_no, h.debtor_id, d.name, h.at, h.by, h.note
FROM legal_holds h JOIN accounts a USING (account_id) JOIN debtors d ON d.debtor_id = h.debtor_id
WHERE h.state = 'on' AND h.change_id = (SELECT max(o.change_id) FROM legal_holds o WHERE o.account_id = h.account_id)
ORDER BY h.change_id;

-- name: forget_portfolio_snapshot
DELETE FROM portfolio_snapshot;

-- name: forget_portfolio_columns
DELETE FROM portfolio_columns;
