-- Earlier dials as limits count them. Every statement stands under its name.

-- name: touches
-- To the debtor, or to any number that the debtor has, on whoever's behalf; `besides`: an attempt that is not counted.
-- What became of a call whose end nobody saw is told by its history, as far as it goes.
SELECT t.at, t.number, t.debtor_id, t.account_id, p.role, t.outcome, t.talk_s, coalesce(d.conversation, 0),
       CASE WHEN t.outcome IS NULL OR t.outcome = 'unknown' THEN
            (SELECT group_concat(e.event) FROM call_events e
             WHERE e.attempt_id = t.attempt_id AND e.event IN ('call.answered', 'call.bridged', 'call.unserved'))
       END
FROM attempts t JOIN phones p ON p.phone_id = t.phone_id LEFT JOIN dispositions d ON d.attempt_id = t.attempt_id
WHERE t.attempt_id IN (
    SELECT attempt_id FROM attempts WHERE debtor_id = :debtor_id AND at >= :since
    UNION
    SELECT attempt_id FROM attempts WHERE number = :number AND at >= :since
    UNION
    SELECT a.attempt_id FROM phones o JOIN attempts a ON a.number = o.number
    WHERE o.debtor_id = :debtor_id AND a.at >= :since)
  AND t.attempt_id IS NOT :besides
ORDER BY t.at, t.attempt_id;
