-- Scorecards with who made them and when, what each account is graded, and alerts of early warning.

-- Every card that ever scored. The text never changes: another card has another name.
CREATE TABLE risk_models (
    model        TEXT PRIMARY KEY,           -- card-0001 ..., or rules- and the beginning of its digest
    kind         TEXT NOT NULL CHECK (kind IN ('rules', 'trained')),
    card         TEXT NOT NULL,              -- JSON
    sha256       TEXT NOT NULL,              -- of `card`
    record       TEXT NOT NULL DEFAULT '{}', -- JSON: what it learned from, and how it did on what it had not seen
    known_until  TEXT,                       -- the end of what it learned from; NULL: it was not trained
    made_at      TEXT NOT NULL,
    made_by      TEXT NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER risk_models_stay BEFORE UPDATE ON risk_models
BEGIN
    SELECT RAISE(ABORT, 'a scorecard never changes');
END;
CREATE TRIGGER risk_models_remain BEFORE DELETE ON risk_models
BEGIN
    SELECT RAISE(ABORT, 'a scorecard never changes');
END;

-- Champion: grades accounts. Challenger: is compared with it. The last row of a model holds; one champion at a time.
CREATE TABLE risk_roles (
    change_id    INTEGER PRIMARY KEY,
    model        TEXT NOT NULL REFERENCES risk_models,
    role         TEXT NOT NULL CHECK (role IN ('champion', 'challenger', 'retired')),
    at           TEXT NOT NULL,
    by           TEXT NOT NULL,
    reason       TEXT NOT NULL DEFAULT ''
);
CREATE TRIGGER risk_roles_stay BEFORE UPDATE ON risk_roles
BEGIN
    SELECT RAISE(ABORT, 'risk_roles is append-only');
END;

-- What stands behind `accounts.risk`: the scorecard's own grade, before alerts make it worse.
CREATE TABLE account_grades (
    account_id   INTEGER PRIMARY KEY REFERENCES accounts,
    listed       TEXT NOT NULL DEFAULT '',   -- what `accounts.risk` said before the first grade of ours
    model        TEXT NOT NULL DEFAULT '',   -- empty: not scored
    score        REAL,
    grade        TEXT NOT NULL DEFAULT '',
    at           TEXT NOT NULL,
    priority_before INTEGER,                 -- while an alert raises it
    priority_raised INTEGER
);

CREATE TABLE risk_alerts (
    alert_id     INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,              -- when it was raised
    debtor_id    INTEGER NOT NULL REFERENCES debtors,
    account_id   INTEGER REFERENCES accounts,  -- of the event; NULL: it is about the debtor
    event_seq    INTEGER NOT NULL,           -- of account_events
    event_at     TEXT NOT NULL,              -- when it happened
    rule         TEXT NOT NULL,
    about        TEXT NOT NULL,              -- what makes two reports the same happening
    facts        TEXT NOT NULL,              -- JSON: sign, value, before, times, extent
    steps        INTEGER NOT NULL,
    priority     INTEGER NOT NULL,
    grade_before TEXT NOT NULL,
    grade_after  TEXT NOT NULL,
    owner        TEXT NOT NULL DEFAULT '',   -- agent who was told; empty: nobody owns the debtor
    team         TEXT NOT NULL DEFAULT '',
    answer_by    TEXT NOT NULL,              -- then the supervisors are told
    lasts_until  TEXT NOT NULL,
    repeats      INTEGER NOT NULL DEFAULT 0, -- the like of it came again, no worse
    acknowledged_at TEXT,
    acknowledged_by TEXT NOT NULL DEFAULT '',
    note         TEXT NOT NULL DEFAULT '',
    escalated_at TEXT,
    over_at      TEXT,                       -- the grade is no longer worse for it: it ran out, or was dismissed
    UNIQUE (debtor_id, rule, about)
);
CREATE INDEX risk_alerts_open ON risk_alerts (answer_by) WHERE acknowledged_at IS NULL AND escalated_at IS NULL;
CREATE INDEX risk_alerts_lasting ON risk_alerts (lasts_until) WHERE over_at IS NULL;
CREATE INDEX risk_alerts_inbox ON risk_alerts (owner, at) WHERE acknowledged_at IS NULL;

CREATE INDEX account_events_reports ON account_events (debtor_id, at) WHERE kind = 'risk.reported';

-- How far early warning has read in account_events.
CREATE TABLE risk_cursor (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    seq          INTEGER NOT NULL
);
INSERT INTO risk_cursor (one, seq) VALUES (1, 0);
