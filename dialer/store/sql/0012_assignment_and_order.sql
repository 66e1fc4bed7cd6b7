-- Who looks after whom, as the rules asked for; and the order of dialling by what a dial is worth.

-- What the assignment asks of whoever talks with the debtor, and why the debtor is with the owner.
ALTER TABLE owners ADD COLUMN skill TEXT NOT NULL DEFAULT '';
ALTER TABLE owners ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
ALTER TABLE owners ADD COLUMN ground TEXT NOT NULL DEFAULT '';

-- Expected recovery for each minute of an agent's time, worked out from time to time; 0: not known.
ALTER TABLE accounts ADD COLUMN worth_cents INTEGER NOT NULL DEFAULT 0;

-- As 0001 has them, with the worth after the priority.
DROP INDEX accounts_pool;
CREATE INDEX accounts_pool ON accounts (
    list_name, callback DESC, priority DESC, worth_cents DESC, days_past_due DESC, amount_due_cents DESC,
    last_attempt_at, account_id, team, debtor_id, next_phone_id, state, leased_by
) WHERE state = 'open' AND leased_by IS NULL;
DROP INDEX accounts_due;
CREATE INDEX accounts_due ON accounts (
    list_name, next_at, callback DESC, priority DESC, worth_cents DESC, days_past_due DESC, amount_due_cents DESC,
    leased_by
) WHERE next_at IS NOT NULL AND leased_by IS NULL;

-- How the account stood when the call was concluded: what was recovered afterwards is measured against it.
ALTER TABLE dispositions ADD COLUMN days_past_due INTEGER;
ALTER TABLE dispositions ADD COLUMN amount_due_cents INTEGER;
ALTER TABLE dispositions ADD COLUMN risk TEXT;
CREATE INDEX dispositions_right_party ON dispositions (debtor_id, at) WHERE right_party = 1;

-- Calls that are over, in the order in which they ended: what is new is learned without reading the old ones again.
CREATE INDEX attempts_over ON attempts (disposed_at) WHERE disposed_at IS NOT NULL;
