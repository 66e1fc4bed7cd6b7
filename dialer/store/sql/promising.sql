-- Promises and what they do to their accounts. Every statement stands under its name.

-- name: terms
SELECT terms FROM promise_terms;

-- name: use_terms
INSERT INTO promise_terms (one, at, terms) VALUES (1, :at, :terms)
ON CONFLICT (one) DO UPDATE SET at = excluded.at, terms = excluded.terms WHERE terms <> excluded.terms;

-- name: add
INSERT INTO promises (attempt_id, account_id, agent_id, amount_cents, due_on, at, channel, status, source, made_by,
                      note, reason)
VALUES (:attempt_id, :account_id, :agent_id, :amount_cents, :due_on, :at, :channel, :status, :source, :made_by, :note,
        :reason);

-- name: columns
-- Goes before one of the following. The last column: when a later promise of the account was made.
SELECT p.promise_id, p.account_id, a.debtor_id, a.account_no, p.attempt_id, p.agent_id, p.amount_cents, p.due_on, p.at,
       p.channel, p.status, p.paid_cents, p.judged_at, p.approved_by, p.replaced_by, p.source, p.made_by, p.note,
       p.reason,
       (SELECT min(n.at) FROM promises n WHERE n.account_id = p.account_id AND n.promise_id > p.promise_id
          AND n.status NOT IN ('proposed', 'cancelled'))
FROM promises p JOIN accounts a USING (account_id)

-- name: by_id
WHERE p.promise_id = :promise_id

-- name: of_account
WHERE p.account_id = :account_id ORDER BY p.promise_id

-- name: of_debtor
WHERE a.debtor_id = :debtor_id ORDER BY p.promise_id

-- name: live
WHERE p.account_id = :account_id AND p.status IN ('open', 'due')

-- name: proposed
WHERE p.account_id = :account_id AND p.status = 'proposed'

-- name: listed
WHERE (:status = '' OR p.status = :status) AND (:account_no = '' OR a.account_no = :account_no)
ORDER BY p.due_on DESC, p.promise_id DESC LIMIT :limit

-- name: to_judge
-- Live ones whose day has come or whose last day of grace is over, and proposals that nobody approved.
SELECT DISTINCT account_id FROM promises
WHERE (status = 'open' AND due_on <= :today) OR (status = 'due' AND due_on < :over) OR (status = 'proposed' AND at <= :lapsed)
ORDER BY account_id LIMIT :limit;

-- name: strays
-- Accounts with a live promise that something else has put on the dialer.
SELECT a.account_id FROM promises p JOIN accounts a USING (account_id)
WHERE p.status IN ('open', 'due') AND a.next_rule NOT IN ('promise', 'promise.reminder')
  AND (a.callback = 0 OR a.next_rule = '') AND a.leased_by IS NULL
  AND a.state IN ('open', 'waiting', 'hold')
  AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.debtor_id = a.debtor_id AND t.disposed_at IS NULL)
LIMIT :limit;

-- name: holds
SELECT 1 FROM promises WHERE account_id = :account_id AND status IN ('open', 'due', 'proposed') LIMIT 1;

-- name: reminded_among
-- Of these accounts, those with a live promise that are due for a reminder, as far as is known.
SELECT p.account_id FROM promises p JOIN accounts a USING (account_id)
WHERE p.status IN ('open', 'due') AND a.next_rule = 'promise.reminder'
  AND p.account_id IN (SELECT value FROM json_each(:accounts));

-- name: broken_of_debtor
SELECT p.due_on FROM promises p JOIN accounts a USING (account_id)
WHERE a.debtor_id = :debtor_id AND p.status = 'broken';

-- name: payments
SELECT amount_cents, at, noted_at FROM payments WHERE account_id = :account_id AND reversed_at IS NULL;

-- name: judge
UPDATE promises SET status = :status, paid_cents = :paid_cents, judged_at = :at, reason = :reason
WHERE promise_id = :promise_id AND (status <> :status OR paid_cents <> :paid_cents);

-- name: approve
UPDATE promises SET status = 'open', approved_by = :by, reason = :reason WHERE promise_id = :promise_id;

-- name: replace
UPDATE promises SET status = 'renegotiated', replaced_by = :replaced_by, judged_at = :at, reason = :reason
WHERE promise_id = :promise_id;

-- name: cancel
UPDATE promises SET status = 'cancelled', judged_at = :at, reason = :reason WHERE promise_id = :promise_id;

-- name: reminders
SELECT r.at, coalesce(d.right_party, 0) FROM promise_reminders r
JOIN attempts t USING (attempt_id) LEFT JOIN dispositions d USING (attempt_id)
WHERE r.promise_id = :promise_id ORDER BY r.at;

-- name: remind
INSERT INTO promise_reminders (attempt_id, promise_id, at) VALUES (:attempt_id, :promise_id, :at)
ON CONFLICT (attempt_id) DO NOTHING;

-- name: standing
SELECT a.debtor_id, a.state, a.next_rule, a.next_at, a.callback,
       coalesce((SELECT zone FROM phones p WHERE p.phone_id = a.next_phone_id), '')
FROM accounts a WHERE a.account_id = :account_id;

-- name: leave
-- Off the dialer, until a reminder is due or the promise is over.
UPDATE accounts SET state = 'hold', next_at = :next_at, next_rule = :rule, next_reason = :reason, callback = :callback,
       callback_agent = :callback_agent
WHERE account_id = :account_id AND state IN ('open', 'waiting', 'hold');

-- name: come_back
-- To the dialer: at once, or from a moment on. Without a usable number the account is closed.
UPDATE accounts SET
    state = CASE WHEN next_phone_id IS NULL THEN 'closed' WHEN :next_at IS NULL THEN 'open' ELSE 'waiting' END,
    next_at = CASE WHEN next_phone_id IS NULL THEN NULL ELSE :next_at END,
    next_rule = CASE WHEN next_phone_id IS NULL THEN 'no-number' ELSE :rule END,
    next_reason = CASE WHEN next_phone_id IS NULL THEN '无可用号码 · no usable number is left' ELSE :reason END,
    callback = 0, callback_agent = NULL
WHERE account_id = :account_id AND state IN ('open', 'waiting', 'hold');

-- name: take_back
-- Leases of a debtor that are not dialled; whoever has one in hand cannot commit it any more.
UPDATE accounts SET leased_by = NULL, leased_until_at = NULL, leased_number = NULL
WHERE debtor_id = :debtor_id AND leased_by IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM attempts t WHERE t.debtor_id = accounts.debtor_id AND t.disposed_at IS NULL);

-- name: note_boost
INSERT INTO promise_boosts (account_id, before, raised_to)
SELECT account_id, priority, :priority FROM accounts WHERE account_id = :account_id AND priority < :priority
ON CONFLICT (account_id) DO UPDATE SET raised_to = excluded.raised_to;

-- name: boost
UPDATE accounts SET priority = (SELECT raised_to FROM promise_boosts b WHERE b.account_id = accounts.account_id)
WHERE account_id IN (SELECT b.account_id FROM promise_boosts b JOIN accounts a USING (account_id)
                     WHERE a.priority < b.raised_to AND (:account_id IS NULL OR b.account_id = :account_id));

-- name: lowered
SELECT 1 FROM promise_boosts b JOIN accounts a USING (account_id) WHERE a.priority < b.raised_to LIMIT 1;

-- name: unboost
-- Unless an import has set another one meanwhile.
UPDATE accounts SET priority = (SELECT b.before FROM promise_boosts b WHERE b.account_id = accounts.account_id)
WHERE account_id = :account_id
  AND priority = (SELECT b.raised_to FROM promise_boosts b WHERE b.account_id = :account_id);

-- name: forget_boost
DELETE FROM promise_boosts WHERE account_id = :account_id;

-- name: account
SELECT account_id, client, debtor_id FROM accounts WHERE account_no = :account_no;

-- name: named
SELECT a.account_no, d.name FROM accounts a JOIN debtors d USING (debtor_id)
WHERE a.account_id = :account_id OR (:account_id IS NULL AND a.debtor_id = :debtor_id) ORDER BY a.account_id LIMIT 1;

-- name: number
SELECT account_no FROM accounts
WHERE account_id = :account_id OR (:account_id IS NULL AND debtor_id = :debtor_id) ORDER BY account_id LIMIT 1;

-- name: debtor
SELECT debtor_id FROM accounts WHERE account_id = :account_id;
