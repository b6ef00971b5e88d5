-- name: CreateCase :execrows
INSERT INTO cases (id, state, due, revision, caller, idem_key, request_sm3, record_json, signed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT DO NOTHING;

-- name: CaseByID :one
SELECT * FROM cases WHERE id = $1;

-- name: CaseByKey :one
SELECT * FROM cases WHERE caller = $1 AND idem_key = $2 AND idem_key <> '';

-- name: UpdateCase :one
UPDATE cases SET state = $3, due = $4, record_json = $5, signed = $6, revision = revision + 1
WHERE id = $1 AND revision = $2
RETURNING *;

-- name: OpenCases :many
SELECT * FROM cases
WHERE state <> 'completed' AND due <= $1 AND (due > $2 OR (due = $2 AND id > $3))
ORDER BY due, id LIMIT $4;
