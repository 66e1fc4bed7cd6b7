-- What reports over the whole portfolio need of each account, as columns of numbers: read in a second where the rows
-- take a minute. Made from the tables and thrown away freely; holds ids, amounts, days and codes, no names, no numbers.

CREATE TABLE portfolio_columns (
    name         TEXT NOT NULL,     -- such as instalments.due
    block        INTEGER NOT NULL,  -- 0, 1, 2 ...: the accounts in the order of their ids, so many in each
    content      BLOB NOT NULL,     -- little-endian integers; `words`: JSON
    PRIMARY KEY (name, block)
);

-- Up to where in the stream of events and in the imports the columns know the store.
CREATE TABLE portfolio_snapshot (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    at           TEXT NOT NULL,
    seq          INTEGER NOT NULL,
    batch_id     INTEGER NOT NULL,
    accounts     INTEGER NOT NULL,
    form         INTEGER NOT NULL   -- of the columns; another one is made anew
);
