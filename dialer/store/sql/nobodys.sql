-- Everything by which people are known, a long text each. Every statement stands under its name.

-- name: accounts
SELECT group_concat(account_no, char(10)) FROM accounts;

-- name: debtors
SELECT group_concat(identity || char(10) || name, char(10)) FROM debtors;

-- name: phones
SELECT group_concat(number || char(10) || contact_name, char(10)) FROM phones;
