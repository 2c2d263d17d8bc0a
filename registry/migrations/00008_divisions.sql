-- In which division a camera stood, and when.

-- +goose Up

-- A span without a row: not known. cameras.division is the one of now, and division_us
-- since when; 0: not known, or of old.
CREATE TABLE camera_divisions (
    camera     TEXT   NOT NULL REFERENCES cameras (id),
    valid_from BIGINT NOT NULL,
    valid_to   BIGINT NOT NULL,
    division   TEXT   NOT NULL,
    PRIMARY KEY (camera, valid_from)
);

-- Those of now are found by cameras.division.
CREATE INDEX camera_divisions_past ON camera_divisions (division, valid_to, valid_from, camera) WHERE valid_to < 253402300799999999;

ALTER TABLE cameras ADD COLUMN division_us BIGINT NOT NULL DEFAULT 0;

-- Of before, the one of now is all that is known.
INSERT INTO camera_divisions (camera, valid_from, valid_to, division)
    SELECT id, 0, 253402300799999999, division FROM cameras WHERE division <> '';
