-- Cases: one row each, what it holds as JSON (cases.Case). All are in memory too.

-- +goose Up

CREATE TABLE cases (
    id     TEXT PRIMARY KEY,     -- k_…
    number TEXT NOT NULL UNIQUE, -- as the bureau counts; the id where there is none yet
    body   TEXT NOT NULL
);
