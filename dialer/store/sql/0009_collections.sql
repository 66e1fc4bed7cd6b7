-- What is known of debtors and loans beyond the list that was dialled, and what happens to them.
--
-- Dates are text, `2026-01-31`. Money is whole cents. Rates are decimal text of a year's rate: '0.1825' is 18.25 %.

ALTER TABLE import_batches ADD COLUMN kind TEXT NOT NULL DEFAULT 'accounts';

-- What each source says of a debtor, the newest of each source. Two sources that disagree are a conflict, not a mistake.
CREATE TABLE debtor_facts (
    debtor_id    INTEGER NOT NULL REFERENCES debtors,
    field        TEXT NOT NULL,
    source       TEXT NOT NULL,   -- applications, repayments, scores, contacts, accounts, agent, event
    value        TEXT NOT NULL,
    at           TEXT NOT NULL,   -- when the source said so
    batch_id     INTEGER REFERENCES import_batches,
    said_by      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (debtor_id, field, source)
) WITHOUT ROWID;

CREATE TABLE account_facts (
    account_id   INTEGER NOT NULL REFERENCES accounts,
    field        TEXT NOT NULL,
    source       TEXT NOT NULL,
    value        TEXT NOT NULL,
    at           TEXT NOT NULL,
    batch_id     INTEGER REFERENCES import_batches,
    said_by      TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (account_id, field, source)
) WITHOUT ROWID;

-- The contract behind an account, where a source tells it.
CREATE TABLE loans (
    account_id    INTEGER PRIMARY KEY REFERENCES accounts,
    contract_no   TEXT NOT NULL DEFAULT '',
    principal_cents INTEGER NOT NULL,
    annual_rate   TEXT NOT NULL,
    penalty_rate  TEXT NOT NULL DEFAULT '',  -- of a year; empty: the house rule
    periods       INTEGER NOT NULL,          -- months
    method        TEXT NOT NULL CHECK (method IN
                  ('equal_instalment', 'equal_principal', 'interest_first', 'lump_sum')),
    disbursed_on  TEXT NOT NULL,
    first_due_on  TEXT NOT NULL,
    grace_days    INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE instalments (
    account_id      INTEGER NOT NULL REFERENCES accounts,
    no              INTEGER NOT NULL,        -- 1, 2, 3 ...
    due_on          TEXT NOT NULL,
    principal_cents INTEGER NOT NULL,
    interest_cents  INTEGER NOT NULL,
    fee_cents       INTEGER NOT NULL DEFAULT 0,
    penalty_cents   INTEGER NOT NULL DEFAULT 0,
    paid_principal_cents INTEGER NOT NULL DEFAULT 0,
    paid_interest_cents  INTEGER NOT NULL DEFAULT 0,
    paid_fee_cents       INTEGER NOT NULL DEFAULT 0,
    paid_penalty_cents   INTEGER NOT NULL DEFAULT 0,
    waived_cents    INTEGER NOT NULL DEFAULT 0,
    paid_on         TEXT,                    -- when nothing of it was left to pay
    PRIMARY KEY (account_id, no)
) WITHOUT ROWID;

CREATE TABLE payments (
    payment_id   INTEGER PRIMARY KEY,
    account_id   INTEGER NOT NULL REFERENCES accounts,
    txn_id       TEXT NOT NULL,              -- the source's own id: the same payment twice is one
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
    at           TEXT NOT NULL,              -- when it was paid
    noted_at     TEXT NOT NULL,              -- when we learned of it
    channel      TEXT NOT NULL DEFAULT '',
    source       TEXT NOT NULL DEFAULT '',
    batch_id     INTEGER REFERENCES import_batches,
    reversed_at  TEXT,
    reversal_txn_id TEXT,
    UNIQUE (account_id, txn_id)
);
CREATE INDEX payments_account ON payments (account_id, at);

-- What each payment paid. `no` 0 and part `surplus`: more than was owed.
CREATE TABLE payment_lines (
    payment_id   INTEGER NOT NULL REFERENCES payments,
    no           INTEGER NOT NULL,
    part         TEXT NOT NULL CHECK (part IN ('penalty', 'fee', 'interest', 'principal', 'surplus')),
    amount_cents INTEGER NOT NULL,
    PRIMARY KEY (payment_id, no, part)
) WITHOUT ROWID;

CREATE TABLE scores (
    score_id     INTEGER PRIMARY KEY,
    debtor_id    INTEGER NOT NULL REFERENCES debtors,
    account_id   INTEGER REFERENCES accounts,
    model        TEXT NOT NULL,              -- who scored: a source's name, or a model of ours with its version
    score        REAL NOT NULL,
    grade        TEXT NOT NULL DEFAULT '',
    reasons      TEXT NOT NULL DEFAULT '[]', -- JSON
    at           TEXT NOT NULL,
    batch_id     INTEGER REFERENCES import_batches
);
CREATE INDEX scores_debtor ON scores (debtor_id, at);

-- A promise need not come from a call, and has a life.
CREATE TABLE promises_9 (
    promise_id   INTEGER PRIMARY KEY,
    attempt_id   TEXT UNIQUE REFERENCES attempts,
    account_id   INTEGER NOT NULL REFERENCES accounts,
    agent_id     TEXT,
    amount_cents INTEGER NOT NULL,
    due_on       TEXT NOT NULL,  -- a date
    at           TEXT NOT NULL,
    channel      TEXT NOT NULL DEFAULT 'call',
    status       TEXT NOT NULL DEFAULT 'open' CHECK (status IN
                 ('proposed', 'open', 'due', 'kept', 'partly_kept', 'broken', 'renegotiated', 'cancelled')),
    paid_cents   INTEGER NOT NULL DEFAULT 0,
    judged_at    TEXT,
    approved_by  TEXT,           -- who approved one that needed it
    replaced_by  INTEGER REFERENCES promises_9
);
INSERT INTO promises_9 (promise_id, attempt_id, account_id, agent_id, amount_cents, due_on, at)
SELECT promise_id, attempt_id, account_id, agent_id, amount_cents, due_on, at FROM promises;
DROP TABLE promises;
ALTER TABLE promises_9 RENAME TO promises;
CREATE INDEX promises_account ON promises (account_id);
CREATE INDEX promises_live ON promises (due_on) WHERE status IN ('open', 'due');

-- Who looks after a debtor: all accounts of one, by one agent. What happened before is in account_events.
CREATE TABLE owners (
    debtor_id    INTEGER PRIMARY KEY REFERENCES debtors,
    agent_id     TEXT NOT NULL,              -- empty: the team, nobody yet
    team         TEXT NOT NULL DEFAULT '',
    rule         TEXT NOT NULL,              -- which rule gave it, or `override`
    reason       TEXT NOT NULL,
    since        TEXT NOT NULL,
    given_by     TEXT NOT NULL DEFAULT ''
);
CREATE INDEX owners_agent ON owners (agent_id);

-- What happened to debtors and accounts, in the order of committing; everybody who wants to know reads on from the last
-- `seq` that they have seen. Written in the transaction that does what it tells of. Only ever added to.
CREATE TABLE account_events (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    event_key    TEXT UNIQUE,                -- an id from outside: the same one twice is one event; NULL: ours
    at           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    debtor_id    INTEGER REFERENCES debtors,
    account_id   INTEGER REFERENCES accounts,
    actor        TEXT NOT NULL DEFAULT '',
    source       TEXT NOT NULL DEFAULT '',
    payload      TEXT NOT NULL DEFAULT '{}'  -- JSON
);
CREATE INDEX account_events_debtor ON account_events (debtor_id, seq);
CREATE INDEX account_events_kind ON account_events (kind, seq);
CREATE TRIGGER account_events_stay BEFORE UPDATE ON account_events
WHEN NOT EXISTS (SELECT 1 FROM purge_passes p WHERE p.debtor_id = OLD.debtor_id)
BEGIN
    SELECT RAISE(ABORT, 'account_events is append-only');
END;
CREATE TRIGGER account_events_remain BEFORE DELETE ON account_events
WHEN NOT EXISTS (SELECT 1 FROM purge_passes p WHERE p.debtor_id = OLD.debtor_id)
BEGIN
    SELECT RAISE(ABORT, 'account_events is append-only');
END;
