-- The local store, first version.
--
-- Moments are UTC text of fixed width, `2026-01-31T08:00:00.000000Z`: they sort as they read.
-- Money is whole cents in integers. Flags are 0 or 1. Durations carry their unit in the name.

CREATE TABLE import_batches (
    batch_id     INTEGER PRIMARY KEY,
    list_name    TEXT NOT NULL,
    source       TEXT NOT NULL,
    at           TEXT NOT NULL,
    added        INTEGER NOT NULL DEFAULT 0,
    updated      INTEGER NOT NULL DEFAULT 0,
    unchanged    INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE debtors (
    debtor_id    INTEGER PRIMARY KEY,
    identity     TEXT NOT NULL UNIQUE,  -- `key:` an id from outside, or `name:` name and first phone
    name         TEXT NOT NULL
);

-- Which file said something of which debtor, and when.
CREATE TABLE debtor_sources (
    debtor_id    INTEGER NOT NULL REFERENCES debtors,
    batch_id     INTEGER NOT NULL REFERENCES import_batches,
    PRIMARY KEY (debtor_id, batch_id)
) WITHOUT ROWID;

CREATE TABLE phones (
    phone_id     INTEGER PRIMARY KEY,
    debtor_id    INTEGER NOT NULL REFERENCES debtors,
    number       TEXT NOT NULL CHECK (number GLOB '+[1-9]*'),  -- E.164
    rank         INTEGER NOT NULL,       -- 0 is tried first
    zone         TEXT NOT NULL DEFAULT '',  -- IANA names, comma between candidates; empty: unknown
    state        TEXT NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'invalid', 'wrong')),
    UNIQUE (debtor_id, number)
);
CREATE INDEX phones_number ON phones (number);

-- One row per loan. `state` is open: dialable now; waiting: from next_at on; hold: for an event, or from next_at
-- on; closed; never: a stop flag forbids it for good. A lease is apart from the state.
CREATE TABLE accounts (
    account_id       INTEGER PRIMARY KEY,
    account_no       TEXT NOT NULL,
    client           TEXT NOT NULL DEFAULT '',  -- the lender
    list_name        TEXT NOT NULL,
    debtor_id        INTEGER NOT NULL REFERENCES debtors,
    product          TEXT NOT NULL DEFAULT '',
    principal_cents  INTEGER,
    amount_due_cents INTEGER NOT NULL,
    days_past_due    INTEGER NOT NULL DEFAULT 0,
    risk             TEXT NOT NULL DEFAULT '',
    region           TEXT NOT NULL DEFAULT '',
    language         TEXT NOT NULL DEFAULT 'zh',
    industry         TEXT NOT NULL DEFAULT '',
    remark           TEXT NOT NULL DEFAULT '',
    priority         INTEGER NOT NULL DEFAULT 0,
    state            TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'hold', 'closed', 'never')),
    next_at          TEXT,
    next_phone_id    INTEGER REFERENCES phones,
    next_rule        TEXT NOT NULL DEFAULT '',
    next_reason      TEXT NOT NULL DEFAULT '',
    callback         INTEGER NOT NULL DEFAULT 0,  -- a moment was promised to the debtor
    callback_agent   TEXT,
    team             TEXT NOT NULL DEFAULT '',
    last_attempt_at  TEXT,
    last_outcome     TEXT,
    retries          INTEGER NOT NULL DEFAULT 0,  -- attempts in a row with last_outcome, no conversation between
    leased_by        TEXT,
    leased_until_at  TEXT,
    leased_number    TEXT,
    UNIQUE (account_no, client),
    CHECK (state <> 'waiting' OR next_at IS NOT NULL),
    CHECK (state NOT IN ('open', 'closed', 'never') OR next_at IS NULL),
    CHECK (state <> 'open' OR next_phone_id IS NOT NULL),
    CHECK ((leased_by IS NULL) = (leased_until_at IS NULL) AND (leased_by IS NULL) = (leased_number IS NULL))
);
-- The order in which leads are leased; walked from its beginning, so the list may be long.
CREATE INDEX accounts_pool ON accounts (
    list_name, callback DESC, priority DESC, days_past_due DESC, amount_due_cents DESC, last_attempt_at, account_id,
    team, debtor_id, next_phone_id, state, leased_by
) WHERE state = 'open' AND leased_by IS NULL;
-- Many fall due at one moment, when calling hours begin: then the most urgent are first.
CREATE INDEX accounts_due ON accounts (
    list_name, next_at, callback DESC, priority DESC, days_past_due DESC, amount_due_cents DESC, leased_by
) WHERE next_at IS NOT NULL AND leased_by IS NULL;
CREATE INDEX accounts_callback ON accounts (list_name, next_at)
    WHERE callback = 1 AND next_at IS NOT NULL AND leased_by IS NULL;
CREATE INDEX accounts_state ON accounts (list_name, state);
CREATE INDEX accounts_debtor ON accounts (debtor_id);
CREATE INDEX accounts_phone ON accounts (next_phone_id);
-- Two leases of one debtor or of one number cannot exist, whoever tries.
CREATE UNIQUE INDEX accounts_leased_debtor ON accounts (debtor_id) WHERE leased_by IS NOT NULL;
CREATE UNIQUE INDEX accounts_leased_number ON accounts (leased_number) WHERE leased_by IS NOT NULL;
CREATE INDEX accounts_lease_end ON accounts (leased_until_at) WHERE leased_by IS NOT NULL;

CREATE TABLE do_not_call (
    number       TEXT PRIMARY KEY,
    flag         TEXT NOT NULL,
    added_by     TEXT NOT NULL,
    at           TEXT NOT NULL,
    note         TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

CREATE TABLE stop_flags (
    stop_id      INTEGER PRIMARY KEY,
    debtor_id    INTEGER NOT NULL REFERENCES debtors,
    phone_id     INTEGER REFERENCES phones,  -- set: the flag is about this number of the debtor only
    flag         TEXT NOT NULL,
    until_at     TEXT,                       -- NULL: for good
    added_by     TEXT NOT NULL,
    at           TEXT NOT NULL,
    note         TEXT NOT NULL DEFAULT ''
);
CREATE INDEX stop_flags_debtor ON stop_flags (debtor_id);

-- One row per Originate, committed before it. Milestones are seconds since `at`; NULL: never happened.
CREATE TABLE attempts (
    attempt_id     TEXT PRIMARY KEY,
    campaign       TEXT NOT NULL,
    account_id     INTEGER NOT NULL REFERENCES accounts,
    debtor_id      INTEGER NOT NULL REFERENCES debtors,
    phone_id       INTEGER NOT NULL REFERENCES phones,
    number         TEXT NOT NULL,
    server         TEXT NOT NULL,
    trunk          TEXT NOT NULL,
    caller_id      TEXT NOT NULL,
    permit_rules   TEXT NOT NULL,  -- JSON list
    at             TEXT NOT NULL,
    closed_at      TEXT,
    disposed_at    TEXT,           -- set last: until then the debtor and the number are not leased
    outcome        TEXT,
    cause          INTEGER,        -- Q.850
    sip_code       INTEGER,
    agent_id       TEXT,
    ringing_s      REAL,
    answered_s     REAL,
    bridged_s      REAL,
    talk_s         REAL,
    ended_s        REAL,
    wait_s         REAL,
    connect_ms     REAL,
    abandoned      INTEGER NOT NULL DEFAULT 0,
    message_played INTEGER NOT NULL DEFAULT 0,
    recording      TEXT NOT NULL DEFAULT '',
    detail         TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX attempts_account ON attempts (account_id, at);
CREATE INDEX attempts_debtor ON attempts (debtor_id, at);
CREATE INDEX attempts_number ON attempts (number, at);
-- One call in the air per debtor and per number, whoever tries.
CREATE UNIQUE INDEX attempts_open_debtor ON attempts (debtor_id) WHERE disposed_at IS NULL;
CREATE UNIQUE INDEX attempts_open_number ON attempts (number) WHERE disposed_at IS NULL;

CREATE TABLE call_events (
    event_id     INTEGER PRIMARY KEY,
    attempt_id   TEXT NOT NULL REFERENCES attempts,
    at           TEXT NOT NULL,
    event        TEXT NOT NULL,
    detail       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX call_events_attempt ON call_events (attempt_id);
CREATE TRIGGER call_events_stay BEFORE UPDATE ON call_events
BEGIN
    SELECT RAISE(ABORT, 'call_events is append-only');
END;
CREATE TRIGGER call_events_remain BEFORE DELETE ON call_events
BEGIN
    SELECT RAISE(ABORT, 'call_events is append-only');
END;

CREATE TABLE dispositions (
    attempt_id   TEXT PRIMARY KEY REFERENCES attempts,
    campaign     TEXT NOT NULL,
    account_id   INTEGER NOT NULL REFERENCES accounts,
    debtor_id    INTEGER NOT NULL REFERENCES debtors,
    at           TEXT NOT NULL,
    agent_id     TEXT,
    code         TEXT,           -- NULL: the outcome alone decided
    outcome      TEXT NOT NULL,
    decided_by   TEXT NOT NULL,
    stop         TEXT,
    conversation INTEGER NOT NULL,
    right_party  INTEGER NOT NULL,
    note         TEXT NOT NULL DEFAULT '',
    wrap_up_s    REAL,
    next_kind    TEXT NOT NULL,
    next_at      TEXT,
    next_rule    TEXT NOT NULL,
    next_reason  TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX dispositions_account ON dispositions (account_id, at);
CREATE INDEX dispositions_conversations ON dispositions (debtor_id, at) WHERE conversation = 1;

CREATE TABLE promises (
    promise_id   INTEGER PRIMARY KEY,
    attempt_id   TEXT NOT NULL UNIQUE REFERENCES attempts,
    account_id   INTEGER NOT NULL REFERENCES accounts,
    agent_id     TEXT,
    amount_cents INTEGER NOT NULL,
    due_on       TEXT NOT NULL,  -- a date
    at           TEXT NOT NULL
);
CREATE INDEX promises_account ON promises (account_id);

CREATE TABLE recordings (
    attempt_id   TEXT PRIMARY KEY REFERENCES attempts,
    stem         TEXT NOT NULL,  -- file name without its ending, in the recordings folder
    at           TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE agent_times (
    time_id      INTEGER PRIMARY KEY,
    agent_id     TEXT NOT NULL,
    state        TEXT NOT NULL,
    began_at     TEXT NOT NULL,
    ended_at     TEXT,           -- NULL: still in this state
    reason       TEXT NOT NULL DEFAULT '',
    attempt_id   TEXT,
    campaign     TEXT
);
CREATE INDEX agent_times_agent ON agent_times (agent_id, began_at);
CREATE UNIQUE INDEX agent_times_now ON agent_times (agent_id) WHERE ended_at IS NULL;

CREATE TABLE campaign_states (
    change_id    INTEGER PRIMARY KEY,
    campaign     TEXT NOT NULL,
    state        TEXT NOT NULL,
    at           TEXT NOT NULL,
    reason       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX campaign_states_campaign ON campaign_states (campaign, change_id);

CREATE TABLE refusals (
    refusal_id   INTEGER PRIMARY KEY,
    campaign     TEXT NOT NULL,
    account_id   INTEGER NOT NULL REFERENCES accounts,
    phone_id     INTEGER NOT NULL REFERENCES phones,
    at           TEXT NOT NULL,
    rule         TEXT NOT NULL,
    reason       TEXT NOT NULL,
    until_at     TEXT
);
CREATE INDEX refusals_account ON refusals (account_id, at);
