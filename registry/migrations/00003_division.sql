-- Where a camera stands, by administration.

-- +goose Up

-- division is a statistical code of 12 digits, empty where it is not known.
ALTER TABLE cameras ADD COLUMN division TEXT NOT NULL DEFAULT '';
