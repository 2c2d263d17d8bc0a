package registry

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"qianshao/registry/place"
	"qianshao/storage/acts"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Replay makes the registry know again what the acts of a store tell: which
// cameras there were, when they were enrolled and where they stood. It has no
// effect where the registry knows it already, so it may follow Restore, and may
// be done twice. Acts of other kinds are passed over. It returns how many
// cameras it made; these have no URLs and passwords, which an import gives back.
func (r *Registry) Replay(ctx context.Context, list []acts.Act) (made int, err error) {
	waiting, err := r.readOutbox(ctx) // of a snapshot: the store may not have them
	if err != nil {
		return 0, fmt.Errorf("replay acts: %w", err)
	}
	list = slices.Clone(list)
	for _, a := range waiting {
		list = append(list, *a)
	}
	slices.SortStableFunc(list, func(a, b acts.Act) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) })
	err = r.write(ctx, func(tx *sql.Tx) (bool, error) {
		p := replayer{writer: writer{r: r, tx: tx, now: r.now()}, streams: map[media.CameraID]int{}, left: map[media.CameraID]Lifecycle{}}
		defer p.close()
		for i := range list {
			if err := p.act(ctx, &list[i]); err != nil {
				return false, fmt.Errorf("act %s: %w", list[i].ID, err)
			}
		}
		made = p.made
		return len(p.streams) > 0, p.finish(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("replay acts: %w", r.db.Explain(err))
	}
	return made, nil
}

type replayer struct {
	writer
	made    int
	left    map[media.CameraID]Lifecycle // what the last act made of those that are not active
	streams map[media.CameraID]int       // how many the last enrol act names
}

func (p *replayer) act(ctx context.Context, a *acts.Act) error {
	switch a.Kind {
	case acts.Enrol:
		if a.Enrolled == nil {
			return nil
		}
		if err := p.enrol(ctx, a); err != nil {
			return err
		}
		return p.stand(ctx, a)
	case acts.Place:
		if _, known := p.streams[a.Camera]; !known || a.Enrolled == nil {
			return nil // its enrol act is lost: nothing to hang it on
		}
		return p.stand(ctx, a)
	case acts.Remove:
		p.left[a.Camera] = cmp.Or(Lifecycle(a.Lifecycle), Decommissioned)
		return p.closeStreams(ctx, a.Camera, 0, a.Span.From)
	}
	return nil
}

// enrol makes the camera if need be and opens the enrolment of its streams.
func (p *replayer) enrol(ctx context.Context, a *acts.Act) error {
	e := a.Enrolled
	carrier, device := cmp.Or(e.Carrier, DefaultCarrier), e.Device
	if checkRef(carrier, device) != nil {
		carrier, device = DefaultCarrier, "lost-"+string(a.Camera)[2:]
	}
	known, taken, err := p.find(ctx, a.Camera, carrier, device)
	if err != nil {
		return err
	}
	if taken { // enrolled anew under another id before the acts were replayed
		device = device[:min(len(device), 40)] + ".earlier-" + string(a.Camera)[2:8]
	}
	if !known {
		p.made++
	}
	err = p.exec(ctx, `INSERT INTO cameras (id, carrier, device_id, name, lifecycle, enrolled_us, removed_us, retention_days, division,
		common_name, landmark) VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, retention_days = excluded.retention_days,
		division = excluded.division, common_name = excluded.common_name, landmark = excluded.landmark`,
		string(a.Camera), carrier, device, e.Name, string(Active), int64(a.Span.From), e.Keep, e.Division, e.CommonName, e.Landmark)
	if err != nil {
		return err
	}
	streams := min(max(e.Streams, 1), 3)
	p.streams[a.Camera] = streams
	for n := range streams {
		err := p.exec(ctx, `INSERT INTO streams (camera, n, url, username, password, transport, tls_sha256) VALUES (?, ?, '', '', NULL, ?, '')
			ON CONFLICT (camera, n) DO NOTHING`, string(a.Camera), n, string(TCP))
		if err != nil {
			return err
		}
		stream := string(a.Camera.Stream(n))
		err = p.exec(ctx, `INSERT INTO enrolments (stream, from_us, to_us) SELECT ?, ?, ? WHERE NOT EXISTS
			(SELECT 1 FROM enrolments WHERE stream = ? AND from_us <= ? AND to_us > ?) ON CONFLICT (stream, from_us) DO NOTHING`,
			stream, int64(a.Span.From), int64(timeline.Forever), stream, int64(a.Span.From), int64(a.Span.From))
		if err != nil {
			return err
		}
	}
	return p.closeStreams(ctx, a.Camera, streams, a.Span.From)
}

// find says whether the camera is known, and whether another one has its name.
func (p *replayer) find(ctx context.Context, id media.CameraID, carrier, device string) (known, taken bool, err error) {
	rows, err := p.tx.QueryContext(ctx, `SELECT id FROM cameras WHERE id = ? OR carrier = ? AND device_id = ?`, string(id), carrier, device)
	if err != nil {
		return false, false, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var found media.CameraID
		if err := rows.Scan(&found); err != nil {
			return false, false, err
		}
		known = known || found == id
		taken = taken || found != id
	}
	return known, taken && !known, rows.Err()
}

// closeStreams ends the open enrolments of the streams from n on.
func (p *replayer) closeStreams(ctx context.Context, cam media.CameraID, n int, at timeline.Micros) error {
	for ; n < 3; n++ {
		err := p.exec(ctx, `UPDATE enrolments SET to_us = ? WHERE stream = ? AND from_us < ? AND to_us = ?`,
			int64(at), string(cam.Stream(n)), int64(at), int64(timeline.Forever))
		if err != nil {
			return err
		}
	}
	return nil
}

// stand puts the camera where the act says, from then on, unless it stood there
// already.
func (p *replayer) stand(ctx context.Context, a *acts.Act) error {
	var division string
	err := p.tx.QueryRowContext(ctx, `SELECT division FROM camera_divisions WHERE camera = ? AND valid_from <= ? AND valid_to > ?`,
		string(a.Camera), int64(a.Span.From), int64(a.Span.From)).Scan(&division)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if division != a.Enrolled.Division {
		if err := p.putDivision(ctx, a.Camera, a.Enrolled.Division, a.Span.From); err != nil {
			return err
		}
	}
	var stands *Place
	if e := a.Enrolled; e.Lon != nil && e.Lat != nil {
		stands = &Place{Lon: *e.Lon, Lat: *e.Lat, Azimuth: e.Azimuth, FOV: e.FOV, Range: e.Range}
		if e.RawLon != nil && e.RawLat != nil {
			stands.System, stands.Raw = place.System(e.System), &place.Point{Lon: *e.RawLon, Lat: *e.RawLat}
		}
	}
	rows, err := p.tx.QueryContext(ctx, `SELECT `+placeColumns+` FROM camera_places
		WHERE camera = ? AND valid_from <= ? AND valid_to > ?`, string(a.Camera), int64(a.Span.From), int64(a.Span.From))
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var there *Place
	if rows.Next() {
		there = new(Place)
		var raw [2]*float64
		if err := rows.Scan(there.scan(&raw)...); err != nil {
			return err
		}
		there.scanned(raw)
	}
	if err := rows.Err(); err != nil || there.equal(stands) {
		return err
	}
	if err := rows.Close(); err != nil {
		return err
	}
	return p.putPlace(ctx, a.Camera, stands, a.Span.From)
}

// finish derives what the acts do not say outright.
func (p *replayer) finish(ctx context.Context) error {
	for id, streams := range p.streams {
		if err := p.exec(ctx, `DELETE FROM streams WHERE camera = ? AND n >= ?`, string(id), streams); err != nil {
			return err
		}
		main := string(id.Stream(0))
		err := p.exec(ctx, `UPDATE cameras SET
			enrolled_us = (SELECT max(from_us) FROM enrolments WHERE stream = ?),
			removed_us = (SELECT CASE WHEN max(to_us) = ? THEN 0 ELSE max(to_us) END FROM enrolments WHERE stream = ?),
			lifecycle = (SELECT CASE WHEN max(to_us) = ? THEN 'active' ELSE ? END FROM enrolments WHERE stream = ?)
			WHERE id = ?`, main, int64(timeline.Forever), main, int64(timeline.Forever), string(cmp.Or(p.left[id], Decommissioned)), main, string(id))
		if err != nil {
			return err
		}
	}
	return nil
}
