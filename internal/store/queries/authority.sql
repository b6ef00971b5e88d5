-- name: IntendCertificate :execrows
INSERT INTO certificates (position, authority, serial, key_sm3, profile, name, sans_json, made_by, at, not_before,
    not_after, state, der, revoked_at, reason, voided)
VALUES ((SELECT COALESCE(MAX(c.position), 0) + 1 FROM certificates c), $1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
    'intended', $11, 0, 0, 0)
ON CONFLICT DO NOTHING;

-- name: SettleCertificate :execrows
UPDATE certificates SET state = 'good', der = $3
WHERE authority = $1 AND serial = $2 AND state = 'intended';

-- name: RevokeCertificate :execrows
UPDATE certificates SET state = 'revoked', revoked_at = $3, reason = $4
WHERE authority = $1 AND serial = $2 AND state = 'good';

-- name: VoidCertificates :execrows
UPDATE certificates SET state = 'void', voided = 1, revoked_at = $2
WHERE state = 'intended' AND at < $1;

-- name: CertificateBySerial :one
SELECT * FROM certificates WHERE authority = $1 AND serial = $2;

-- name: KeyIsCertified :one
SELECT COUNT(*) FROM certificates WHERE key_sm3 = $1 AND voided = 0;

-- name: CertificatesAfter :many
SELECT * FROM certificates
WHERE position > $1 AND (authority = $2 OR $2 = '') AND (state = $3 OR $3 = '') AND (profile = $4 OR $4 = '')
    AND not_after < $5
ORDER BY position LIMIT $6;

-- name: CertificatesOfName :many
SELECT * FROM certificates
WHERE name = $1 AND position > $2 AND (authority = $3 OR $3 = '') AND (state = $4 OR $4 = '')
    AND (profile = $5 OR $5 = '') AND not_after < $6
ORDER BY position LIMIT $7;

-- name: RevokedCertificates :many
SELECT position, authority, serial, key_sm3, profile, name, made_by, at, not_before, not_after, state, revoked_at, reason
FROM certificates WHERE authority = $1 AND not_after >= $2 AND revoked_at <> 0;

-- name: LatestIssue :one
SELECT CAST(COALESCE(MAX(at), 0) AS BIGINT) AS at FROM certificates;

-- name: SerialValue :one
SELECT value FROM serials WHERE name = $1;

-- name: PutToken :execrows
INSERT INTO enrol_tokens (digest, name, caller, made_by, made, expires, used, key_sm3)
VALUES ($1, $2, $3, $4, $5, $6, $7, '')
ON CONFLICT DO NOTHING;

-- name: UseToken :one
UPDATE enrol_tokens SET used = CASE WHEN used = 0 THEN $2 ELSE used END, key_sm3 = $3
WHERE digest = $1 AND (used = 0 OR key_sm3 = $3) AND expires >= $2
RETURNING *;

-- name: PutProposal :execrows
INSERT INTO proposals (id, act, detail, made_by, at, expires, state, decided_by, decided_at, outcome)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING;

-- name: ProposalByID :one
SELECT * FROM proposals WHERE id = $1;

-- name: ProposalsAfter :many
SELECT * FROM proposals WHERE id > $1 ORDER BY id LIMIT $2;

-- name: ProposalsInState :many
SELECT * FROM proposals WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3;

-- name: DecideProposal :execrows
UPDATE proposals SET state = $3, decided_by = $4, decided_at = $5, outcome = $6
WHERE id = $1 AND state = $2;
