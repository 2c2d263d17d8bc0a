-- Areas of units that are no divisions.

-- +goose Up

-- polygons is a JSON list of rings of [lon, lat].
ALTER TABLE units ADD COLUMN polygons TEXT NOT NULL DEFAULT '[]';
