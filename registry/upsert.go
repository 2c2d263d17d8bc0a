package registry

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"

	"qianshao/storage/media"
)

// Status is what became of one Draft.
type Status string

// The outcomes of a Draft, and of an Address.
const (
	Created   Status = "created"
	Updated   Status = "updated" // also a camera that is back
	Changed   Status = "changed" // of an Address
	Unchanged Status = "unchanged"
	Rejected  Status = "error"
)

// Outcome answers one Draft or Address. Field, Code and Message are set for Rejected.
type Outcome struct {
	Row      int            `json:"row,omitempty"`
	Camera   media.CameraID `json:"id,omitempty"`
	Carrier  string         `json:"carrier,omitempty"`
	DeviceID string         `json:"carrier_device_id,omitempty"`
	Status   Status         `json:"status"`
	Field    string         `json:"field,omitempty"`
	Code     string         `json:"code,omitempty"`
	Message  string         `json:"message,omitempty"`
}

// draftsAtOnce bounds a transaction: one sync for so many rows, while other
// processes wait no longer than that.
const draftsAtOnce = 500

// Upsert makes and changes cameras and answers each Draft in order; a bad one
// does not stop the others. What is answered is durable. If the store has not
// confirmed the acts that belong to it, the error wraps ErrUnconfirmed, with
// all outcomes there; any other error means that the Drafts without an outcome
// were not looked at.
func (r *Registry) Upsert(ctx context.Context, drafts []Draft) ([]Outcome, error) {
	outcomes := make([]Outcome, 0, len(drafts))
	for from := 0; from < len(drafts); from += draftsAtOnce {
		var part []Outcome
		err := r.write(ctx, func(tx *sql.Tx) (changed bool, err error) {
			part, changed, err = r.upsertPart(ctx, tx, drafts[from:min(from+draftsAtOnce, len(drafts))])
			return changed, err
		})
		if err != nil {
			return outcomes, fmt.Errorf("enter cameras: %w", err)
		}
		outcomes = append(outcomes, part...)
	}
	if err := r.ship(ctx); err != nil {
		return outcomes, fmt.Errorf("enter cameras: %w: %w", ErrUnconfirmed, err)
	}
	return outcomes, nil
}

// errDry ends the transaction of UpsertDry.
var errDry = errors.New("nothing is to be kept")

// UpsertDry answers as Upsert would, and changes nothing. The ids of cameras that would
// be made are not in the answers.
func (r *Registry) UpsertDry(ctx context.Context, drafts []Draft) (outcomes []Outcome, err error) {
	err = r.write(ctx, func(tx *sql.Tx) (bool, error) {
		if outcomes, _, err = r.upsertPart(ctx, tx, drafts); err != nil {
			return false, err
		}
		return false, errDry
	})
	if !errors.Is(err, errDry) {
		return nil, fmt.Errorf("try cameras: %w", err)
	}
	for i := range outcomes {
		if outcomes[i].Status == Created {
			outcomes[i].Camera = ""
		}
	}
	return outcomes, nil
}

func (r *Registry) upsertPart(ctx context.Context, tx *sql.Tx, drafts []Draft) (out []Outcome, changed bool, err error) {
	w := writer{r: r, tx: tx, now: r.now()}
	defer w.close()
	there, err := r.there(ctx, tx, drafts)
	if err != nil {
		return nil, false, err
	}
	for i := range drafts {
		d := drafts[i]
		d.Carrier = cmp.Or(d.Carrier, DefaultCarrier)
		o, err := r.upsertOne(ctx, &w, &d, there)
		var fe *FieldError
		if errors.As(err, &fe) {
			o.Status, o.Field, o.Code, o.Message = Rejected, fe.Field, fe.Code, fe.Message
		} else if err != nil {
			return nil, false, err
		}
		o.Row, o.Carrier, o.DeviceID = d.Row, d.Carrier, d.DeviceID
		changed = changed || o.Status == Created || o.Status == Updated
		out = append(out, o)
	}
	return out, changed, nil
}

// there are the cameras that drafts name and that there are, by carrier and device.
func (r *Registry) there(ctx context.Context, on querier, drafts []Draft) (map[[2]string]*Camera, error) {
	devices := map[string][]string{}
	for i := range drafts {
		carrier := cmp.Or(drafts[i].Carrier, DefaultCarrier)
		devices[carrier] = append(devices[carrier], drafts[i].DeviceID)
	}
	out := map[[2]string]*Camera{}
	for carrier, list := range devices {
		found, err := r.byDevice(ctx, on, carrier, list)
		if err != nil {
			return nil, err
		}
		for device, cam := range found {
			out[[2]string{carrier, device}] = &cam
		}
	}
	return out, nil
}

// upsertOne enters one draft; there has the cameras that there are, and this one then.
func (r *Registry) upsertOne(ctx context.Context, w *writer, d *Draft, there map[[2]string]*Camera) (Outcome, error) {
	if fe := checkRef(d.Carrier, d.DeviceID); fe != nil {
		return Outcome{}, fe
	}
	ref := [2]string{d.Carrier, d.DeviceID}
	old := there[ref]
	if old != nil && old.Lifecycle == Withdrawn {
		back, err := w.rejoins(ctx, old, d.Consent)
		if err != nil {
			return Outcome{}, err
		}
		if !back {
			return Outcome{}, &FieldError{"carrier_device_id", CodeWithdrawn, "the household has withdrawn this camera: leave the row out, or enter a consent that was signed since"}
		}
	}
	if d.Consent != nil {
		if fe := d.Consent.check(w.now); fe != nil {
			return Outcome{}, fe
		}
	}
	cam, bad := d.Merge(old)
	if bad = append(bad, found(d.within(r.cfg.MostDays))...); len(bad) > 0 {
		return Outcome{}, bad[0]
	}
	if err := w.gbFree(ctx, cam); err != nil {
		return Outcome{}, err
	}
	o := Outcome{Camera: cam.ID, Status: Created}
	if old != nil {
		o.Status = Unchanged
	}
	if old == nil || !cam.equal(old) {
		if old != nil {
			o.Status = Updated
		}
		if w.moved = 0; d.ValidFrom != 0 && (old == nil || !old.Place.equal(cam.Place)) {
			if err := w.movedAt(ctx, cam, d.ValidFrom); err != nil {
				return Outcome{}, err
			}
			w.moved = d.ValidFrom
		}
		by := By{Actor: d.Actor, Reason: "import"}
		if err := errors.Join(w.put(ctx, old, cam, by), w.putActs(ctx, old, cam, d.Actor)); err != nil {
			return o, err
		}
		there[ref] = cam
	}
	if d.Consent != nil {
		changed, err := w.putConsent(ctx, cam.ID, d.Consent, d.Actor)
		if err != nil {
			return o, err
		}
		if changed && o.Status == Unchanged {
			o.Status = Updated
		}
	}
	return o, nil
}

// Remove takes a camera down: it is Move to Decommissioned, for one camera. The error
// wraps ErrUnknown if there is no such camera, and ErrUnconfirmed as Upsert's does.
func (r *Registry) Remove(ctx context.Context, id media.CameraID, actor string) error {
	moved, err := r.Move(ctx, Decommissioned, By{Actor: actor}, id)
	if len(moved) == 1 && moved[0].Err != nil {
		err = errors.Join(moved[0].Err, err)
	}
	if err != nil {
		return fmt.Errorf("remove camera %s: %w", id, err)
	}
	return nil
}
