-- Scorecards, grades and alerts. Every statement stands under its name.

-- name: add_model
INSERT INTO risk_models (model, kind, card, sha256, record, known_until, made_at, made_by)
VALUES (:model, :kind, :card, :sha256, :record, :known_until, :at, :by)
ON CONFLICT (model) DO NOTHING;

-- name: models
-- With the role that each has now, the newest last.
SELECT m.model, m.kind, m.card, m.sha256, m.record, m.known_until, m.made_at, m.made_by, coalesce(r.role, ''),
       coalesce(r.at, ''), coalesce(r.by, ''), coalesce(r.reason, ''),
       (SELECT count(*) FROM account_grades g WHERE g.model = m.model)
FROM risk_models m
LEFT JOIN risk_roles r ON r.model = m.model AND r.change_id = (SELECT max(o.change_id) FROM risk_roles o WHERE o.model = m.model)
ORDER BY m.made_at, m.model;

-- name: trained
SELECT count(*) FROM risk_models WHERE kind = 'trained';

-- name: champion
SELECT r.model FROM risk_roles r
WHERE r.role = 'champion' AND r.change_id = (SELECT max(o.change_id) FROM risk_roles o WHERE o.model = r.model)
ORDER BY r.change_id DESC LIMIT 1;

-- name: add_role
INSERT INTO risk_roles (model, role, at, by, reason) VALUES (:model, :role, :at, :by, :reason);

-- name: standing
-- What every account is graded now; `low`, `high`: which debtors.
SELECT a.account_id, a.debtor_id, a.risk, g.listed, g.model, g.score, g.grade
FROM accounts a LEFT JOIN account_grades g USING (account_id)
WHERE a.debtor_id BETWEEN :low AND :high
ORDER BY a.account_id;

-- name: is_scored
SELECT 1 FROM accounts a JOIN account_grades g USING (account_id)
WHERE a.debtor_id = :debtor_id AND g.model <> '' LIMIT 1;

-- name: save_grade
INSERT INTO account_grades (account_id, listed, model, score, grade, at)
VALUES (:account_id, :listed, :model, :score, :grade, :at)
ON CONFLICT (account_id) DO UPDATE SET model = excluded.model, score = excluded.score, grade = excluded.grade,
    at = excluded.at;

-- name: save_score
INSERT INTO scores (debtor_id, account_id, model, score, grade, reasons, at)
VALUES (:debtor_id, :account_id, :model, :score, :grade, :reasons, :at);

-- name: set_risk
UPDATE accounts SET risk = :risk WHERE account_id = :account_id;

-- name: in_force
-- Of each debtor, the most steps and the highest priority that alerts ask for now, and which rules they are.
SELECT debtor_id, max(steps), max(priority), group_concat(DISTINCT rule) FROM risk_alerts
WHERE over_at IS NULL AND lasts_until > :at AND debtor_id BETWEEN :low AND :high
GROUP BY debtor_id;

-- name: of_debtor
SELECT a.account_id, a.risk, a.priority, g.listed, coalesce(g.model, ''), coalesce(g.grade, ''), g.priority_before,
       g.priority_raised
FROM accounts a LEFT JOIN account_grades g USING (account_id)
WHERE a.debtor_id = :debtor_id
ORDER BY a.account_id;

-- name: keep_listed
INSERT INTO account_grades (account_id, listed, at) VALUES (:account_id, :listed, :at)
ON CONFLICT (account_id) DO NOTHING;

-- name: raise_priority
UPDATE accounts SET priority = :priority WHERE account_id = :account_id;

-- name: note_priority
UPDATE account_grades SET priority_before = :before, priority_raised = :raised WHERE account_id = :account_id;

-- name: account
SELECT a.account_id, a.debtor_id, a.account_no, a.client, d.name, a.risk
FROM accounts a JOIN debtors d USING (debtor_id)
WHERE a.account_no = :account_no
ORDER BY a.account_id;

-- name: scores_of
SELECT model, score, grade, reasons, at FROM scores WHERE account_id = :account_id ORDER BY at DESC, score_id DESC LIMIT :most;

-- name: grades
SELECT a.risk, count(*), sum(a.amount_due_cents) FROM accounts a
WHERE a.state <> 'closed' GROUP BY a.risk ORDER BY a.risk;

-- --- early warning ------------------------------------------------------------------------------------

-- name: cursor
SELECT seq FROM risk_cursor;

-- name: read_to
UPDATE risk_cursor SET seq = :seq WHERE seq < :seq;

-- name: events
SELECT seq, event_key, at, kind, debtor_id, account_id, actor, source, payload FROM account_events
WHERE seq > :after AND seq <= :up_to AND debtor_id IS NOT NULL
  AND kind IN ('risk.reported', 'promise.broken', 'payment.received', 'payment.reversed', 'fact.changed')
ORDER BY seq;

-- name: unread
SELECT min(max(seq), :after + :limit) FROM account_events;

-- name: earlier_reports
-- The newest report of the same sign before an event, told of a moment that is not later.
SELECT json_extract(payload, '$.value') FROM account_events
WHERE debtor_id = :debtor_id AND kind = 'risk.reported' AND json_extract(payload, '$.sign') = :sign
  AND seq < :seq AND at >= :since AND at <= :at AND json_extract(payload, '$.value') IS NOT NULL
ORDER BY at DESC, seq DESC LIMIT 1;

-- name: times
-- Events of one kind of a debtor within a window, one's own included.
SELECT count(*) FROM account_events
WHERE debtor_id = :debtor_id AND kind = :kind AND seq <= :seq AND at > :since AND at <= :at;

-- name: changes
-- How often what was known of how to reach somebody became another: what was first heard of is no change.
SELECT count(*) FROM account_events e
WHERE e.debtor_id = :debtor_id AND e.seq <= :seq AND e.at > :since AND e.at <= :at
  AND ((e.kind = 'fact.changed' AND json_extract(e.payload, '$.field') IN ('address', 'employer', 'email', 'phone')
        AND coalesce(json_extract(e.payload, '$.first'), 0) = 0)
       OR (e.kind = 'risk.reported' AND json_extract(e.payload, '$.sign') = 'contacts_changed'));

-- name: paid_between
SELECT count(*), coalesce(sum(amount_cents), 0) FROM payments
WHERE account_id = :account_id AND at > :since AND at <= :until AND (reversed_at IS NULL OR reversed_at > :until);

-- name: payment
SELECT at FROM payments WHERE account_id = :account_id AND txn_id = :txn_id;

-- name: earlier_alerts
SELECT alert_id, about, event_at, json_extract(facts, '$.extent') FROM risk_alerts
WHERE debtor_id = :debtor_id AND rule = :rule ORDER BY alert_id DESC;

-- name: repeat_alert
UPDATE risk_alerts SET repeats = repeats + 1 WHERE alert_id = :alert_id;

-- name: owner
SELECT agent_id, team FROM owners WHERE debtor_id = :debtor_id;

-- name: add_alert
INSERT INTO risk_alerts (at, debtor_id, account_id, event_seq, event_at, rule, about, facts, steps, priority,
                         grade_before, grade_after, owner, team, answer_by, lasts_until)
VALUES (:at, :debtor_id, :account_id, :event_seq, :event_at, :rule, :about, :facts, :steps, :priority,
        :grade_before, :grade_after, :owner, :team, :answer_by, :lasts_until);

-- name: set_alert_grades
UPDATE risk_alerts SET grade_before = :before, grade_after = :after WHERE alert_id = :alert_id;

-- name: unanswered
SELECT alert_id, debtor_id, account_id, rule, owner, team FROM risk_alerts
WHERE acknowledged_at IS NULL AND escalated_at IS NULL AND answer_by <= :at ORDER BY alert_id;

-- name: escalate
UPDATE risk_alerts SET escalated_at = :at WHERE alert_id = :alert_id AND acknowledged_at IS NULL AND escalated_at IS NULL;

-- name: run_out
SELECT alert_id, debtor_id FROM risk_alerts WHERE over_at IS NULL AND lasts_until <= :at ORDER BY alert_id LIMIT 500;

-- name: end_alert
UPDATE risk_alerts SET over_at = :at WHERE alert_id = :alert_id AND over_at IS NULL;

-- name: acknowledge
UPDATE risk_alerts SET acknowledged_at = :at, acknowledged_by = :by, note = :note
WHERE alert_id = :alert_id AND acknowledged_at IS NULL;

-- name: alerts
-- `owner`: whose debtors they are now, or were when they were raised; empty: everybody's.
SELECT r.alert_id, r.at, r.debtor_id, r.account_id,
       coalesce(a.account_no, (SELECT min(o.account_no) FROM accounts o WHERE o.debtor_id = r.debtor_id), ''), d.name,
       r.event_at, r.rule, r.facts, r.steps, r.priority, r.grade_before, r.grade_after, r.owner, r.team,
       coalesce(w.agent_id, ''), r.answer_by, r.lasts_until, r.repeats, r.acknowledged_at, r.acknowledged_by, r.note,
       r.escalated_at, r.over_at
FROM risk_alerts r JOIN debtors d USING (debtor_id)
LEFT JOIN accounts a ON a.account_id = r.account_id
LEFT JOIN owners w ON w.debtor_id = r.debtor_id
WHERE (:alert_id IS NULL OR r.alert_id = :alert_id)
  AND (:debtor_id IS NULL OR r.debtor_id = :debtor_id)
  AND (:open = 0 OR r.acknowledged_at IS NULL)
  AND (:owner = '' OR coalesce(nullif(w.agent_id, ''), r.owner) = :owner)
ORDER BY r.acknowledged_at IS NOT NULL, r.escalated_at IS NULL, r.alert_id DESC
LIMIT :most;

-- name: open_alerts
SELECT count(*), coalesce(sum(escalated_at IS NOT NULL), 0), coalesce(min(at), '') FROM risk_alerts WHERE acknowledged_at IS NULL;
