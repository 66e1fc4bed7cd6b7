-- Who looks after whom. Every statement stands under its name.

-- name: accounts
-- Accounts that are worked on, debtor by debtor. Here and below: of the debtors from `first` to `last`.
SELECT debtor_id, amount_due_cents, days_past_due, risk, region, product, language
FROM accounts INDEXED BY accounts_debtor
WHERE state IN ('open', 'waiting', 'hold') AND debtor_id BETWEEN :first AND :last
ORDER BY debtor_id;

-- name: count
SELECT count(DISTINCT debtor_id) FROM accounts WHERE state IN ('open', 'waiting', 'hold');

-- name: owners
SELECT debtor_id, agent_id, team, rule, since FROM owners WHERE debtor_id BETWEEN :first AND :last;

-- name: promised_to
-- Who holds the newest live promise of a debtor.
SELECT a.debtor_id, p.agent_id FROM promises p JOIN accounts a USING (account_id)
WHERE p.status IN ('open', 'due') AND p.agent_id IS NOT NULL AND a.debtor_id BETWEEN :first AND :last
ORDER BY p.at, p.promise_id;

-- name: broken
SELECT a.debtor_id, count(*) FROM promises p JOIN accounts a USING (account_id)
WHERE p.status = 'broken' AND a.debtor_id BETWEEN :first AND :last GROUP BY a.debtor_id;

-- name: reached
SELECT debtor_id, max(at) FROM dispositions INDEXED BY dispositions_right_party
WHERE right_party = 1 AND debtor_id BETWEEN :first AND :last GROUP BY debtor_id;

-- name: complaints
-- The last complaint of a debtor; lifted ones too: that calls are allowed again does not make up for it.
SELECT debtor_id, max(at) FROM stop_flags
WHERE flag = 'complaint' AND at >= :since AND debtor_id BETWEEN :first AND :last GROUP BY debtor_id;

-- name: talked_before
SELECT DISTINCT agent_id FROM dispositions
WHERE debtor_id = :debtor_id AND agent_id IS NOT NULL AND at <= :at AND at >= :since;

-- name: owner_changes
SELECT at, json_extract(payload, '$.from'), json_extract(payload, '$.to') FROM account_events
WHERE debtor_id = :debtor_id AND kind = 'owner.changed' ORDER BY seq;

-- name: owner
SELECT agent_id, team, rule, reason, since, given_by, skill, level, ground FROM owners WHERE debtor_id = :debtor_id;

-- name: give
-- Only if nobody has changed it since it was decided on: `was` and `was_rule` tell of then.
INSERT INTO owners (debtor_id, agent_id, team, rule, reason, since, given_by, skill, level, ground)
VALUES (:debtor_id, :agent_id, :team, :rule, :reason, :at, :by, :skill, :level, :ground)
ON CONFLICT (debtor_id) DO UPDATE SET
    agent_id = excluded.agent_id, team = excluded.team, rule = excluded.rule, reason = excluded.reason,
    since = CASE WHEN owners.agent_id = excluded.agent_id THEN owners.since ELSE excluded.since END,
    given_by = excluded.given_by, skill = excluded.skill, level = excluded.level, ground = excluded.ground
WHERE owners.agent_id = :was AND (owners.rule = 'override') = :was_override
  AND (owners.agent_id, owners.team, owners.rule, owners.skill, owners.level, owners.ground)
      <> (excluded.agent_id, excluded.team, excluded.rule, excluded.skill, excluded.level, excluded.ground);

-- name: set_owner
INSERT INTO owners (debtor_id, agent_id, team, rule, reason, since, given_by, ground)
VALUES (:debtor_id, :agent_id, :team, :rule, :reason, :at, :by, :ground)
ON CONFLICT (debtor_id) DO UPDATE SET
    agent_id = excluded.agent_id, team = excluded.team, rule = excluded.rule, reason = excluded.reason,
    since = CASE WHEN owners.agent_id = excluded.agent_id THEN owners.since ELSE excluded.since END,
    given_by = excluded.given_by, skill = '', level = 0, ground = excluded.ground;

-- name: debtors_of_account
SELECT DISTINCT a.debtor_id, d.name FROM accounts a JOIN debtors d USING (debtor_id) WHERE a.account_no = :account_no;

-- name: similar_accounts
SELECT account_no FROM accounts WHERE account_no LIKE :like ESCAPE '\' LIMIT 2000;

-- name: owned_by
SELECT o.debtor_id, d.name, o.rule, o.ground, o.since, count(*), sum(a.amount_due_cents), max(a.days_past_due),
       min(a.account_no)
FROM owners o INDEXED BY owners_agent JOIN debtors d USING (debtor_id) JOIN accounts a USING (debtor_id)
WHERE o.agent_id = :agent_id AND a.state IN ('open', 'waiting', 'hold')
GROUP BY o.debtor_id ORDER BY sum(a.amount_due_cents) DESC, o.debtor_id LIMIT :limit;

-- name: loads
-- What every agent looks after: debtors, accounts, amount due. Empty agent: nobody yet.
SELECT coalesce(o.agent_id, ''), count(DISTINCT a.debtor_id), count(*), sum(a.amount_due_cents)
FROM accounts a LEFT JOIN owners o USING (debtor_id)
WHERE a.state IN ('open', 'waiting', 'hold') GROUP BY 1;

-- name: faces
-- By what a debtor is known to people: name, and the number of the largest account that is worked on.
SELECT d.debtor_id, d.name, a.account_no, max(a.amount_due_cents)
FROM debtors d JOIN accounts a USING (debtor_id)
WHERE d.debtor_id IN (SELECT value FROM json_each(:debtors)) AND a.state IN ('open', 'waiting', 'hold')
GROUP BY d.debtor_id;
