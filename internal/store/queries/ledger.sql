-- name: AcceptEntry :execrows
INSERT INTO ledger_entries (kind, digest, salt, promise_json, position, batch, leaf)
VALUES ($1, $2, $3, $4, (SELECT COALESCE(MAX(e.position), 0) + 1 FROM ledger_entries e), -1, -1)
ON CONFLICT (kind, digest) DO NOTHING;

-- name: LedgerEntry :one
SELECT * FROM ledger_entries WHERE kind = $1 AND digest = $2;

-- name: WaitingEntries :many
SELECT * FROM ledger_entries WHERE batch = -1 ORDER BY position, digest LIMIT $1;

-- name: BatchEntries :many
SELECT * FROM ledger_entries WHERE batch = $1 AND batch <> -1 ORDER BY leaf;

-- name: LastSequence :one
SELECT CAST(COALESCE(MAX(sequence), -1) AS BIGINT) AS sequence FROM ledger_batches;

-- name: PutBatch :exec
INSERT INTO ledger_batches (sequence, root_json, signature, proof_json) VALUES ($1, $2, $3, $4);

-- name: PutProof :execrows
UPDATE ledger_batches SET proof_json = $2 WHERE sequence = $1;

-- name: LedgerBatch :one
SELECT * FROM ledger_batches WHERE sequence = $1;

-- name: LastBatch :one
SELECT * FROM ledger_batches ORDER BY sequence DESC LIMIT 1;

-- name: UnpublishedBatches :many
SELECT * FROM ledger_batches WHERE proof_json = '' ORDER BY sequence;
