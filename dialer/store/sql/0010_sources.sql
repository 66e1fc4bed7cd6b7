-- One debtor from many sources: by which ids they are known, which file said it, and what was learned of headers.

-- Every further id from outside by which a debtor is known: `key:` with a customer id or the digest of an ID number.
CREATE TABLE debtor_keys (
    identity     TEXT PRIMARY KEY,
    debtor_id    INTEGER NOT NULL REFERENCES debtors
) WITHOUT ROWID;
CREATE INDEX debtor_keys_debtor ON debtor_keys (debtor_id);

-- Which import last wrote the columns of an account: the source and the time of what they say.
ALTER TABLE accounts ADD COLUMN batch_id INTEGER REFERENCES import_batches;

-- SHA-256 of a file's content, and the moment of which it speaks: the same file again says nothing new.
ALTER TABLE import_batches ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE import_batches ADD COLUMN as_of TEXT NOT NULL DEFAULT '';
ALTER TABLE import_batches ADD COLUMN rejected INTEGER NOT NULL DEFAULT 0;
CREATE INDEX import_batches_digest ON import_batches (kind, digest) WHERE digest <> '';

-- Which header means which field, as people said it with --map; `name` is empty for what holds for every file of a kind.
CREATE TABLE import_mappings (
    kind         TEXT NOT NULL,
    name         TEXT NOT NULL,
    field        TEXT NOT NULL,
    header       TEXT NOT NULL,
    at           TEXT NOT NULL,
    PRIMARY KEY (kind, name, field)
) WITHOUT ROWID;

-- Whose number it is, as a source names them.
ALTER TABLE phones ADD COLUMN contact_name TEXT NOT NULL DEFAULT '';
ALTER TABLE phones ADD COLUMN relation TEXT NOT NULL DEFAULT '';
CREATE INDEX phones_contact ON phones (contact_name, debtor_id) WHERE contact_name <> '';
