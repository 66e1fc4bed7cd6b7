-- Penalty interest from day to day, the rolling of days past due, payments that close accounts, and repayment plans.

-- When the days past due of an account were last rolled on, and to what. Another number there: an import changed it since.
ALTER TABLE accounts ADD COLUMN aged_on TEXT;
ALTER TABLE accounts ADD COLUMN aged_days INTEGER;
-- Of an account without a schedule: the day from which it is late, kept when it is paid.
ALTER TABLE accounts ADD COLUMN overdue_since TEXT;

-- From when penalty interest is added, and to what; `noted`: what was written into penalty_cents last. Another sum there:
-- a source told one, and that is the base from then on.
ALTER TABLE instalments ADD COLUMN penalty_since TEXT;
ALTER TABLE instalments ADD COLUMN penalty_base_cents INTEGER NOT NULL DEFAULT 0;
ALTER TABLE instalments ADD COLUMN penalty_noted_cents INTEGER;

-- 1: of an account without a schedule, and what the list said of it had this payment in it already.
ALTER TABLE payments ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;

-- How an account stood before a payment closed it, for when the payment is reversed or the next instalment is missed.
CREATE TABLE paid_closures (
    account_id     INTEGER PRIMARY KEY REFERENCES accounts,
    at             TEXT NOT NULL,
    state          TEXT NOT NULL,
    next_at        TEXT,
    next_rule      TEXT NOT NULL,
    next_reason    TEXT NOT NULL,
    callback       INTEGER NOT NULL,
    callback_agent TEXT
);

-- A repayment plan, from its proposal to its end. The claim is what was owed of the instalments in its scope.
CREATE TABLE plans (
    plan_id        INTEGER PRIMARY KEY,
    account_id     INTEGER NOT NULL REFERENCES accounts,
    debtor_id      INTEGER NOT NULL REFERENCES debtors,
    status         TEXT NOT NULL CHECK (status IN
                   ('proposed', 'approved', 'performing', 'completed', 'broken', 'cancelled', 'expired')),
    kind           TEXT NOT NULL,
    scope          TEXT NOT NULL CHECK (scope IN ('due', 'whole')),
    begins_on      TEXT NOT NULL,
    annual_rate    TEXT NOT NULL,
    claim_penalty_cents    INTEGER NOT NULL,
    claim_fee_cents        INTEGER NOT NULL,
    claim_interest_cents   INTEGER NOT NULL,
    claim_principal_cents  INTEGER NOT NULL,
    waived_penalty_cents   INTEGER NOT NULL,
    waived_fee_cents       INTEGER NOT NULL,
    waived_interest_cents  INTEGER NOT NULL,
    waived_principal_cents INTEGER NOT NULL,
    total_cents    INTEGER NOT NULL,         -- of all its payments
    cost_cents     INTEGER NOT NULL,         -- interest of the plan itself, within the total
    expected_cents INTEGER NOT NULL,         -- expected recovery, as it was when proposed
    reason         TEXT NOT NULL,
    asked          TEXT NOT NULL DEFAULT '{}', -- what was told for it: income, affordable, cash; JSON
    proposed_by    TEXT NOT NULL,
    proposed_role  TEXT NOT NULL,
    proposed_at    TEXT NOT NULL,
    needs_role     TEXT NOT NULL DEFAULT '', -- the least role that may approve; empty: the proposer's own is enough
    approved_by    TEXT NOT NULL DEFAULT '',
    approved_at    TEXT,
    valid_until    TEXT NOT NULL,            -- the last day on which it may be signed
    signed_at      TEXT,
    stop_id        INTEGER REFERENCES stop_flags,
    paid_cents     INTEGER NOT NULL DEFAULT 0,
    ended_at       TEXT,
    end_reason     TEXT NOT NULL DEFAULT '',
    CHECK (approved_by = '' OR needs_role = '' OR approved_by <> proposed_by)
);
CREATE INDEX plans_account ON plans (account_id, plan_id);
CREATE INDEX plans_debtor ON plans (debtor_id, plan_id);
-- One plan at a time, whoever signs.
CREATE UNIQUE INDEX plans_performing ON plans (account_id) WHERE status = 'performing';

CREATE TABLE plan_payments (
    plan_id      INTEGER NOT NULL REFERENCES plans,
    no           INTEGER NOT NULL,
    due_on       TEXT NOT NULL,
    amount_cents INTEGER NOT NULL,
    PRIMARY KEY (plan_id, no)
) WITHOUT ROWID;

-- What a plan changed in the books of its account: its own interest, and what was let go when it was kept.
CREATE TABLE plan_entries (
    plan_id      INTEGER NOT NULL REFERENCES plans,
    no           INTEGER NOT NULL,           -- of the instalment; 0: the whole of an account without a schedule
    entry        TEXT NOT NULL CHECK (entry IN ('interest', 'waiver')),
    amount_cents INTEGER NOT NULL,
    PRIMARY KEY (plan_id, no, entry)
) WITHOUT ROWID;
