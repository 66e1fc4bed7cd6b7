-- Reports and exports: these only read. `:since` <= at < `:until`. Every statement stands under its name.

-- name: outcomes
SELECT coalesce(outcome, 'open') AS outcome, count(*) AS attempts FROM attempts
WHERE campaign = :campaign AND at >= :since AND at < :until
GROUP BY 1 ORDER BY 2 DESC, 1;

-- name: talk
SELECT coalesce(sum(talk_s), 0.0) AS talk_s, coalesce(sum(abandoned), 0) AS abandoned FROM attempts
WHERE campaign = :campaign AND at >= :since AND at < :until;

-- name: waits
SELECT outcome, wait_s, connect_ms FROM attempts
WHERE campaign = :campaign AND at >= :since AND at < :until
  AND outcome IN ('bridged', 'abandoned', 'early_hangup');

-- name: dispositions
SELECT d.code, count(*) AS calls FROM attempts t JOIN dispositions d USING (attempt_id)
WHERE t.campaign = :campaign AND t.at >= :since AND t.at < :until AND d.code IS NOT NULL
GROUP BY 1 ORDER BY 2 DESC, 1;

-- name: promises
SELECT count(*) AS promises, coalesce(sum(p.amount_cents), 0) AS cents
FROM attempts t JOIN promises p USING (attempt_id)
WHERE t.campaign = :campaign AND t.at >= :since AND t.at < :until;

-- name: agent_calls
SELECT t.agent_id, count(*) AS calls, coalesce(sum(t.talk_s), 0.0) AS talk_s,
       coalesce(sum(d.right_party), 0) AS right_party, count(p.promise_id) AS promises
FROM attempts t LEFT JOIN dispositions d USING (attempt_id) LEFT JOIN promises p USING (attempt_id)
WHERE t.campaign = :campaign AND t.at >= :since AND t.at < :until AND t.bridged_s IS NOT NULL
  AND t.agent_id IS NOT NULL
GROUP BY 1;

-- name: agent_states
-- Seconds of each agent in each state, cut to the span; a state that has not ended lasts to its end.
SELECT agent_id, state, max(campaign = :campaign) AS of_campaign,
       sum((julianday(min(coalesce(ended_at, :until), :until)) - julianday(max(began_at, :since))) * 86400.0)
       AS spent_s
FROM agent_times
WHERE began_at < :until AND (ended_at IS NULL OR ended_at > :since)
GROUP BY 1, 2;

-- name: trunks
SELECT trunk, count(*) AS attempts, count(answered_s) AS answered, avg(ringing_s) AS post_dial_delay_s,
       sum(outcome IS NOT NULL AND outcome IN ('trunk_failed', 'congestion', 'engine_error')) AS failures
FROM attempts WHERE campaign = :campaign AND at >= :since AND at < :until
GROUP BY 1 ORDER BY 1;

-- name: buckets
SELECT CAST((julianday(at) - julianday(:since)) * 86400.0 / :bucket_s + 1e-6 AS INTEGER) AS bucket,
       count(*) AS attempts,
       sum(outcome IS NOT NULL AND outcome IN ('bridged', 'abandoned', 'early_hangup')) AS answered,
       sum(abandoned) AS abandoned
FROM attempts WHERE campaign = :campaign AND at >= :since AND at < :until
GROUP BY 1 ORDER BY 1;

-- name: work
-- Seconds of some agents at work, and busy, in each stretch of time; a state is cut at the stretches' edges.
WITH RECURSIVE stays(busy, from_s, to_s) AS (
  SELECT state IN ('talking', 'wrap_up'),
         max(0.0, (julianday(began_at) - julianday(:since)) * 86400.0),
         (julianday(min(coalesce(ended_at, :until), :until)) - julianday(:since)) * 86400.0
  FROM agent_times
  WHERE began_at < :until AND (ended_at IS NULL OR ended_at > :since)
    AND state NOT IN ('offline', 'calling_in', 'paused')
    AND agent_id IN (SELECT value FROM json_each(:agents))
), pieces(busy, bucket, from_s, to_s) AS (
  SELECT busy, CAST(from_s / :bucket_s AS INTEGER), from_s, to_s FROM stays WHERE to_s > from_s
  UNION ALL
  SELECT busy, bucket + 1, (bucket + 1) * :bucket_s, to_s FROM pieces WHERE to_s > (bucket + 1) * :bucket_s
)
SELECT bucket, sum(min(to_s, (bucket + 1) * :bucket_s) - from_s) AS at_work_s,
       sum(busy * (min(to_s, (bucket + 1) * :bucket_s) - from_s)) AS busy_s
FROM pieces GROUP BY 1;

-- name: account_history
WITH a AS (SELECT * FROM accounts WHERE account_no = :account_no)
SELECT b.at, a.client, 'account.imported', b.source, '', '', ''
FROM a JOIN debtor_sources s USING (debtor_id) JOIN import_batches b USING (batch_id)
UNION ALL
SELECT t.at, a.client, 'attempt.placed', t.campaign || ' ' || t.trunk, t.attempt_id, t.number, ''
FROM a JOIN attempts t USING (account_id)
UNION ALL
SELECT t.closed_at, a.client, 'attempt.closed', t.outcome, t.attempt_id, t.number, coalesce(t.agent_id, '')
FROM a JOIN attempts t USING (account_id) WHERE t.closed_at IS NOT NULL
UNION ALL
SELECT d.at, a.client, 'account.disposed',
       coalesce(d.code, d.outcome) || ' -> ' || d.next_kind || coalesce(' ' || d.next_at, '') || ': ' || d.next_reason
       || CASE WHEN d.note <> '' THEN ' (' || d.note || ')' ELSE '' END,
       d.attempt_id, '', coalesce(d.agent_id, '')
FROM a JOIN dispositions d USING (account_id)
UNION ALL
SELECT p.at, a.client, 'promise.made', printf('%d.%02d', p.amount_cents / 100, p.amount_cents % 100) || ' ' || p.due_on,
       p.attempt_id, '', coalesce(p.agent_id, '')
FROM a JOIN promises p USING (account_id)
UNION ALL
SELECT r.at, a.client, 'call.refused', r.rule || ': ' || r.reason, '', p.number, ''
FROM a JOIN refusals r USING (account_id) JOIN phones p USING (phone_id)
UNION ALL
SELECT f.at, a.client, 'debtor.flagged', f.flag || CASE WHEN f.note <> '' THEN ': ' || f.note ELSE '' END, '',
       coalesce(p.number, ''), f.added_by
FROM a JOIN stop_flags f USING (debtor_id) LEFT JOIN phones p USING (phone_id)
UNION ALL
SELECT n.at, a.client, 'number.forbidden', n.flag || CASE WHEN n.note <> '' THEN ': ' || n.note ELSE '' END, '',
       n.number, n.added_by
FROM a JOIN phones p USING (debtor_id) JOIN do_not_call n USING (number)
ORDER BY 1;

-- name: export_attempts
SELECT t.attempt_id, t.campaign, a.account_no, a.client, d.name AS debtor_name, t.number, t.server, t.trunk,
       t.caller_id, t.at, t.closed_at, t.outcome, t.cause, t.sip_code, t.agent_id, t.ringing_s, t.answered_s,
       t.bridged_s, t.talk_s, t.ended_s, t.wait_s, t.connect_ms, t.abandoned, t.message_played, t.recording,
       s.code AS disposition, s.decided_by, s.right_party, s.conversation, s.note, s.wrap_up_s, s.next_kind,
       s.next_at, s.next_rule, s.next_reason, p.amount_cents AS promised, p.due_on AS promise_due_on
FROM attempts t JOIN accounts a USING (account_id) JOIN debtors d ON d.debtor_id = t.debtor_id
LEFT JOIN dispositions s USING (attempt_id) LEFT JOIN promises p USING (attempt_id)
WHERE (:campaign IS NULL OR t.campaign = :campaign) AND t.at >= :since AND t.at < :until
ORDER BY t.at, t.attempt_id;

-- name: export_accounts
SELECT a.account_no, a.client, a.list_name, d.name AS debtor_name, p.number, p.zone, a.product,
       a.principal_cents AS principal, a.amount_due_cents AS amount_due, a.days_past_due, a.risk, a.region, a.language,
       a.industry, a.remark, a.priority, a.state, a.next_at, a.next_rule, a.next_reason, a.team, a.callback_agent,
       a.last_attempt_at, a.last_outcome, a.retries
FROM accounts a JOIN debtors d USING (debtor_id) LEFT JOIN phones p ON p.phone_id = a.next_phone_id
WHERE a.list_name = :list_name ORDER BY a.account_id;
