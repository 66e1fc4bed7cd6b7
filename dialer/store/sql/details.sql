-- What a list tells besides its own columns. Every statement stands under its name.

-- name: last_debtor
SELECT coalesce(max(debtor_id), 0) FROM debtors;

-- name: subject
SELECT account_id, debtor_id, principal_cents FROM accounts WHERE account_no = :account_no AND client = :client;

-- name: loan
SELECT contract_no, principal_cents, annual_rate, penalty_rate, periods, method, disbursed_on, first_due_on, grace_days
FROM loans WHERE account_id = :account_id;

-- name: save_loan
INSERT INTO loans (account_id, contract_no, principal_cents, annual_rate, penalty_rate, periods, method, disbursed_on,
                   first_due_on, grace_days)
VALUES (:account_id, :contract_no, :principal_cents, :annual_rate, :penalty_rate, :periods, :method, :disbursed_on,
        :first_due_on, :grace_days)
ON CONFLICT (account_id) DO UPDATE
SET contract_no = excluded.contract_no, principal_cents = excluded.principal_cents, annual_rate = excluded.annual_rate,
    penalty_rate = excluded.penalty_rate, periods = excluded.periods, method = excluded.method,
    disbursed_on = excluded.disbursed_on, first_due_on = excluded.first_due_on, grace_days = excluded.grace_days;

-- name: debtor_word
SELECT value, at FROM debtor_facts WHERE debtor_id = :id AND field = :field AND source = :source;

-- name: account_word
SELECT value, at FROM account_facts WHERE account_id = :id AND field = :field AND source = :source;
