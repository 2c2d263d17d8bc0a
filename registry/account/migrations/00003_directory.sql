-- People whom a directory vouches for.

-- +goose Up

-- directory is the directory's name for them, issuer and subject; empty: a local
-- account.
ALTER TABLE accounts ADD COLUMN directory TEXT NOT NULL DEFAULT '';

CREATE UNIQUE INDEX accounts_directory ON accounts (directory) WHERE directory <> '';
