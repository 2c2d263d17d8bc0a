-- The time index. Times are microseconds since 1970 UTC, spans half-open.
-- Differences to PostgreSQL are WITHOUT ROWID alone; upserts, partial indexes,
-- row values and RETURNING read the same there.

-- +goose Up

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- One row for every opening of the database: revisions between prev_rev and
-- rev (both exclusive) may have been lost with a power cut.
CREATE TABLE openings (
    rev      BIGINT PRIMARY KEY,
    prev_rev BIGINT NOT NULL,
    at_us    BIGINT NOT NULL
);

-- Small numbers for streams keep the big table's keys short. max_dur_us is the
-- longest segment ever, so that a look-up knows how far back to start;
-- segments and bytes count what is not hidden.
CREATE TABLE streams (
    no         INTEGER PRIMARY KEY,
    stream     TEXT   NOT NULL UNIQUE,
    max_dur_us BIGINT NOT NULL DEFAULT 0,
    segments   BIGINT NOT NULL DEFAULT 0,
    bytes      BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE segments (
    stream_no   INTEGER NOT NULL,
    start_us    BIGINT  NOT NULL,
    boot        BIGINT  NOT NULL,
    seq         BIGINT  NOT NULL,
    epoch       BIGINT  NOT NULL,
    dur_us      BIGINT  NOT NULL,
    rev         BIGINT  NOT NULL,
    until_rev   BIGINT  NOT NULL, -- 0 = visible
    state       INTEGER NOT NULL, -- 1 spooled, 2 stored, 3 expiring
    bytes       BIGINT  NOT NULL,
    foot_bytes  INTEGER NOT NULL,
    sha256      BLOB    NOT NULL,
    codecs      TEXT    NOT NULL,
    keyframes   BLOB    NOT NULL, -- keyframes.go
    frames      INTEGER NOT NULL,
    lost_pkts   BIGINT  NOT NULL,
    clock_off   BIGINT  NOT NULL,
    clock_unc   BIGINT  NOT NULL,
    clock_flags BIGINT  NOT NULL,
    PRIMARY KEY (stream_no, start_us, boot, seq, epoch)
) WITHOUT ROWID;

CREATE UNIQUE INDEX segments_identity ON segments (stream_no, epoch, boot, seq);

-- The upload queue and the unfinished deletions, oldest first.
CREATE INDEX segments_pending ON segments (state, start_us, stream_no, boot, seq, epoch) WHERE state <> 2;

-- Where rows have been dropped, and the last revision that hid one of them: an
-- answer as of an earlier revision can no longer be given there.
CREATE TABLE removed (
    stream_no INTEGER NOT NULL,
    from_us   BIGINT  NOT NULL,
    to_us     BIGINT  NOT NULL,
    until_rev BIGINT  NOT NULL,
    PRIMARY KEY (stream_no, from_us)
) WITHOUT ROWID;

-- The log of cause intervals. A later entry of the same id sets until_rev of
-- the earlier one; nothing else is ever changed. reach tells how far back a
-- look-up must start (causes.go).
CREATE TABLE causes (
    id        TEXT    NOT NULL,
    rev       BIGINT  NOT NULL,
    until_rev BIGINT  NOT NULL,
    stream_no INTEGER NOT NULL,
    from_us   BIGINT  NOT NULL,
    to_us     BIGINT  NOT NULL,
    cause     TEXT    NOT NULL,
    source    TEXT    NOT NULL,
    reach     INTEGER NOT NULL,
    PRIMARY KEY (id, rev)
) WITHOUT ROWID;

CREATE INDEX causes_current ON causes (stream_no, reach, from_us) WHERE until_rev = 0;

-- One row a run of a node.
CREATE TABLE alive (
    node    TEXT   NOT NULL,
    boot    BIGINT NOT NULL,
    from_us BIGINT NOT NULL,
    at_us   BIGINT NOT NULL,
    PRIMARY KEY (node, boot)
);

-- Ids of the acts that have taken effect here.
CREATE TABLE acts_seen (
    id    TEXT PRIMARY KEY,
    at_us BIGINT NOT NULL
);

-- Spans that must not expire, and spans whose footage must not come back.
CREATE TABLE holds (
    id      TEXT   PRIMARY KEY,
    stream  TEXT   NOT NULL, -- a stream, or a camera for all its streams
    from_us BIGINT NOT NULL,
    to_us   BIGINT NOT NULL
);

CREATE INDEX holds_stream ON holds (stream);
