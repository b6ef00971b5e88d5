-- The life of seals: what was applied for, who decided and made it, its history, and what lets it be used.

-- +goose Up
ALTER TABLE seals ADD COLUMN kind BIGINT NOT NULL DEFAULT 1;
ALTER TABLE seals ADD COLUMN size_mm BIGINT NOT NULL DEFAULT 42;
ALTER TABLE seals ADD COLUMN line TEXT NOT NULL DEFAULT '';
ALTER TABLE seals ADD COLUMN picture BYTEA NOT NULL DEFAULT '';
ALTER TABLE seals ADD COLUMN applicant TEXT NOT NULL DEFAULT '';
ALTER TABLE seals ADD COLUMN approver TEXT NOT NULL DEFAULT '';
ALTER TABLE seals ADD COLUMN maker TEXT NOT NULL DEFAULT '';
ALTER TABLE seals ADD COLUMN filing TEXT NOT NULL DEFAULT '';
ALTER TABLE seals ADD COLUMN replaces TEXT NOT NULL DEFAULT '';
ALTER TABLE seals ADD COLUMN replaced_by TEXT NOT NULL DEFAULT '';
ALTER TABLE seals ADD COLUMN not_after BIGINT NOT NULL DEFAULT 0;
ALTER TABLE seals ADD COLUMN revoked BIGINT NOT NULL DEFAULT 0;
ALTER TABLE seals ADD COLUMN events BIGINT NOT NULL DEFAULT 0;
ALTER TABLE seals ADD COLUMN grants BIGINT NOT NULL DEFAULT 0;
ALTER TABLE seals ADD COLUMN caller TEXT NOT NULL DEFAULT '';
ALTER TABLE seals ADD COLUMN idem_key TEXT NOT NULL DEFAULT '';
ALTER TABLE seals ADD COLUMN request_sm3 TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX seals_by_filing ON seals (filing) WHERE filing <> '';
CREATE UNIQUE INDEX seals_by_key ON seals (caller, idem_key) WHERE idem_key <> '';
CREATE INDEX seals_unfinished ON seals (id) WHERE state IN ('made', 'recorded', 'active', 'suspended');
CREATE INDEX seals_unrevoked ON seals (id) WHERE state IN ('cancelled', 'lost') AND made <> 0 AND revoked = 0;

ALTER TABLE seal_uses ADD COLUMN office TEXT NOT NULL DEFAULT '';
ALTER TABLE seal_uses ADD COLUMN profile TEXT NOT NULL DEFAULT '';
ALTER TABLE seal_uses ADD COLUMN authorisation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE seal_uses ADD COLUMN result TEXT NOT NULL DEFAULT 'ok';
CREATE INDEX seal_uses_by_day ON seal_uses (seal, at);

-- What happened to a seal; lines are only ever added.
CREATE TABLE seal_events (
    seal       TEXT   NOT NULL REFERENCES seals (id),
    line       BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    from_state TEXT   NOT NULL,
    to_state   TEXT   NOT NULL,
    what       TEXT   NOT NULL,
    by         TEXT   NOT NULL,
    why        TEXT   NOT NULL,
    detail     TEXT   NOT NULL,
    PRIMARY KEY (seal, line)
);

-- most is 0 for an authorisation that is not limited.
CREATE TABLE seal_grants (
    seal         TEXT   NOT NULL REFERENCES seals (id),
    line         BIGINT NOT NULL,
    matter       TEXT   NOT NULL,
    caller       TEXT   NOT NULL,
    office       TEXT   NOT NULL,
    starts       BIGINT NOT NULL,
    ends         BIGINT NOT NULL,
    most         BIGINT NOT NULL,
    used         BIGINT NOT NULL,
    granted_by   TEXT   NOT NULL,
    granted_at   BIGINT NOT NULL,
    why          TEXT   NOT NULL,
    withdrawn_by TEXT   NOT NULL,
    withdrawn_at BIGINT NOT NULL,
    idem_key     TEXT   NOT NULL,
    request_sm3  TEXT   NOT NULL,
    PRIMARY KEY (seal, line)
);
CREATE UNIQUE INDEX seal_grants_by_key ON seal_grants (granted_by, idem_key) WHERE idem_key <> '';

-- Seals made before this table was there go on, for their own office and every matter, until somebody decides otherwise.
INSERT INTO seal_grants (seal, line, matter, caller, office, starts, ends, most, used, granted_by, granted_at, why,
    withdrawn_by, withdrawn_at, idem_key, request_sm3)
SELECT id, 1, '*', '', office, made, 9000000000000000, 0, 0, 'yinzheng', made, 'made before uses were authorised', '', 0, '', ''
FROM seals WHERE state = 'active' OR state = 'suspended';
UPDATE seals SET grants = 1 WHERE state = 'active' OR state = 'suspended';

-- +goose Down
DROP TABLE seal_grants;
DROP TABLE seal_events;
DROP INDEX seal_uses_by_day;
ALTER TABLE seal_uses DROP COLUMN result;
ALTER TABLE seal_uses DROP COLUMN authorisation;
ALTER TABLE seal_uses DROP COLUMN profile;
ALTER TABLE seal_uses DROP COLUMN office;
DROP INDEX seals_unrevoked;
DROP INDEX seals_unfinished;
DROP INDEX seals_by_key;
DROP INDEX seals_by_filing;
ALTER TABLE seals DROP COLUMN request_sm3;
ALTER TABLE seals DROP COLUMN idem_key;
ALTER TABLE seals DROP COLUMN caller;
ALTER TABLE seals DROP COLUMN grants;
ALTER TABLE seals DROP COLUMN events;
ALTER TABLE seals DROP COLUMN revoked;
ALTER TABLE seals DROP COLUMN not_after;
ALTER TABLE seals DROP COLUMN replaced_by;
ALTER TABLE seals DROP COLUMN replaces;
ALTER TABLE seals DROP COLUMN filing;
ALTER TABLE seals DROP COLUMN maker;
ALTER TABLE seals DROP COLUMN approver;
ALTER TABLE seals DROP COLUMN applicant;
ALTER TABLE seals DROP COLUMN picture;
ALTER TABLE seals DROP COLUMN line;
ALTER TABLE seals DROP COLUMN size_mm;
ALTER TABLE seals DROP COLUMN kind;
