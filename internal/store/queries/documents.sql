-- name: PutDocument :exec
INSERT INTO documents (digest, caller, office, what, origin, size, at, report)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING;

-- name: DocumentFor :one
SELECT * FROM documents
WHERE digest = $1 AND ((caller = $2 AND $2 <> '') OR (office = $3 AND caller = '' AND $3 <> ''))
ORDER BY at, caller DESC LIMIT 1;

-- name: DocumentsAfter :many
SELECT DISTINCT digest FROM documents WHERE digest > $1 ORDER BY digest LIMIT $2;

-- name: PutSealing :exec
INSERT INTO sealings (caller, idem, request, document, content, size, at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING;

-- name: SealingByKey :one
SELECT * FROM sealings WHERE caller = $1 AND idem = $2;

-- name: AddJoint :execrows
INSERT INTO joint_sealings (id, version, record) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING;

-- name: JointByID :one
SELECT * FROM joint_sealings WHERE id = $1;

-- name: ChangeJoint :execrows
UPDATE joint_sealings SET version = $2, record = $3 WHERE id = $1 AND version = $2 - 1;

-- name: PutDraft :execrows
INSERT INTO drafts (id, seal, caller, office, matter, case_id, at, expires, content, base, tail, gap_from, gap_to, taken)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)
ON CONFLICT DO NOTHING;

-- name: DraftByID :one
SELECT * FROM drafts WHERE id = $1;

-- name: TakeDraft :execrows
UPDATE drafts SET taken = 1, tail = '' WHERE id = $1 AND taken = 0;

-- name: DropDrafts :exec
DELETE FROM drafts WHERE taken = 0 AND expires < $1;
