-- name: LockAuditHead :one
UPDATE audit_head SET sequence = sequence + 1 WHERE id = 1
RETURNING sequence, hash;

-- name: SetAuditHead :exec
UPDATE audit_head SET hash = $1 WHERE id = 1;

-- name: AuditHead :one
SELECT * FROM audit_head WHERE id = 1;

-- name: AddAuditEntry :exec
INSERT INTO audit_entries (sequence, at, caller, action, object, detail, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: AuditEntriesAfter :many
SELECT * FROM audit_entries WHERE sequence > $1 ORDER BY sequence LIMIT $2;

-- name: PutCaller :exec
INSERT INTO callers (key_sm3, id, office, actions_json, kinds_json)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (key_sm3) DO UPDATE SET id = excluded.id, office = excluded.office,
    actions_json = excluded.actions_json, kinds_json = excluded.kinds_json;

-- name: CallerByKey :one
SELECT * FROM callers WHERE key_sm3 = $1;

-- name: AllCallers :many
SELECT * FROM callers ORDER BY id, key_sm3;

-- name: NextSerial :one
INSERT INTO serials (name, value) VALUES ($1, 1)
ON CONFLICT (name) DO UPDATE SET value = serials.value + 1
RETURNING value;
