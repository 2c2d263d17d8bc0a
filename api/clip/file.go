package clip

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"qianshao/storage"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// formatNumber is raised when the same footage and query give other bytes.
const formatNumber = 1

// keepParts is how many feet a File keeps from planning; larger ones read them
// again.
const keepParts = 4

// File is one virtual file. Its methods may be called by many goroutines.
type File struct {
	Info Info

	params   Params
	stream   media.StreamID
	pl       *plan
	sections []section
	media    int64 // offset of the first chunk
	size     int64
	etag     string
	segs     []*storage.Segment // of the parts
	kept     []*segment.Foot    // of the parts, or nil
}

// Size is the file's length in bytes.
func (f *File) Size() int64 { return f.size }

// ETag is the file's strong entity tag, quotes included.
func (f *File) ETag() string { return f.etag }

// Plan works out the file for a window of a stream. It reads rows and feet, no
// media.
//
// Errors: NoFootageError, GapError, ErrNoKeyFrame, ErrTooLong, ErrGone, or what
// the archive says.
func Plan(ctx context.Context, a *storage.Archive, stream media.StreamID, p Params) (*File, error) {
	if p.LeadIn == 0 {
		p.LeadIn = DefaultLeadIn
	}
	if p.Span.Len() > MaxWindow {
		return nil, ErrTooLong
	}
	w, err := window(ctx, a, stream, &p)
	if err != nil {
		return nil, err
	}
	a.FetchFeet(ctx, w.Segments)
	f := &File{params: p, stream: stream, pl: &plan{kind: p.Kind, keysOnly: p.KeysOnly && p.Kind != Clip}}
	n := &planner{
		ctx: ctx, p: p, segs: order(w.Segments), pl: f.pl, info: &f.Info, inner: p.Trim == Inner,
	}
	n.feet = newFeet(n.segs)
	defer n.feet.close()
	if err := n.run(); err != nil {
		if errors.Is(err, ErrNoFootage) {
			return nil, noFootage(ctx, a, stream, p.Span)
		}
		return nil, err
	}
	f.finish(n, w)
	if f.etag, err = etag(ctx, a, stream, &p, w); err != nil {
		return nil, err
	}
	if p.Kind == Clip {
		f.sections, err = layoutClip(f.pl)
	} else {
		f.sections, err = layoutPlay(f.pl)
	}
	if err != nil {
		return nil, err
	}
	for _, s := range f.sections {
		if s.kind == chunks {
			f.media = f.size
		}
		f.size += s.size
	}
	return f, nil
}

// shortestGap is less than the time between two pictures of any camera: in a
// hole that is shorter no picture is missing. One comes about where a window
// begins in the same millisecond as the footage.
const shortestGap = timeline.Second / 120

// finish takes over what planning learnt.
func (f *File) finish(n *planner, w *storage.Window) {
	pl, info := f.pl, &f.Info
	last := &pl.parts[len(pl.parts)-1]
	info.From, info.To = pl.first, last.walls.To
	info.LeadIn = micros(pl.start-pl.begin, pl.tracks[0].Timescale)
	if n.inner {
		info.Trim = Inner
	}
	info.AsOf, info.Growing = w.AsOf, w.Growing
	if !n.p.Span.Empty() {
		info.Gaps = slices.DeleteFunc(timeline.Complement(n.p.Span, info.covered(n.segs)), func(s timeline.Span) bool {
			return s.Len() < shortestGap
		})
	}
	info.ClockUncertainty = -1
	for i := range pl.parts {
		if s := pl.parts[i].seg; s.ClockUnc >= 0 {
			info.ClockOffset, info.ClockUncertainty = s.ClockOff, s.ClockUnc
			break
		}
	}
	if len(info.Parts) > 0 {
		own := Part{timeline.Span{From: max(n.p.Span.From, info.From), To: info.To}, pl.parts[0].seg.Codecs}
		info.Parts = append([]Part{own}, info.Parts...)
	}
	f.segs = make([]*storage.Segment, len(pl.parts))
	for i := range pl.parts {
		f.segs[i] = pl.parts[i].seg
	}
	if len(pl.parts) > keepParts {
		return
	}
	f.kept = make([]*segment.Foot, len(pl.parts))
	for i := range pl.parts {
		f.kept[i] = n.feet.keep(pl.parts[i].seg)
	}
}

// covered is the wall time of the footage that the file shows, or that stands
// in its further parts.
func (f *Info) covered(segs []*storage.Segment) []timeline.Span {
	spans := f.shown
	for _, p := range f.Parts {
		spans = append(spans, p.Span)
	}
	return timeline.Close(spans, 1000) // a map rounds to the microsecond
}

func noFootage(ctx context.Context, a *storage.Archive, stream media.StreamID, window timeline.Span) error {
	e := &NoFootageError{Window: window}
	var err error
	if e.Before, e.After, err = a.Index.Nearest(ctx, stream, window); err != nil {
		return err
	}
	for _, f := range a.Spool.OpenFiles(stream) {
		foot := f.Snapshot()
		if foot == nil {
			continue
		}
		s := foot.Span()
		if s.To <= window.From && (e.Before == nil || s.To > e.Before.To) {
			e.Before = &s
		}
		if s.From >= window.To && (e.After == nil || s.From < e.After.From) {
			e.After = &s
		}
	}
	return e
}

// etag names the bytes: what the index knew, how many fragments of open
// segments, and the question.
func etag(ctx context.Context, a *storage.Archive, stream media.StreamID, p *Params, w *storage.Window) (string, error) {
	span := w.Span
	rev, err := a.Index.Changed(ctx, stream, span, w.AsOf.Rev)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = fmt.Fprintln(h, formatNumber, stream, p.Kind, p.Span.From, p.Span.To, p.Trim, p.Gaps, p.Audio, p.KeysOnly, p.LeadIn)
	return fmt.Sprintf(`"f%d-%d-%d-%x"`, formatNumber, rev, w.AsOf.Fragments, h.Sum(nil)[:8]), nil
}

// WriteRange writes n bytes from off to w. It stops at the first error; a
// failing source is one, and nothing was then written in place of its bytes.
func (f *File) WriteRange(ctx context.Context, w io.Writer, off, n int64) error {
	if off < 0 || n < 0 || off+n > f.size {
		return fmt.Errorf("bytes %d+%d of %d: %w", off, n, f.size, ErrBadRange)
	}
	r := &renderer{f: f, o: newOutlet(w, off, n), feet: newFeet(f.segs)}
	defer r.feet.close()
	if n > 4*bufferSize {
		r.feet.ahead(ctx, 0)
	}
	for i := range f.sections {
		s := &f.sections[i]
		if r.o.pass(s.size) {
			continue
		}
		if err := r.section(ctx, s); err != nil {
			_ = r.o.close() // err says more
			return fmt.Errorf("clip of %s: %w", f.stream, err)
		}
	}
	return r.o.close()
}
