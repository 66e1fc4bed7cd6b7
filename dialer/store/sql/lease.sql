-- Choosing and leasing leads, and giving them back. Every statement stands under its name.

-- name: sweep_expired_leases
-- A lease that ran out is free again, unless a call of that account may still be in the air.
UPDATE accounts SET leased_by = NULL, leased_until_at = NULL, leased_number = NULL
WHERE leased_by IS NOT NULL AND leased_until_at <= :at
  AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.debtor_id = accounts.debtor_id AND t.disposed_at IS NULL);

-- name: open_due_callbacks
-- All of them: a promised moment does not stand in line behind retries that fell due before it.
UPDATE accounts SET state = 'open', next_at = NULL
WHERE account_id IN (
    SELECT account_id FROM accounts INDEXED BY accounts_callback
    WHERE list_name = :list_name AND callback = 1 AND next_at IS NOT NULL AND next_at <= :at AND leased_by IS NULL
);

-- name: open_due_accounts
-- A few times what is wanted, so that a night's worth of retries falling due at once delays no lease for long.
UPDATE accounts SET state = 'open', next_at = NULL
WHERE account_id IN (
    SELECT account_id FROM accounts INDEXED BY accounts_due
    WHERE list_name = :list_name AND next_at IS NOT NULL AND next_at <= :at AND leased_by IS NULL
    ORDER BY next_at, callback DESC, priority DESC, worth_cents DESC, days_past_due DESC, amount_due_cents DESC
    LIMIT 4 * :limit
);

-- name: dialable_accounts
-- In the order of dialling. Read lazily: the caller stops when it has enough.
SELECT a.account_id, a.debtor_id, p.number
FROM accounts a INDEXED BY accounts_pool JOIN phones p ON p.phone_id = a.next_phone_id
WHERE a.list_name = :list_name AND a.state = 'open' AND a.leased_by IS NULL
  AND (a.team = '' OR :teams = '[]' OR a.team IN (SELECT value FROM json_each(:teams)))
  AND p.state = 'valid'
  AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number)
  AND NOT EXISTS (SELECT 1 FROM stop_flags f WHERE f.debtor_id = a.debtor_id AND f.phone_id IS NULL
                  AND (f.until_at IS NULL OR f.until_at > :at))
  AND NOT EXISTS (SELECT 1 FROM accounts o WHERE o.debtor_id = a.debtor_id AND o.leased_by IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM accounts o WHERE o.leased_number = p.number AND o.leased_by IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM desks k WHERE k.debtor_id = a.debtor_id AND k.until_at > :at)
  AND (NOT EXISTS (SELECT 1 FROM promises q WHERE q.account_id = a.account_id AND q.status IN ('open', 'due'))
       OR a.next_rule = 'promise.reminder'
       OR (a.callback = 1 AND a.next_rule NOT IN ('', 'promise')))
  AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.debtor_id = a.debtor_id AND t.disposed_at IS NULL)
  AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.number = p.number AND t.disposed_at IS NULL)
ORDER BY a.callback DESC, a.priority DESC, a.worth_cents DESC, a.days_past_due DESC, a.amount_due_cents DESC,
         a.last_attempt_at, a.account_id;

-- name: account_asked_for
-- By its number, or by a number of its debtor, which is then the one to dial; those that may be dialled first.
SELECT a.account_id, a.debtor_id, a.account_no, a.state, a.next_reason, p.phone_id, p.number,
       EXISTS (SELECT 1 FROM accounts o WHERE o.debtor_id = a.debtor_id AND o.leased_by IS NOT NULL)
       OR EXISTS (SELECT 1 FROM accounts o WHERE o.leased_number = p.number AND o.leased_by IS NOT NULL),
       EXISTS (SELECT 1 FROM attempts t WHERE t.debtor_id = a.debtor_id AND t.disposed_at IS NULL)
       OR EXISTS (SELECT 1 FROM attempts t WHERE t.number = p.number AND t.disposed_at IS NULL)
FROM accounts a JOIN phones p ON p.debtor_id = a.debtor_id
WHERE a.list_name = :list_name
  AND CASE WHEN :number <> '' THEN p.number = :number
           ELSE a.account_no = :account_no AND p.phone_id = a.next_phone_id END
  AND a.account_id IN (SELECT account_id FROM accounts WHERE account_no = :account_no
                       UNION SELECT o.account_id FROM phones f JOIN accounts o ON o.debtor_id = f.debtor_id
                       WHERE f.number = :number)
ORDER BY a.state IN ('closed', 'never'), a.priority DESC, a.days_past_due DESC, a.account_id LIMIT 1;

-- name: lease_account
UPDATE accounts SET leased_by = :engine, leased_until_at = :until_at, leased_number = :number
WHERE account_id = :account_id AND leased_by IS NULL;

-- name: unlease
-- Chosen a moment ago and not to be dialled after all.
UPDATE accounts SET leased_by = NULL, leased_until_at = NULL, leased_number = NULL WHERE account_id = :account_id;

-- name: lead
-- An account with the number to try. The named phone wins over the account's next one.
SELECT a.account_id, a.account_no, a.debtor_id, d.name AS debtor_name, p.phone_id, p.number, p.zone, p.rank,
       p.role, a.days_past_due, a.amount_due_cents, a.risk, a.region, a.language, a.product, a.team, a.callback_agent,
       a.retries, o.agent_id AS owner, o.team AS owner_team, o.skill, o.level
FROM accounts a
LEFT JOIN owners o ON o.debtor_id = a.debtor_id
JOIN debtors d ON d.debtor_id = a.debtor_id
JOIN phones p ON p.phone_id = coalesce(:phone_id, a.next_phone_id)
WHERE a.account_id = :account_id;

-- name: lead_history
-- What the rules need besides earlier dials (see touches.sql). `besides`: an attempt that is itself not counted.
SELECT
  (SELECT count(*) FROM attempts WHERE account_id = :account_id AND attempt_id IS NOT :besides),
  (SELECT count(*) FROM dispositions
   WHERE debtor_id = :debtor_id AND at >= :midnight_at AND conversation = 1 AND attempt_id IS NOT :besides),
  (SELECT max(at) FROM attempts WHERE debtor_id = :debtor_id AND attempt_id IS NOT :besides),
  (SELECT count(*) FROM phones p
   WHERE p.debtor_id = :debtor_id AND p.state = 'valid' AND (p.rank, p.phone_id) > (:rank, :phone_id)
     AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number)),
  (SELECT group_concat(f.flag) FROM stop_flags f
   WHERE f.debtor_id = :debtor_id AND (f.phone_id IS NULL OR f.phone_id = :phone_id)
     AND (f.until_at IS NULL OR f.until_at > :at)),
  EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = :number),
  (SELECT max(until_at) FROM consents
   WHERE debtor_id = :debtor_id AND at <= :at AND until_at > :at AND (withdrawn_at IS NULL OR withdrawn_at > :at)),
  NOT EXISTS (SELECT 1 FROM phones o WHERE o.debtor_id = :debtor_id AND o.role = 'debtor' AND o.state = 'valid'),
  (SELECT count(*) FROM phones p
   WHERE p.debtor_id = :debtor_id AND p.role = 'contact' AND p.state = 'valid'
     AND (p.rank, p.phone_id) > (:rank, :phone_id)
     AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number)),
  NOT EXISTS (SELECT 1 FROM phones o WHERE o.debtor_id = :debtor_id AND o.role = 'debtor' AND o.state = 'valid'
              AND o.phone_id <> :phone_id);

-- name: waiting_accounts
SELECT count(*), min(next_at) FROM accounts INDEXED BY accounts_due
WHERE list_name = :list_name AND next_at IS NOT NULL AND leased_by IS NULL;

-- name: leased_accounts
SELECT count(*) FROM accounts INDEXED BY accounts_lease_end
WHERE leased_by IS NOT NULL AND list_name = :list_name;

-- name: blocked_accounts
-- Open and not leased, in the reach of these teams. Asked when no lead was found for them.
SELECT count(*) FROM accounts a INDEXED BY accounts_pool
WHERE a.list_name = :list_name AND a.state = 'open' AND a.leased_by IS NULL
  AND (a.team = '' OR :teams = '[]' OR a.team IN (SELECT value FROM json_each(:teams)));

-- name: release_lease
-- Undialled only: an account with an open attempt keeps its lease. `not_before_at` moves an open account.
UPDATE accounts SET
    leased_by = NULL, leased_until_at = NULL, leased_number = NULL,
    state = CASE WHEN state = 'open' AND :not_before_at IS NOT NULL THEN 'waiting' ELSE state END,
    next_at = CASE WHEN state = 'open' AND :not_before_at IS NOT NULL THEN :not_before_at ELSE next_at END,
    next_reason = CASE WHEN state = 'open' AND :reason <> '' THEN :reason ELSE next_reason END
WHERE account_id = :account_id AND leased_by = coalesce(:engine, leased_by)
  AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.debtor_id = accounts.debtor_id AND t.disposed_at IS NULL);

-- name: release_leases
UPDATE accounts SET leased_by = NULL, leased_until_at = NULL, leased_number = NULL
WHERE leased_by = :engine
  AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.debtor_id = accounts.debtor_id AND t.disposed_at IS NULL);

-- name: open_attempts
-- Of this engine, and of any other that was not heard of for so long that no call of it can last.
SELECT attempt_id, campaign, server, trunk, account_id, phone_id, at, outcome, agent_id,
       EXISTS (SELECT 1 FROM call_events e WHERE e.attempt_id = attempts.attempt_id AND e.event = 'call.bridged')
FROM attempts
WHERE disposed_at IS NULL AND (:engine IS NULL OR engine IN ('', :engine) OR at < :long_ago)
ORDER BY at, attempt_id;

-- name: campaign_states
SELECT campaign, state FROM campaign_states
WHERE change_id IN (SELECT max(change_id) FROM campaign_states GROUP BY campaign);

-- name: paused_agents
-- An engine writes everybody down as offline when it ends and when it starts; that tells nothing of the agents.
SELECT agent_id, reason FROM agent_times
WHERE state = 'paused' AND time_id IN (
    SELECT max(time_id) FROM agent_times
    WHERE NOT (state = 'offline' AND reason IN ('engine stopped', 'engine started')) GROUP BY agent_id);

-- name: list_progress
SELECT count(*),
       coalesce(sum(state = 'closed'), 0), coalesce(sum(state = 'hold'), 0), coalesce(sum(state = 'never'), 0),
       coalesce(sum(state IN ('open', 'waiting') AND leased_by IS NULL
                    AND (next_at IS NULL OR next_at <= :at)), 0)
FROM accounts WHERE list_name = :list_name;
