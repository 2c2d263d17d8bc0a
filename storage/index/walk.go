package index

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"iter"
	"slices"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// pageRows is how many rows a walk reads at once: a read transaction never
// lasts longer than a page, so that a slow caller does not hold back the
// database's clean-up.
const pageRows = 256

// ByState returns up to limit rows in a state, oldest first over all streams,
// behind after in that order (nil: from the first). It is meant for Spooled,
// the queue of uploads, and Expiring, unfinished deletions; asking for Stored
// reads the whole table.
func (db *DB) ByState(ctx context.Context, state State, after *Row, limit int) ([]Row, error) {
	text := `SELECT ` + rowColumns + fromRows + ` WHERE g.state = ?`
	if state != Stored {
		text += ` AND g.state <> 2` // says that the partial index serves
	}
	args := []any{int64(state)}
	if after != nil {
		text += ` AND (g.start_us, g.stream_no, g.boot, g.seq, g.epoch) >
			(?, coalesce((SELECT no FROM streams WHERE stream = ?), 0), ?, ?, ?)`
		args = append(args, int64(after.Span.From), string(after.Stream), int64(after.Boot), int64(after.Seq), int64(after.Epoch))
	}
	text += ` ORDER BY g.start_us, g.stream_no, g.boot, g.seq, g.epoch LIMIT ?`
	rows, err := db.rows(ctx, text, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("rows in state %d: %w", state, err)
	}
	return rows, nil
}

// Page returns up to limit rows of a stream, hidden ones too, in order of
// start, boot, seq, epoch, behind after (nil: from the first).
func (db *DB) Page(ctx context.Context, stream media.StreamID, after *Row, limit int) ([]Row, error) {
	return db.page(ctx, stream, after, limit, ``)
}

const (
	keyOrder  = ` ORDER BY g.start_us, g.boot, g.seq, g.epoch LIMIT ?`
	visible   = ` AND g.until_rev = 0`
	behindKey = ` AND (g.start_us, g.boot, g.seq, g.epoch) > (?, ?, ?, ?)`
)

// page is Page with a further condition and its arguments.
func (db *DB) page(ctx context.Context, stream media.StreamID, after *Row, limit int, where string, wants ...any) ([]Row, error) {
	text := `SELECT ` + rowColumns + fromRows + ` WHERE s.stream = ?` + where
	args := append([]any{string(stream)}, wants...)
	if after != nil {
		text += behindKey
		args = append(args, int64(after.Span.From), int64(after.Boot), int64(after.Seq), int64(after.Epoch))
	}
	rows, err := db.rows(ctx, text+keyOrder, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("rows of %s: %w", stream, err)
	}
	return rows, nil
}

// All yields every row, hidden ones too, ordered by stream, start, boot, seq.
// Rows that are added or dropped during the walk may or may not be met.
func (db *DB) All(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		streams, err := db.Streams(ctx)
		if err != nil {
			yield(Row{}, err)
			return
		}
		for _, s := range streams {
			for r, err := range db.pages(ctx, s.Stream, pageRows, ``) {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// pages yields a stream's rows, a page at a time.
func (db *DB) pages(ctx context.Context, stream media.StreamID, size int, where string, wants ...any) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		var after *Row
		for {
			rows, err := db.page(ctx, stream, after, size, where, wants...)
			if err != nil {
				yield(Row{}, err)
				return
			}
			for _, r := range rows {
				if !yield(r, nil) {
					return
				}
			}
			if len(rows) < size {
				return
			}
			after = &rows[len(rows)-1]
		}
	}
}

// Visible yields a stream's visible rows that start before a moment, oldest
// start first.
func (db *DB) Visible(ctx context.Context, stream media.StreamID, before timeline.Micros) iter.Seq2[Row, error] {
	return db.pages(ctx, stream, pageRows, visible+` AND g.start_us < ?`, int64(before))
}

// OldestFirst yields the visible rows of all streams, oldest start first.
func (db *DB) OldestFirst(ctx context.Context) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		streams, err := db.Streams(ctx)
		if err != nil {
			yield(Row{}, err)
			return
		}
		var m merge
		for _, st := range streams {
			c := &cursor{db: db, stream: st.Stream}
			more, err := c.advance(ctx)
			if err != nil {
				yield(Row{}, err)
				return
			}
			if more {
				m = append(m, c)
			}
		}
		heap.Init(&m)
		for len(m) > 0 {
			if !yield(m[0].page[0], nil) {
				return
			}
			more, err := m[0].advance(ctx)
			switch {
			case err != nil:
				yield(Row{}, err)
				return
			case more:
				heap.Fix(&m, 0)
			default:
				heap.Pop(&m)
			}
		}
	}
}

// cursor is one stream's place in OldestFirst: page[0] is its next row.
type cursor struct {
	db     *DB
	stream media.StreamID
	page   []Row
	last   bool // no page follows
}

// cursorRows is small: a pass that frees little reads little of each stream.
const cursorRows = 8

func (c *cursor) advance(ctx context.Context) (more bool, err error) {
	if len(c.page) > 1 {
		c.page = c.page[1:]
		return true, nil
	}
	if c.last {
		return false, nil
	}
	var after *Row
	if len(c.page) == 1 {
		after = &c.page[0]
	}
	c.page, err = c.db.page(ctx, c.stream, after, cursorRows, visible)
	c.last = len(c.page) < cursorRows
	return len(c.page) > 0, err
}

// merge is a heap of cursors by the start of their rows.
type merge []*cursor

func (m merge) Len() int { return len(m) }
func (m merge) Less(i, j int) bool {
	a, b := &m[i].page[0], &m[j].page[0]
	return cmp.Or(cmp.Compare(a.Span.From, b.Span.From), cmp.Compare(a.Stream, b.Stream)) < 0
}
func (m merge) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)   { *m = append(*m, x.(*cursor)) }
func (m *merge) Pop() any {
	last := len(*m) - 1
	c := (*m)[last]
	*m = slices.Delete(*m, last, last+1)
	return c
}

// Recorded returns the bytes of the visible rows that start in span.
func (db *DB) Recorded(ctx context.Context, stream media.StreamID, span timeline.Span) (int64, error) {
	var n int64
	_, err := db.one(ctx, `SELECT coalesce(sum(g.bytes), 0)`+fromRows+
		` WHERE s.stream = ? AND g.start_us >= ? AND g.start_us < ? AND g.until_rev = 0`,
		[]any{string(stream), int64(span.From), int64(span.To)}, &n)
	if err != nil {
		return 0, fmt.Errorf("bytes of %s: %w", stream, err)
	}
	return n, nil
}
