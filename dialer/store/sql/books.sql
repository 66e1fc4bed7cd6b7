-- The books of an account: what is owed, what was paid, and where that leaves it. Every statement stands under its name.

-- name: account
SELECT a.debtor_id, a.amount_due_cents, a.days_past_due, a.state, a.aged_on, a.aged_days,
       a.overdue_since, EXISTS (SELECT 1 FROM instalments i WHERE i.account_id = a.account_id),
       l.principal_cents, l.annual_rate, l.penalty_rate, l.periods, l.method, l.disbursed_on, l.first_due_on, l.grace_days
FROM accounts a LEFT JOIN loans l ON l.account_id = a.account_id
WHERE a.account_id = :account_id;

-- name: imported_on
-- When a list last said something of the account's debtor.
SELECT max(b.at) FROM debtor_sources s JOIN import_batches b ON b.batch_id = s.batch_id
WHERE s.debtor_id = :debtor_id AND b.kind = 'accounts';

-- name: instalments
SELECT no, due_on, penalty_cents, fee_cents, interest_cents, principal_cents, paid_penalty_cents, paid_fee_cents,
       paid_interest_cents, paid_principal_cents, waived_cents, paid_on, penalty_since, penalty_base_cents,
       penalty_noted_cents
FROM instalments
WHERE account_id = :account_id AND (:due_by = '' OR (paid_on IS NULL AND due_on <= :due_by)) ORDER BY due_on, no;

-- name: principal_paid
-- Principal that payments which still count have paid, with their moments.
SELECT l.no, p.at, l.amount_cents FROM payments p JOIN payment_lines l ON l.payment_id = p.payment_id
WHERE p.account_id = :account_id AND p.reversed_at IS NULL AND l.part = 'principal' AND l.no > 0
ORDER BY p.at, p.payment_id;

-- name: write_instalment
UPDATE instalments SET fee_cents = :fee, penalty_cents = :penalty, paid_penalty_cents = :paid_penalty,
    paid_fee_cents = :paid_fee, paid_interest_cents = :paid_interest, paid_principal_cents = :paid_principal,
    waived_cents = :waived, paid_on = :paid_on, penalty_since = :since, penalty_base_cents = :base,
    penalty_noted_cents = :noted
WHERE account_id = :account_id AND no = :no;

-- name: write_account
UPDATE accounts SET amount_due_cents = :amount_due, days_past_due = :days, aged_on = :aged_on, aged_days = :days,
    overdue_since = :overdue_since
WHERE account_id = :account_id;

-- name: account_now
SELECT amount_due_cents, days_past_due, state = 'closed' AND next_rule = 'paid' FROM accounts
WHERE account_id = :account_id;

-- name: remember_standing
INSERT INTO paid_closures (account_id, at, state, next_at, next_rule, next_reason, callback, callback_agent)
SELECT account_id, :at, state, next_at, next_rule, next_reason, callback, callback_agent FROM accounts
WHERE account_id = :account_id AND state IN ('open', 'waiting', 'hold')
ON CONFLICT (account_id) DO NOTHING;

-- name: close_paid
-- Only what a call could still reach; a lease stays its engine's to give back.
UPDATE accounts SET state = 'closed', next_at = NULL, next_rule = 'paid', next_reason = :reason, callback = 0,
    callback_agent = NULL
WHERE account_id = :account_id AND state IN ('open', 'waiting', 'hold');

-- name: reopen_unpaid
-- As it stood before; a flag for good that came meanwhile holds, and an account without a number stays closed.
UPDATE accounts SET
    state = CASE WHEN f.flag IS NOT NULL THEN 'never' WHEN accounts.next_phone_id IS NULL THEN 'closed' ELSE c.state END,
    next_at = CASE WHEN f.flag IS NOT NULL OR accounts.next_phone_id IS NULL THEN NULL ELSE c.next_at END,
    next_rule = CASE WHEN f.flag IS NOT NULL THEN 'stop:' || f.flag
                     WHEN accounts.next_phone_id IS NULL THEN 'no-number' ELSE c.next_rule END,
    next_reason = CASE WHEN f.flag IS NOT NULL THEN '' WHEN accounts.next_phone_id IS NULL
                       THEN '无可用号码 · no usable number is left' ELSE c.next_reason END,
    callback = CASE WHEN f.flag IS NOT NULL THEN 0 ELSE c.callback END,
    callback_agent = CASE WHEN f.flag IS NOT NULL THEN NULL ELSE c.callback_agent END
FROM paid_closures c
LEFT JOIN (SELECT debtor_id, min(flag) AS flag FROM stop_flags WHERE phone_id IS NULL AND until_at IS NULL
           AND debtor_id = :debtor_id GROUP BY debtor_id) f
WHERE accounts.account_id = :account_id AND c.account_id = :account_id
  AND accounts.state = 'closed' AND accounts.next_rule = 'paid';

-- name: forget_appointments
UPDATE paid_closures SET state = 'open', next_at = NULL, next_rule = '', next_reason = '', callback = 0,
    callback_agent = NULL
WHERE account_id = :account_id;

-- name: forget_standing
DELETE FROM paid_closures WHERE account_id = :account_id;

-- name: is_closed_as_paid
SELECT 1 FROM accounts WHERE account_id = :account_id AND state = 'closed' AND next_rule = 'paid';

-- name: payment
SELECT payment_id, amount_cents, at, noted_at, channel, source, reversed_at, reversal_txn_id, counted
FROM payments WHERE account_id = :account_id AND txn_id = :txn_id;

-- name: add_payment
INSERT INTO payments (account_id, txn_id, amount_cents, at, noted_at, channel, source, batch_id, counted)
VALUES (:account_id, :txn_id, :amount, :at, :noted_at, :channel, :source, :batch_id, :counted);

-- name: lines
SELECT no, part, amount_cents FROM payment_lines WHERE payment_id = :payment_id ORDER BY no, part;

-- name: mark_reversed
UPDATE payments SET reversed_at = :at, reversal_txn_id = :reversal_txn_id WHERE payment_id = :payment_id;

-- name: surpluses
-- Payments of which something pays nothing yet, the oldest first.
SELECT p.payment_id, p.at, l.amount_cents FROM payments p JOIN payment_lines l ON l.payment_id = p.payment_id
WHERE p.account_id = :account_id AND p.reversed_at IS NULL AND l.part = 'surplus' ORDER BY p.at, p.payment_id;

-- name: remove_surplus
DELETE FROM payment_lines WHERE payment_id = :payment_id AND part = 'surplus';

-- name: extend_line
INSERT INTO payment_lines (payment_id, no, part, amount_cents) VALUES (:payment_id, :no, :part, :amount)
ON CONFLICT (payment_id, no, part) DO UPDATE SET amount_cents = amount_cents + excluded.amount_cents;

-- name: to_age
-- Accounts whose days past due are of an earlier day, or of none, in order.
SELECT account_id FROM accounts
WHERE account_id > :after AND (aged_on IS NULL OR aged_on < :today OR days_past_due IS NOT aged_days)
ORDER BY account_id LIMIT :limit;

-- name: accounts_of_number
SELECT a.account_id, a.client, d.name FROM accounts a JOIN debtors d ON d.debtor_id = a.debtor_id
WHERE a.account_no = :account_no ORDER BY a.client;

-- name: payments_of
SELECT payment_id, txn_id, amount_cents, at, channel, source, reversed_at FROM payments
WHERE account_id = :account_id ORDER BY at, payment_id;
