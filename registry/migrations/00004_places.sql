-- What people call a camera's point, and its position as it was given.

-- +goose Up

ALTER TABLE cameras ADD COLUMN common_name TEXT NOT NULL DEFAULT '';
ALTER TABLE cameras ADD COLUMN landmark TEXT NOT NULL DEFAULT '';

-- lon and lat are WGS-84. Where they were given in another system (GCJ02, BD09) the
-- pair as given stands beside them.
ALTER TABLE camera_places ADD COLUMN coord_system TEXT NOT NULL DEFAULT 'WGS84';
ALTER TABLE camera_places ADD COLUMN raw_lon DOUBLE PRECISION;
ALTER TABLE camera_places ADD COLUMN raw_lat DOUBLE PRECISION;

-- cell is the square of a fiftieth of a degree that the place lies in (find.go).
ALTER TABLE camera_places ADD COLUMN cell BIGINT NOT NULL DEFAULT 0;
UPDATE camera_places SET cell = CAST((lat + 90) * 50 AS INTEGER) * 18000 + CAST((lon + 180) * 50 AS INTEGER);
CREATE INDEX camera_places_cell ON camera_places (cell);
DROP INDEX camera_places_at;
CREATE INDEX cameras_division ON cameras (division);

-- Places that the site brought along: landmarks, groups of divisions, outlines.
CREATE TABLE site_places (
    kind         TEXT NOT NULL, -- landmark, group, outline
    ref          TEXT NOT NULL, -- the site's own id; of an outline its division code
    name         TEXT NOT NULL,
    also         TEXT NOT NULL, -- JSON array of other names
    lon          DOUBLE PRECISION,
    lat          DOUBLE PRECISION,
    coord_system TEXT NOT NULL,
    raw_lon      DOUBLE PRECISION,
    raw_lat      DOUBLE PRECISION,
    divisions    TEXT NOT NULL, -- JSON array: of a group its parts, of a landmark where it lies
    rings        TEXT NOT NULL, -- JSON array of rings of [lon, lat], WGS-84; of an outline
    PRIMARY KEY (kind, ref)
);
