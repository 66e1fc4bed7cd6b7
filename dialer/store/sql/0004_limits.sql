-- Who is reached at a number, what was agreed, whom nobody may call, and who said so.

ALTER TABLE phones ADD COLUMN role TEXT NOT NULL DEFAULT 'debtor' CHECK (role IN ('debtor', 'guarantor', 'contact'));

-- Which engine made the attempt: another one on the same store does not take its calls for its own.
ALTER TABLE attempts ADD COLUMN engine TEXT NOT NULL DEFAULT '';

-- A debtor agreed to be called at hours that a rule leaves to agreement. Withdrawn is as good as over.
CREATE TABLE consents (
    consent_id   INTEGER PRIMARY KEY,
    debtor_id    INTEGER NOT NULL REFERENCES debtors,
    at           TEXT NOT NULL,
    until_at     TEXT NOT NULL,
    withdrawn_at TEXT,
    added_by     TEXT NOT NULL,
    note         TEXT NOT NULL DEFAULT ''
);
CREATE INDEX consents_debtor ON consents (debtor_id, until_at);

-- 1: somebody who is not the debtor refused; nobody may lift it.
ALTER TABLE do_not_call ADD COLUMN lasting INTEGER NOT NULL DEFAULT 0;

-- Numbers that nobody may call, held without the numbers: HMAC-SHA-256 of the E.164 text under this store's key.
-- A number that a list of ours has as well stands in do_not_call too, so that one look there is enough.
CREATE TABLE suppressed (
    digest       BLOB PRIMARY KEY CHECK (length(digest) = 32),
    flag         TEXT NOT NULL,
    added_by     TEXT NOT NULL,
    at           TEXT NOT NULL,
    note         TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

CREATE TABLE installation (
    name         TEXT PRIMARY KEY,
    value        BLOB NOT NULL
) WITHOUT ROWID;
INSERT INTO installation (name, value) VALUES ('number_key', randomblob(32));

-- Who set or lifted a stop, or a consent, when and why. Nothing here is ever changed.
CREATE TABLE stop_changes (
    change_id    INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,
    by           TEXT NOT NULL,
    change       TEXT NOT NULL CHECK (change IN ('stopped', 'allowed', 'consented', 'withdrawn')),
    flag         TEXT NOT NULL DEFAULT '',
    number       TEXT NOT NULL DEFAULT '',
    debtor_id    INTEGER REFERENCES debtors,
    note         TEXT NOT NULL DEFAULT ''
);
CREATE INDEX stop_changes_debtor ON stop_changes (debtor_id, change_id) WHERE debtor_id IS NOT NULL;
CREATE INDEX stop_changes_number ON stop_changes (number, change_id) WHERE number <> '';
CREATE TRIGGER stop_changes_stay BEFORE UPDATE ON stop_changes
BEGIN
    SELECT RAISE(ABORT, 'stop_changes is append-only');
END;
CREATE TRIGGER stop_changes_remain BEFORE DELETE ON stop_changes
BEGIN
    SELECT RAISE(ABORT, 'stop_changes is append-only');
END;
