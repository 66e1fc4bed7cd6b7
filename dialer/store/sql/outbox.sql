-- How far webhooks have been told. Every statement stands under its name.

-- name: standing
SELECT webhook, seq, told_at, failing_seq, since_at, tries, next_at, error,
       (SELECT json_group_array(g.seq) FROM outbox_given_up g WHERE g.webhook = outbox.webhook)
FROM outbox WHERE :webhook = '' OR webhook = :webhook;

-- name: begin
INSERT INTO outbox (webhook, seq)
SELECT :webhook, CASE WHEN :from_start THEN 0 ELSE (SELECT coalesce(max(seq), 0) FROM account_events) END
WHERE true ON CONFLICT (webhook) DO NOTHING;

-- name: told
UPDATE outbox SET seq = :seq, told_at = :at, failing_seq = NULL, since_at = NULL, tries = 0, next_at = NULL, error = ''
WHERE webhook = :webhook AND seq < :seq;

-- name: passed
-- Events of kinds that it does not want.
UPDATE outbox SET seq = :seq WHERE webhook = :webhook AND seq < :seq;

-- name: failed
UPDATE outbox SET since_at = CASE WHEN failing_seq IS :seq THEN since_at ELSE :at END, failing_seq = :seq,
    tries = CASE WHEN failing_seq IS :seq THEN tries + 1 ELSE 1 END, next_at = :next_at, error = :error
WHERE webhook = :webhook;

-- name: give_up
INSERT INTO outbox_given_up (webhook, seq, at, tries, error)
SELECT webhook, :seq, :at, tries, error FROM outbox WHERE webhook = :webhook
ON CONFLICT (webhook, seq) DO NOTHING;

-- name: waiting
SELECT count(*) FROM account_events e
WHERE e.seq > coalesce((SELECT seq FROM outbox WHERE webhook = :webhook), (SELECT max(seq) FROM account_events))
  AND e.kind IN (SELECT value FROM json_each(:kinds));
