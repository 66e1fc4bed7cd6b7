-- Putting a made-up book into a store in bulk, past the importers: for benchmarks and demonstrations.

-- name: last_debtor
SELECT coalesce(max(debtor_id), 0) FROM debtors;

-- name: last_account
SELECT coalesce(max(account_id), 0) FROM accounts;

-- name: last_phone
SELECT coalesce(max(phone_id), 0) FROM phones;

-- name: last_payment
SELECT coalesce(max(payment_id), 0) FROM payments;

-- name: batch
INSERT INTO import_batches (list_name, source, at, added) VALUES (?, 'made up', ?, ?);

-- name: debtors
INSERT INTO debtors (debtor_id, identity, name) VALUES (?, ?, ?);

-- name: debtor_sources
INSERT INTO debtor_sources (debtor_id, batch_id) VALUES (?, ?);

-- name: debtor_facts
INSERT INTO debtor_facts (debtor_id, field, source, value, at, batch_id) VALUES (?, ?, 'applications', ?, ?, ?);

-- name: phones
INSERT INTO phones (phone_id, debtor_id, number, rank, zone, role) VALUES (?, ?, ?, ?, 'Asia/Shanghai', ?);

-- name: accounts
INSERT INTO accounts (account_id, account_no, client, list_name, debtor_id, product, principal_cents, amount_due_cents,
                      days_past_due, risk, region, language, industry, state, next_phone_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: loans
INSERT INTO loans (account_id, contract_no, principal_cents, annual_rate, periods, method, disbursed_on, first_due_on)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: instalments
INSERT INTO instalments (account_id, no, due_on, principal_cents, interest_cents, paid_principal_cents,
                         paid_interest_cents, paid_on)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- name: payments
INSERT INTO payments (payment_id, account_id, txn_id, amount_cents, at, noted_at, channel, source)
VALUES (?, ?, ?, ?, ?, ?, 'transfer', 'made up');

-- name: payment_lines
INSERT INTO payment_lines (payment_id, no, part, amount_cents) VALUES (?, ?, ?, ?);

-- name: scores
INSERT INTO scores (debtor_id, model, score, grade, at, batch_id) VALUES (?, ?, ?, ?, ?, ?);

-- name: attempts
INSERT INTO attempts (attempt_id, campaign, account_id, debtor_id, phone_id, number, server, trunk, caller_id,
                      permit_rules, engine, at, closed_at, disposed_at, outcome, agent_id, answered_s, bridged_s, talk_s,
                      abandoned)
VALUES (?, ?, ?, ?, ?, ?, 'made-up', 'made-up', '', '[]', 'made-up', ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: dispositions
INSERT INTO dispositions (attempt_id, campaign, account_id, debtor_id, at, agent_id, code, outcome, decided_by,
                          conversation, right_party, next_kind, next_rule, next_reason)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'retry', 'made-up', '');

-- name: promises
INSERT INTO promises (attempt_id, account_id, agent_id, amount_cents, due_on, at, status, paid_cents, judged_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);
