package index

import (
	"context"
	"fmt"

	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// Erasure takes footage for good: of one stream, or of all streams of a camera. What
// starts in Span is hidden as soon as no hold keeps it: what is there now, what is added
// later (an upload that comes late, a rebuilt index), and what a hold lets go.
type Erasure struct {
	ID     string         // unique; the act's id
	Stream media.StreamID // set for one stream
	Camera media.CameraID // else set for all of a camera's
	Span   timeline.Span
}

// eraseAtOnce bounds one transaction, and so how long recorders wait for it.
const eraseAtOnce = 1000

// Erase begins an erasure, and hides what it takes; it returns when that would survive a
// power cut, with how many rows are hidden now. The same ID again goes on.
func (db *DB) Erase(ctx context.Context, e Erasure) (hidden int, err error) {
	scope, err := (&Hold{Stream: e.Stream, Camera: e.Camera}).scope()
	if err == nil && (e.ID == "" || e.Span.Empty()) {
		err = fmt.Errorf("id or span is empty")
	}
	if err == nil {
		err = db.w.do(ctx, durable, func(ctx context.Context, tx *tx) error {
			return tx.exec(ctx, `INSERT INTO erasures (id, stream, from_us, to_us) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
				e.ID, scope, int64(e.Span.From), int64(e.Span.To))
		})
	}
	if err == nil {
		hidden, err = db.hideErased(ctx, e.ID, scope, e.Span)
	}
	if err != nil {
		return hidden, fmt.Errorf("erase %q: %w", e.ID, err)
	}
	return hidden, nil
}

// HideErased hides what holds kept from erasures and keep no longer.
func (db *DB) HideErased(ctx context.Context) (hidden int, err error) {
	list, err := db.Erasures(ctx)
	if err != nil {
		return 0, err
	}
	for _, e := range list {
		scope, err := (&Hold{Stream: e.Stream, Camera: e.Camera}).scope()
		n := 0
		if err == nil {
			n, err = db.hideErased(ctx, e.ID, scope, e.Span)
		}
		if hidden += n; err != nil {
			return hidden, fmt.Errorf("erase %q: %w", e.ID, err)
		}
	}
	return hidden, nil
}

// ofErasure selects the rows that an erasure takes: segments g of streams s.
const ofErasure = fromRows + ` WHERE s.stream IN (?, ?, ?, ?) AND g.start_us >= ? AND g.start_us < ?`

// erasureArgs are those of ofErasure. A scope is a stream, or a camera for all of its
// streams: there is no stream by the other's names.
func erasureArgs(scope string, span timeline.Span) []any {
	return []any{scope, scope + ".0", scope + ".1", scope + ".2", int64(span.From), int64(span.To)}
}

// notHeld leaves out what a hold keeps, of a stream or of its camera (18 characters).
const notHeld = ` AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.stream IN (s.stream, substr(s.stream, 1, 18))
	AND h.from_us < g.start_us + g.dur_us AND h.to_us > g.start_us)`

// hideErased hides a part at a time.
func (db *DB) hideErased(ctx context.Context, id, scope string, span timeline.Span) (hidden int, err error) {
	for {
		var part []Row
		err := db.w.do(ctx, durable, func(ctx context.Context, tx *tx) error {
			part = part[:0]
			res, err := tx.query(ctx, `SELECT `+rowColumns+ofErasure+` AND g.until_rev = 0`+notHeld+` LIMIT ?`,
				append(erasureArgs(scope, span), eraseAtOnce)...)
			if err != nil {
				return err
			}
			err = each(res, func(scan scanner) error {
				r, err := scanRow(scan)
				part = append(part, r)
				return err
			})
			if err != nil || len(part) == 0 {
				return err
			}
			rev := tx.nextRev()
			for i := range part {
				if ok, err := tx.hide(ctx, part[i].ID, rev); err != nil || !ok {
					return fmt.Errorf("%s: held meanwhile, or: %w", part[i].Key(), err)
				}
				if err := tx.putErased(ctx, id, &part[i]); err != nil {
					return err
				}
			}
			return nil
		})
		if hidden += len(part); err != nil || len(part) < eraseAtOnce {
			return hidden, err
		}
	}
}

// putErased notes what an erasure took.
func (t *tx) putErased(ctx context.Context, id string, r *Row) error {
	return t.exec(ctx, `INSERT INTO erased (erasure, stream_no, start_us, boot, seq, epoch, dur_us, bytes, sha256)
		VALUES (?, (SELECT no FROM streams WHERE stream = ?), ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		id, string(r.Stream), int64(r.Span.From), int64(r.Boot), int64(r.Seq), int64(r.Epoch), int64(r.Span.Len()), r.Bytes, r.SHA256[:])
}

// erasing returns the erasure that takes a row which is being added, or "" if there is
// none or a hold keeps the row.
func (t *tx) erasing(ctx context.Context, r *Row) (id string, err error) {
	found, err := t.one(ctx, `SELECT id FROM erasures WHERE stream IN (?, ?) AND from_us <= ? AND to_us > ? LIMIT 1`,
		[]any{string(r.Stream), string(r.Stream.Camera()), int64(r.Span.From), int64(r.Span.From)}, &id)
	if err != nil || !found {
		return "", err
	}
	var n int64
	_, err = t.one(ctx, `SELECT count(*) FROM holds WHERE stream IN (?, ?) AND from_us < ? AND to_us > ?`,
		[]any{string(r.Stream), string(r.Stream.Camera()), int64(r.Span.To), int64(r.Span.From)}, &n)
	if err != nil || n > 0 {
		return "", err
	}
	return id, nil
}

// Erasures lists all erasures by their ids.
func (db *DB) Erasures(ctx context.Context) ([]Erasure, error) {
	rows, err := db.query(ctx, `SELECT id, stream, from_us, to_us FROM erasures ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("list erasures: %w", err)
	}
	var out []Erasure
	err = each(rows, func(scan scanner) error {
		var e Erasure
		var scope string
		if err := scan(&e.ID, &scope, &e.Span.From, &e.Span.To); err != nil {
			return err
		}
		if s, err := media.ParseStreamID(scope); err == nil {
			e.Stream = s
		} else {
			e.Camera = media.CameraID(scope)
		}
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list erasures: %w", err)
	}
	return out, nil
}

// ErasedHidden returns hidden rows that erasures took and whose bytes are still to be
// deleted, oldest first, at most limit.
func (db *DB) ErasedHidden(ctx context.Context, limit int) ([]Row, error) {
	rows, err := db.rows(ctx, `SELECT `+rowColumns+fromRows+`WHERE g.state = 3 AND EXISTS (SELECT 1 FROM erased e
		WHERE e.stream_no = g.stream_no AND e.start_us = g.start_us AND e.boot = g.boot AND e.seq = g.seq AND e.epoch = g.epoch)
		ORDER BY g.start_us, g.stream_no, g.boot, g.seq LIMIT ?`, limit)
	if err != nil {
		return nil, fmt.Errorf("list what is to be erased: %w", err)
	}
	return rows, nil
}

// Erased is one segment that an erasure took.
type Erased struct {
	segment.ID
	Span   timeline.Span
	Bytes  int64
	SHA256 [32]byte
}

// ErasedBy returns what an erasure took so far, by stream and time.
func (db *DB) ErasedBy(ctx context.Context, id string) ([]Erased, error) {
	rows, err := db.query(ctx, `SELECT s.stream, e.start_us, e.boot, e.seq, e.epoch, e.dur_us, e.bytes, e.sha256
		FROM erased e JOIN streams s ON s.no = e.stream_no WHERE e.erasure = ? ORDER BY s.stream, e.start_us, e.boot, e.seq, e.epoch`, id)
	if err != nil {
		return nil, fmt.Errorf("what %q erased: %w", id, err)
	}
	var out []Erased
	err = each(rows, func(scan scanner) error {
		var e Erased
		var dur timeline.Micros
		var sha []byte
		if err := scan(&e.Stream, &e.Span.From, &e.Boot, &e.Seq, &e.Epoch, &dur, &e.Bytes, &sha); err != nil {
			return err
		}
		e.Span.To = e.Span.From + dur
		copy(e.SHA256[:], sha)
		out = append(out, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("what %q erased: %w", id, err)
	}
	return out, nil
}

// ErasureLeft counts what an erasure has still to do: rows hidden whose bytes are to be
// deleted, and rows that holds keep.
func (db *DB) ErasureLeft(ctx context.Context, id string) (hidden, held int, err error) {
	var scope string
	var span timeline.Span
	found, err := db.one(ctx, `SELECT stream, from_us, to_us FROM erasures WHERE id = ?`, []any{id}, &scope, &span.From, &span.To)
	if err == nil && !found {
		err = ErrNotExist
	}
	if err == nil {
		_, err = db.one(ctx, `SELECT coalesce(sum(CASE WHEN g.until_rev <> 0 THEN 1 ELSE 0 END), 0),
			coalesce(sum(CASE WHEN g.until_rev = 0 THEN 1 ELSE 0 END), 0)`+ofErasure, erasureArgs(scope, span), &hidden, &held)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("erasure %q: %w", id, err)
	}
	return hidden, held, nil
}

// ErasureHeld returns the rows that an erasure would take and holds keep.
func (db *DB) ErasureHeld(ctx context.Context, id string) ([]Row, error) {
	rows, err := db.rows(ctx, `SELECT `+rowColumns+` FROM erasures x JOIN streams s ON s.stream IN (x.stream, x.stream || '.0', x.stream || '.1', x.stream || '.2')
		JOIN segments g ON g.stream_no = s.no WHERE x.id = ? AND g.start_us >= x.from_us AND g.start_us < x.to_us AND g.until_rev = 0
		ORDER BY s.stream, g.start_us`, id)
	if err != nil {
		return nil, fmt.Errorf("what holds keep of erasure %q: %w", id, err)
	}
	return rows, nil
}
