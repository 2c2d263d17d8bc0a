package registry

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"

	"qianshao/registry/label"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Consent is one text that was signed for a camera.
type Consent struct {
	ID      string          `json:"id"`  // n_…
	Ref     string          `json:"ref"` // the carrier's own number of it
	Version string          `json:"version"`
	Scope   string          `json:"scope,omitempty"` // what it allows, in words of the text
	Signed  timeline.Micros `json:"signed"`
	By      string          `json:"signed_by,omitempty"` // who signed
	Entered timeline.Micros `json:"entered"`
	Clerk   string          `json:"entered_by,omitempty"`
	Ended   timeline.Micros `json:"ended,omitempty"` // another took its place, or the household withdrew; 0: in force
	EndedBy string          `json:"ended_by,omitempty"`
}

// ConsentDraft is a consent as a list or a form brings it.
type ConsentDraft struct {
	Ref, Version, Scope string
	Signed              timeline.Micros
	By                  string
}

// check says what is wrong with it; nil: nothing.
func (c *ConsentDraft) check(now timeline.Micros) *FieldError {
	for _, f := range []struct{ column, text string }{{"consent_id", c.Ref}, {"consent_version", c.Version}} {
		if label.Empty(f.text) || label.Check(f.text, label.Name) != nil {
			return &FieldError{f.column, CodeNoConsent, "a consent needs consent_id, consent_version and consent_signed_at, each on one line"}
		}
	}
	if label.Check(c.Scope, label.Reason) != nil || label.Check(c.By, label.Name) != nil {
		return &FieldError{"consent_id", CodeBadText, badName}
	}
	switch {
	case c.Signed <= 0:
		return &FieldError{"consent_signed_at", CodeNoConsent, "say when it was signed, like 2026-11-23"}
	case c.Signed > now+timeline.Day: // the carrier's day may be further on
		return &FieldError{"consent_signed_at", CodeNoConsent, "it lies in the future: correct the date"}
	}
	return nil
}

// putConsent enters a consent, in place of the one in force; the same again changes
// nothing.
func (w *writer) putConsent(ctx context.Context, cam media.CameraID, c *ConsentDraft, actor string) (changed bool, err error) {
	in, err := consents(ctx, w.tx, cam)
	if err != nil {
		return false, err
	}
	if len(in) > 0 && in[0].Ended == 0 {
		if f := in[0]; f.Ref == c.Ref && f.Version == c.Version && f.Signed == c.Signed && f.Scope == c.Scope && f.By == c.By {
			return false, nil
		}
		if err := w.endConsent(ctx, cam, actor); err != nil {
			return false, err
		}
	}
	return true, w.exec(ctx, `INSERT INTO consents (id, camera, ref, version, scope, signed_us, signed_by, entered_us, entered_by, ended_us, ended_by)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, '')`, media.NewID("n_"), string(cam), c.Ref, c.Version, c.Scope, int64(c.Signed), c.By, int64(w.now), actor)
}

// endConsent ends the consent in force.
func (w *writer) endConsent(ctx context.Context, cam media.CameraID, actor string) error {
	return w.exec(ctx, `UPDATE consents SET ended_us = ?, ended_by = ? WHERE camera = ? AND ended_us = 0`, int64(w.now), actor, string(cam))
}

// Consents returns what was signed for a camera, the newest first.
func (r *Registry) Consents(ctx context.Context, camera media.CameraID) ([]Consent, error) {
	out, err := consents(ctx, r.db.R(), camera)
	if err != nil {
		return nil, fmt.Errorf("consents of camera %s: %w", camera, r.db.Explain(err))
	}
	return out, nil
}

func consents(ctx context.Context, on querier, camera media.CameraID) ([]Consent, error) {
	rows, err := on.QueryContext(ctx, `SELECT id, ref, version, scope, signed_us, signed_by, entered_us, entered_by, ended_us, ended_by
		FROM consents WHERE camera = ? ORDER BY CASE WHEN ended_us = 0 THEN 0 ELSE 1 END, entered_us DESC, id`, string(camera))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := []Consent{}
	for rows.Next() {
		var c Consent
		if err := rows.Scan(&c.ID, &c.Ref, &c.Version, &c.Scope, &c.Signed, &c.By, &c.Entered, &c.Clerk, &c.Ended, &c.EndedBy); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rows.Err()
}

// rejoins reports whether a draft brings a household back that has withdrawn: by a
// consent that was signed since, once its footage has gone.
func (w *writer) rejoins(ctx context.Context, cam *Camera, c *ConsentDraft) (bool, error) {
	if c == nil {
		return false, nil
	}
	var at, to sql.NullInt64
	err := w.tx.QueryRowContext(ctx, `SELECT max(at_us), max(to_us) FROM withdrawals WHERE camera = ?`, string(cam.ID)).Scan(&at, &to)
	since := timeline.Micros(cmp.Or(at.Int64, int64(cam.LeftAt)))
	return err == nil && c.Signed > since && w.now >= timeline.Micros(to.Int64), err
}
