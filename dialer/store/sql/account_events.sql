-- What happened to debtors and accounts. Every statement stands under its name.

-- name: add
-- Nothing when the same key is there already.
INSERT INTO account_events (event_key, at, kind, debtor_id, account_id, actor, source, payload)
VALUES (:event_key, :at, :kind, :debtor_id, :account_id, :actor, :source, :payload)
ON CONFLICT (event_key) DO NOTHING;

-- name: after
SELECT seq, event_key, at, kind, debtor_id, account_id, actor, source, payload
FROM account_events WHERE seq > :seq ORDER BY seq LIMIT :limit;

-- name: of_debtor
SELECT seq, event_key, at, kind, debtor_id, account_id, actor, source, payload
FROM account_events WHERE debtor_id = :debtor_id ORDER BY seq;

-- name: last
SELECT coalesce(max(seq), 0) FROM account_events;
