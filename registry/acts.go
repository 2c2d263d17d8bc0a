package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"qianshao/storage/acts"
	"qianshao/storage/timeline"
)

// shipAtOnce bounds the acts handed to the store in one call.
const shipAtOnce = 1000

// putActs leaves in the outbox what the store must know of the change: an enrol
// act when a camera joins or the number of its streams changes, a place act
// when it moves, a remove act when it leaves.
func (w *writer) putActs(ctx context.Context, old, cam *Camera, actor string) error {
	act := acts.Act{
		ID: acts.NewID(), Camera: cam.ID, Source: "operator", Actor: actor, At: w.now,
		Span: timeline.Span{From: w.now, To: timeline.Forever}, Enrolled: enrolment(cam),
	}
	is, was := cam.Lifecycle == Active, old != nil && old.Lifecycle == Active
	switch {
	case !is && was, !is && old != nil && old.Lifecycle != cam.Lifecycle && old.EnrolledAt != 0:
		act.Kind, act.Enrolled, act.Lifecycle = acts.Remove, nil, string(cam.Lifecycle)
		act.Span.From = cam.LeftAt
	case !is:
		return nil // never recorded, nothing to know of it
	case !was:
		act.Kind = acts.Enrol
		act.Span.From = cam.EnrolledAt
	case len(old.Streams) != len(cam.Streams), old.Name != cam.Name, old.RetentionDays != cam.RetentionDays, old.Division != cam.Division,
		old.CommonName != cam.CommonName, old.Landmark != cam.Landmark:
		act.Kind = acts.Enrol
	case !old.Place.equal(cam.Place):
		act.Kind = acts.Place
	default:
		return nil // how to reach it is no act
	}
	if w.moved != 0 {
		switch act.Kind {
		case acts.Place:
			act.Span.From = w.moved
		case acts.Enrol: // two things at two times
			place := act
			place.ID, place.Kind, place.Span.From = acts.NewID(), acts.Place, w.moved
			if err := w.putAct(ctx, &place); err != nil {
				return err
			}
		}
	}
	return w.putAct(ctx, &act)
}

func (w *writer) putAct(ctx context.Context, act *acts.Act) error {
	text, err := json.Marshal(act)
	if err != nil {
		return err
	}
	return w.exec(ctx, `INSERT INTO outbox (id, at_us, act) VALUES (?, ?, ?)`, act.ID, int64(act.At), string(text))
}

func enrolment(c *Camera) *acts.Enrolment {
	e := &acts.Enrolment{Carrier: c.Carrier, Device: c.DeviceID, Name: c.Name, Keep: c.RetentionDays, Streams: len(c.Streams), Division: c.Division, CommonName: c.CommonName, Landmark: c.Landmark}
	if p := c.Place; p != nil {
		lon, lat := p.Lon, p.Lat
		e.Lon, e.Lat, e.Azimuth, e.FOV, e.Range = &lon, &lat, p.Azimuth, p.FOV, p.Range
		if p.Raw != nil {
			raw := *p.Raw
			e.System, e.RawLon, e.RawLat = string(p.System), &raw.Lon, &raw.Lat
		}
	}
	return e
}

// ship hands the outbox to the store, oldest first, and empties it. Without a
// sink the acts stay for a process that has one.
func (r *Registry) ship(ctx context.Context) error {
	if r.cfg.Acts == nil {
		return nil
	}
	r.ships.Lock()
	defer r.ships.Unlock()
	for {
		list, err := r.readOutbox(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		err = r.cfg.Acts.AppendWait(ctx, list...)
		if err == nil || errors.Is(err, acts.ErrNotShipped) { // taken: the log brings them to the store
			if err := r.clearOutbox(ctx, list); err != nil {
				return fmt.Errorf("empty the outbox: %w", err)
			}
		}
		if err != nil {
			return fmt.Errorf("hand %d acts to the store: %w", len(list), err)
		}
	}
}

func (r *Registry) clearOutbox(ctx context.Context, list []*acts.Act) error {
	return r.db.WriteTx(ctx, func(tx *sql.Tx) error {
		stmt, err := tx.PrepareContext(ctx, `DELETE FROM outbox WHERE id = ?`)
		if err != nil {
			return err
		}
		defer func() { _ = stmt.Close() }()
		for i := range list {
			if _, err := stmt.ExecContext(ctx, list[i].ID); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *Registry) readOutbox(ctx context.Context) ([]*acts.Act, error) {
	rows, err := r.db.R().QueryContext(ctx, `SELECT act FROM outbox ORDER BY at_us, id LIMIT ?`, shipAtOnce)
	if err != nil {
		return nil, fmt.Errorf("read the outbox: %w", r.db.Explain(err))
	}
	defer func() { _ = rows.Close() }()
	var list []*acts.Act
	for rows.Next() {
		var text []byte
		act := new(acts.Act)
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read the outbox: %w", err)
		}
		if err := json.Unmarshal(text, act); err != nil {
			return nil, fmt.Errorf("read the outbox: %w", err)
		}
		list = append(list, act)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the outbox: %w", r.db.Explain(err))
	}
	return list, nil
}
