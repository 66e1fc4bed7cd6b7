-- Learning when people answer and what they pay, and the worth of a dial. Every statement stands under its name.

-- name: calls_over
-- In the order in which they ended, after the last one that is known. `told`: an agent said who it was.
SELECT t.disposed_at, t.attempt_id, t.at, t.phone_id, t.outcome, p.role, p.zone, a.region, a.days_past_due,
       d.code IS NOT NULL AND t.outcome = 'bridged' AS told, coalesce(d.right_party, 0)
FROM attempts t INDEXED BY attempts_over
JOIN phones p ON p.phone_id = t.phone_id JOIN accounts a ON a.account_id = t.account_id
LEFT JOIN dispositions d ON d.attempt_id = t.attempt_id
WHERE t.disposed_at IS NOT NULL AND (t.disposed_at, t.attempt_id) > (:since, :attempt_id)
ORDER BY t.disposed_at, t.attempt_id LIMIT :limit;

-- name: reached
-- Each account's last right-party contact whose window is over: how it stood then, and what was paid within the window.
-- Where no payment was ever told of, nothing is known of what people pay.
SELECT d.days_past_due, d.amount_due_cents, coalesce(d.risk, ''),
       (SELECT count(*) FROM promises q WHERE q.account_id = d.account_id AND q.status = 'broken' AND q.judged_at < d.at),
       (SELECT coalesce(sum(p.amount_cents), 0) FROM payments p
        WHERE p.account_id = d.account_id AND p.reversed_at IS NULL
          AND p.at >= d.at AND p.at < strftime('%Y-%m-%dT%H:%M:%fZ', d.at, :window))
FROM (SELECT account_id, days_past_due, amount_due_cents, risk, max(at) AS at FROM dispositions
      WHERE right_party = 1 AND at >= :since AND at < :before AND amount_due_cents > 0 AND days_past_due IS NOT NULL
      GROUP BY account_id) d
WHERE EXISTS (SELECT 1 FROM payments);

-- name: accounts
-- Accounts that may be dialled now or later, in the order of their ids, after one.
SELECT account_id, debtor_id, amount_due_cents, days_past_due, risk, region, next_phone_id, worth_cents, callback
FROM accounts
WHERE account_id > :after AND account_id <= :until AND state IN ('open', 'waiting') AND next_phone_id IS NOT NULL
  AND (:list_name = '' OR list_name = :list_name)
ORDER BY account_id LIMIT :limit;

-- name: last_account
SELECT coalesce(max(account_id), 0) FROM accounts;

-- name: phones
-- The numbers that may be dialled of the debtors of some accounts, in rank.
SELECT p.debtor_id, p.phone_id, p.role, p.zone
FROM phones p
WHERE p.debtor_id IN (SELECT debtor_id FROM accounts WHERE account_id >= :first AND account_id <= :last
                        AND state IN ('open', 'waiting'))
  AND p.state = 'valid'
  AND NOT EXISTS (SELECT 1 FROM do_not_call n WHERE n.number = p.number)
ORDER BY p.debtor_id, p.rank, p.phone_id;

-- name: broken
-- How many promises of some accounts were broken.
SELECT account_id, count(*) FROM promises
WHERE status = 'broken' AND account_id >= :first AND account_id <= :last GROUP BY account_id;

-- name: set_worth
UPDATE accounts SET worth_cents = :worth_cents WHERE account_id = :account_id AND worth_cents <> :worth_cents;

-- name: give_way
-- To another number of the debtor, unless somebody is about to dial, or something else was decided meanwhile.
UPDATE accounts SET next_phone_id = :phone_id,
    next_reason = CASE WHEN instr(next_reason, :reason) > 0 THEN next_reason
                       WHEN next_reason = '' THEN :reason ELSE next_reason || '; ' || :reason END
WHERE account_id = :account_id AND next_phone_id = :was AND leased_by IS NULL AND callback = 0
  AND state IN ('open', 'waiting');

-- name: head
-- The head of a list as a lease goes through it. Teams, stop flags and open calls are the lease's to ask.
SELECT a.account_id, a.account_no, d.name, a.debtor_id, a.amount_due_cents, a.days_past_due, a.risk, a.region,
       a.next_phone_id, a.worth_cents, a.callback, a.priority
FROM accounts a INDEXED BY accounts_pool JOIN debtors d ON d.debtor_id = a.debtor_id
WHERE a.list_name = :list_name AND a.state = 'open' AND a.leased_by IS NULL
ORDER BY a.callback DESC, a.priority DESC, a.worth_cents DESC, a.days_past_due DESC, a.amount_due_cents DESC,
         a.last_attempt_at, a.account_id
LIMIT :limit;

-- name: numbers_of
SELECT phone_id, number FROM phones WHERE debtor_id = :debtor_id;

-- name: list_names
SELECT DISTINCT list_name FROM accounts ORDER BY list_name;
