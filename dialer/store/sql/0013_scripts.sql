-- What was said to whom: who is left alone by an experiment, and every version of a script that was shown.

-- Once for each debtor and experiment (缓催); while it lasts a stop flag `hold_out` forbids the calls. Holds no personal
-- data, and stays when a debtor is purged: who was held out is part of what the experiment says.
CREATE TABLE hold_outs (
    experiment   TEXT NOT NULL,
    debtor_id    INTEGER NOT NULL REFERENCES debtors,
    since        TEXT NOT NULL,
    until_at     TEXT NOT NULL,
    campaign     TEXT NOT NULL,              -- which was about to call
    PRIMARY KEY (experiment, debtor_id)
) WITHOUT ROWID;

-- The text of every version, so that what was shown can be read again after the file has changed.
CREATE TABLE script_versions (
    name         TEXT NOT NULL,
    version      INTEGER NOT NULL,
    digest       TEXT NOT NULL,              -- of the file; the same number with another digest: changed without a new one
    body         TEXT NOT NULL,
    first_at     TEXT NOT NULL,
    PRIMARY KEY (name, version, digest)
) WITHOUT ROWID;
