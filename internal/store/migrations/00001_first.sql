-- One text for SQLite and PostgreSQL. Times are microseconds since 1970 (0: none), digests 64 lower-case hexadecimal
-- digits ('': none), *_json is JSON that no query looks into.

-- +goose Up
CREATE TABLE licences (
    id          TEXT   NOT NULL PRIMARY KEY,
    identifier  TEXT   NOT NULL UNIQUE,
    check_code  TEXT   NOT NULL UNIQUE,
    kind        TEXT   NOT NULL,
    caller      TEXT   NOT NULL,
    idem_key    TEXT   NOT NULL,
    request_sm3 TEXT   NOT NULL,
    record_json TEXT   NOT NULL,
    fields      BYTEA  NOT NULL,
    face        TEXT   NOT NULL,
    state       TEXT   NOT NULL,
    document    TEXT   NOT NULL,
    package     TEXT   NOT NULL,
    status      TEXT   NOT NULL,
    status_at   BIGINT NOT NULL,
    status_why  TEXT   NOT NULL,
    created     BIGINT NOT NULL,
    updated     BIGINT NOT NULL
);
CREATE UNIQUE INDEX licences_by_key ON licences (caller, idem_key) WHERE idem_key <> '';
CREATE INDEX licences_pending ON licences (created, id) WHERE state <> 'archived';
CREATE INDEX licences_out_of_force ON licences (identifier) WHERE status <> '01';

CREATE TABLE licence_events (
    licence TEXT   NOT NULL REFERENCES licences (id),
    line    BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    what    TEXT   NOT NULL,
    by      TEXT   NOT NULL,
    why     TEXT   NOT NULL,
    PRIMARY KEY (licence, line)
);

CREATE TABLE presentations (
    token       TEXT   NOT NULL PRIMARY KEY,
    licence     TEXT   NOT NULL REFERENCES licences (id),
    fields_json TEXT   NOT NULL,
    created     BIGINT NOT NULL,
    expires     BIGINT NOT NULL,
    used        BIGINT NOT NULL,
    caller      TEXT   NOT NULL,
    idem_key    TEXT   NOT NULL
);

CREATE TABLE ledger_batches (
    sequence   BIGINT NOT NULL PRIMARY KEY,
    root_json  TEXT   NOT NULL,
    signature  BYTEA  NOT NULL,
    proof_json TEXT   NOT NULL
);
CREATE INDEX ledger_batches_unpublished ON ledger_batches (sequence) WHERE proof_json = '';

-- batch is -1 while an entry waits; position is the order of acceptance.
CREATE TABLE ledger_entries (
    kind         TEXT   NOT NULL,
    digest       TEXT   NOT NULL,
    salt         TEXT   NOT NULL,
    promise_json TEXT   NOT NULL,
    position     BIGINT NOT NULL,
    batch        BIGINT NOT NULL,
    leaf         BIGINT NOT NULL,
    PRIMARY KEY (kind, digest)
);
CREATE INDEX ledger_entries_by_position ON ledger_entries (position);
CREATE INDEX ledger_entries_waiting ON ledger_entries (position, digest) WHERE batch = -1;
CREATE UNIQUE INDEX ledger_entries_by_leaf ON ledger_entries (batch, leaf) WHERE batch <> -1;

CREATE TABLE packages (
    id        TEXT   NOT NULL PRIMARY KEY,
    kind      TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    title     TEXT   NOT NULL,
    content   TEXT   NOT NULL,
    size      BIGINT NOT NULL,
    files     BIGINT NOT NULL,
    deposited BIGINT NOT NULL
);

-- due is the largest BIGINT for a case that has no due time.
CREATE TABLE cases (
    id          TEXT   NOT NULL PRIMARY KEY,
    state       TEXT   NOT NULL,
    due         BIGINT NOT NULL,
    revision    BIGINT NOT NULL,
    caller      TEXT   NOT NULL,
    idem_key    TEXT   NOT NULL,
    request_sm3 TEXT   NOT NULL,
    record_json TEXT   NOT NULL,
    signed      BYTEA  NOT NULL
);
CREATE UNIQUE INDEX cases_by_key ON cases (caller, idem_key) WHERE idem_key <> '';
CREATE INDEX cases_due ON cases (due, id) WHERE state <> 'completed';

CREATE TABLE audit_entries (
    sequence BIGINT NOT NULL PRIMARY KEY,
    at       BIGINT NOT NULL,
    caller   TEXT   NOT NULL,
    action   TEXT   NOT NULL,
    object   TEXT   NOT NULL,
    detail   TEXT   NOT NULL,
    hash     TEXT   NOT NULL
);

-- The one row that every append locks: where the chain ends.
CREATE TABLE audit_head (
    id       BIGINT NOT NULL PRIMARY KEY,
    sequence BIGINT NOT NULL,
    hash     TEXT   NOT NULL
);
INSERT INTO audit_head (id, sequence, hash) VALUES (1, 0, '');

CREATE TABLE seals (
    id     TEXT   NOT NULL PRIMARY KEY,
    office TEXT   NOT NULL,
    owner  TEXT   NOT NULL,
    name   TEXT   NOT NULL,
    data   BYTEA  NOT NULL,
    signer BYTEA  NOT NULL,
    state  TEXT   NOT NULL,
    made   BIGINT NOT NULL,
    uses   BIGINT NOT NULL
);
CREATE INDEX seals_by_office ON seals (office, made);

CREATE TABLE seal_uses (
    seal        TEXT   NOT NULL REFERENCES seals (id),
    line        BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    by          TEXT   NOT NULL,
    matter      TEXT   NOT NULL,
    case_id     TEXT   NOT NULL,
    content     TEXT   NOT NULL,
    document    TEXT   NOT NULL,
    certificate TEXT   NOT NULL,
    PRIMARY KEY (seal, line)
);

CREATE TABLE callers (
    key_sm3      TEXT NOT NULL PRIMARY KEY,
    id           TEXT NOT NULL,
    office       TEXT NOT NULL,
    actions_json TEXT NOT NULL,
    kinds_json   TEXT NOT NULL
);

CREATE TABLE serials (
    name  TEXT   NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

-- +goose Down
DROP TABLE serials;
DROP TABLE callers;
DROP TABLE seal_uses;
DROP TABLE seals;
DROP TABLE audit_head;
DROP TABLE audit_entries;
DROP TABLE cases;
DROP TABLE packages;
DROP TABLE ledger_entries;
DROP TABLE ledger_batches;
DROP TABLE presentations;
DROP TABLE licence_events;
DROP TABLE licences;
