-- Footage that must go for good, because a household wants it so.

-- +goose Up

-- What starts in the span is hidden as soon as no hold keeps it, also what is added
-- later. id is the act's.
CREATE TABLE erasures (
    id      TEXT   PRIMARY KEY,
    stream  TEXT   NOT NULL, -- a stream, or a camera for all its streams
    from_us BIGINT NOT NULL,
    to_us   BIGINT NOT NULL
);

CREATE INDEX erasures_stream ON erasures (stream);

-- What each has taken, for its receipt; rows of segments go when they are deleted,
-- these stay.
CREATE TABLE erased (
    erasure   TEXT    NOT NULL,
    stream_no INTEGER NOT NULL,
    start_us  BIGINT  NOT NULL,
    boot      BIGINT  NOT NULL,
    seq       BIGINT  NOT NULL,
    epoch     BIGINT  NOT NULL,
    dur_us    BIGINT  NOT NULL,
    bytes     BIGINT  NOT NULL,
    sha256    BLOB    NOT NULL,
    PRIMARY KEY (erasure, stream_no, start_us, boot, seq, epoch)
) WITHOUT ROWID;

CREATE INDEX erased_stream ON erased (stream_no, start_us);
