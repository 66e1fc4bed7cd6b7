-- Repayment plans, from the proposal to the end. Every statement stands under its name.

-- name: add
INSERT INTO plans (account_id, debtor_id, status, kind, scope, begins_on, annual_rate, claim_penalty_cents,
    claim_fee_cents, claim_interest_cents, claim_principal_cents, waived_penalty_cents, waived_fee_cents,
    waived_interest_cents, waived_principal_cents, total_cents, cost_cents, expected_cents, reason, asked,
    proposed_by, proposed_role, proposed_at, needs_role, valid_until)
VALUES (:account_id, :debtor_id, 'proposed', :kind, :scope, :begins_on, :annual_rate, :claim_penalty, :claim_fee,
    :claim_interest, :claim_principal, :waived_penalty, :waived_fee, :waived_interest, :waived_principal, :total, :cost,
    :expected, :reason, :asked, :by, :role, :at, :needs_role, :valid_until);

-- name: add_payment
INSERT INTO plan_payments (plan_id, no, due_on, amount_cents) VALUES (:plan_id, :no, :due_on, :amount);

-- name: columns
-- Goes before one of the following.
SELECT plan_id, account_id, debtor_id, status, kind, scope, begins_on, annual_rate, claim_penalty_cents,
    claim_fee_cents, claim_interest_cents, claim_principal_cents, waived_penalty_cents, waived_fee_cents,
    waived_interest_cents, waived_principal_cents, expected_cents, reason, asked, proposed_by, proposed_role,
    proposed_at, needs_role, approved_by, approved_at, valid_until, signed_at, stop_id, paid_cents, ended_at, end_reason
FROM plans

-- name: by_id
WHERE plan_id = :plan_id

-- name: of_account
WHERE account_id = :account_id ORDER BY plan_id

-- name: performing
WHERE account_id = :account_id AND status = 'performing'

-- name: last_completed
WHERE account_id = :account_id AND status = 'completed'
  AND NOT EXISTS (SELECT 1 FROM plans n WHERE n.account_id = :account_id AND n.status = 'performing')
ORDER BY plan_id DESC LIMIT 1

-- name: payments_of_plan
SELECT no, due_on, amount_cents FROM plan_payments WHERE plan_id = :plan_id ORDER BY no;

-- name: approve
UPDATE plans SET status = 'approved', approved_by = :by, approved_at = :at WHERE plan_id = :plan_id AND status = 'proposed';

-- name: sign
UPDATE plans SET status = 'performing', signed_at = :at, stop_id = :stop_id
WHERE plan_id = :plan_id AND status IN ('proposed', 'approved');

-- name: end
UPDATE plans SET status = :status, ended_at = :at, end_reason = :reason, paid_cents = :paid
WHERE plan_id = :plan_id AND status IN ('proposed', 'approved', 'performing');

-- name: perform_again
UPDATE plans SET status = 'performing', ended_at = NULL, end_reason = '', stop_id = :stop_id
WHERE plan_id = :plan_id AND status = 'completed';

-- name: note_paid
UPDATE plans SET paid_cents = :paid WHERE plan_id = :plan_id;

-- name: paid_since
-- Payments that count for a plan: learned of since it was signed, and not paid before it was offered.
SELECT coalesce(sum(amount_cents), 0) FROM payments
WHERE account_id = :account_id AND reversed_at IS NULL AND noted_at >= :signed_at AND at >= :proposed_at;

-- name: money_since
-- Payments and reversals since a moment.
SELECT count(*) FROM payments
WHERE account_id = :account_id AND (noted_at >= :at OR (reversed_at IS NOT NULL AND reversed_at >= :at));

-- name: counts_for
SELECT 1 FROM payments
WHERE account_id = :account_id AND txn_id = :txn_id AND reversed_at IS NULL AND noted_at >= :signed_at
  AND at >= :proposed_at;

-- name: add_entry
INSERT INTO plan_entries (plan_id, no, entry, amount_cents) VALUES (:plan_id, :no, :entry, :amount)
ON CONFLICT (plan_id, no, entry) DO UPDATE SET amount_cents = amount_cents + excluded.amount_cents;

-- name: entries
SELECT no, amount_cents FROM plan_entries WHERE plan_id = :plan_id AND entry = :entry ORDER BY no;

-- name: remove_entries
DELETE FROM plan_entries WHERE plan_id = :plan_id AND entry = :entry;

-- name: end_flag
UPDATE stop_flags SET until_at = :at WHERE stop_id = :stop_id AND (until_at IS NULL OR until_at > :at);

-- name: to_judge
-- Performing plans of which a payment may be missing, and offers whose time is over.
SELECT DISTINCT account_id FROM plans p WHERE (status = 'performing' AND EXISTS
    (SELECT 1 FROM plan_payments q WHERE q.plan_id = p.plan_id AND q.due_on < :today))
   OR (status IN ('proposed', 'approved') AND valid_until < :today)
ORDER BY account_id;

-- name: over
WHERE account_id = :account_id AND status IN ('proposed', 'approved') AND valid_until < :today

-- name: listed
SELECT p.plan_id, a.account_no, d.name, p.status, p.kind, p.total_cents, p.paid_cents, p.needs_role, p.approved_by,
       p.proposed_by, p.proposed_at, p.valid_until,
       (SELECT count(*) FROM plan_payments q WHERE q.plan_id = p.plan_id)
FROM plans p JOIN accounts a ON a.account_id = p.account_id JOIN debtors d ON d.debtor_id = a.debtor_id
WHERE (:status = '' OR p.status = :status) ORDER BY p.plan_id DESC LIMIT :limit;

-- name: whose
SELECT a.account_no, d.name FROM accounts a JOIN debtors d ON d.debtor_id = a.debtor_id
WHERE a.account_id = :account_id;

-- name: broken_promises
SELECT count(*) FROM promises p JOIN accounts a ON a.account_id = p.account_id
WHERE a.debtor_id = :debtor_id AND p.status = 'broken';

-- name: other_accounts
SELECT account_id FROM accounts WHERE debtor_id = :debtor_id AND account_id <> :account_id;

-- name: next_plan_payment
SELECT q.amount_cents FROM plans p JOIN plan_payments q ON q.plan_id = p.plan_id
WHERE p.account_id = :account_id AND p.status = 'performing' AND q.due_on >= :today ORDER BY q.due_on LIMIT 1;

-- name: payments_made
SELECT at, amount_cents FROM payments WHERE account_id = :account_id AND reversed_at IS NULL ORDER BY at;

-- name: paid_elsewise
-- Paid parts of instalments that no payment of ours tells of: a source did, with the day at most.
SELECT i.due_on, i.paid_on,
       i.paid_penalty_cents + i.paid_fee_cents + i.paid_interest_cents + i.paid_principal_cents -
       (SELECT coalesce(sum(l.amount_cents), 0) FROM payments p JOIN payment_lines l ON l.payment_id = p.payment_id
        WHERE p.account_id = i.account_id AND p.reversed_at IS NULL AND l.no = i.no AND l.part <> 'surplus') AS paid
FROM instalments i WHERE i.account_id = :account_id;
