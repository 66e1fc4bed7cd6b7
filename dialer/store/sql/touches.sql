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

-- name: dials_of_many
-- The same of many debtors, each with the number to be dialled; one after the other.
WITH wanted(debtor_id, number) AS MATERIALIZED (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:wanted)),
dials(debtor_id, attempt_id) AS (
    SELECT w.debtor_id, a.attempt_id FROM wanted w CROSS JOIN attempts a ON a.debtor_id = w.debtor_id AND a.at >= :since
    UNION
    SELECT w.debtor_id, a.attempt_id FROM wanted w CROSS JOIN attempts a ON a.number = w.number AND a.at >= :since
    UNION
    SELECT w.debtor_id, a.attempt_id FROM wanted w CROSS JOIN phones o ON o.debtor_id = w.debtor_id
                                CROSS JOIN attempts a ON a.number = o.number AND a.at >= :since)
SELECT x.debtor_id,
       t.at, t.number, t.debtor_id, t.account_id, p.role, t.outcome, t.talk_s, coalesce(d.conversation, 0),
       CASE WHEN t.outcome IS NULL OR t.outcome = 'unknown' THEN
            (SELECT group_concat(e.event) FROM call_events e
             WHERE e.attempt_id = t.attempt_id AND e.event IN ('call.answered', 'call.bridged', 'call.unserved'))
       END
FROM dials x JOIN attempts t ON t.attempt_id = x.attempt_id JOIN phones p ON p.phone_id = t.phone_id
LEFT JOIN dispositions d ON d.attempt_id = t.attempt_id
ORDER BY x.debtor_id, t.at, t.attempt_id;

-- name: conversations_of_many
SELECT d.debtor_id, d.at FROM json_each(:wanted) w
CROSS JOIN dispositions d ON d.debtor_id = json_extract(w.value, '$[0]') AND d.at >= :since AND d.conversation = 1;
