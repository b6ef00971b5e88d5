-- The authority's register, enrolment tokens and proposals under dual control.

-- +goose Up

-- position is the order of intents. revoked_at is also when an intent was voided; voided is 1 then and frees the key, but
-- never the serial number. It is a column of its own so that settling, the hot path, does not touch the index of keys.
CREATE TABLE certificates (
    position   BIGINT NOT NULL PRIMARY KEY,
    authority  TEXT   NOT NULL,
    serial     TEXT   NOT NULL,
    key_sm3    TEXT   NOT NULL,
    profile    TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    sans_json  TEXT   NOT NULL,
    made_by    TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    not_after  BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    der        BYTEA  NOT NULL,
    revoked_at BIGINT NOT NULL,
    reason     BIGINT NOT NULL,
    voided     BIGINT NOT NULL
);
CREATE UNIQUE INDEX certificates_by_serial ON certificates (authority, serial);
CREATE UNIQUE INDEX certificates_by_key ON certificates (key_sm3) WHERE voided = 0;
CREATE INDEX certificates_by_name ON certificates (name, position);
CREATE INDEX certificates_by_time ON certificates (at);
CREATE INDEX certificates_intended ON certificates (at) WHERE state = 'intended';
CREATE INDEX certificates_revoked ON certificates (authority, not_after) WHERE revoked_at <> 0;

-- key_sm3 is the key that a token was redeemed for, '' before.
CREATE TABLE enrol_tokens (
    digest  TEXT   NOT NULL PRIMARY KEY,
    name    TEXT   NOT NULL,
    caller  BYTEA  NOT NULL,
    made_by TEXT   NOT NULL,
    made    BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    used    BIGINT NOT NULL,
    key_sm3 TEXT   NOT NULL
);

CREATE TABLE proposals (
    id         TEXT   NOT NULL PRIMARY KEY,
    act        TEXT   NOT NULL,
    detail     BYTEA  NOT NULL,
    made_by    TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    expires    BIGINT NOT NULL,
    state      TEXT   NOT NULL,
    decided_by TEXT   NOT NULL,
    decided_at BIGINT NOT NULL,
    outcome    TEXT   NOT NULL
);
CREATE INDEX proposals_by_state ON proposals (state, id);

-- +goose Down
DROP TABLE proposals;
DROP TABLE enrol_tokens;
DROP TABLE certificates;
