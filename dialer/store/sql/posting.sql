-- What was posted from outside. Every statement stands under its name.

-- name: receive
INSERT INTO received (key, at, kind, digest) VALUES (:key, :at, :kind, :digest) ON CONFLICT (key) DO NOTHING;

-- name: digest
SELECT digest FROM received WHERE key = :key;

-- name: set_seq
UPDATE received SET seq = :seq WHERE key = :key;

-- name: debtor
SELECT debtor_id FROM accounts WHERE account_id = :account_id;
