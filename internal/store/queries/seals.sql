-- name: AddSeal :execrows
INSERT INTO seals (id, office, owner, name, data, signer, state, made, uses, kind, size_mm, line, picture, applicant,
    replaces, events, caller, idem_key, request_sm3)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, $12, $13, $14, 1, $15, $16, $17)
ON CONFLICT DO NOTHING;

-- name: ReplaceSeal :execrows
UPDATE seals SET replaced_by = $2 WHERE id = $1 AND replaced_by = '';

-- name: MoveSeal :one
UPDATE seals SET state = $3, events = events + 1 WHERE id = $1 AND state = $2
RETURNING events;

-- name: SetSealApprover :exec
UPDATE seals SET approver = $2 WHERE id = $1;

-- name: SetSealMade :exec
UPDATE seals SET maker = $2, data = $3, signer = $4, made = $5, not_after = $6 WHERE id = $1;

-- name: SetSealFiling :exec
UPDATE seals SET filing = $2 WHERE id = $1;

-- name: SealRevoked :one
UPDATE seals SET revoked = $2, events = events + 1 WHERE id = $1 AND revoked = 0
RETURNING events;

-- name: AddSealEvent :exec
INSERT INTO seal_events (seal, line, at, from_state, to_state, what, by, why, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: SealEventsAfter :many
SELECT * FROM seal_events WHERE seal = $1 AND line > $2 ORDER BY line LIMIT $3;

-- name: SealByID :one
SELECT * FROM seals WHERE id = $1;

-- name: SealByKey :one
SELECT * FROM seals WHERE caller = $1 AND idem_key = $2 AND idem_key <> '';

-- name: SealByFiling :one
SELECT * FROM seals WHERE filing = $1 AND filing <> '';

-- name: SealOf :one
SELECT * FROM seals WHERE office = $1 AND state = $2 ORDER BY kind, made DESC, id DESC LIMIT 1;

-- name: SealsAfter :many
SELECT * FROM seals
WHERE id > $1 AND (office = $2 OR $2 = '') AND (state = $3 OR $3 = '')
ORDER BY id LIMIT $4;

-- name: SealsDue :many
SELECT * FROM seals
WHERE id > $1 AND ((state IN ('made', 'recorded', 'active', 'suspended') AND not_after <= $2)
    OR (state IN ('cancelled', 'lost') AND made <> 0 AND revoked = 0))
ORDER BY id LIMIT $3;

-- name: LastSeal :one
SELECT CAST(COALESCE(MAX(id), '') AS TEXT) AS id FROM seals WHERE id BETWEEN $1 AND $2;

-- name: CountSealUse :one
UPDATE seals SET uses = uses + 1 WHERE id = $1
RETURNING uses, state;

-- name: PutSealUse :exec
INSERT INTO seal_uses (seal, line, at, by, matter, case_id, content, document, certificate, office, profile,
    authorisation, result)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);

-- name: SealUsesAfter :many
SELECT * FROM seal_uses WHERE seal = $1 AND line > $2 ORDER BY line LIMIT $3;

-- name: SealUsesByDay :many
SELECT CAST((at + CAST($3 AS BIGINT)) / 86400000000 AS BIGINT) AS day,
    CAST(SUM(CASE WHEN result = 'ok' THEN 1 ELSE 0 END) AS BIGINT) AS good, COUNT(*) AS lines
FROM seal_uses WHERE seal = $1 AND at >= $2
GROUP BY 1 ORDER BY 1;

-- name: CountSealGrant :one
UPDATE seals SET grants = grants + 1, events = events + 1 WHERE id = $1
RETURNING grants, events, state;

-- name: CountSealEvent :one
UPDATE seals SET events = events + 1 WHERE id = $1
RETURNING events, state;

-- name: AddSealGrant :execrows
INSERT INTO seal_grants (seal, line, matter, caller, office, starts, ends, most, used, granted_by, granted_at, why,
    withdrawn_by, withdrawn_at, idem_key, request_sm3)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11, '', 0, $12, $13)
ON CONFLICT DO NOTHING;

-- name: SealGrantByKey :one
SELECT * FROM seal_grants WHERE granted_by = $1 AND idem_key = $2 AND idem_key <> '';

-- name: SealGrantByLine :one
SELECT * FROM seal_grants WHERE seal = $1 AND line = $2;

-- name: SealGrantsAfter :many
SELECT * FROM seal_grants WHERE seal = $1 AND line > $2 ORDER BY line LIMIT $3;

-- name: SealGrantsInForce :many
SELECT * FROM seal_grants
WHERE seal = $1 AND starts <= $2 AND ends > $2 AND withdrawn_at = 0 AND (most = 0 OR used < most)
ORDER BY line LIMIT $3;

-- name: UseSealGrant :execrows
UPDATE seal_grants SET used = used + 1
WHERE seal = $1 AND line = $2 AND starts <= $3 AND ends > $3 AND withdrawn_at = 0 AND (most = 0 OR used < most);

-- name: WithdrawSealGrant :execrows
UPDATE seal_grants SET withdrawn_by = $3, withdrawn_at = $4 WHERE seal = $1 AND line = $2 AND withdrawn_at = 0;
