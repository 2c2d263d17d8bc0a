package index

import (
	"bytes"
	"context"
	"fmt"

	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// Add adds rows, all or none, and returns the revision in which they became
// visible. A row whose identity and checksum are known changes nothing, also
// when its state differs; a known identity with another checksum fails with
// ErrConflict. Rev and UntilRev of the arguments are ignored. State 0 is
// Spooled; a row added as Expiring is hidden from the start, for footage that
// came back after it was erased.
//
// The index keeps nothing of the arguments; only if ctx ended Add may they
// still be read.
func (db *DB) Add(ctx context.Context, rows ...Row) (Rev, error) {
	for i := range rows {
		if err := checkRow(&rows[i]); err != nil {
			return 0, err
		}
	}
	var rev Rev
	err := db.w.do(ctx, derived, func(ctx context.Context, tx *tx) error {
		a := adder{tx: tx, next: tx.rev + 1, totals: map[media.StreamID]*total{}}
		for i := range rows {
			if err := a.add(ctx, &rows[i]); err != nil {
				return err
			}
		}
		rev = tx.rev
		return a.tally(ctx)
	})
	if err != nil {
		return 0, fmt.Errorf("add to index: %w", err)
	}
	return rev, nil
}

func checkRow(r *Row) error {
	bad := func(why string) error {
		return fmt.Errorf("row %s %d-%d-%d: %s: %w", r.Stream, r.Epoch, r.Boot, r.Seq, why, ErrBadRow)
	}
	if _, err := media.ParseStreamID(string(r.Stream)); err != nil {
		return bad(err.Error())
	}
	switch {
	case r.Span.Empty() || r.Span.From < 0 || r.Span.To > timeline.Forever:
		return bad("span is empty or out of range")
	case r.Epoch > 1<<63-1 || r.Boot > 1<<63-1:
		return bad("identity is out of range")
	case r.State > Expiring:
		return bad("no such state")
	case len(r.Keyframes) > maxKeyframes/10:
		return bad("too many key frames")
	}
	for i := 1; i < len(r.Keyframes); i++ {
		if r.Keyframes[i] < r.Keyframes[i-1] {
			return bad("key frames do not ascend")
		}
	}
	return nil
}

// adder is one Add. All its rows get one revision.
type adder struct {
	*tx
	next   Rev
	totals map[media.StreamID]*total
}

// total is what an Add brings to a stream.
type total struct {
	no              int64
	dur             timeline.Micros // of the longest row
	segments, bytes int64           // not hidden
}

func (a *adder) add(ctx context.Context, r *Row) error {
	sum := a.totals[r.Stream]
	if sum == nil {
		no, err := a.streamNo(ctx, r.Stream)
		if err != nil {
			return err
		}
		sum = &total{no: no}
		a.totals[r.Stream] = sum
	}
	erasure, err := a.erasing(ctx, r)
	if err != nil {
		return err
	}
	if erasure != "" {
		hidden := *r
		hidden.State, r = Expiring, &hidden
	}
	added, err := a.insert(ctx, sum.no, r)
	if err != nil {
		return err
	}
	if !added {
		return a.same(ctx, r)
	}
	if erasure != "" {
		if err := a.putErased(ctx, erasure, r); err != nil {
			return err
		}
	}
	a.rev = a.next
	sum.dur = max(sum.dur, r.Span.Len())
	if r.State != Expiring {
		sum.segments++
		sum.bytes += r.Bytes
	}
	return nil
}

// insert reports false if the identity is taken.
func (a *adder) insert(ctx context.Context, no int64, r *Row) (bool, error) {
	state, until := r.State, Rev(0)
	switch state {
	case 0:
		state = Spooled
	case Expiring:
		until = a.next
	}
	n, err := a.execN(ctx, `INSERT INTO segments (stream_no, start_us, boot, seq, epoch, dur_us, rev, until_rev, state,
			bytes, foot_bytes, sha256, codecs, keyframes, frames, lost_pkts, clock_off, clock_unc, clock_flags)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		no, int64(r.Span.From), int64(r.Boot), int64(r.Seq), int64(r.Epoch), int64(r.Span.Len()),
		int64(a.next), int64(until), int64(state), r.Bytes, int64(r.FootBytes), r.SHA256[:], r.Codecs,
		encodeKeyframes([]byte{}, r.Span.From, r.Keyframes), int64(r.Frames), r.LostPkts,
		r.ClockOff, r.ClockUnc, int64(r.ClockFlags))
	return n > 0, err
}

// same fails unless the row of the identity has the same content.
func (a *adder) same(ctx context.Context, r *Row) error {
	var sha []byte
	_, err := a.one(ctx, `SELECT sha256 FROM segments
		WHERE stream_no = (SELECT no FROM streams WHERE stream = ?) AND epoch = ? AND boot = ? AND seq = ?`,
		idArgs(r.ID), &sha)
	if err != nil {
		return err
	}
	if !bytes.Equal(sha, r.SHA256[:]) {
		return fmt.Errorf("row %s %d-%d-%d: has %x, not %x: %w",
			r.Stream, r.Epoch, r.Boot, r.Seq, sha, r.SHA256, ErrConflict)
	}
	return nil
}

// tally adds the totals to the streams.
func (a *adder) tally(ctx context.Context) error {
	for _, t := range a.totals {
		if t.dur == 0 {
			continue // nothing was new
		}
		if err := a.tx.tally(ctx, t.no, t.dur, t.segments, t.bytes); err != nil {
			return err
		}
	}
	return nil
}

func idArgs(id segment.ID) []any {
	return []any{string(id.Stream), int64(id.Epoch), int64(id.Boot), int64(id.Seq)}
}

// streamNo returns the number of a stream, and gives it one if it is new.
func (t *tx) streamNo(ctx context.Context, s media.StreamID) (no int64, err error) {
	const find = `SELECT no FROM streams WHERE stream = ?`
	found, err := t.one(ctx, find, []any{string(s)}, &no)
	if err != nil || found {
		return no, err
	}
	if err := t.exec(ctx, `INSERT INTO streams (stream) VALUES (?)`, string(s)); err != nil {
		return 0, err
	}
	_, err = t.one(ctx, find, []any{string(s)}, &no)
	return no, err
}

// tally keeps what the streams table knows of its segments as a whole.
func (t *tx) tally(ctx context.Context, no int64, dur timeline.Micros, segments, bytes int64) error {
	return t.exec(ctx, `UPDATE streams SET max_dur_us = max(max_dur_us, ?), segments = segments + ?, bytes = bytes + ?
		WHERE no = ?`, int64(dur), segments, bytes, no)
}
