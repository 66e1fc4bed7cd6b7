-- Whom nobody may call, who said so, and lifting it again. Every statement stands under its name.

-- name: number_key
SELECT value FROM installation WHERE name = 'number_key';

-- name: is_suppressed
SELECT 1 FROM suppressed WHERE digest = :digest;

-- name: any_suppressed
SELECT 1 FROM suppressed LIMIT 1;

-- name: mark_suppressed
INSERT INTO do_not_call (number, flag, added_by, at, note)
SELECT :number, flag, added_by, at, note FROM suppressed WHERE digest = :digest
ON CONFLICT (number) DO NOTHING;

-- name: all_numbers
SELECT DISTINCT number FROM phones;
