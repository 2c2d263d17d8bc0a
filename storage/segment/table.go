package segment

import (
	"slices"
	"sort"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Sync says whether decoding can begin at a sample.
type Sync = media.Sync

// Kinds of samples, as package media names them.
const (
	NoSync        = media.NoSync
	KeyFrame      = media.KeyFrame
	OpenKeyFrame  = media.OpenKeyFrame
	RecoveryPoint = media.RecoveryPoint
)

// SyncSample marks one sample of a track as a place to begin.
type SyncSample struct {
	Index uint32 // sample number in the track, from 0
	Kind  Sync
}

// Samples is one track's table: parallel slices, a row a sample, in decode
// order. The slices only grow, so a copy of the headers is a snapshot.
type Samples struct {
	Sizes []uint32     // bytes
	Durs  []uint32     // ticks to the next sample's decode time
	CTS   []uint32     // presentation minus decode time, ticks; nil when all zero
	Syncs []SyncSample // ascending; audio has none: each sample is a place to begin
}

// Len is the number of samples.
func (s *Samples) Len() int { return len(s.Sizes) }

// Offset is the composition offset of sample i.
func (s *Samples) Offset(i int) uint32 {
	if s.CTS == nil {
		return 0
	}
	return s.CTS[i]
}

// SyncAt returns the position in Syncs of the last place to begin at or before
// sample i, or -1.
func (s *Samples) SyncAt(i int) int {
	return sort.Search(len(s.Syncs), func(k int) bool { return int(s.Syncs[k].Index) > i }) - 1
}

// Run is one track's part of a fragment.
type Run struct {
	FirstTick int64  // decode time of the first sample, ticks; the tfdt
	Samples   uint32 // how many
	Bytes     uint32 // their size together
}

// Fragment is one moof+mdat (+ COMMIT). Within the mdat each track's samples
// are contiguous, in the order of Runs.
type Fragment struct {
	Offset   int64  // of the moof in the segment
	MoofSize uint32 // bytes of the moof
	MdatSize uint32 // bytes of the mdat, its 8-byte header included
	Runs     []Run  // one a track; Samples may be 0
}

// End is the offset behind the fragment's COMMIT.
func (f *Fragment) End() int64 {
	return f.Offset + int64(f.MoofSize) + int64(f.MdatSize) + CommitSize
}

// DataOffset is where the samples of a track begin in the segment.
func (f *Fragment) DataOffset(track int) int64 {
	o := f.Offset + int64(f.MoofSize) + 8
	for i := range track {
		o += int64(f.Runs[i].Bytes)
	}
	return o
}

// EndReason says why a segment was closed.
type EndReason uint8

// Reasons. The numbers are part of the format.
const (
	EndLength    EndReason = 1 // long enough, next key frame
	EndChange    EndReason = 2 // codec or parameter sets changed
	EndClock     EndReason = 3 // the server's clock was stepped
	EndRun       EndReason = 4 // the stream fell silent, broke off or was stopped
	EndRecovered EndReason = 5 // sealed by recovery after a crash
	EndForced    EndReason = 6 // hard limit of length or size, no key frame came
	EndWrite     EndReason = 7 // a write failed; the file was given up at its last commit
	EndRTP       EndReason = 8 // the camera's timestamps jumped
)

// SenderReport is the first RTCP sender report of a segment (RFC 3550 6.4.1).
type SenderReport struct {
	NTP     uint64          // the camera's clock, 32.32 seconds since 1900
	RTP     uint32          // the same moment on the RTP clock
	Arrival timeline.Micros // when it came, our clock
}

// Foot is the table of a segment: with it every byte range of a clip can be
// computed without reading media. For an open segment it holds the durable
// fragments so far.
type Foot struct {
	Head
	End       timeline.Micros // presentation end: start of the next segment of the run
	Fragments []Fragment
	Samples   []Samples // one a track
	Report    SenderReport
	ClockOff  int64 // camera clock minus server clock by its last sender report, µs
	ClockUnc  int64 // its uncertainty, µs; -1 when there was none
	LostPkts  uint64
	Reordered uint64
	Damaged   uint64 // access units left out because a part was missing
	Reason    EndReason
}

// Span is the segment's presentation span.
func (f *Foot) Span() timeline.Span { return timeline.Span{From: f.Start, To: f.End} }

// Memory is about how many bytes the table takes in memory.
func (f *Foot) Memory() int {
	n := 1024 + cap(f.Fragments)*(40+16*len(f.Tracks))
	for i := range f.Samples {
		s := &f.Samples[i]
		n += 4*(cap(s.Sizes)+cap(s.Durs)+cap(s.CTS)) + 8*cap(s.Syncs)
	}
	return n
}

// Snapshot copies the headers, so that the copy stays as it is while the
// original grows. Fragments, samples and sync points are shared and immutable.
func (f *Foot) Snapshot() *Foot {
	c := *f
	c.Samples = append([]Samples(nil), f.Samples...)
	return &c
}

// Prefix returns the table of the first n fragments, with End at the end of
// their last video sample.
func (f *Foot) Prefix(n int) *Foot {
	if n >= len(f.Fragments) {
		return f
	}
	c := f.Snapshot()
	c.Fragments = f.Fragments[:n:n]
	for t := range c.Samples {
		k := 0
		for i := range c.Fragments {
			k += int(c.Fragments[i].Runs[t].Samples)
		}
		s := &c.Samples[t]
		s.Sizes, s.Durs = s.Sizes[:k:k], s.Durs[:k:k]
		if s.CTS != nil {
			s.CTS = s.CTS[:k:k]
		}
		s.Syncs = s.Syncs[: s.SyncAt(k-1)+1 : s.SyncAt(k-1)+1]
	}
	c.End = c.mediaEnd()
	return c
}

// mediaEnd is the wall time at which the last video sample ends: with every
// frame shown, the highest presentation time plus its duration equals the last
// decode time plus duration plus the reorder delay.
func (f *Foot) mediaEnd() timeline.Micros {
	tick := int64(0)
	ok := false
	for i := len(f.Fragments) - 1; i >= 0 && !ok; i-- {
		if r := f.Fragments[i].Runs[0]; r.Samples > 0 {
			tick, ok = r.FirstTick, true
			k := 0
			for j := range i {
				k += int(f.Fragments[j].Runs[0].Samples)
			}
			for _, d := range f.Samples[0].Durs[k : k+int(r.Samples)] {
				tick += int64(d)
			}
		}
	}
	if !ok {
		return f.Start
	}
	return f.Maps[0].Wall(tick+int64(f.Tracks[0].ReorderDelay), f.Tracks[0].Timescale)
}

// Keyframes returns the presentation times of the video samples at which
// decoding can begin, ascending.
func (f *Foot) Keyframes() []timeline.Micros {
	var out []timeline.Micros
	s := &f.Samples[0]
	k, next := 0, 0
	for i := range f.Fragments {
		r := f.Fragments[i].Runs[0]
		tick := r.FirstTick
		for range r.Samples {
			if next < len(s.Syncs) && int(s.Syncs[next].Index) == k {
				out = append(out, f.Maps[0].Wall(tick+int64(s.Offset(k)), f.Tracks[0].Timescale))
				next++
			}
			tick += int64(s.Durs[k])
			k++
		}
	}
	slices.Sort(out) // a camera may send a later picture's key frame first
	return out
}
