package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"qianshao/registry/label"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Lifecycle is the camera's standing; State is its streams'.
type Lifecycle string

// The lifecycle of a camera. An active one is to be recorded, no other is. The footage
// of one that was stays to the end of its retention, unless the household has
// withdrawn.
const (
	Imported       Lifecycle = "imported"       // its record is there, nobody has looked at the camera
	Probing        Lifecycle = "probing"        // it is being looked at
	PendingReview  Lifecycle = "pending_review" // it was seen, and waits for somebody to accept it
	Active         Lifecycle = "active"
	Suspended      Lifecycle = "suspended"
	Withdrawn      Lifecycle = "withdrawn"      // the household wants it no longer
	Decommissioned Lifecycle = "decommissioned" // it was taken down
)

// Lifecycles are all of them, in the order in which a camera goes through them.
var Lifecycles = []Lifecycle{Imported, Probing, PendingReview, Active, Suspended, Withdrawn, Decommissioned}

// following says which lifecycle may follow which. What the household has withdrawn
// comes back by a new consent alone (Upsert).
var following = map[Lifecycle][]Lifecycle{
	Imported:       {Probing, Withdrawn, Decommissioned},
	Probing:        {PendingReview, Imported, Withdrawn, Decommissioned},
	PendingReview:  {Active, Imported, Probing, Withdrawn, Decommissioned},
	Active:         {Suspended, Withdrawn, Decommissioned},
	Suspended:      {Active, Withdrawn, Decommissioned},
	Withdrawn:      {Decommissioned},
	Decommissioned: {Imported, Withdrawn},
}

// By says who takes a step, and why.
type By struct {
	Actor  string // the account, or "operator", "system"
	Reason string // one line, at most 256 characters
}

// Step is one change of a camera's lifecycle.
type Step struct {
	At   timeline.Micros `json:"at"`
	From Lifecycle       `json:"from,omitempty"` // empty: it was new
	To   Lifecycle       `json:"to"`
	By
}

// StepError is returned by Move for a lifecycle that may not follow the present one.
type StepError struct {
	From, To Lifecycle
}

func (e *StepError) Error() string {
	return fmt.Sprintf("a camera that is %s cannot become %s; it may become %v", e.From, e.To, following[e.From])
}

// ErrReason is returned by Move where By.Reason is too long or has more than one line.
var ErrReason = errors.New("give the reason on one line, in at most 256 characters")

// Moved answers for one camera of Move.
type Moved struct {
	Camera media.CameraID
	From   Lifecycle
	// Err is nil where it has moved, or was there already; else it is a *StepError or
	// wraps ErrUnknown.
	Err error
}

// Move changes the lifecycle of cameras, each as far as it may, and answers for each in
// order. It is durable then; the supervisor follows at once. The error wraps
// ErrUnconfirmed as Upsert's does.
func (r *Registry) Move(ctx context.Context, to Lifecycle, by By, ids ...media.CameraID) ([]Moved, error) {
	if label.Check(by.Reason, label.Reason) != nil {
		return nil, ErrReason
	}
	out := make([]Moved, 0, len(ids))
	for part := range slices.Chunk(ids, draftsAtOnce) {
		var moved []Moved
		err := r.write(ctx, func(tx *sql.Tx) (changed bool, err error) {
			w := writer{r: r, tx: tx, now: r.now()}
			defer w.close()
			moved = moved[:0]
			for _, id := range part {
				m, err := w.move(ctx, id, to, by)
				if err != nil {
					return false, err
				}
				changed = changed || m.Err == nil && m.From != to
				moved = append(moved, m)
			}
			return changed, nil
		})
		if err != nil {
			return out, fmt.Errorf("move cameras: %w", err)
		}
		out = append(out, moved...)
	}
	for _, m := range out {
		if m.Err == nil && m.From == Active && to != Active {
			for n := range 3 { // main, sub, sub2
				r.ForgetState(m.Camera.Stream(n))
			}
		}
	}
	if err := r.ship(ctx); err != nil {
		return out, fmt.Errorf("move cameras: %w: %w", ErrUnconfirmed, err)
	}
	return out, nil
}

func (w *writer) move(ctx context.Context, id media.CameraID, to Lifecycle, by By) (Moved, error) {
	list, err := w.r.cameras(ctx, w.tx, `WHERE c.id = ?`, string(id))
	if err != nil {
		return Moved{}, err
	}
	if len(list) == 0 {
		return Moved{Camera: id, Err: fmt.Errorf("camera %s: %w", id, ErrUnknown)}, nil
	}
	old := &list[0]
	m := Moved{Camera: id, From: old.Lifecycle}
	if old.Lifecycle == to {
		return m, nil
	}
	if !slices.Contains(following[old.Lifecycle], to) {
		m.Err = &StepError{From: old.Lifecycle, To: to}
		return m, nil
	}
	cam := *old
	cam.Lifecycle = to
	return m, errors.Join(w.put(ctx, old, &cam, by), w.putActs(ctx, old, &cam, by.Actor))
}

// putStep writes a step down.
func (w *writer) putStep(ctx context.Context, cam media.CameraID, from, to Lifecycle, by By) error {
	return w.exec(ctx, `INSERT INTO lifecycle_steps (camera, n, at_us, from_state, to_state, actor, reason)
		SELECT ?, 1 + coalesce(max(n), 0), ?, ?, ?, ?, ? FROM lifecycle_steps WHERE camera = ?`,
		string(cam), int64(w.now), string(from), string(to), by.Actor, by.Reason, string(cam))
}

// Steps returns a camera's life so far, the oldest step first. Of cameras from before
// steps were written down the first are missing.
func (r *Registry) Steps(ctx context.Context, id media.CameraID) ([]Step, error) {
	rows, err := r.db.R().QueryContext(ctx, `SELECT at_us, from_state, to_state, actor, reason FROM lifecycle_steps WHERE camera = ? ORDER BY n`, string(id))
	if err != nil {
		return nil, fmt.Errorf("life of camera %s: %w", id, r.db.Explain(err))
	}
	defer func() { _ = rows.Close() }()
	var out []Step
	for rows.Next() {
		var s Step
		if err := rows.Scan(&s.At, &s.From, &s.To, &s.Actor, &s.Reason); err != nil {
			return nil, fmt.Errorf("life of camera %s: %w", id, err)
		}
		out = append(out, s)
	}
	return out, r.db.Explain(rows.Err())
}

// CountByLifecycle counts a carrier's cameras, or all with "".
func (r *Registry) CountByLifecycle(ctx context.Context, carrier string) (map[Lifecycle]int, error) {
	rows, err := r.db.R().QueryContext(ctx, `SELECT lifecycle, count(*) FROM cameras WHERE ? = '' OR carrier = ? GROUP BY lifecycle`, carrier, carrier)
	if err != nil {
		return nil, fmt.Errorf("count cameras: %w", r.db.Explain(err))
	}
	defer func() { _ = rows.Close() }()
	out := map[Lifecycle]int{}
	for rows.Next() {
		var l Lifecycle
		var n int
		if err := rows.Scan(&l, &n); err != nil {
			return nil, fmt.Errorf("count cameras: %w", err)
		}
		out[l] = n
	}
	return out, r.db.Explain(rows.Err())
}
