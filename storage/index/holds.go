package index

import (
	"context"
	"fmt"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Hold keeps footage from being hidden and deleted: of one stream, or of all
// streams of a camera. Hide looks at the holds in the transaction that hides.
type Hold struct {
	ID     string         // unique; the act's id
	Stream media.StreamID // set for one stream
	Camera media.CameraID // else set for all of a camera's
	Span   timeline.Span
}

// Keeps reports whether the hold keeps a segment of this stream with this span.
func (h *Hold) Keeps(stream media.StreamID, span timeline.Span) bool {
	return (h.Stream == stream || h.Camera != "" && h.Camera == stream.Camera()) && h.Span.Overlaps(span)
}

func (h *Hold) scope() (string, error) {
	if h.Stream != "" {
		_, err := media.ParseStreamID(string(h.Stream))
		return string(h.Stream), err
	}
	_, err := media.ParseCameraID(string(h.Camera))
	return string(h.Camera), err
}

// Hold sets a hold, synced before it returns. The same ID again replaces it.
func (db *DB) Hold(ctx context.Context, h Hold) error {
	scope, err := h.scope()
	if err == nil && (h.ID == "" || h.Span.Empty()) {
		err = fmt.Errorf("id or span is empty")
	}
	if err == nil {
		err = db.w.do(ctx, durable, func(ctx context.Context, tx *tx) error {
			return tx.exec(ctx, `INSERT INTO holds (id, stream, from_us, to_us) VALUES (?, ?, ?, ?)
				ON CONFLICT (id) DO UPDATE SET stream = excluded.stream, from_us = excluded.from_us, to_us = excluded.to_us`,
				h.ID, scope, int64(h.Span.From), int64(h.Span.To))
		})
	}
	if err != nil {
		return fmt.Errorf("hold %q: %w", h.ID, err)
	}
	return nil
}

// Release ends a hold; an unknown one is no error.
func (db *DB) Release(ctx context.Context, id string) error {
	err := db.w.do(ctx, durable, func(ctx context.Context, tx *tx) error {
		return tx.exec(ctx, `DELETE FROM holds WHERE id = ?`, id)
	})
	if err != nil {
		return fmt.Errorf("release hold %q: %w", id, err)
	}
	return nil
}

// Holds lists all holds by their ids.
func (db *DB) Holds(ctx context.Context) ([]Hold, error) {
	rows, err := db.query(ctx, `SELECT id, stream, from_us, to_us FROM holds ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list holds: %w", err)
	}
	var out []Hold
	err = each(rows, func(scan scanner) error {
		var h Hold
		var scope string
		if err := scan(&h.ID, &scope, &h.Span.From, &h.Span.To); err != nil {
			return err
		}
		if s, err := media.ParseStreamID(scope); err == nil {
			h.Stream = s
		} else {
			h.Camera = media.CameraID(scope)
		}
		out = append(out, h)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list holds: %w", err)
	}
	return out, nil
}

// Seen reports whether the act with this id has taken effect here.
func (db *DB) Seen(ctx context.Context, id string) (bool, error) {
	var one int64
	found, err := db.one(ctx, `SELECT 1 FROM acts_seen WHERE id = ?`, []any{id}, &one)
	if err != nil {
		return false, fmt.Errorf("look up act %s: %w", id, err)
	}
	return found, nil
}

// SetSeen notes that acts have taken effect here; at is their time.
func (db *DB) SetSeen(ctx context.Context, at timeline.Micros, ids ...string) error {
	err := db.w.do(ctx, derived, func(ctx context.Context, tx *tx) error {
		for _, id := range ids {
			if err := tx.exec(ctx, `INSERT INTO acts_seen (id, at_us) VALUES (?, ?) ON CONFLICT (id) DO NOTHING`,
				id, int64(at)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note acts as seen: %w", err)
	}
	return nil
}
