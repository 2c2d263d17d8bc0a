package recorder

import (
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h265"

	"qianshao/ingest/timesync"
	"qianshao/storage/fmp4"
	"qianshao/storage/media"
	"qianshao/storage/segment"
)

// track is one source of the session and its part of the fragment being
// gathered.
type track struct {
	src   media.Source
	clock *timesync.Clock
	next  *media.Track // coding of the units that come now

	// The fragment being gathered. FirstTick counts on the run's axis.
	run   fmp4.Run
	from  int64 // chain position of its first byte
	upto  int64 // chain position behind its last sample
	bytes int

	// Audio only.
	held     media.Unit // the last unit: its duration is known when the next comes
	heldTick int64
	hasHeld  bool
	base     int64           // file tick = run tick + base
	m        segment.TimeMap // of the segment being written
	placed   bool            // base and m are set for this run
	seen     bool            // has delivered a unit in this session
}

func newTrack(s media.Source) *track {
	t := &track{src: s, clock: timesync.NewClock(s.Rate), from: s.Chain.Taken(), upto: s.Chain.Taken()}
	if !s.Codec.IsVideo() { // whose depacketizers know how long every unit is
		t.clock.Exact()
	}
	return t
}

// skip lets go of units that are not recorded, up to a chain position. Nothing
// may be gathered before it.
func (t *track) skip(upto int64) {
	if len(t.run.Sizes) > 0 || upto <= t.src.Chain.Taken() {
		return
	}
	var p media.Part
	t.src.Chain.Take(upto, &p)
	p.Release()
	t.from, t.upto = upto, upto
}

// add gathers one sample.
func (t *track) add(tick int64, u *media.Unit, dur, cts uint32, reorder bool) {
	if len(t.run.Sizes) == 0 {
		t.run.FirstTick = tick
	}
	t.run.Sizes = append(t.run.Sizes, uint32(u.Len))
	t.run.Durs = append(t.run.Durs, dur)
	if reorder {
		t.run.CTS = append(t.run.CTS, cts)
	}
	if t.src.Codec.IsVideo() {
		t.run.Kinds = append(t.run.Kinds, uint8(u.Sync))
	}
	t.upto = u.Pos + int64(u.Len)
	t.bytes += u.Len
}

// take moves the gathered samples into run and part, both empty, and begins
// anew.
func (t *track) take(run *fmp4.Run, part *media.Part) {
	run.FirstTick = t.run.FirstTick
	run.Sizes = append(run.Sizes[:0], t.run.Sizes...)
	run.Durs = append(run.Durs[:0], t.run.Durs...)
	run.CTS, run.Kinds = takeOptional(run.CTS, t.run.CTS), takeOptional(run.Kinds, t.run.Kinds)
	t.run = fmp4.Run{Sizes: t.run.Sizes[:0], Durs: t.run.Durs[:0], CTS: t.run.CTS[:0], Kinds: t.run.Kinds[:0]}
	t.src.Chain.Take(t.upto, part)
	t.from, t.bytes = t.upto, 0
}

// takeOptional copies a list that is nil when the track has none.
func takeOptional[T any](dst, src []T) []T {
	if len(src) == 0 {
		return nil
	}
	return append(dst[:0], src...)
}

// mayReorder reports whether the parameter sets leave B-frames possible.
func mayReorder(t *media.Track) bool {
	switch t.Codec {
	case media.H264:
		if len(t.SPS) == 0 {
			return true
		}
		var s h264.SPS
		if err := s.Unmarshal(t.SPS[0]); err != nil {
			return true
		}
		if s.ProfileIdc == 66 || s.PicOrderCntType == 2 { // Baseline; order equals decode order
			return false
		}
		return s.VUI == nil || s.VUI.BitstreamRestriction == nil || s.VUI.BitstreamRestriction.MaxNumReorderFrames > 0
	case media.H265:
		if len(t.SPS) == 0 {
			return true
		}
		var s h265.SPS
		if err := s.Unmarshal(t.SPS[0]); err != nil {
			return true
		}
		for _, n := range s.MaxNumReorderPics {
			if n > 0 {
				return true
			}
		}
		return len(s.MaxNumReorderPics) == 0
	}
	return false
}
