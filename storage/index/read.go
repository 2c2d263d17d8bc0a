package index

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"

	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// rowColumns are read by scanRow, from segments g joined with streams s.
const rowColumns = `s.stream, g.start_us, g.boot, g.seq, g.epoch, g.dur_us, g.rev, g.until_rev, g.state,
	g.bytes, g.foot_bytes, g.sha256, g.codecs, g.keyframes, g.frames, g.lost_pkts, g.clock_off, g.clock_unc, g.clock_flags`

const fromRows = ` FROM streams s JOIN segments g ON g.stream_no = s.no `

// scanner of rowColumns. The blobs are borrowed from the driver until the next
// row and copied into the Row's own memory.
func scanRow(scan scanner) (Row, error) {
	var (
		r         Row
		dur       int64
		sha, keys sql.RawBytes
	)
	err := scan(&r.Stream, &r.Span.From, &r.Boot, &r.Seq, &r.Epoch, &dur, &r.Rev, &r.UntilRev, &r.State,
		&r.Bytes, &r.FootBytes, &sha, &r.Codecs, &keys, &r.Frames, &r.LostPkts, &r.ClockOff, &r.ClockUnc, &r.ClockFlags)
	if err != nil {
		return Row{}, err
	}
	r.Span.To = r.Span.From + timeline.Micros(dur)
	if copy(r.SHA256[:], sha) != len(r.SHA256) {
		return Row{}, fmt.Errorf("row %s %d-%d-%d: checksum has %d bytes", r.Stream, r.Epoch, r.Boot, r.Seq, len(sha))
	}
	if r.Keyframes, err = decodeKeyframes(keys, r.Span.From); err != nil {
		return Row{}, fmt.Errorf("row %s %d-%d-%d: %w", r.Stream, r.Epoch, r.Boot, r.Seq, err)
	}
	return r, nil
}

// rows collects the rows of a query.
func (db *DB) rows(ctx context.Context, text string, args ...any) ([]Row, error) {
	res, err := db.query(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	var out []Row
	err = each(res, func(scan scanner) error {
		r, err := scanRow(scan)
		if err != nil {
			return err
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

// overlapping selects a stream's rows that share a moment with a span. A row
// starts at most max_dur_us before it ends, so this is one range of the key.
// Arguments: stream, from, to, from.
const (
	overlapping = ` WHERE s.stream = ?` + overlap
	overlap     = ` AND g.start_us > ? - s.max_dur_us AND g.start_us < ? AND g.start_us + g.dur_us > ? `
)

func overlapArgs(stream media.StreamID, span timeline.Span) []any {
	return []any{string(stream), int64(span.From), int64(span.To), int64(span.From)}
}

// Rows returns the visible rows whose span shares a moment with span, ordered
// by start, then boot, then seq. With asOf = 0 these are the rows visible now;
// else those that were visible at that revision, or ErrGone.
func (db *DB) Rows(ctx context.Context, stream media.StreamID, span timeline.Span, asOf Rev) ([]Row, error) {
	if span.Empty() {
		return nil, nil
	}
	const order = ` ORDER BY g.start_us, g.boot, g.seq, g.epoch`
	args := overlapArgs(stream, span)
	if asOf == 0 {
		rows, err := db.rows(ctx, `SELECT `+rowColumns+fromRows+overlapping+` AND g.until_rev = 0`+order, args...)
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", stream, err)
		}
		return rows, nil
	}
	rows, err := db.rows(ctx, `SELECT `+rowColumns+fromRows+overlapping+
		` AND g.rev <= ? AND (g.until_rev = 0 OR g.until_rev > ?)`+order, append(args, int64(asOf), int64(asOf))...)
	if err == nil {
		// Asked after the rows: a Drop in between is then seen.
		err = db.checkHonoured(ctx, stream, span, asOf)
	}
	if err != nil {
		return nil, fmt.Errorf("look up %s as of %d: %w", stream, asOf, err)
	}
	return rows, nil
}

func (db *DB) checkHonoured(ctx context.Context, stream media.StreamID, span timeline.Span, asOf Rev) error {
	if !db.honours(asOf) {
		return ErrGone
	}
	var n int64
	_, err := db.one(ctx, `SELECT count(*) FROM streams s JOIN removed d ON d.stream_no = s.no
		WHERE s.stream = ? AND d.from_us < ? AND d.to_us > ? AND d.until_rev > ?`,
		[]any{string(stream), int64(span.To), int64(span.From), int64(asOf)}, &n)
	if err != nil {
		return err
	}
	if n > 0 {
		return ErrGone
	}
	// What is erased is given to nobody, as of whatever revision.
	found, err := db.one(ctx, `SELECT 1`+fromRows+overlapping+` AND g.until_rev <> 0 AND g.rev <= ? AND EXISTS (SELECT 1 FROM erased e
		WHERE e.stream_no = g.stream_no AND e.start_us = g.start_us AND e.boot = g.boot AND e.seq = g.seq AND e.epoch = g.epoch) LIMIT 1`,
		append(overlapArgs(stream, span), int64(asOf)), &n)
	if err == nil && found {
		err = ErrGone
	}
	return err
}

// Changed returns the last revision that added, hid or dropped a row in the
// window, 0 if none ever did: with the query it makes a strong ETag, because a
// window whose first minute expired keeps the largest Rev among its rows.
// With asOf other than 0 it is the last such revision up to asOf.
func (db *DB) Changed(ctx context.Context, stream media.StreamID, span timeline.Span, asOf Rev) (Rev, error) {
	if asOf == 0 {
		asOf = math.MaxInt64
	}
	var rev Rev
	args := append([]any{int64(asOf)}, overlapArgs(stream, span)...)
	args = append(args, int64(asOf), string(stream), int64(span.To), int64(span.From), int64(asOf))
	_, err := db.one(ctx, `SELECT coalesce(max(v), 0) FROM (
			SELECT CASE WHEN g.until_rev <> 0 AND g.until_rev <= ? THEN g.until_rev ELSE g.rev END AS v `+
		fromRows+overlapping+` AND g.rev <= ?
			UNION ALL
			SELECT d.until_rev FROM streams s JOIN removed d ON d.stream_no = s.no
			WHERE s.stream = ? AND d.from_us < ? AND d.to_us > ? AND d.until_rev <= ?)`, args, &rev)
	if err != nil {
		return 0, fmt.Errorf("last change of %s: %w", stream, err)
	}
	return rev, nil
}

// Covered returns the moments of span that lie in visible rows, without
// reading their key frames.
func (db *DB) Covered(ctx context.Context, stream media.StreamID, span timeline.Span) ([]timeline.Span, error) {
	all, err := db.recordedOf(ctx, []media.StreamID{stream}, span)
	if err != nil {
		return nil, fmt.Errorf("coverage of %s: %w", stream, err)
	}
	if r := all[stream]; r != nil {
		return r.covered, nil
	}
	return nil, nil
}

// recorded is what the visible rows of a stream say of a window.
type recorded struct {
	covered []timeline.Span
	clock   clockReader
}

// recordedOf reads it of several streams at once.
func (db *DB) recordedOf(ctx context.Context, streams []media.StreamID, span timeline.Span) (map[media.StreamID]*recorded, error) {
	if span.Empty() || len(streams) == 0 {
		return nil, nil
	}
	in, args := oneOf(streams)
	res, err := db.query(ctx, `SELECT s.stream, g.start_us, g.start_us + g.dur_us, g.clock_off, g.clock_unc`+fromRows+
		`WHERE s.stream IN `+in+overlap+` AND g.until_rev = 0 ORDER BY s.stream, g.start_us, g.boot, g.seq, g.epoch`,
		append(args, overlapArgs("", span)[1:]...)...)
	if err != nil {
		return nil, err
	}
	out := map[media.StreamID]*recorded{}
	err = each(res, func(scan scanner) error {
		var stream media.StreamID
		var s timeline.Span
		var off, unc int64
		if err := scan(&stream, &s.From, &s.To, &off, &unc); err != nil {
			return err
		}
		r := out[stream]
		if r == nil {
			r = &recorded{}
			out[stream] = r
		}
		s = s.Intersect(span)
		r.clock.add(s, off, unc)
		if n := len(r.covered); n > 0 && s.From <= r.covered[n-1].To {
			r.covered[n-1].To = max(r.covered[n-1].To, s.To)
		} else {
			r.covered = append(r.covered, s)
		}
		return nil
	})
	return out, err
}

// oneOf is a list of streams as SQL has it, with its arguments.
func oneOf(streams []media.StreamID) (sql string, args []any) {
	for _, s := range streams {
		args = append(args, string(s))
	}
	return "(?" + strings.Repeat(", ?", len(streams)-1) + ")", args
}

// Nearest returns the footage next to a window without any: the visible row
// with the latest end among those that start before window.From, and the first
// that starts at or after window.To. Either is nil if there is none.
func (db *DB) Nearest(ctx context.Context, stream media.StreamID, window timeline.Span) (before, after *timeline.Span, err error) {
	read := func(text string, args ...any) (*timeline.Span, error) {
		var s timeline.Span
		found, err := db.one(ctx, text, args, &s.From, &s.To)
		if err != nil || !found {
			return nil, err
		}
		return &s, nil
	}
	const last = `SELECT g.start_us FROM segments g WHERE g.stream_no = s.no AND g.start_us < ?
		AND g.until_rev = 0 ORDER BY g.start_us DESC LIMIT 1`
	// The row that ends last starts at most max_dur_us before the last start.
	before, err = read(`SELECT g.start_us, g.start_us + g.dur_us`+fromRows+`
		WHERE s.stream = ? AND g.start_us < ? AND g.until_rev = 0 AND g.start_us >= (`+last+`) - s.max_dur_us
		ORDER BY g.start_us + g.dur_us DESC, g.start_us LIMIT 1`, string(stream), int64(window.From), int64(window.From))
	if err != nil {
		return nil, nil, fmt.Errorf("footage of %s before %s: %w", stream, window.From, err)
	}
	after, err = read(`SELECT g.start_us, g.start_us + g.dur_us`+fromRows+`
		WHERE s.stream = ? AND g.start_us >= ? AND g.until_rev = 0 ORDER BY g.start_us LIMIT 1`,
		string(stream), int64(window.To))
	if err != nil {
		return nil, nil, fmt.Errorf("footage of %s after %s: %w", stream, window.To, err)
	}
	return before, after, nil
}

// Get returns the row of an identity, hidden or not, or ErrNotExist.
func (db *DB) Get(ctx context.Context, id segment.ID) (Row, error) {
	rows, err := db.rows(ctx, `SELECT `+rowColumns+fromRows+
		` WHERE s.stream = ? AND g.epoch = ? AND g.boot = ? AND g.seq = ?`, idArgs(id)...)
	if err == nil && len(rows) == 0 {
		err = ErrNotExist
	}
	if err != nil {
		return Row{}, fmt.Errorf("row %s %d-%d-%d: %w", id.Stream, id.Epoch, id.Boot, id.Seq, err)
	}
	return rows[0], nil
}
