-- What pacing begins with when a campaign is launched. Every statement stands under its name.

-- name: save_learned
INSERT INTO learned (campaign, at, estimates) VALUES (:campaign, :at, :estimates)
ON CONFLICT (campaign) DO UPDATE SET at = excluded.at, estimates = excluded.estimates;

-- name: learned
SELECT estimates FROM learned WHERE campaign = :campaign;

-- name: answers
-- By a person, of the attempts placed in :since <= at < :until: all, the abandoned, and those gone within the wait.
SELECT count(*), coalesce(sum(outcome = 'abandoned'), 0), coalesce(sum(outcome = 'early_hangup'), 0)
FROM attempts INDEXED BY attempts_answered
WHERE campaign = :campaign AND at >= :since AND at < :until
  AND outcome IN ('bridged', 'abandoned', 'early_hangup');

-- name: machines
-- Likewise, ended by machine detection.
SELECT count(*) FROM attempts INDEXED BY attempts_machine
WHERE campaign = :campaign AND at >= :since AND at < :until AND outcome = 'machine';
