-- Cameras that publish to us.

-- +goose Up

-- push_key is a sealed box of what verifies the camera's key (registry/push.go),
-- NULL where the stream is pulled.
ALTER TABLE streams ADD COLUMN push_key BLOB;
