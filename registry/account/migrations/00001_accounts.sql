-- Accounts, their units, sessions and tokens. Times are microseconds since 1970
-- UTC. No password, token or link stands here in clear: passwords as argon2id,
-- the others as SHA-256 of 160 random bits, TOTP secrets as sealed boxes.

-- +goose Up

-- A tree: bureau, county, station. areas are division codes, separated by spaces.
CREATE TABLE units (
    id     TEXT PRIMARY KEY, -- as the bureau names it
    parent TEXT NOT NULL,    -- empty: the root
    kind   TEXT NOT NULL,    -- bureau, county, station
    name   TEXT NOT NULL,
    areas  TEXT NOT NULL
);

CREATE TABLE accounts (
    id          TEXT   PRIMARY KEY, -- u_…
    login       TEXT   NOT NULL UNIQUE,
    name        TEXT   NOT NULL,
    unit        TEXT   NOT NULL,
    carrier     TEXT   NOT NULL,
    roles       TEXT   NOT NULL, -- separated by spaces
    password    TEXT   NOT NULL, -- PHC string; empty: none yet
    totp        BLOB,            -- sealed; NULL: none
    totp_used   BIGINT NOT NULL, -- the last time step a code was taken for
    created_us  BIGINT NOT NULL,
    disabled_us BIGINT NOT NULL  -- 0: not
);

CREATE TABLE sessions (
    hash       BLOB   PRIMARY KEY,
    account    TEXT   NOT NULL REFERENCES accounts (id),
    address    TEXT   NOT NULL,
    begun_us   BIGINT NOT NULL,
    seen_us    BIGINT NOT NULL,
    expires_us BIGINT NOT NULL
);

CREATE INDEX sessions_account ON sessions (account);

CREATE TABLE tokens (
    id         TEXT   PRIMARY KEY, -- t_…
    hash       BLOB   NOT NULL UNIQUE,
    name       TEXT   NOT NULL,
    role       TEXT   NOT NULL,
    carrier    TEXT   NOT NULL,
    case_no    TEXT   NOT NULL,
    by         TEXT   NOT NULL, -- account that issued it
    created_us BIGINT NOT NULL,
    expires_us BIGINT NOT NULL,
    revoked_us BIGINT NOT NULL  -- 0: not
);

-- One-time links: account empty for the very first set-up.
CREATE TABLE links (
    hash       BLOB   PRIMARY KEY,
    account    TEXT   NOT NULL,
    expires_us BIGINT NOT NULL
);
