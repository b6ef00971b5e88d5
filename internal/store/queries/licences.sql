-- name: CreateLicence :execrows
INSERT INTO licences (id, identifier, check_code, kind, caller, idem_key, request_sm3, record_json, fields, face,
    state, document, package, status, status_at, status_why, created, updated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
ON CONFLICT DO NOTHING;

-- name: LicenceByID :one
SELECT * FROM licences WHERE id = $1;

-- name: LicenceByKey :one
SELECT * FROM licences WHERE caller = $1 AND idem_key = $2 AND idem_key <> '';

-- name: LicenceByIdentifier :one
SELECT * FROM licences WHERE identifier = $1;

-- name: LicenceByCheckCode :one
SELECT * FROM licences WHERE check_code = $1;

-- name: LicencesAfter :many
SELECT * FROM licences WHERE id > $1 ORDER BY id LIMIT $2;

-- name: PendingLicences :many
SELECT * FROM licences WHERE state <> 'archived' ORDER BY created, id LIMIT $1;

-- name: LicencesOutOfForce :many
SELECT * FROM licences WHERE status <> '01' ORDER BY identifier;

-- name: AdvanceLicence :one
UPDATE licences SET state = $3, updated = $4
WHERE id = $1 AND state = $2
RETURNING caller;

-- name: SetLicenceDocument :exec
UPDATE licences SET document = $2 WHERE id = $1;

-- name: SetLicencePackage :exec
UPDATE licences SET package = $2 WHERE id = $1;

-- name: SetLicenceStatus :execrows
UPDATE licences SET status = $3, status_at = $4, status_why = $5, updated = $4
WHERE id = $1 AND status = $2;

-- name: AddLicenceEvent :exec
INSERT INTO licence_events (licence, line, at, what, by, why)
VALUES ($1, (SELECT COALESCE(MAX(e.line), 0) + 1 FROM licence_events e WHERE e.licence = $1), $2, $3, $4, $5);

-- name: LicenceEvents :many
SELECT * FROM licence_events WHERE licence = $1 ORDER BY line;

-- name: PutPresentation :exec
INSERT INTO presentations (token, licence, fields_json, created, expires, used, caller, idem_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: UsePresentation :one
UPDATE presentations SET used = $2
WHERE token = $1 AND used = 0 AND expires >= $2
RETURNING *;

-- name: PresentationByToken :one
SELECT * FROM presentations WHERE token = $1;
