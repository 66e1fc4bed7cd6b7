-- Promises with a life, their reminders; desks; what came from outside, and what other systems are still to be told.

ALTER TABLE promises ADD COLUMN source TEXT NOT NULL DEFAULT 'call';
ALTER TABLE promises ADD COLUMN made_by TEXT NOT NULL DEFAULT '';
ALTER TABLE promises ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE promises ADD COLUMN reason TEXT NOT NULL DEFAULT '';  -- why it is what it is, in both languages

-- An account has one promise at a time: of older ones each was replaced by the next. Those that were over before
-- payments were known cannot be judged any more.
UPDATE promises SET status = 'renegotiated', replaced_by =
    (SELECT min(n.promise_id) FROM promises n WHERE n.account_id = promises.account_id AND n.promise_id > promises.promise_id)
WHERE EXISTS (SELECT 1 FROM promises n WHERE n.account_id = promises.account_id AND n.promise_id > promises.promise_id);
UPDATE promises SET status = 'cancelled', reason = '早于付款记录，无法判定 · from before payments were known: not judged'
WHERE status = 'open' AND due_on < date('now', '-2 days');
CREATE UNIQUE INDEX promises_one_live ON promises (account_id) WHERE status IN ('open', 'due');
CREATE UNIQUE INDEX promises_one_proposed ON promises (account_id) WHERE status = 'proposed';

-- Dials that remind of a promise: every attempt on the account on one of its reminders' days.
CREATE TABLE promise_reminders (
    attempt_id   TEXT PRIMARY KEY REFERENCES attempts,
    promise_id   INTEGER NOT NULL REFERENCES promises,
    at           TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX promise_reminders_promise ON promise_reminders (promise_id, at);

-- By what promises are judged: config/promises.yaml as it was read last, so that every transaction judges alike.
CREATE TABLE promise_terms (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    at           TEXT NOT NULL,
    terms        TEXT NOT NULL                -- JSON
);

-- What priority an account had before a broken promise raised it.
CREATE TABLE promise_boosts (
    account_id   INTEGER PRIMARY KEY REFERENCES accounts,
    before       INTEGER NOT NULL,
    raised_to    INTEGER NOT NULL
);

-- Somebody works on a debtor: nobody else may, and nobody dials. Over at `until_at`.
CREATE TABLE desks (
    debtor_id    INTEGER PRIMARY KEY REFERENCES debtors,
    account_id   INTEGER NOT NULL REFERENCES accounts,
    holder       TEXT NOT NULL,
    since        TEXT NOT NULL,
    until_at     TEXT NOT NULL
);
CREATE INDEX desks_end ON desks (until_at);

-- Ids of what was posted from outside: the same one again changes nothing.
CREATE TABLE received (
    key          TEXT PRIMARY KEY,            -- source and id
    at           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    digest       TEXT NOT NULL,               -- of what it said: the same id with other words is a mistake
    seq          INTEGER                      -- the first event that it caused
) WITHOUT ROWID;

-- How far each webhook has been told: the events after `seq` are still to be delivered, one after the other.
CREATE TABLE outbox (
    webhook      TEXT PRIMARY KEY,
    seq          INTEGER NOT NULL,
    told_at      TEXT,                        -- the last one that was taken
    failing_seq  INTEGER,                     -- the one that is being tried
    since_at     TEXT,                        -- since when
    tries        INTEGER NOT NULL DEFAULT 0,
    next_at      TEXT,                        -- not before
    error        TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- Events that a webhook did not take for so long that the next ones went ahead.
CREATE TABLE outbox_given_up (
    webhook      TEXT NOT NULL,
    seq          INTEGER NOT NULL,
    at           TEXT NOT NULL,
    tries        INTEGER NOT NULL,
    error        TEXT NOT NULL,
    PRIMARY KEY (webhook, seq)
) WITHOUT ROWID;

-- A promise that is not over holds a debtor's records; one that nobody judged when its day came does not for ever.
DROP VIEW held_debtors;
CREATE VIEW held_debtors (debtor_id, reason) AS
SELECT h.debtor_id, 'hold' FROM legal_holds h
WHERE h.state = 'on' AND h.change_id = (SELECT max(o.change_id) FROM legal_holds o WHERE o.account_id = h.account_id)
UNION
SELECT f.debtor_id, CASE f.flag WHEN 'dispute' THEN 'dispute' ELSE 'plan' END FROM stop_flags f, purge_moment m
WHERE f.flag IN ('dispute', 'plan_performing', 'promise_open') AND (f.until_at IS NULL OR f.until_at > m.at)
UNION
SELECT a.debtor_id, 'plan' FROM promises p JOIN accounts a USING (account_id), purge_moment m
WHERE p.status IN ('open', 'due') AND p.due_on >= coalesce(date(m.at, '-7 days'), '')
UNION
SELECT t.debtor_id, 'open_call' FROM attempts t WHERE t.disposed_at IS NULL
UNION
SELECT a.debtor_id, 'open_call' FROM accounts a WHERE a.leased_by IS NOT NULL
UNION
-- Limits look back 31 days and one: what they count stays, whatever a profile says of keeping.
SELECT t.debtor_id, 'counted' FROM attempts t, purge_moment m
WHERE t.at >= coalesce(strftime('%Y-%m-%dT%H:%M:%fZ', m.at, '-32 days'), '');
