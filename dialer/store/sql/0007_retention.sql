-- Keeping records as long as they must be kept, and no longer.

-- Legal hold: nothing of the debtor is removed while the last change of any of its accounts says `on`.
CREATE TABLE legal_holds (
    change_id    INTEGER PRIMARY KEY,
    account_id   INTEGER NOT NULL REFERENCES accounts,
    debtor_id    INTEGER NOT NULL REFERENCES debtors,
    state        TEXT NOT NULL CHECK (state IN ('on', 'off')),
    at           TEXT NOT NULL,
    by           TEXT NOT NULL,
    note         TEXT NOT NULL DEFAULT ''
);
CREATE INDEX legal_holds_debtor ON legal_holds (debtor_id, account_id, change_id);
CREATE TRIGGER legal_holds_stay BEFORE UPDATE ON legal_holds
BEGIN
    SELECT RAISE(ABORT, 'legal_holds is append-only');
END;
CREATE TRIGGER legal_holds_remain BEFORE DELETE ON legal_holds
BEGIN
    SELECT RAISE(ABORT, 'legal_holds is append-only');
END;

-- Why a debtor's records may not be removed, one row for each reason.
-- `at` in a query on it is the moment of asking, in purge_moment.
CREATE TABLE purge_moment (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    at           TEXT NOT NULL
);
INSERT INTO purge_moment (one, at) VALUES (1, '');
CREATE VIEW held_debtors (debtor_id, reason) AS
SELECT h.debtor_id, 'hold' FROM legal_holds h
WHERE h.state = 'on' AND h.change_id = (SELECT max(o.change_id) FROM legal_holds o WHERE o.account_id = h.account_id)
UNION
SELECT f.debtor_id, CASE f.flag WHEN 'dispute' THEN 'dispute' ELSE 'plan' END FROM stop_flags f, purge_moment m
WHERE f.flag IN ('dispute', 'plan_performing', 'promise_open') AND (f.until_at IS NULL OR f.until_at > m.at)
UNION
SELECT t.debtor_id, 'open_call' FROM attempts t WHERE t.disposed_at IS NULL
UNION
SELECT a.debtor_id, 'open_call' FROM accounts a WHERE a.leased_by IS NOT NULL
UNION
-- Limits look back 31 days and one: what they count stays, whatever a profile says of keeping.
SELECT t.debtor_id, 'counted' FROM attempts t, purge_moment m 
WHERE t.at >= coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', m.at, '-32 days'), '');

-- The only way past the triggers that keep the history: a pass for one debtor, which lives within one transaction.
CREATE TABLE purge_passes (
    debtor_id    INTEGER PRIMARY KEY REFERENCES debtors,
    run_id       TEXT NOT NULL
);
CREATE TRIGGER purge_passes_checked BEFORE INSERT ON purge_passes
WHEN EXISTS (SELECT 1 FROM held_debtors h WHERE h.debtor_id = NEW.debtor_id)
BEGIN
    SELECT RAISE(ABORT, 'this debtor''s records must be kept');
END;
DROP TRIGGER call_events_remain;
CREATE TRIGGER call_events_remain BEFORE DELETE ON call_events
WHEN NOT EXISTS (SELECT 1 FROM purge_passes p JOIN attempts t ON t.debtor_id = p.debtor_id
                 WHERE t.attempt_id = OLD.attempt_id)
BEGIN
    SELECT RAISE(ABORT, 'call_events is append-only');
END;
DROP TRIGGER stop_changes_stay;
CREATE TRIGGER stop_changes_stay BEFORE UPDATE ON stop_changes
WHEN NEW.number <> '' OR NEW.note <> '' OR NEW.change_id <> OLD.change_id OR NEW.at <> OLD.at OR NEW.by <> OLD.by
  OR NEW.change <> OLD.change OR NEW.flag <> OLD.flag OR NEW.debtor_id IS NOT OLD.debtor_id
  OR NOT EXISTS (SELECT 1 FROM purge_passes p
                 WHERE p.debtor_id = OLD.debtor_id
                    OR EXISTS (SELECT 1 FROM phones f WHERE f.debtor_id = p.debtor_id AND f.number = OLD.number))
BEGIN
    SELECT RAISE(ABORT, 'stop_changes is append-only');
END;

-- What was removed: counts and hashes, who and when.
CREATE TABLE purge_runs (
    run_id          TEXT PRIMARY KEY,
    at              TEXT NOT NULL,
    actor           TEXT NOT NULL,
    manifest        TEXT NOT NULL,       -- JSON
    manifest_sha256 TEXT NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER purge_runs_stay BEFORE UPDATE ON purge_runs
BEGIN
    SELECT RAISE(ABORT, 'purge_runs is append-only');
END;
CREATE TRIGGER purge_runs_remain BEFORE DELETE ON purge_runs
BEGIN
    SELECT RAISE(ABORT, 'purge_runs is append-only');
END;
