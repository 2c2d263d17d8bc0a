// Package storage is the front door of the archive: bytes, and what finds them.
//
// An Archive joins the spool (open and sealed segments on this disk), the store
// (sealed segments, for good) and the time index. Readers ask for a Window and
// get Segments, wherever their bytes lie at the moment. Upkeep moves sealed
// segments to the store, stamps that we are alive, and ships acts.
package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"sort"
	"strconv"
	"strings"
	"sync"

	"qianshao/storage/blob"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
)

// Archive joins spool, store and index. Make it as a literal; all methods may
// be called by many goroutines.
type Archive struct {
	Spool *spool.Spool
	Store blob.Store
	Index *index.DB
	Log   *slog.Logger
	// Uploads is how many segments are stored at once; default 4.
	Uploads int

	boxes footCache[[]byte]
	feet  footCache[*segment.Foot]
	disk  footDisk
	up    upkeep
}

// AsOf pins an answer: the index's revision and how many durable fragments of
// segments that were open then belong to it. Its text form is "{rev}.{n}".
type AsOf struct {
	Rev       index.Rev
	Fragments int
}

// String gives "{rev}.{n}".
func (a AsOf) String() string { return fmt.Sprintf("%d.%d", a.Rev, a.Fragments) }

// ErrBadAsOf is returned by ParseAsOf.
var ErrBadAsOf = errors.New("want as_of={revision}.{fragments}")

// ParseAsOf is the inverse of AsOf.String.
func ParseAsOf(s string) (AsOf, error) {
	rev, n, ok := strings.Cut(s, ".")
	r, err1 := strconv.ParseInt(rev, 10, 64)
	f, err2 := strconv.ParseUint(n, 10, 31)
	if !ok || err1 != nil || err2 != nil || r <= 0 {
		return AsOf{}, fmt.Errorf("%q: %w", s, ErrBadAsOf)
	}
	return AsOf{Rev: index.Rev(r), Fragments: int(f)}, nil
}

// Window is what the archive holds of a stream in a span, as of a revision.
type Window struct {
	Stream media.StreamID
	Span   timeline.Span
	AsOf   AsOf
	// Growing: the answer may be longer a moment later, because the stream has
	// an open segment that reaches the span, or the span reaches the future.
	Growing bool
	// Segments in the order (start, boot, seq). Spans of neighbours abut within
	// a run; after a backward step of the clock they may overlap.
	Segments []*Segment
}

// Segment is one segment that a reader may use, sealed or still open.
type Segment struct {
	index.Row // of an open segment: no SHA256, no FootBytes, no Rev
	Open      bool
	fragments int         // > 0: only so many fragments belong to the answer
	key       segment.Key // of the whole segment, when Span was cut; zero: it was not
	a         *Archive
	file      *spool.File
}

// Window returns the segments of a stream that overlap span. A zero asOf asks
// for what is there now, the open segment's durable fragments included.
// index.ErrGone: the pinned answer can no longer be given.
func (a *Archive) Window(ctx context.Context, stream media.StreamID, span timeline.Span, asOf AsOf) (*Window, error) {
	open := a.Spool.OpenFiles(stream) // before the rows: a file leaves this list after its row came
	w := &Window{Stream: stream, Span: span, AsOf: asOf}
	pinned := asOf.Rev != 0
	if !pinned {
		w.AsOf.Rev = a.Index.Head()
	}
	var rows []index.Row
	var err error
	if w.AsOf.Rev > 0 {
		if rows, err = a.Index.Rows(ctx, stream, span, w.AsOf.Rev); err != nil {
			return nil, err
		}
	}
	have := map[segment.ID]bool{}
	for i := range rows {
		have[rows[i].ID] = true
		w.Segments = append(w.Segments, &Segment{Row: rows[i], a: a})
	}
	left := math.MaxInt
	var young []*Segment
	if pinned {
		left = asOf.Fragments
		if left > 0 {
			if young, err = a.sealedSince(ctx, w, have); err != nil {
				return nil, err
			}
		}
	}
	for _, f := range open {
		if !have[f.ID()] {
			if s := a.openSegment(f); s != nil {
				young = append(young, s)
			}
		}
	}
	sort.Slice(young, func(i, j int) bool { return before(young[i].ID, young[j].ID) })
	for _, s := range young {
		n := min(s.fragments, left)
		if n <= 0 {
			break
		}
		if n < s.fragments || !s.Open {
			if err := s.limit(ctx, n); err != nil {
				return nil, err
			}
		}
		if !s.Span.Overlaps(span) {
			// A file that begins behind the window, or ended before it, has no
			// part in this answer and none in its count.
			w.Growing = w.Growing || s.Open && s.Span.From < span.To
			continue
		}
		left -= n
		if !pinned {
			w.AsOf.Fragments += n
		}
		w.Growing = w.Growing || s.Open
		w.Segments = append(w.Segments, s)
	}
	sort.SliceStable(w.Segments, func(i, j int) bool {
		x, y := w.Segments[i], w.Segments[j]
		if x.Span.From != y.Span.From {
			return x.Span.From < y.Span.From
		}
		return before(x.ID, y.ID)
	})
	return w, nil
}

func before(a, b segment.ID) bool {
	if a.Boot != b.Boot {
		return a.Boot < b.Boot
	}
	return a.Seq < b.Seq
}

// openSegment describes an open file; nil when nothing of it is durable.
func (a *Archive) openSegment(f *spool.File) *Segment {
	foot := f.Snapshot()
	if foot == nil {
		return nil
	}
	s := &Segment{Open: true, a: a, file: f, fragments: len(foot.Fragments)}
	s.Row = RowOf(foot)
	s.Row.State = index.Spooled
	return s
}

// sealedSince finds the segments that were open at the pinned revision and have
// been sealed since.
func (a *Archive) sealedSince(ctx context.Context, w *Window, have map[segment.ID]bool) ([]*Segment, error) {
	rows, err := a.Index.Rows(ctx, w.Stream, w.Span, 0)
	if err != nil {
		return nil, err
	}
	var out []*Segment
	for i := range rows {
		if rows[i].Rev <= w.AsOf.Rev || have[rows[i].ID] {
			continue
		}
		have[rows[i].ID] = true
		s := &Segment{Row: rows[i], a: a}
		foot, err := s.Foot(ctx, nil)
		if err != nil {
			return nil, err
		}
		s.fragments = len(foot.Fragments)
		out = append(out, s)
	}
	return out, nil
}

// limit cuts the segment to its first n fragments.
func (s *Segment) limit(ctx context.Context, n int) error {
	s.fragments = n
	foot, err := s.Foot(ctx, nil)
	if err != nil {
		return err
	}
	if s.file == nil {
		s.key = s.Row.Key() // its name has the length that it was sealed with
	}
	s.Span = foot.Span()
	return nil
}

// Key names the segment in spool and store.
func (s *Segment) Key() segment.Key {
	if s.key != (segment.Key{}) {
		return s.key
	}
	return s.Row.Key()
}

// RowOf is the index row that a foot describes, as far as a foot knows it:
// sizes, checksum and state are the caller's.
func RowOf(f *segment.Foot) index.Row {
	r := index.Row{
		ID: f.ID, Span: f.Span(), Keyframes: f.Keyframes(), Frames: int32(f.Samples[0].Len()),
		LostPkts: int64(f.LostPkts), ClockOff: f.ClockOff, ClockUnc: f.ClockUnc, ClockFlags: uint32(f.Clock),
	}
	names := make([]string, len(f.Tracks))
	for i := range f.Tracks {
		names[i] = f.Tracks[i].Codec.String()
	}
	r.Codecs = strings.Join(names, "+")
	return r
}

// SealedRow is the index row of a segment that lies sealed in the spool.
func SealedRow(v *spool.Sealed) index.Row {
	r := RowOf(v.Foot)
	r.Bytes, r.FootBytes, r.SHA256, r.State = v.Bytes, int32(v.FootBytes), v.SHA256, index.Spooled
	return r
}

// Foot reads the segment's table, cut to the fragments that belong to the
// answer. With into nil the foot is kept for who asks next and must not be
// changed; for long rows of segments, whose feet are not worth keeping, the
// memory of into is reused.
func (s *Segment) Foot(ctx context.Context, into *segment.Foot) (*segment.Foot, error) {
	if s.file != nil {
		if foot := s.file.Snapshot(); foot != nil {
			return s.cut(foot), nil
		}
	}
	if foot, ok := s.a.feet.get(s.ID); ok {
		return s.cut(foot), nil
	}
	keep, ticket := into == nil, s.a.feet.ticket()
	if keep {
		into = &segment.Foot{}
	}
	box, err := s.footBox(ctx)
	if err != nil {
		return nil, err
	}
	if err := segment.DecodeFoot(box, s.Bytes, into); err != nil {
		return nil, fmt.Errorf("foot of %s: %w", s.Key(), err)
	}
	if keep {
		s.a.feet.put(s.ID, into, into.Memory(), footBytes, ticket)
	}
	return s.cut(into), nil
}

func (s *Segment) cut(f *segment.Foot) *segment.Foot {
	if s.fragments > 0 {
		return f.Prefix(s.fragments)
	}
	return f
}

func (s *Segment) footBox(ctx context.Context) ([]byte, error) {
	if box, ok := s.a.boxes.get(s.ID); ok {
		return box, nil
	}
	ticket := s.a.boxes.ticket()
	box, err := s.readFoot(ctx)
	if err != nil {
		return nil, fmt.Errorf("foot of %s: %w", s.Key(), err)
	}
	s.a.boxes.put(s.ID, box, len(box), footBoxBytes, ticket)
	return box, nil
}

// footKnown reports whether the raw foot is in memory or, as it seems, on this
// machine's disk.
func (s *Segment) footKnown() bool {
	_, ok := s.a.boxes.get(s.ID)
	return ok || s.a.disk.has(s.a.Spool.FS(), s.Key())
}

// readFoot reads the raw foot: from this machine's disk, or else from the store,
// and then it stays on the disk.
func (s *Segment) readFoot(ctx context.Context) ([]byte, error) {
	_, local := s.a.Store.(blob.OpenerAt)
	ticket := s.a.disk.ticket()
	if !local {
		if box, ok := s.a.disk.get(s.a.Spool.FS(), s.Key(), s.FootBytes); ok && segment.CheckFoot(box, s.Bytes) == nil {
			return box, nil
		}
	}
	r, err := s.Reader(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // opened for reading
	box := make([]byte, s.FootBytes)
	if _, err := r.ReadAt(box, s.Bytes-int64(s.FootBytes)); err != nil {
		return nil, err
	}
	if _, remote := r.(*remoteReader); remote {
		s.a.keepFoot(s.Key(), box, s.Bytes, ticket)
	}
	return box, nil
}

// Reader gives access to a segment's bytes. It must be closed.
type Reader interface {
	io.ReaderAt
	io.Closer
}

// Reader opens the segment: from the spool if it is still there, else from the
// store. The reader stays good when the segment moves on.
func (s *Segment) Reader(ctx context.Context) (Reader, error) {
	if s.file != nil {
		return &openReader{s: s, ctx: ctx}, nil
	}
	return s.a.openSealed(ctx, s.Key(), s.Bytes)
}

func (a *Archive) openSealed(ctx context.Context, key segment.Key, size int64) (Reader, error) {
	f, err := a.Spool.OpenSealed(key)
	if err == nil {
		return f, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		a.Log.Warn("segment unreadable in the spool, trying the store", "segment", key.String(), "err", err)
	}
	if o, ok := a.Store.(blob.OpenerAt); ok {
		r, err := o.OpenAt(ctx, key.String())
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", key, err)
		}
		return r, nil
	}
	return &remoteReader{ctx: ctx, store: a.Store, key: key.String()}, nil
}

// openReader reads a segment that was open when it was looked up. When it is
// sealed meanwhile the reader moves to the sealed file: the bytes are the same.
type openReader struct {
	s   *Segment
	ctx context.Context // of the request that opened it

	mu     sync.Mutex
	sealed Reader // nil while the file is open; guarded by mu
}

func (r *openReader) ReadAt(b []byte, off int64) (int, error) {
	r.mu.Lock()
	sealed := r.sealed
	r.mu.Unlock()
	if sealed == nil {
		n, err := r.s.file.ReadAt(b, off)
		if !errors.Is(err, fs.ErrClosed) {
			return n, err
		}
		if sealed, err = r.follow(); err != nil {
			return 0, err
		}
	}
	return sealed.ReadAt(b, off)
}

// follow opens the sealed file.
func (r *openReader) follow() (Reader, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sealed != nil {
		return r.sealed, nil
	}
	key, ok := r.s.file.SealedKey()
	if !ok {
		return nil, fs.ErrClosed
	}
	sealed, err := r.s.a.openSealed(r.ctx, key, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	r.sealed = sealed
	return sealed, nil
}

func (r *openReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sealed != nil {
		return r.sealed.Close()
	}
	return nil
}
