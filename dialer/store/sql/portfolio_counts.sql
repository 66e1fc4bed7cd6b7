-- Counting over the portfolio's columns, in DuckDB's SQL. The tables are made by dialer/portfolio/counting.py: accounts (one
-- row a loan), month_ends and openings (followed already, counted by month), calls, promises, spells (times of being late).

-- name: standing
SELECT count(*), coalesce(sum(outstanding), 0), count(*) FILTER (days > 0), count(*) FILTER (days > 30),
       count(*) FILTER (days > 90), coalesce(sum(overdue), 0), coalesce(sum(outstanding) FILTER (days > 0), 0),
       coalesce(sum(outstanding) FILTER (days > 30), 0), coalesce(sum(outstanding) FILTER (days > 90), 0),
       count(*) FILTER (is_first), count(*) FILTER (is_first AND debtor_is_late)
FROM accounts WHERE on_book;

-- name: without_schedule
SELECT count(*), coalesce(sum(listed_cents), 0) FROM accounts WHERE NOT known;

-- name: states
-- How many accounts stood in which state at the end of which month, and with how much.
SELECT mark, state, sum(accounts), sum(outstanding) FROM month_ends GROUP BY mark, state ORDER BY mark, state;

-- name: moves
-- From one month's end to the next: accounts, and what was outstanding before.
SELECT mark, state, next_state, accounts, outstanding FROM month_ends WHERE next_state <= 8 ORDER BY ALL;

-- name: cohorts
SELECT vintage, count(*), sum(principal) FROM accounts WHERE known GROUP BY vintage ORDER BY vintage;

-- name: worse
-- Of the loans of a month, how many were for the first time later than so many days in which month on the book.
SELECT vintage, ever30_month, count(*), sum(ever30_cents) FROM accounts
WHERE known AND ever30_month IS NOT NULL GROUP BY ALL ORDER BY ALL;

-- name: much_worse
SELECT vintage, ever90_month, count(*), sum(ever90_cents) FROM accounts
WHERE known AND ever90_month IS NOT NULL GROUP BY ALL ORDER BY ALL;

-- name: cells
-- Every region, industry and product, and every combination of them; NULL: any. A debtor counts with the first loan.
SELECT CASE WHEN grouping(region) = 0 THEN region END, CASE WHEN grouping(industry) = 0 THEN industry END,
       CASE WHEN grouping(product) = 0 THEN product END,
       count(*) FILTER (on_book), count(*) FILTER (on_book AND days > 0), count(*) FILTER (on_book AND days > 30),
       coalesce(sum(outstanding), 0), coalesce(sum(outstanding) FILTER (days > 30), 0), coalesce(sum(overdue), 0),
       sum(paid_count), sum(paid_days), sum(opening), sum(recovered),
       count(*) FILTER (is_first), count(*) FILTER (is_first AND debtor_is_late)
FROM accounts WHERE known
GROUP BY GROUPING SETS ((region), (industry), (product), (region, industry), (region, product), (industry, product),
                        (region, industry, product));

-- name: recovery
-- Overdue at the end of a month, and what of it came within the next.
SELECT mark, overdue, recovered, accounts FROM openings ORDER BY mark;

-- name: durations
-- Times of being late by how long they took or have been going on; `product` NULL: all.
SELECT CASE WHEN grouping(product) = 0 THEN product END, days, count(*) FILTER (cured), count(*)
FROM spells GROUP BY GROUPING SETS ((days), (product, days)) ORDER BY 1, 2;

-- name: promises_by_month
SELECT due_month, status, count(*), sum(cents), sum(least(paid_cents, cents)) FROM promises
GROUP BY due_month, status ORDER BY due_month, status;

-- name: reached
-- Attempts and what came of them, and accounts that any of them reached, within the window.
WITH one AS (
    SELECT count(*) AS attempts, count(*) FILTER (answered) AS answered, count(*) FILTER (talked) AS talked,
           count(*) FILTER (right_party) AS right_party, count(*) FILTER (promised) AS promised
    FROM calls WHERE recent GROUP BY account_id
)
SELECT coalesce(sum(attempts), 0), coalesce(sum(answered), 0), coalesce(sum(talked), 0), coalesce(sum(right_party), 0),
       coalesce(sum(promised), 0), count(*), count(*) FILTER (answered > 0), count(*) FILTER (right_party > 0),
       count(*) FILTER (promised > 0)
FROM one;

-- name: reached_by_month
WITH one AS (
    SELECT month, count(*) AS attempts, count(*) FILTER (answered) AS answered,
           count(*) FILTER (right_party) AS right_party, count(*) FILTER (promised) AS promised
    FROM calls GROUP BY month, account_id
)
SELECT month, sum(attempts), sum(answered), sum(right_party), sum(promised), count(*), count(*) FILTER (answered > 0),
       count(*) FILTER (right_party > 0)
FROM one GROUP BY month ORDER BY month;

-- name: hours
-- By day of the week (1 is Monday) and hour, in the lender's zone.
SELECT weekday, hour_of_day, count(*), count(*) FILTER (answered), count(*) FILTER (right_party)
FROM calls WHERE recent GROUP BY weekday, hour_of_day ORDER BY weekday, hour_of_day;

-- name: agent_cases
-- Conversations with the right party by agent and by what made them easy or hard.
SELECT agent, bucket, product, risk, count(*), count(*) FILTER (promised)
FROM calls WHERE recent AND right_party AND agent <> 0 GROUP BY ALL ORDER BY ALL;

-- name: agent_promises
SELECT agent, bucket, product, risk, count(*) FILTER (judged), count(*) FILTER (kept)
FROM promises WHERE recent AND agent <> 0 GROUP BY ALL ORDER BY ALL;

-- name: agent_totals
SELECT agent, count(*) FILTER (talked), count(*) FILTER (right_party), count(*) FILTER (promised)
FROM calls WHERE recent AND agent <> 0 GROUP BY agent ORDER BY agent;

-- name: accounts_of_cell
-- Worst first. A code of -1 is any.
SELECT account_id, days, overdue, outstanding FROM accounts
WHERE on_book AND (? = -1 OR region = ?) AND (? = -1 OR industry = ?) AND (? = -1 OR product = ?)
ORDER BY days > 0 DESC, days DESC, overdue DESC, account_id LIMIT ?;
