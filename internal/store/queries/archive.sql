-- name: PutPackage :execrows
INSERT INTO packages (id, kind, subject, title, content, size, files, deposited)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT DO NOTHING;

-- name: PackageByID :one
SELECT * FROM packages WHERE id = $1;

-- name: PackagesAfter :many
SELECT * FROM packages WHERE id > $1 ORDER BY id LIMIT $2;
