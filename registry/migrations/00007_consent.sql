-- What households agree to, when they want no pictures, and that they have left.

-- +goose Up

-- One row for each text that was signed for a camera; the newest that has not ended is
-- in force.
CREATE TABLE consents (
    id         TEXT   PRIMARY KEY, -- n_…
    camera     TEXT   NOT NULL REFERENCES cameras (id),
    ref        TEXT   NOT NULL, -- the carrier's own number of it
    version    TEXT   NOT NULL, -- of the text
    scope      TEXT   NOT NULL, -- what it allows, in words of the text
    signed_us  BIGINT NOT NULL,
    signed_by  TEXT   NOT NULL,
    entered_us BIGINT NOT NULL,
    entered_by TEXT   NOT NULL,
    ended_us   BIGINT NOT NULL, -- 0: it has not
    ended_by   TEXT   NOT NULL
);

CREATE INDEX consents_camera ON consents (camera, signed_us);

-- Times without recording: from..to once, or from_min..to_min of every day, minutes of
-- the site's clock.
CREATE TABLE pauses (
    id         TEXT    PRIMARY KEY, -- p_…
    camera     TEXT    NOT NULL REFERENCES cameras (id),
    from_us    BIGINT  NOT NULL,
    to_us      BIGINT  NOT NULL, -- of a daily one: when it ends for good
    daily      INTEGER NOT NULL, -- 1: from_min..to_min of every day in from..to
    from_min   INTEGER NOT NULL,
    to_min     INTEGER NOT NULL,
    actor      TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    entered_us BIGINT  NOT NULL
);

CREATE INDEX pauses_camera ON pauses (camera, to_us);
CREATE INDEX pauses_end ON pauses (to_us);

-- Households that have left, and how far the deletion of their footage is.
CREATE TABLE withdrawals (
    id      TEXT   PRIMARY KEY, -- of the erase act
    camera  TEXT   NOT NULL REFERENCES cameras (id),
    at_us   BIGINT NOT NULL,
    to_us   BIGINT NOT NULL, -- footage that starts before is erased
    actor   TEXT   NOT NULL,
    reason  TEXT   NOT NULL,
    state   TEXT   NOT NULL, -- begun, held, done
    trouble TEXT   NOT NULL, -- why it does not go on
    receipt TEXT   NOT NULL  -- JSON; empty: not yet
);

CREATE INDEX withdrawals_camera ON withdrawals (camera, at_us);
