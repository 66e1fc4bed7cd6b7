-- What reports over the whole portfolio read. Rows come packed: many in one text, every field of a fixed width.

-- name: account_ids
SELECT account_id FROM accounts ORDER BY account_id;

-- name: accounts
SELECT a.account_id, a.debtor_id, a.region, a.industry, a.product, a.risk, coalesce(o.agent_id, ''), a.days_past_due,
       a.amount_due_cents, coalesce(l.disbursed_on, ''), coalesce(l.principal_cents, 0), coalesce(l.grace_days, 0)
FROM json_each(:ids) j CROSS JOIN accounts a ON a.account_id = j.value
LEFT JOIN loans l ON l.account_id = a.account_id LEFT JOIN owners o ON o.debtor_id = a.debtor_id;

-- name: instalments
-- account 10, due 10, paid 10, principal 14, interest and fee 14: 58 characters
SELECT group_concat(format('%010d%s%s%014d%014d', i.account_id, i.due_on, coalesce(i.paid_on, '9999-12-31'),
                           i.principal_cents, i.interest_cents + i.fee_cents), '')
FROM json_each(:ids) j CROSS JOIN instalments i ON i.account_id = j.value;

-- name: payments
-- account 10, hour of UTC 13, amount 14: 37 characters. What was taken back never came.
SELECT group_concat(format('%010d%s%014d', p.account_id, substr(p.at, 1, 13), p.amount_cents), '')
FROM json_each(:ids) j CROSS JOIN payments p ON p.account_id = j.value
WHERE p.reversed_at IS NULL;

-- name: calls
-- account 10, hour of UTC 13, five flags, agent 24: 52 characters. An attempt counts when it was placed; what came of
-- it stands with its disposition.
SELECT group_concat(format('%010d%s%d%d%d%d%d%-24.24s', t.account_id, substr(t.at, 1, 13), coalesce(d.right_party, 0),
                           coalesce(d.conversation, 0), t.outcome = 'bridged',
                           t.outcome IN ('bridged', 'abandoned', 'early_hangup'),
                           EXISTS (SELECT 1 FROM promises q WHERE q.attempt_id = t.attempt_id),
                           coalesce(t.agent_id, '')), '')
FROM json_each(:ids) j CROSS JOIN attempts t ON t.account_id = j.value
LEFT JOIN dispositions d ON d.attempt_id = t.attempt_id
WHERE t.outcome IS NOT NULL;

-- name: promises
SELECT q.account_id, substr(q.at, 1, 13), q.due_on, q.amount_cents, q.paid_cents, q.status, coalesce(q.agent_id, '')
FROM json_each(:ids) j CROSS JOIN promises q ON q.account_id = j.value;

-- name: snapshot
SELECT at, seq, batch_id, accounts, form FROM portfolio_snapshot;

-- name: column
SELECT content FROM portfolio_columns WHERE name = :name ORDER BY block;

-- name: column_size
SELECT coalesce(sum(length(content)), 0) FROM portfolio_columns WHERE name = :name;

-- name: changed_since
-- Accounts of debtors of whom anything was told, who were imported, or who were called, since the columns were made.
-- The names of the campaigns are hopped to along their index.
WITH RECURSIVE names (campaign) AS (
    SELECT min(campaign) FROM attempts
    UNION ALL
    SELECT (SELECT min(t.campaign) FROM attempts t WHERE t.campaign > names.campaign) FROM names
    WHERE names.campaign IS NOT NULL
)
SELECT a.account_id FROM accounts a
WHERE a.debtor_id IN (
    SELECT e.debtor_id FROM account_events e WHERE e.seq > :seq
    UNION SELECT s.debtor_id FROM debtor_sources s WHERE s.batch_id > :batch_id
    UNION SELECT t.debtor_id FROM names CROSS JOIN attempts t ON t.campaign = names.campaign AND t.at >= :at
);

-- name: newest
SELECT (SELECT coalesce(max(seq), 0) FROM account_events), (SELECT coalesce(max(batch_id), 0) FROM import_batches),
       (SELECT count(*) FROM accounts);

-- name: forget_columns
DELETE FROM portfolio_columns;

-- name: forget_snapshot
DELETE FROM portfolio_snapshot;

-- name: keep_column
INSERT INTO portfolio_columns (name, block, content) VALUES (:name, :block, :content);

-- name: keep_snapshot
INSERT INTO portfolio_snapshot (one, at, seq, batch_id, accounts, form) VALUES (1, :at, :seq, :batch_id, :accounts, :form);

-- name: who
SELECT a.account_no, a.client, d.name, a.risk, coalesce(o.agent_id, '')
FROM accounts a JOIN debtors d ON d.debtor_id = a.debtor_id LEFT JOIN owners o ON o.debtor_id = a.debtor_id
WHERE a.account_id = :account_id;
