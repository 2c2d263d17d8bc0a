-- Cameras, their streams, and where they stand. Times are microseconds since
-- 1970 UTC, spans half-open; 253402300799999999 is a span that has not ended.

-- +goose Up

-- changes counts every change of a camera; it never goes back.
CREATE TABLE meta (
    name  TEXT   PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO meta (name, value) VALUES ('changes', 0);

CREATE TABLE cameras (
    id             TEXT    PRIMARY KEY,
    carrier        TEXT    NOT NULL,
    device_id      TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    lifecycle      TEXT    NOT NULL, -- active, removed
    enrolled_us    BIGINT  NOT NULL,
    removed_us     BIGINT  NOT NULL, -- 0 = not removed
    retention_days INTEGER NOT NULL, -- 0 = the installation's
    UNIQUE (carrier, device_id)
);

CREATE INDEX cameras_device ON cameras (device_id);

-- password is a sealed box (package secret), NULL when there is none. The URL
-- holds no user name and no password.
CREATE TABLE streams (
    camera     TEXT    NOT NULL REFERENCES cameras (id),
    n          INTEGER NOT NULL, -- 0 main, 1 sub, 2 sub2
    url        TEXT    NOT NULL,
    username   TEXT    NOT NULL,
    password   BLOB,
    transport  TEXT    NOT NULL,
    tls_sha256 TEXT    NOT NULL,
    PRIMARY KEY (camera, n)
);

-- When a stream was to be recorded. Footage is owed for every moment in here.
CREATE TABLE enrolments (
    stream  TEXT   NOT NULL,
    from_us BIGINT NOT NULL,
    to_us   BIGINT NOT NULL,
    PRIMARY KEY (stream, from_us)
);

-- Where a camera stood and looked, WGS-84.
CREATE TABLE camera_places (
    camera      TEXT             NOT NULL REFERENCES cameras (id),
    valid_from  BIGINT           NOT NULL,
    valid_to    BIGINT           NOT NULL,
    lon         DOUBLE PRECISION NOT NULL,
    lat         DOUBLE PRECISION NOT NULL,
    azimuth_deg DOUBLE PRECISION,
    fov_deg     DOUBLE PRECISION,
    range_m     DOUBLE PRECISION,
    PRIMARY KEY (camera, valid_from)
);

CREATE INDEX camera_places_at ON camera_places (lat, lon);

-- Acts that the store has not confirmed yet.
CREATE TABLE outbox (
    id    TEXT   PRIMARY KEY, -- of the act
    at_us BIGINT NOT NULL,
    act   TEXT   NOT NULL     -- JSON, as it goes to the store
);

-- Changes of a stream's state. The newest row of a stream is its last state
-- known to this database; the live one is in memory.
CREATE TABLE stream_states (
    stream  TEXT   NOT NULL,
    from_us BIGINT NOT NULL,
    state   TEXT   NOT NULL,
    cause   TEXT   NOT NULL,
    error   TEXT   NOT NULL,
    PRIMARY KEY (stream, from_us)
);
