-- The whole of a camera's life, and the rest of its record.

-- +goose Up

-- lifecycle: imported, probing, pending_review, active, suspended, withdrawn,
-- decommissioned. enrolled_us is 0 for one that never was active; removed_us is when it
-- last stopped being so, 0 while it is.
UPDATE cameras SET lifecycle = 'decommissioned' WHERE lifecycle = 'removed';

-- Each step of it, with who took it and why. n counts a camera's steps.
CREATE TABLE lifecycle_steps (
    camera     TEXT    NOT NULL REFERENCES cameras (id),
    n          INTEGER NOT NULL,
    at_us      BIGINT  NOT NULL,
    from_state TEXT    NOT NULL, -- empty: it was new
    to_state   TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    PRIMARY KEY (camera, n)
);

-- What a carrier knows of a camera besides: dossier is JSON, phone a sealed box.
ALTER TABLE cameras ADD COLUMN site_class TEXT NOT NULL DEFAULT '';
ALTER TABLE cameras ADD COLUMN gb_id TEXT NOT NULL DEFAULT '';
ALTER TABLE cameras ADD COLUMN household TEXT NOT NULL DEFAULT '';
ALTER TABLE cameras ADD COLUMN dossier TEXT NOT NULL DEFAULT '{}';
ALTER TABLE cameras ADD COLUMN phone BLOB;
CREATE UNIQUE INDEX cameras_gb_id ON cameras (gb_id) WHERE gb_id <> '';
CREATE INDEX cameras_household ON cameras (carrier, household) WHERE household <> '';
