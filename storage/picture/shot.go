package picture

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"qianshao/storage"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// lookBack is how far before a moment its key frame may lie: the longest
// segment without one.
const lookBack = 300 * timeline.Second

// maxShot bounds the coded bytes that are read for one picture.
const maxShot = 64 << 20

// Shot is one key frame in the archive.
type Shot struct {
	At  timeline.Micros // presentation time of the key frame
	seg *storage.Segment
	n   int // its number among the segment's key frames
}

// Name tells this key frame from all others, for good.
func (s *Shot) Name() string {
	return fmt.Sprintf("%s-%d-%d-%d-%d", s.seg.Stream, s.seg.Epoch, s.seg.Boot, s.seg.Seq, s.n)
}

// Find returns the last key frame at or before a moment of footage. ErrNone is
// returned for a moment without footage.
func Find(ctx context.Context, a *storage.Archive, stream media.StreamID, at timeline.Micros) (*Shot, error) {
	shots, err := FindAll(ctx, a, stream, []timeline.Micros{at})
	if err != nil {
		return nil, err
	}
	if shots[0] == nil {
		return nil, ErrNone
	}
	return shots[0], nil
}

// FindAll is Find for ascending moments; nil stands where there is no footage.
func FindAll(ctx context.Context, a *storage.Archive, stream media.StreamID, at []timeline.Micros) ([]*Shot, error) {
	shots := make([]*Shot, len(at))
	if len(at) == 0 {
		return shots, nil
	}
	w, err := a.Window(ctx, stream, timeline.Span{From: at[0] - lookBack, To: at[len(at)-1] + 1}, storage.AsOf{})
	if err != nil {
		return nil, err
	}
	for i, t := range at {
		shots[i] = pick(w.Segments, t)
	}
	return shots, nil
}

// Newest returns the last key frame of a stream, or ErrNone. now bounds the
// search.
func Newest(ctx context.Context, a *storage.Archive, stream media.StreamID, now timeline.Micros) (*Shot, error) {
	w, err := a.Window(ctx, stream, timeline.Span{From: now - lookBack, To: now + timeline.Day}, storage.AsOf{})
	if err != nil {
		return nil, err
	}
	if s := last(w.Segments); s != nil {
		return s, nil
	}
	before, _, err := a.Index.Nearest(ctx, stream, timeline.Span{From: now, To: now})
	if err != nil {
		return nil, err
	}
	if before == nil {
		return nil, ErrNone
	}
	w, err = a.Window(ctx, stream, timeline.Span{From: before.To - lookBack, To: before.To}, storage.AsOf{})
	if err != nil {
		return nil, err
	}
	if s := last(w.Segments); s != nil {
		return s, nil
	}
	return nil, ErrNone
}

// last is the last key frame of all.
func last(segs []*storage.Segment) *Shot {
	for _, s := range slices.Backward(segs) {
		if n := len(s.Keyframes); n > 0 {
			return &Shot{At: s.Keyframes[n-1], seg: s, n: n - 1}
		}
	}
	return nil
}

// pick is the last key frame at or before t, nil when t has no footage.
func pick(segs []*storage.Segment, t timeline.Micros) *Shot {
	var found *Shot
	covered := false
	for _, s := range segs {
		if s.Span.From > t {
			break
		}
		covered = covered || s.Span.Contains(t)
		n := sort.Search(len(s.Keyframes), func(i int) bool { return s.Keyframes[i] > t })
		if n > 0 && (found == nil || s.Keyframes[n-1] >= found.At) {
			found = &Shot{At: s.Keyframes[n-1], seg: s, n: n - 1}
		}
	}
	if !covered {
		return nil
	}
	return found
}

// coded is a Shot's bytes as a decoder takes them.
type coded struct {
	track *media.Track
	data  []byte // Annex B, or one JPEG
	run   bool   // several pictures, the last of which is the shot
}

// load reads the key frame. At a recovery point the pictures since the one
// before are read too: only after those is it whole.
func (s *Shot) load(ctx context.Context) (*coded, error) {
	foot, err := s.seg.Foot(ctx, nil)
	if err != nil {
		return nil, err
	}
	video := &foot.Samples[0]
	if s.n >= len(video.Syncs) {
		return nil, fmt.Errorf("key frame %d of %d in %s: %w", s.n, len(video.Syncs), s.Name(), segment.ErrCorrupt)
	}
	c := &coded{track: &foot.Tracks[0]}
	from, to := int(video.Syncs[s.n].Index), int(video.Syncs[s.n].Index)
	if video.Syncs[s.n].Kind == media.RecoveryPoint && s.n > 0 {
		from, c.run = int(video.Syncs[s.n-1].Index), true
	}
	r, err := s.seg.Reader(ctx)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // opened for reading
	if c.track.Codec != media.MJPEG {
		for _, sets := range [][][]byte{c.track.VPS, c.track.SPS, c.track.PPS} {
			for _, nal := range sets {
				c.data = append(append(c.data, 0, 0, 0, 1), nal...)
			}
		}
	}
	first := 0
	for i := range foot.Fragments {
		f := &foot.Fragments[i]
		n := int(f.Runs[0].Samples)
		off := f.DataOffset(0)
		for k := first; k < first+n && k <= to; k++ {
			size := int(video.Sizes[k])
			if k >= from {
				if len(c.data)+size > maxShot {
					return nil, fmt.Errorf("key frame %s is too large: %w", s.Name(), ErrUndecodable)
				}
				at := len(c.data)
				c.data = slices.Grow(c.data, size)[:at+size]
				if _, err := r.ReadAt(c.data[at:], off); err != nil {
					return nil, fmt.Errorf("read key frame %s: %w", s.Name(), err)
				}
				if c.track.Codec != media.MJPEG {
					if !startCodes(c.data[at:]) {
						return nil, fmt.Errorf("key frame %s: lengths do not add up: %w", s.Name(), ErrUndecodable)
					}
				}
			}
			off += int64(size)
		}
		first += n
	}
	return c, nil
}

// startCodes puts start codes in the place of the 4-byte lengths of NAL units
// (ISO/IEC 14496-15 to ITU-T H.264 Annex B); false if the lengths do not add up.
func startCodes(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 4 {
			return false
		}
		n := int64(b[0])<<24 | int64(b[1])<<16 | int64(b[2])<<8 | int64(b[3])
		if n > int64(len(b)-4) {
			return false
		}
		b[0], b[1], b[2], b[3] = 0, 0, 0, 1
		b = b[4+n:]
	}
	return true
}
