package registry

import (
	"cmp"
	"context"
	"database/sql"
	"strings"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// writer puts cameras into the tables within one transaction.
type writer struct {
	r     *Registry
	tx    *sql.Tx
	now   timeline.Micros
	stmts map[string]*sql.Stmt
	moved timeline.Micros // since when the camera that is put stands where it does; 0: from now on
}

func (w *writer) close() {
	for _, s := range w.stmts {
		_ = s.Close()
	}
}

func (w *writer) exec(ctx context.Context, text string, args ...any) error {
	s, err := w.prepared(ctx, text)
	if err != nil {
		return err
	}
	_, err = s.ExecContext(ctx, args...)
	return err
}

// prepared is a statement, prepared once for all rows.
func (w *writer) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if s := w.stmts[text]; s != nil {
		return s, nil
	}
	s, err := w.tx.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if w.stmts == nil {
		w.stmts = map[string]*sql.Stmt{}
	}
	w.stmts[text] = s
	return s, nil
}

// put writes what is different between old (nil: new) and cam, and keeps enrolments,
// places, divisions and, where its lifecycle changes, the step. It sets cam.EnrolledAt and
// cam.LeftAt.
func (w *writer) put(ctx context.Context, old, cam *Camera, by By) error {
	from := w.now
	was := old != nil && old.Lifecycle == Active
	switch is := cam.Lifecycle == Active; {
	case is && !was: // it joins
		if old != nil { // never before the time it left
			from = max(from, old.LeftAt)
		}
		cam.EnrolledAt, cam.LeftAt = from, 0
	case was && !is: // it leaves
		cam.LeftAt = max(w.now, old.EnrolledAt+1)
	}
	dossier, err := cam.Dossier.values()
	if err != nil {
		return err
	}
	var phone []byte
	if !cam.Dossier.Phone.IsZero() {
		phone = w.r.key.Load().Seal([]byte(cam.Dossier.Phone.Reveal()), phonePlace(cam.ID))
	}
	err = w.exec(ctx, `INSERT INTO cameras (id, carrier, device_id, name, lifecycle, enrolled_us, removed_us, retention_days, division,
		common_name, landmark, phone, site_class, gb_id, household, dossier) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, lifecycle = excluded.lifecycle,
		enrolled_us = excluded.enrolled_us, removed_us = excluded.removed_us, retention_days = excluded.retention_days,
		division = excluded.division, common_name = excluded.common_name, landmark = excluded.landmark, phone = excluded.phone,
		site_class = excluded.site_class, gb_id = excluded.gb_id, household = excluded.household, dossier = excluded.dossier`,
		append([]any{
			string(cam.ID), cam.Carrier, cam.DeviceID, cam.Name, string(cam.Lifecycle), int64(cam.EnrolledAt), int64(cam.LeftAt),
			cam.RetentionDays, cam.Division, cam.CommonName, cam.Landmark, phone,
		}, dossier...)...)
	if err != nil {
		return err
	}
	if old == nil || old.Lifecycle != cam.Lifecycle {
		before := Lifecycle("")
		if old != nil {
			before = old.Lifecycle
		}
		if err := w.putStep(ctx, cam.ID, before, cam.Lifecycle, by); err != nil {
			return err
		}
	}
	if err := w.putStreams(ctx, old, cam); err != nil {
		return err
	}
	if old == nil || !old.Place.equal(cam.Place) {
		if err := w.putPlace(ctx, cam.ID, cam.Place, cmp.Or(w.moved, from)); err != nil {
			return err
		}
	}
	if old == nil && cam.Division == "" || old != nil && old.Division == cam.Division {
		return nil
	}
	return w.putDivision(ctx, cam.ID, cam.Division, from)
}

func (w *writer) putStreams(ctx context.Context, old, cam *Camera) error {
	had := 0
	if old != nil {
		had = len(old.Streams)
	}
	for i := range cam.Streams {
		s := &cam.Streams[i]
		if i < had && s.equal(&old.Streams[i]) {
			continue
		}
		if err := w.putStream(ctx, cam.ID, i, s, i < had && s.Locked); err != nil {
			return err
		}
	}
	if had > len(cam.Streams) {
		if err := w.exec(ctx, `DELETE FROM streams WHERE camera = ? AND n >= ?`, string(cam.ID), len(cam.Streams)); err != nil {
			return err
		}
	}
	return w.putEnrolments(ctx, old, cam)
}

// putStream writes one stream. keepBox leaves sealed boxes that cannot be opened
// where they are.
func (w *writer) putStream(ctx context.Context, cam media.CameraID, n int, s *Stream, keepBox bool) error {
	var box, push []byte
	if !s.Password.IsZero() {
		box = w.r.key.Load().Seal([]byte(s.Password.Reveal()), boxPlace(s.ID))
	}
	if !s.Push.IsZero() {
		push = w.r.key.Load().Seal([]byte(s.Push.Reveal()), pushPlace(s.ID))
	}
	boxes := "excluded"
	if keepBox {
		boxes = "streams"
	}
	return w.exec(ctx, `INSERT INTO streams (camera, n, url, username, password, transport, tls_sha256, push_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (camera, n) DO UPDATE SET url = excluded.url, username = excluded.username, password = `+boxes+`.password,
		transport = excluded.transport, tls_sha256 = excluded.tls_sha256, push_key = `+boxes+`.push_key`,
		string(cam), n, s.URL, s.Username, box, string(s.Transport), s.TLSSHA256, push)
}

// putEnrolments opens and closes the spans in which footage is owed.
func (w *writer) putEnrolments(ctx context.Context, old, cam *Camera) error {
	was := 0 // streams enrolled before
	if old != nil && old.Lifecycle == Active {
		was = len(old.Streams)
	}
	is := 0
	if cam.Lifecycle == Active {
		is = len(cam.Streams)
	}
	from := w.now
	if was == 0 {
		from = cam.EnrolledAt
	}
	for n := was; n < is; n++ {
		err := w.exec(ctx, `INSERT INTO enrolments (stream, from_us, to_us) VALUES (?, ?, ?)
			ON CONFLICT (stream, from_us) DO UPDATE SET to_us = excluded.to_us`,
			string(cam.ID.Stream(n)), int64(from), int64(timeline.Forever))
		if err != nil {
			return err
		}
	}
	to := w.now
	if is == 0 {
		to = cam.LeftAt
	}
	for n := is; n < was; n++ {
		if err := w.closeEnrolment(ctx, cam.ID.Stream(n), to); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) closeEnrolment(ctx context.Context, stream media.StreamID, to timeline.Micros) error {
	return w.exec(ctx, `UPDATE enrolments SET to_us = CASE WHEN from_us > ? THEN from_us ELSE ? END WHERE stream = ? AND to_us = ?`,
		int64(to), int64(to), string(stream), int64(timeline.Forever))
}

// putPlace says where a camera stands from then on; nil: not known.
func (w *writer) putPlace(ctx context.Context, cam media.CameraID, p *Place, from timeline.Micros) error {
	if p == nil {
		return w.putSince(ctx, cam, from, "camera_places", "")
	}
	return w.putSince(ctx, cam, from, "camera_places", "cell, "+placeColumns, append([]any{cellOf(p.Lon, p.Lat)}, p.values()...)...)
}

// putDivision says in which division a camera stands from then on; "": not known.
func (w *writer) putDivision(ctx context.Context, cam media.CameraID, division string, from timeline.Micros) error {
	var values []any
	if division != "" {
		values = []any{division}
	}
	if err := w.putSince(ctx, cam, from, "camera_divisions", "division", values...); err != nil {
		return err
	}
	return w.exec(ctx, `UPDATE cameras SET division_us = coalesce((SELECT valid_from FROM camera_divisions WHERE camera = id AND valid_to = ?), 0)
		WHERE id = ?`, int64(timeline.Forever), string(cam))
}

// putSince ends a camera's row in force at from in a table of the past, and begins
// another, unless there are no values. It lasts to the next one known.
func (w *writer) putSince(ctx context.Context, cam media.CameraID, from timeline.Micros, table, columns string, values ...any) error {
	err := w.exec(ctx, `UPDATE `+table+` SET valid_to = ? WHERE camera = ? AND valid_from < ? AND valid_to > ?`,
		int64(from), string(cam), int64(from), int64(from))
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return w.exec(ctx, `DELETE FROM `+table+` WHERE camera = ? AND valid_from = ?`, string(cam), int64(from))
	}
	set := strings.Split(columns, ", ")
	for i, c := range set {
		set[i] = c + ` = excluded.` + c
	}
	return w.exec(ctx, `INSERT INTO `+table+` (camera, valid_from, valid_to, `+columns+`)
		VALUES (?, ?, coalesce((SELECT min(valid_from) FROM `+table+` WHERE camera = ? AND valid_from > ?), ?)`+strings.Repeat(", ?", len(values))+`)
		ON CONFLICT (camera, valid_from) DO UPDATE SET `+strings.Join(set, ", "),
		append([]any{string(cam), int64(from), string(cam), int64(from), int64(timeline.Forever)}, values...)...)
}
