-- Second factors that were drawn and wait for the phone's first code.

-- +goose Up

-- One an account at most; box is the sealed otpauth:// URL.
CREATE TABLE factors (
    account    TEXT   PRIMARY KEY REFERENCES accounts (id),
    box        BLOB   NOT NULL,
    expires_us BIGINT NOT NULL
);
