package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"qianshao/registry/label"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// SiteZone is the site's clock: China has one, without summer time.
var SiteZone = time.FixedZone("Asia/Shanghai", 8*60*60)

// Pause is a time in which a camera is not recorded because its household wants it so:
// Span once, or some hours of every day within it.
type Pause struct {
	ID      string          `json:"id"` // p_…
	Camera  media.CameraID  `json:"-"`
	Span    timeline.Span   `json:"span"` // To = timeline.Forever: until it is ended
	Daily   *Hours          `json:"daily,omitempty"`
	By      By              `json:"by"`
	Entered timeline.Micros `json:"entered"`
}

// Hours are a part of the day, in minutes of the site's clock: From inclusive, To
// exclusive; To before From reaches over midnight.
type Hours struct {
	From int `json:"from"` // 0 to 1439
	To   int `json:"to"`   // 0 to 1439, not From
}

// ErrPause is wrapped for what cannot be a pause; the error says why.
var ErrPause = errors.New("not possible as a pause")

// check says whether a pause can be.
func (p *Pause) check(now timeline.Micros) error {
	bad := func(why string) error { return fmt.Errorf("%w: %s", ErrPause, why) }
	switch {
	case p.Span.Empty() || p.Span.From < 0 || p.Span.To > timeline.Forever:
		return bad("its end lies before its start")
	case p.Span.To <= now:
		return bad("it lies in the past")
	case p.Daily != nil && (p.Daily.From < 0 || p.Daily.From >= minutesADay || p.Daily.To < 0 || p.Daily.To >= minutesADay || p.Daily.From == p.Daily.To):
		return bad("its hours are no part of a day")
	case label.Check(p.By.Reason, label.Reason) != nil:
		return ErrReason
	}
	return nil
}

const minutesADay = 24 * 60

// at reports whether the pause holds at a moment, and when that changes next
// (timeline.Forever: never).
func (p *Pause) at(t timeline.Micros, zone *time.Location) (holds bool, next timeline.Micros) {
	switch {
	case t >= p.Span.To:
		return false, timeline.Forever
	case t < p.Span.From:
		return false, p.Span.From
	case p.Daily == nil:
		return true, p.Span.To
	}
	local := t.Time().In(zone)
	minute := local.Hour()*60 + local.Minute()
	h := p.Daily
	if h.From < h.To {
		holds = minute >= h.From && minute < h.To
	} else {
		holds = minute >= h.From || minute < h.To
	}
	edge := h.From
	if holds {
		edge = h.To
	}
	// The next moment at which the site's clock shows the edge. A zone that skips it has
	// the hour after.
	y, m, d := local.Date()
	at := time.Date(y, m, d, edge/60, edge%60, 0, 0, zone)
	if !at.After(local) {
		at = time.Date(y, m, d+1, edge/60, edge%60, 0, 0, zone)
	}
	return holds, min(timeline.FromTime(at), p.Span.To)
}

// PausedAt reports whether one of a camera's pauses holds at a moment, and when that
// may change next (timeline.Forever: never).
func PausedAt(list []Pause, t timeline.Micros, zone *time.Location) (paused bool, next timeline.Micros) {
	next = timeline.Forever
	for i := range list {
		holds, then := list[i].at(t, zone)
		paused, next = paused || holds, min(next, then)
	}
	return paused, next
}

// AddPause enters a pause and returns it with its id; it is durable then, and the
// supervisor follows at once. Span.From lies now at the earliest: what is recorded
// already is not paused. The error wraps ErrPause, ErrReason or ErrUnknown.
func (r *Registry) AddPause(ctx context.Context, p Pause) (Pause, error) {
	now := r.now()
	p.ID, p.Entered = media.NewID("p_"), now
	if p.Span.From < now {
		p.Span.From = now
	}
	if err := p.check(now); err != nil {
		return Pause{}, err
	}
	hours := Hours{}
	daily := 0
	if p.Daily != nil {
		hours, daily = *p.Daily, 1
	}
	err := r.write(ctx, func(tx *sql.Tx) (bool, error) {
		if err := known(ctx, tx, p.Camera); err != nil {
			return false, err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO pauses (id, camera, from_us, to_us, daily, from_min, to_min, actor, reason, entered_us)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, p.ID, string(p.Camera), int64(p.Span.From), int64(p.Span.To), daily, hours.From, hours.To,
			p.By.Actor, p.By.Reason, int64(p.Entered))
		return true, err
	})
	if err != nil {
		return Pause{}, fmt.Errorf("pause camera %s: %w", p.Camera, err)
	}
	return p, nil
}

// known checks that there is a camera; else the error is ErrUnknown.
func known(ctx context.Context, tx *sql.Tx, id media.CameraID) error {
	var one int
	err := tx.QueryRowContext(ctx, `SELECT 1 FROM cameras WHERE id = ?`, string(id)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrUnknown
	}
	return err
}

// EndPause ends a camera's pause now. One that has ended, or never was, changes
// nothing.
func (r *Registry) EndPause(ctx context.Context, camera media.CameraID, id string) error {
	now := int64(r.now())
	err := r.write(ctx, func(tx *sql.Tx) (bool, error) {
		res, err := tx.ExecContext(ctx, `UPDATE pauses SET to_us = CASE WHEN from_us > ? THEN from_us ELSE ? END
			WHERE id = ? AND camera = ? AND to_us > ?`, now, now, id, string(camera), now)
		if err != nil {
			return false, err
		}
		n, err := res.RowsAffected()
		return n > 0, err
	})
	if err != nil {
		return fmt.Errorf("end pause of camera %s: %w", camera, err)
	}
	return nil
}

// Pauses lists a camera's pauses that have not ended, or of all cameras with "", in the
// order in which they begin.
func (r *Registry) Pauses(ctx context.Context, camera media.CameraID) ([]Pause, error) {
	rows, err := r.db.R().QueryContext(ctx, `SELECT id, camera, from_us, to_us, daily, from_min, to_min, actor, reason, entered_us FROM pauses
		WHERE to_us > ? AND (? = '' OR camera = ?) ORDER BY from_us, id`, int64(r.now()), string(camera), string(camera))
	if err != nil {
		return nil, fmt.Errorf("list pauses: %w", r.db.Explain(err))
	}
	defer func() { _ = rows.Close() }()
	out := []Pause{}
	for rows.Next() {
		var p Pause
		var h Hours
		var daily int
		if err := rows.Scan(&p.ID, &p.Camera, &p.Span.From, &p.Span.To, &daily, &h.From, &h.To, &p.By.Actor, &p.By.Reason, &p.Entered); err != nil {
			return nil, fmt.Errorf("list pauses: %w", err)
		}
		if daily == 1 {
			p.Daily = &h
		}
		out = append(out, p)
	}
	return out, r.db.Explain(rows.Err())
}
