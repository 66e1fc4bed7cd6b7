-- The writes of the engine and of people. Every statement stands under its name.

-- name: save_attempt
INSERT INTO attempts (attempt_id, campaign, account_id, debtor_id, phone_id, number, server, trunk, caller_id,
                      permit_rules, engine, at)
VALUES (:attempt_id, :campaign, :account_id, :debtor_id, :phone_id, :number, :server, :trunk, :caller_id,
        :permit_rules, :engine, :at);

-- name: mark_attempted
UPDATE accounts SET last_attempt_at = :at WHERE account_id = :account_id;

-- name: save_call_event
INSERT INTO call_events (attempt_id, at, event, detail) VALUES (:attempt_id, :at, :event, :detail);

-- name: close_attempt
UPDATE attempts SET
    closed_at = :at, outcome = :outcome, cause = :cause, sip_code = :sip_code,
    agent_id = coalesce(:agent_id, agent_id), ringing_s = :ringing_s, answered_s = :answered_s,
    bridged_s = :bridged_s, talk_s = :talk_s, ended_s = :ended_s, wait_s = :wait_s, connect_ms = :connect_ms,
    abandoned = :abandoned, message_played = :message_played, recording = :recording, detail = :detail
WHERE attempt_id = :attempt_id AND closed_at IS NULL;

-- name: save_recording
INSERT INTO recordings (attempt_id, stem, at) VALUES (:attempt_id, :stem, :at);

-- name: attempt_exists
SELECT 1 FROM attempts WHERE attempt_id = :attempt_id;

-- name: dispose_attempt
UPDATE attempts SET disposed_at = :at, agent_id = coalesce(agent_id, :agent_id)
WHERE attempt_id = :attempt_id AND disposed_at IS NULL;

-- name: save_disposition
INSERT INTO dispositions (attempt_id, campaign, account_id, debtor_id, at, agent_id, code, outcome, decided_by,
                          stop, conversation, right_party, note, wrap_up_s, next_kind, next_at, next_rule,
                          next_reason, days_past_due, amount_due_cents, risk)
SELECT :attempt_id, :campaign, :account_id, :debtor_id, :at, :agent_id, :code, :outcome, :by, :stop,
       :conversation, :right_party, :note, :wrap_up_s, :next_kind, :next_at, :next_rule, :next_reason,
       days_past_due, amount_due_cents, risk
FROM accounts WHERE account_id = :account_id;

-- name: mark_number_invalid
-- The number does not exist, whoever it was noted for.
UPDATE phones SET state = 'invalid' WHERE number = :number AND state = 'valid';

-- name: mark_phone_wrong
UPDATE phones SET state = 'wrong' WHERE phone_id = :phone_id;

-- name: mark_number_wrong
UPDATE phones SET state = 'wrong' WHERE number = :number;

-- name: flag_phones
INSERT INTO stop_flags (debtor_id, phone_id, flag, until_at, added_by, at, note)
SELECT debtor_id, phone_id, :flag, NULL, :by, :at, :note FROM phones WHERE number = :number;

-- name: flag_debtor
INSERT INTO stop_flags (debtor_id, phone_id, flag, until_at, added_by, at, note)
VALUES (:debtor_id, :phone_id, :flag, :until_at, :by, :at, :note);

-- name: stop_debtor
-- A flag for good: nothing of this debtor is dialled again, not even what only a new number would reopen.
UPDATE accounts SET state = 'never', next_at = NULL, next_rule = :rule, next_reason = :reason
WHERE debtor_id = :debtor_id
  AND (state IN ('open', 'waiting', 'hold') OR (state = 'closed' AND next_rule = 'no-number'));

-- name: debtors_of_account
SELECT DISTINCT debtor_id FROM accounts WHERE account_no = :account_no;

-- name: next_step
-- `never` is for good: a call that was in the air when the flag came does not bring the account back. Nor does one that
-- was in the air when the money came, unless it ends in a flag for good.
-- A conversation ends a row of equal outcomes.
UPDATE accounts SET
    state = CASE WHEN state = 'never' THEN 'never'
                 WHEN state = 'closed' AND next_rule = 'paid' AND :state <> 'never' THEN 'closed' ELSE :state END,
    next_at = CASE WHEN state = 'never' OR (state = 'closed' AND next_rule = 'paid') THEN NULL ELSE :next_at END,
    next_rule = CASE WHEN state = 'never' OR (state = 'closed' AND next_rule = 'paid' AND :state <> 'never')
                     THEN next_rule ELSE :rule END,
    next_reason = CASE WHEN state = 'never' OR (state = 'closed' AND next_rule = 'paid' AND :state <> 'never')
                       THEN next_reason ELSE :reason END,
    callback = :callback,
    callback_agent = :callback_agent,
    team = CASE WHEN :team <> '' THEN :team ELSE team END,
    retries = CASE WHEN :conversation THEN 0 WHEN last_outcome = :outcome THEN retries + 1 ELSE 1 END,
    last_outcome = CASE WHEN :conversation THEN NULL ELSE :outcome END,
    leased_by = CASE WHEN leased_by = coalesce(:engine, leased_by) THEN NULL ELSE leased_by END,
    leased_until_at = CASE WHEN leased_by = coalesce(:engine, leased_by) THEN NULL ELSE leased_until_at END,
    leased_number = CASE WHEN leased_by = coalesce(:engine, leased_by) THEN NULL ELSE leased_number END
WHERE account_id = :account_id;

-- name: move_to_other_number
-- The debtor's next usable number by rank, from the first again after the last; the same one when alone.
UPDATE accounts SET next_phone_id = coalesce(
    (SELECT p.phone_id FROM phones p JOIN phones c ON c.phone_id = :phone_id
     WHERE p.debtor_id = accounts.debtor_id AND p.phone_id <> c.phone_id AND p.state = 'valid'
       AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number)
     ORDER BY (p.rank, p.phone_id) < (c.rank, c.phone_id), p.rank, p.phone_id LIMIT 1),
    next_phone_id)
WHERE account_id = :account_id;

-- name: leave_unusable_number
-- Accounts whose next number is this one, and it may not or cannot be dialled: to the debtor's next one.
UPDATE accounts SET state = CASE WHEN state = 'open' THEN 'waiting' ELSE state END,
    next_at = CASE WHEN state = 'open' THEN :at ELSE next_at END,
    next_phone_id =
    (SELECT p.phone_id FROM phones p JOIN phones c ON c.phone_id = accounts.next_phone_id
     WHERE p.debtor_id = accounts.debtor_id AND p.state = 'valid'
       AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number)
     ORDER BY p.role = 'contact', (p.rank, p.phone_id) < (c.rank, c.phone_id), p.rank, p.phone_id LIMIT 1)
WHERE state IN ('open', 'waiting', 'hold') AND next_phone_id IN (
    SELECT u.phone_id FROM phones u WHERE u.number = :number
      AND (u.state <> 'valid' OR EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = u.number)));

-- name: close_numberless
UPDATE accounts SET state = 'closed', next_at = NULL, next_rule = 'no-number',
    next_reason = '无可用号码 · no usable number is left'
WHERE state IN ('open', 'waiting', 'hold') AND next_phone_id IS NULL
  AND debtor_id IN (SELECT debtor_id FROM phones WHERE number = :number);

-- name: end_agent_time
UPDATE agent_times SET ended_at = max(:at, began_at) WHERE agent_id = :agent_id AND ended_at IS NULL;

-- name: begin_agent_time
INSERT INTO agent_times (agent_id, state, began_at, reason, attempt_id, campaign)
VALUES (:agent_id, :state, :at, :reason, :attempt_id, :campaign);

-- name: save_campaign_state
INSERT INTO campaign_states (campaign, state, at, reason) VALUES (:campaign, :state, :at, :reason);

-- name: save_refusal
INSERT INTO refusals (campaign, account_id, phone_id, at, rule, reason, until_at)
VALUES (:campaign, :account_id, :phone_id, :at, :rule, :reason, :until_at);

-- name: hold_refused
-- Refused, and not by the passing of time: waits until somebody mends it (an import may).
UPDATE accounts SET state = 'hold', next_at = NULL, next_rule = :rule, next_reason = :reason
WHERE account_id = :account_id AND state IN ('open', 'waiting');

-- name: back_to_own_number
-- From a contact's number, which was refused, to the first one that is no contact's; no row: there is none.
UPDATE accounts SET next_phone_id =
    (SELECT p.phone_id FROM phones p WHERE p.debtor_id = accounts.debtor_id AND p.role <> 'contact'
       AND p.state = 'valid' AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number)
     ORDER BY p.rank, p.phone_id LIMIT 1)
WHERE account_id = :account_id AND state IN ('open', 'waiting') AND EXISTS
    (SELECT 1 FROM phones p WHERE p.debtor_id = accounts.debtor_id AND p.role <> 'contact'
       AND p.state = 'valid' AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number));
