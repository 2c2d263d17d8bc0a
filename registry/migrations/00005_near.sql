-- What a search around a point reads of a place, cell by cell in one go.

-- +goose Up

DROP INDEX camera_places_cell;
CREATE INDEX camera_places_near ON camera_places
    (cell, lat, lon, valid_from, valid_to, camera, azimuth_deg, fov_deg, range_m, coord_system, raw_lon, raw_lat);
