-- The do-not-call lists that were taken over: which file, by whom, how much of it.

CREATE TABLE stop_lists (
    list_id      INTEGER PRIMARY KEY,
    source       TEXT NOT NULL,
    at           TEXT NOT NULL,
    added_by     TEXT NOT NULL,
    hashed       INTEGER NOT NULL,
    numbers      INTEGER NOT NULL,
    added        INTEGER NOT NULL,
    on_our_lists INTEGER NOT NULL
);
