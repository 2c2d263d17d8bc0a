package index

import (
	"context"
	"fmt"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// A cause interval's reach bounds how far before a window a look-up must start
// to meet it. Most intervals are short; the few long ones and the open ones
// stand apart, so that a year of a flapping camera does not have to be read to
// answer for an hour of it.
var reaches = []timeline.Micros{timeline.Hour, timeline.Day, timeline.Forever}

func reachOf(s timeline.Span) int {
	for i, r := range reaches {
		if s.Len() <= r {
			return i
		}
	}
	return len(reaches) - 1
}

// AppendCauses appends entries to the log of cause intervals, all or none. An
// entry with the ID of an earlier one takes its place: so an open interval
// (Span.To = timeline.Forever) is closed, or with an empty span withdrawn. An entry that was appended before
// changes nothing, and an open entry never takes the place of a closed one, so
// the log may be replayed in any order and more than once.
func (db *DB) AppendCauses(ctx context.Context, entries ...CauseInterval) error {
	for _, c := range entries {
		if _, err := timeline.ParseCause(string(c.Cause)); err != nil {
			return fmt.Errorf("cause interval %s: %w", c.ID, err)
		}
		if _, err := media.ParseStreamID(string(c.Stream)); err != nil {
			return fmt.Errorf("cause interval %s: %w", c.ID, err)
		}
		if c.ID == "" || c.Span.To < c.Span.From || c.Span.To > timeline.Forever {
			return fmt.Errorf("cause interval %q of %s: id or span is invalid", c.ID, c.Stream)
		}
	}
	err := db.w.do(ctx, derived, func(ctx context.Context, tx *tx) error {
		for _, c := range entries {
			if err := tx.appendCause(ctx, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("append cause intervals: %w", err)
	}
	return nil
}

func (t *tx) appendCause(ctx context.Context, c CauseInterval) error {
	no, err := t.streamNo(ctx, c.Stream)
	if err != nil {
		return err
	}
	var same, closed int64
	if _, err := t.one(ctx, `SELECT
			coalesce(sum(stream_no = ? AND from_us = ? AND to_us = ? AND cause = ? AND source = ?), 0),
			coalesce(sum(to_us < ?), 0)
		FROM causes WHERE id = ?`,
		[]any{no, int64(c.Span.From), int64(c.Span.To), string(c.Cause), c.Source, int64(timeline.Forever), c.ID},
		&same, &closed); err != nil {
		return err
	}
	if same > 0 || closed > 0 && c.Span.To == timeline.Forever {
		return nil
	}
	rev := int64(t.nextRev())
	if err := t.exec(ctx, `UPDATE causes SET until_rev = ? WHERE id = ? AND until_rev = 0`, rev, c.ID); err != nil {
		return err
	}
	return t.exec(ctx, `INSERT INTO causes (id, rev, until_rev, stream_no, from_us, to_us, cause, source, reach)
		VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?)`,
		c.ID, rev, no, int64(c.Span.From), int64(c.Span.To), string(c.Cause), c.Source, reachOf(c.Span))
}

// Causes returns the current entries that share a moment with span, by start.
func (db *DB) Causes(ctx context.Context, stream media.StreamID, span timeline.Span) ([]CauseInterval, error) {
	out, err := db.causesOf(ctx, []media.StreamID{stream}, span)
	if err != nil {
		return nil, fmt.Errorf("causes of %s: %w", stream, err)
	}
	return out, nil
}

// causesOf does so for several streams at once.
func (db *DB) causesOf(ctx context.Context, streams []media.StreamID, span timeline.Span) ([]CauseInterval, error) {
	if span.Empty() || len(streams) == 0 {
		return nil, nil
	}
	in, names := oneOf(streams)
	part := `SELECT c.id, s.stream, c.from_us, c.to_us, c.cause, c.source
		FROM streams s JOIN causes c ON c.stream_no = s.no
		WHERE s.stream IN ` + in + ` AND c.until_rev = 0 AND c.reach = ? AND c.from_us >= ? AND c.from_us < ? AND c.to_us > ? AND c.to_us > c.from_us`
	var args []any
	for i, reach := range reaches {
		args = append(append(args, names...), i, int64(span.From-min(reach, span.From)), int64(span.To), int64(span.From))
	}
	rows, err := db.query(ctx, part+` UNION ALL `+part+` UNION ALL `+part+` ORDER BY 3, 1`, args...)
	if err != nil {
		return nil, err
	}
	var out []CauseInterval
	err = each(rows, func(scan scanner) error {
		var c CauseInterval
		if err := scan(&c.ID, &c.Stream, &c.Span.From, &c.Span.To, &c.Cause, &c.Source); err != nil {
			return err
		}
		out = append(out, c)
		return nil
	})
	return out, err
}

// OpenCauses returns the current entries that have not ended, of all streams:
// what a recorder that starts again has to close or to go on with.
func (db *DB) OpenCauses(ctx context.Context) ([]CauseInterval, error) {
	rows, err := db.query(ctx, `SELECT c.id, s.stream, c.from_us, c.to_us, c.cause, c.source
		FROM streams s JOIN causes c ON c.stream_no = s.no
		WHERE c.until_rev = 0 AND c.reach = ? AND c.to_us = ? ORDER BY s.stream, c.from_us, c.id`,
		len(reaches)-1, int64(timeline.Forever))
	if err != nil {
		return nil, fmt.Errorf("open causes: %w", err)
	}
	var out []CauseInterval
	err = each(rows, func(scan scanner) error {
		var c CauseInterval
		if err := scan(&c.ID, &c.Stream, &c.Span.From, &c.Span.To, &c.Cause, &c.Source); err != nil {
			return err
		}
		out = append(out, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("open causes: %w", err)
	}
	return out, nil
}
