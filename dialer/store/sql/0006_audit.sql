-- The log of decisions: only ever added to. `hash` is SHA-256 of `prev_hash` and the SHA-256 of the entry as canonical
-- JSON, so that no entry can be changed, removed, put in or moved without every later hash changing; see
-- dialer/store/chain.py. No names and no numbers: subjects are ids of this store, or a keyed digest of a number.

CREATE TABLE audit (
    seq          INTEGER PRIMARY KEY,    -- 1, 2, 3 ... without a gap
    at           TEXT NOT NULL,
    actor        TEXT NOT NULL,
    role         TEXT NOT NULL,
    action       TEXT NOT NULL,          -- noun.verb
    subject      TEXT NOT NULL,          -- debtor:17, campaign:june, number:<digest>
    detail       TEXT NOT NULL,          -- mostly JSON
    prev_hash    BLOB NOT NULL,
    hash         BLOB NOT NULL
);
CREATE INDEX audit_subject ON audit (subject);
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;

-- Where the log ends: an end that was cut off is missed by it.
CREATE TABLE audit_head (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    seq          INTEGER NOT NULL,
    hash         BLOB NOT NULL,
    change_id    INTEGER NOT NULL        -- of stop_changes: those up to here are in the log
);
INSERT INTO audit_head (one, seq, hash, change_id)
SELECT 1, 0, zeroblob(32), coalesce(max(change_id), 0) FROM stop_changes;
