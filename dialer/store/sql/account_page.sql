-- Everything about one debtor, for one page. These only read. Every statement stands under its name; the names of the
-- columns are the keys of the answer in JSON.

-- name: account
SELECT a.account_id, a.account_no, a.client, a.list_name AS list, d.name AS debtor, a.debtor_id, a.state, a.next_at,
       a.next_rule, a.next_reason, a.product, a.principal_cents, a.amount_due_cents, a.days_past_due, a.risk AS grade,
       a.region, a.industry, a.language, a.remark, a.team, coalesce(o.agent_id, '') AS owner,
       coalesce(o.team, '') AS owner_team, o.since AS owner_since, coalesce(o.rule, '') AS owner_rule,
       coalesce(o.reason, '') AS owner_reason, b.source AS file, coalesce(nullif(b.as_of, ''), b.at) AS file_at
FROM accounts a JOIN debtors d ON d.debtor_id = a.debtor_id LEFT JOIN owners o ON o.debtor_id = a.debtor_id
LEFT JOIN import_batches b ON b.batch_id = a.batch_id
WHERE a.account_id = :account_id;

-- name: accounts
SELECT a.account_id, a.account_no, a.client, a.list_name AS list, a.state, a.product, a.amount_due_cents,
       a.days_past_due
FROM accounts a WHERE a.debtor_id = :debtor_id ORDER BY a.account_id = :account_id DESC, a.account_id;

-- name: loans
SELECT a.account_no, l.principal_cents, l.annual_rate, l.penalty_rate, l.periods, l.method, l.disbursed_on,
       l.first_due_on, l.grace_days
FROM loans l JOIN accounts a ON a.account_id = l.account_id WHERE l.account_id = :account_id;

-- name: instalments
SELECT no, due_on, principal_cents, interest_cents, fee_cents, penalty_cents,
       paid_principal_cents + paid_interest_cents + paid_fee_cents + paid_penalty_cents AS paid_cents, waived_cents,
       max(0, principal_cents + interest_cents + fee_cents + penalty_cents - waived_cents
           - paid_principal_cents - paid_interest_cents - paid_fee_cents - paid_penalty_cents) AS left_cents,
       substr(paid_on, 1, 10) AS paid_on
FROM instalments WHERE account_id = :account_id ORDER BY no;

-- name: payments
SELECT p.at, p.amount_cents, p.txn_id, p.channel, p.source, coalesce(b.source, '') AS file, p.reversed_at,
       coalesce((SELECT group_concat(l.no || ':' || l.part || ':' || l.amount_cents, ' ')
                 FROM payment_lines l WHERE l.payment_id = p.payment_id), '') AS lines
FROM payments p LEFT JOIN import_batches b ON b.batch_id = p.batch_id
WHERE p.account_id = :account_id ORDER BY p.at, p.payment_id;

-- name: contacts
SELECT p.number, p.role, p.contact_name, p.relation, p.state, p.zone,
       (SELECT count(*) FROM attempts t WHERE t.phone_id = p.phone_id) AS dials,
       (SELECT t.outcome FROM attempts t WHERE t.number = p.number AND t.debtor_id = p.debtor_id
        ORDER BY t.at DESC LIMIT 1) AS last_outcome,
       EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number) AS forbidden
FROM phones p WHERE p.debtor_id = :debtor_id ORDER BY p.role = 'contact', p.rank, p.phone_id;

-- name: calls
SELECT t.at, t.campaign, t.number, coalesce(t.outcome, '') AS outcome, coalesce(x.code, '') AS code,
       coalesce(t.agent_id, '') AS agent, t.talk_s, coalesce(x.note, '') AS note, coalesce(x.next_kind, '') AS next_kind,
       x.next_at
FROM attempts t LEFT JOIN dispositions x ON x.attempt_id = t.attempt_id
WHERE t.debtor_id = :debtor_id ORDER BY t.at;

-- name: promises
SELECT p.at, p.due_on, p.amount_cents, p.paid_cents, p.status, p.channel, coalesce(p.agent_id, '') AS agent,
       a.account_no
FROM promises p JOIN accounts a ON a.account_id = p.account_id WHERE a.debtor_id = :debtor_id
ORDER BY p.at, p.promise_id;

-- name: plans
SELECT plan_id AS plan, proposed_at, kind, status, total_cents, begins_on, valid_until, proposed_by, approved_by, reason
FROM plans WHERE debtor_id = :debtor_id ORDER BY plan_id;

-- name: scores
SELECT s.at, s.model, s.score, s.grade, s.reasons, coalesce(b.source, '') AS file
FROM scores s LEFT JOIN import_batches b ON b.batch_id = s.batch_id WHERE s.debtor_id = :debtor_id
ORDER BY s.at, s.score_id;

-- name: stops
SELECT f.at, f.flag, coalesce(p.number, '') AS number, f.until_at, f.added_by, f.note
FROM stop_flags f LEFT JOIN phones p ON p.phone_id = f.phone_id WHERE f.debtor_id = :debtor_id ORDER BY f.stop_id;

-- name: events
SELECT e.at, e.kind, e.actor, e.source, e.payload, coalesce(a.account_no, '') AS account_no
FROM account_events e LEFT JOIN accounts a ON a.account_id = e.account_id
WHERE e.debtor_id = :debtor_id ORDER BY e.seq;

-- name: sources
SELECT b.at, b.kind, b.source AS file, b.list_name AS list, b.as_of
FROM debtor_sources s JOIN import_batches b ON b.batch_id = s.batch_id WHERE s.debtor_id = :debtor_id
ORDER BY b.batch_id;

-- name: find_accounts
-- Here and below, what is still to be collected comes before what is closed.
SELECT account_id FROM accounts WHERE account_no LIKE :like ESCAPE '\' ORDER BY state = 'closed', account_no LIMIT :most;

-- name: find_names
SELECT a.account_id FROM debtors d JOIN accounts a ON a.debtor_id = d.debtor_id
WHERE instr(lower(d.name), lower(:text)) ORDER BY a.state = 'closed', d.name, a.account_id LIMIT :most;

-- name: find_numbers
SELECT a.account_id FROM phones p JOIN accounts a ON a.debtor_id = p.debtor_id
WHERE p.number LIKE :digits ORDER BY a.state = 'closed', p.number, a.account_id LIMIT :most;

-- name: find_contacts
SELECT a.account_id FROM phones p JOIN accounts a ON a.debtor_id = p.debtor_id
WHERE p.contact_name <> '' AND instr(lower(p.contact_name), lower(:text)) ORDER BY a.state = 'closed', a.account_id LIMIT :most;

-- name: line
SELECT a.account_id, a.account_no, a.client, d.name AS debtor, a.list_name AS list, a.state, a.amount_due_cents,
       a.days_past_due, coalesce(p.number, '') AS number, coalesce(o.agent_id, '') AS owner
FROM accounts a JOIN debtors d ON d.debtor_id = a.debtor_id LEFT JOIN phones p ON p.phone_id = a.next_phone_id
LEFT JOIN owners o ON o.debtor_id = a.debtor_id
WHERE a.account_id = :account_id;
