-- What a forecast is made of: past calls, agents' states, the list. These only read. Names and numbers stay here.

-- name: calls
SELECT t.at, t.outcome, t.agent_id, t.ringing_s, t.answered_s, t.ended_s, t.talk_s, d.wrap_up_s,
       CASE WHEN d.agent_id IS NOT NULL THEN d.code END AS code
FROM attempts t LEFT JOIN dispositions d USING (attempt_id)
WHERE t.campaign = :campaign AND t.at >= :since AND t.at < :until AND t.outcome IS NOT NULL
ORDER BY t.at, t.attempt_id;

-- name: last_call
SELECT max(at) AS at FROM attempts WHERE campaign = :campaign AND at < :until;

-- name: stays
-- Of agents who talked for the campaign in the span. A state that has not ended lasts to its end.
SELECT agent_id, state, began_at, min(coalesce(ended_at, :until), :until) AS ended_at
FROM agent_times
WHERE began_at >= :since AND began_at < :until
  AND agent_id IN (SELECT agent_id FROM attempts
                   WHERE campaign = :campaign AND at >= :since AND at < :until AND agent_id IS NOT NULL)
ORDER BY agent_id, began_at;

-- name: leads
-- Dialable before a moment, in the order of dialling.
SELECT a.account_id, a.debtor_id, p.zone, a.days_past_due, a.amount_due_cents, a.risk, a.region, a.language, a.product,
       a.team, a.callback_agent, a.retries,
       (SELECT count(*) FROM attempts t WHERE t.account_id = a.account_id) AS attempts,
       (SELECT max(at) FROM attempts t WHERE t.debtor_id = a.debtor_id) AS last_attempt_at,
       (SELECT count(*) FROM phones o
        WHERE o.debtor_id = a.debtor_id AND o.state = 'valid' AND (o.rank, o.phone_id) > (p.rank, p.phone_id)
          AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = o.number)) AS other_numbers
FROM accounts a JOIN phones p ON p.phone_id = a.next_phone_id
WHERE a.list_name = :list_name AND a.state IN ('open', 'waiting') AND (a.next_at IS NULL OR a.next_at < :until)
  AND p.state = 'valid'
  AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number)
  AND NOT EXISTS (SELECT 1 FROM stop_flags f WHERE f.debtor_id = a.debtor_id AND f.phone_id IS NULL
                  AND (f.until_at IS NULL OR f.until_at > :since))
ORDER BY a.account_id;
