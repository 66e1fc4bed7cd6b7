-- What outlives a restart of the engine besides calls and accounts.

-- What pacing had learned of each campaign when it was last saved; read when the campaign is launched again.
CREATE TABLE learned (
    campaign     TEXT PRIMARY KEY,
    at           TEXT NOT NULL,
    estimates    TEXT NOT NULL  -- JSON
) WITHOUT ROWID;

-- A campaign's answers by a person over the last weeks, few among its attempts, are counted at every launch.
CREATE INDEX attempts_answered ON attempts (campaign, at, outcome)
    WHERE outcome IN ('bridged', 'abandoned', 'early_hangup');
