-- Jobs: one row each, what is told of it as JSON (jobs.Job). What goes in and comes out is
-- sealed for the job's id.

-- +goose Up

CREATE TABLE jobs (
    id      TEXT PRIMARY KEY,              -- j_…
    kind    TEXT NOT NULL,
    carrier TEXT NOT NULL,                 -- whose it is; '': the site's
    actor   TEXT NOT NULL,                 -- who began it
    key     TEXT,                          -- Idempotency-Key; NULL: none
    ended   INTEGER NOT NULL DEFAULT 0,    -- 0: it has not
    body    TEXT NOT NULL,
    digest  BLOB NOT NULL,                 -- sealed: SHA-256 of what was asked for
    input   BLOB,                          -- sealed; NULL: it has ended
    result  BLOB,                          -- sealed
    sheet   BLOB,                          -- sealed
    UNIQUE (kind, actor, key)
);
CREATE INDEX jobs_of ON jobs (kind, carrier, id);
CREATE INDEX jobs_ended ON jobs (ended);
