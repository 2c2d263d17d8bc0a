package index

import (
	"context"
	"fmt"

	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// SetStored notes that the store has confirmed these segments. A row that is
// stored or expiring stays as it is; an unknown identity fails with
// ErrNotExist, and none is changed.
//
// It is synced, and the rows' own Add with it: the spool's copy is freed next,
// and after a power cut nobody would look for the row in the store.
func (db *DB) SetStored(ctx context.Context, ids ...segment.ID) error {
	err := db.w.do(ctx, durable, func(ctx context.Context, tx *tx) error {
		for _, id := range ids {
			var state State
			found, err := tx.one(ctx, `UPDATE segments SET state = CASE WHEN state = 1 THEN 2 ELSE state END
				WHERE stream_no = (SELECT no FROM streams WHERE stream = ?) AND epoch = ? AND boot = ? AND seq = ?
				RETURNING state`, idArgs(id), &state)
			if err != nil {
				return err
			}
			if !found {
				return fmt.Errorf("row %s %d-%d-%d: %w", id.Stream, id.Epoch, id.Boot, id.Seq, ErrNotExist)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mark as stored: %w", err)
	}
	return nil
}

// Hide takes rows out of all answers from a new revision on, as the first step
// of their deletion, and logs why in the same transaction; it returns when that
// would survive a power cut. Rows that overlap a hold stay and are returned.
// Unknown and hidden rows are passed over.
//
// A reader that asks as of an earlier revision still gets the row until Drop.
func (db *DB) Hide(ctx context.Context, why []CauseInterval, ids ...segment.ID) (held []segment.ID, err error) {
	err = db.w.do(ctx, durable, func(ctx context.Context, tx *tx) error {
		held = nil
		rev := tx.nextRev()
		for _, id := range ids {
			ok, err := tx.hide(ctx, id, rev)
			if err != nil {
				return err
			}
			if !ok {
				held = append(held, id)
			}
		}
		for _, c := range why {
			if err := tx.appendCause(ctx, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("hide rows: %w", err)
	}
	return held, nil
}

// hide reports false if a hold keeps the row.
func (t *tx) hide(ctx context.Context, id segment.ID, rev Rev) (bool, error) {
	var no, start, dur, bytes int64
	found, err := t.one(ctx, `SELECT stream_no, start_us, dur_us, bytes FROM segments
		WHERE stream_no = (SELECT no FROM streams WHERE stream = ?) AND epoch = ? AND boot = ? AND seq = ? AND until_rev = 0`,
		idArgs(id), &no, &start, &dur, &bytes)
	if err != nil || !found {
		return err == nil, err
	}
	var n int64
	if _, err := t.one(ctx, `SELECT count(*) FROM holds WHERE stream IN (?, ?) AND from_us < ? AND to_us > ?`,
		[]any{string(id.Stream), string(id.Stream.Camera()), start + dur, start}, &n); err != nil || n > 0 {
		return false, err
	}
	if err := t.exec(ctx, `UPDATE segments SET state = 3, until_rev = ?
		WHERE stream_no = ? AND epoch = ? AND boot = ? AND seq = ?`,
		int64(rev), no, int64(id.Epoch), int64(id.Boot), int64(id.Seq)); err != nil {
		return false, err
	}
	return true, t.tally(ctx, no, 0, -1, -bytes)
}

// tombstoneReach joins the traces of rows that were dropped at most this far
// apart, so that steady expiry leaves one trace a stream.
const tombstoneReach = timeline.Day

// Drop removes hidden rows, after their objects are gone. Rows that are unknown
// or visible are passed over: nothing visible is ever dropped.
func (db *DB) Drop(ctx context.Context, ids ...segment.ID) error {
	err := db.w.do(ctx, derived, func(ctx context.Context, tx *tx) error {
		traces := map[int64]*trace{} // by stream number
		for _, id := range ids {
			var no, start, dur int64
			var until Rev
			found, err := tx.one(ctx, `DELETE FROM segments
				WHERE stream_no = (SELECT no FROM streams WHERE stream = ?) AND epoch = ? AND boot = ? AND seq = ?
				AND until_rev <> 0 RETURNING stream_no, start_us, dur_us, until_rev`,
				idArgs(id), &no, &start, &dur, &until)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			tr := traces[no]
			if tr == nil {
				tr = &trace{}
				traces[no] = tr
			}
			tr.until = max(tr.until, until)
			tr.spans = append(tr.spans, timeline.Span{From: timeline.Micros(start), To: timeline.Micros(start + dur)})
		}
		for no, tr := range traces {
			for _, s := range timeline.Close(tr.spans, tombstoneReach) {
				if err := tx.addTombstone(ctx, no, s, tr.until); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("drop rows: %w", err)
	}
	return nil
}

// trace is what one Drop took from a stream.
type trace struct {
	spans []timeline.Span
	until Rev // the last revision that hid one of them
}

func (t *tx) addTombstone(ctx context.Context, no int64, s timeline.Span, until Rev) error {
	rows, err := t.query(ctx, `DELETE FROM removed WHERE stream_no = ? AND from_us <= ? AND to_us >= ?
		RETURNING from_us, to_us, until_rev`, no, int64(s.To+tombstoneReach), int64(s.From-tombstoneReach))
	if err != nil {
		return err
	}
	err = each(rows, func(scan scanner) error {
		var o timeline.Span
		var r Rev
		if err := scan(&o.From, &o.To, &r); err != nil {
			return err
		}
		s = timeline.Span{From: min(s.From, o.From), To: max(s.To, o.To)}
		until = max(until, r)
		return nil
	})
	if err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO removed (stream_no, from_us, to_us, until_rev) VALUES (?, ?, ?, ?)`,
		no, int64(s.From), int64(s.To), int64(until))
}
