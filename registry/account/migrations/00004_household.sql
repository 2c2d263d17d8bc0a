-- Households and their cameras.

-- +goose Up

-- cameras are ids, separated by spaces; empty: no household.
ALTER TABLE accounts ADD COLUMN cameras TEXT NOT NULL DEFAULT '';
