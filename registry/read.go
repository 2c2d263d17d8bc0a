package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"qianshao/registry/secret"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// querier is *sql.DB, *sql.Tx or *sql.Conn.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// selectCameras reads cameras with the place they have now; one that has left
// keeps its last. ? is timeline.Forever.
const selectCameras = `SELECT c.id, c.carrier, c.device_id, c.name, c.lifecycle, c.enrolled_us, c.removed_us, c.retention_days, c.division,
	c.common_name, c.landmark, c.site_class, c.gb_id, c.household, c.dossier, c.phone, p.lon, p.lat, p.azimuth_deg, p.fov_deg, p.range_m, coalesce(p.coord_system, 'WGS84'), p.raw_lon, p.raw_lat
	FROM cameras c LEFT JOIN camera_places p ON p.camera = c.id AND p.valid_to = ?`

// cameras reads the cameras that where (SQL behind selectCameras) names, with
// their streams.
func (r *Registry) cameras(ctx context.Context, on querier, where string, args ...any) ([]Camera, error) {
	rows, err := on.QueryContext(ctx, selectCameras+" "+where, append([]any{int64(timeline.Forever)}, args...)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var list []Camera
	for rows.Next() {
		var c Camera
		var lon, lat *float64
		var raw [2]*float64
		var p Place
		var dossier, phone []byte
		if err := rows.Scan(&c.ID, &c.Carrier, &c.DeviceID, &c.Name, &c.Lifecycle, &c.EnrolledAt, &c.LeftAt, &c.RetentionDays, &c.Division,
			&c.CommonName, &c.Landmark, &c.Dossier.SiteClass, &c.Dossier.GBID, &c.Dossier.Household, &dossier, &phone, &lon, &lat, &p.Azimuth, &p.FOV, &p.Range, &p.System, &raw[0], &raw[1]); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(dossier, &c.Dossier); err != nil {
			return nil, fmt.Errorf("dossier of %s: %w", c.ID, err)
		}
		if phone != nil { // one that no key here opens is asked for again
			plain, _ := r.key.Load().Open(phone, phonePlace(c.ID))
			c.Dossier.Phone = secret.New(string(plain))
		}
		if lon != nil && lat != nil {
			p.Lon, p.Lat = *lon, *lat
			p.scanned(raw)
			c.Place = &p
		}
		list = append(list, c)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	return list, r.addStreams(ctx, on, list)
}

// streamsAtOnce bounds the parameters of one statement.
const streamsAtOnce = 200

func (r *Registry) addStreams(ctx context.Context, on querier, list []Camera) error {
	at := make(map[media.CameraID]*Camera, len(list))
	for i := range list {
		at[list[i].ID] = &list[i]
	}
	for from := 0; from < len(list); from += streamsAtOnce {
		part := list[from:min(from+streamsAtOnce, len(list))]
		args := make([]any, len(part))
		for i := range part {
			args[i] = string(part[i].ID)
		}
		rows, err := on.QueryContext(ctx, `SELECT camera, n, url, username, password, transport, tls_sha256, push_key FROM streams
			WHERE camera IN (?`+strings.Repeat(", ?", len(part)-1)+`) ORDER BY camera, n`, args...)
		if err != nil {
			return err
		}
		if err := r.scanStreams(rows, at); err != nil {
			return err
		}
	}
	return nil
}

func (r *Registry) scanStreams(rows *sql.Rows, at map[media.CameraID]*Camera) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var camera media.CameraID
		var n int
		var box, push []byte
		var s Stream
		if err := rows.Scan(&camera, &n, &s.URL, &s.Username, &box, &s.Transport, &s.TLSSHA256, &push); err != nil {
			return err
		}
		s.ID = camera.Stream(n)
		if box != nil {
			plain, err := r.key.Load().Open(box, boxPlace(s.ID))
			s.Password, s.Locked = secret.New(string(plain)), err != nil
		}
		if push != nil {
			plain, err := r.key.Load().Open(push, pushPlace(s.ID))
			s.Push, s.Locked = secret.New(string(plain)), s.Locked || err != nil
		}
		at[camera].Streams = append(at[camera].Streams, s)
	}
	return rows.Err()
}

// Get returns a camera by our id; the error wraps ErrUnknown if there is none.
func (r *Registry) Get(ctx context.Context, id media.CameraID) (Camera, error) {
	list, err := r.cameras(ctx, r.db.R(), `WHERE c.id = ?`, string(id))
	if err != nil {
		return Camera{}, fmt.Errorf("camera %s: %w", id, r.db.Explain(err))
	}
	if len(list) == 0 {
		return Camera{}, fmt.Errorf("camera %s: %w", id, ErrUnknown)
	}
	return list[0], nil
}

// Resolve finds the camera a person means: our id, carrier:device, or a device
// id that one carrier alone uses (others give way to active cameras).
// The error wraps ErrUnknown, or is an *AmbiguousError with the candidates.
func (r *Registry) Resolve(ctx context.Context, ref string) (Camera, error) {
	ref = strings.TrimSpace(ref)
	if id, err := media.ParseCameraID(ref); err == nil {
		c, err := r.Get(ctx, id)
		if errors.Is(err, ErrUnknown) {
			err = Unknown(ref)
		}
		return c, err
	}
	var list []Camera
	var err error
	if carrier, device, ok := strings.Cut(ref, ":"); ok {
		list, err = r.cameras(ctx, r.db.R(), `WHERE c.carrier = ? AND c.device_id = ?`, carrier, device)
	} else {
		list, err = r.cameras(ctx, r.db.R(), `WHERE c.device_id = ? ORDER BY c.carrier`, ref)
	}
	if err != nil {
		return Camera{}, fmt.Errorf("camera %.80q: %w", ref, r.db.Explain(err))
	}
	if len(list) == 0 {
		return Camera{}, Unknown(ref)
	}
	if cam, ok := only(list); ok {
		return cam, nil
	}
	e := &AmbiguousError{Ref: ref}
	for _, c := range list {
		e.Candidates = append(e.Candidates, Candidate{c.ID, c.Carrier, c.DeviceID, c.Name})
	}
	return Camera{}, e
}

// Unknown is Resolve's error for a camera that there is not.
func Unknown(ref string) error { return fmt.Errorf("camera %.80q: %w", ref, ErrUnknown) }

// only returns the one camera of list, or the one that is active.
func only(list []Camera) (Camera, bool) {
	if len(list) == 1 {
		return list[0], true
	}
	found := -1
	for i := range list {
		if list[i].Lifecycle == Active {
			if found >= 0 {
				return Camera{}, false
			}
			found = i
		}
	}
	if found < 0 {
		return Camera{}, false
	}
	return list[found], true
}

// Enrolled returns when a stream was to be recorded: half-open spans in order,
// the last one reaching to timeline.Forever while the camera is active. A
// stream that is not known has none.
func (r *Registry) Enrolled(ctx context.Context, stream media.StreamID) ([]timeline.Span, error) {
	all, err := r.EnrolledOf(ctx, []media.StreamID{stream})
	return all[stream], err
}

// EnrolledOf is Enrolled of several streams.
func (r *Registry) EnrolledOf(ctx context.Context, streams []media.StreamID) (map[media.StreamID][]timeline.Span, error) {
	out := map[media.StreamID][]timeline.Span{}
	for part := range slices.Chunk(streams, streamsAtOnce) {
		args := make([]any, len(part))
		for i, s := range part {
			args[i] = string(s)
		}
		rows, err := r.db.R().QueryContext(ctx, `SELECT stream, from_us, to_us FROM enrolments WHERE stream IN (?`+strings.Repeat(", ?", len(part)-1)+`) ORDER BY stream, from_us`, args...)
		if err == nil {
			err = scanEnrolled(rows, out)
		}
		if err != nil {
			return nil, fmt.Errorf("enrolment of %s: %w", part[0], r.db.Explain(err))
		}
	}
	return out, nil
}

func scanEnrolled(rows *sql.Rows, out map[media.StreamID][]timeline.Span) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var stream media.StreamID
		var s timeline.Span
		if err := rows.Scan(&stream, &s.From, &s.To); err != nil {
			return err
		}
		if !s.Empty() {
			out[stream] = append(out[stream], s)
		}
	}
	return rows.Err()
}
