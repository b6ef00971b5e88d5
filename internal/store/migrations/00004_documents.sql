-- Documents that others bring to be sealed: what is kept and for whom, joint sealings, and seals in two steps.

-- +goose Up
-- Who may have a document: a caller, or every caller of an office ('' in the other column).
CREATE TABLE documents (
    digest TEXT   NOT NULL,
    caller TEXT   NOT NULL,
    office TEXT   NOT NULL,
    what   TEXT   NOT NULL,
    origin TEXT   NOT NULL,
    size   BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    report BYTEA  NOT NULL,
    PRIMARY KEY (digest, caller, office)
);

-- What a caller's Idempotency-Key made.
CREATE TABLE sealings (
    caller   TEXT   NOT NULL,
    idem     TEXT   NOT NULL,
    request  TEXT   NOT NULL,
    document TEXT   NOT NULL,
    content  TEXT   NOT NULL,
    size     BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    PRIMARY KEY (caller, idem)
);

CREATE TABLE joint_sealings (
    id      TEXT   PRIMARY KEY,
    version BIGINT NOT NULL,
    record  TEXT   NOT NULL
);

-- What was completed stays, without its tail, so that nothing is signed twice under its number.
CREATE TABLE drafts (
    id      TEXT   PRIMARY KEY,
    seal    TEXT   NOT NULL,
    caller  TEXT   NOT NULL,
    office  TEXT   NOT NULL,
    matter  TEXT   NOT NULL,
    case_id TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    content TEXT   NOT NULL,
    base    TEXT   NOT NULL,
    tail    BYTEA  NOT NULL,
    gap_from BIGINT NOT NULL,
    gap_to  BIGINT NOT NULL,
    taken   BIGINT NOT NULL
);
CREATE INDEX drafts_open ON drafts (expires) WHERE taken = 0;

-- +goose Down
DROP TABLE drafts;
DROP TABLE joint_sealings;
DROP TABLE sealings;
DROP TABLE documents;
