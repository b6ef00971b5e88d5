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

-- name: PutSeal :exec
INSERT INTO seals (id, office, owner, name, data, signer, state, made, uses)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)
ON CONFLICT (id) DO UPDATE SET office = excluded.office, owner = excluded.owner, name = excluded.name,
    data = excluded.data, signer = excluded.signer, state = excluded.state, made = excluded.made;

-- name: SealByID :one
SELECT * FROM seals WHERE id = $1;

-- name: SealOf :one
SELECT * FROM seals WHERE office = $1 AND state = $2 ORDER BY made DESC, id DESC LIMIT 1;

-- name: CountSealUse :one
UPDATE seals SET uses = uses + 1 WHERE id = $1
RETURNING uses;

-- name: PutSealUse :exec
INSERT INTO seal_uses (seal, line, at, by, matter, case_id, content, document, certificate)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: SealUsesAfter :many
SELECT * FROM seal_uses WHERE seal = $1 AND line > $2 ORDER BY line LIMIT $3;

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
