-- Looked at again in the transaction that commits an attempt. Every statement stands under its name.

-- name: account_standing
SELECT debtor_id, state, next_rule, leased_by, leased_number FROM accounts WHERE account_id = :account_id;

-- name: in_air
SELECT 1 FROM attempts WHERE debtor_id = :debtor_id AND disposed_at IS NULL
UNION ALL
SELECT 1 FROM attempts WHERE number = :number AND disposed_at IS NULL LIMIT 1;

-- name: stop_in_force
-- Of the number first, then of the debtor.
SELECT coalesce(
    (SELECT flag FROM do_not_call WHERE number = :number),
    (SELECT flag FROM stop_flags
     WHERE debtor_id = :debtor_id AND (phone_id IS NULL OR phone_id = :phone_id)
       AND (until_at IS NULL OR until_at > :at) LIMIT 1));

-- name: phone_standing
SELECT p.number, p.state, p.role, p.zone,
       (SELECT max(until_at) FROM consents
        WHERE debtor_id = :debtor_id AND at <= :at AND until_at > :at AND (withdrawn_at IS NULL OR withdrawn_at > :at)),
       NOT EXISTS (SELECT 1 FROM phones o WHERE o.debtor_id = :debtor_id AND o.role = 'debtor' AND o.state = 'valid')
FROM phones p WHERE p.phone_id = :phone_id AND p.debtor_id = :debtor_id;
