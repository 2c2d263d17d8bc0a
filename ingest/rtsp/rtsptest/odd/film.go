package odd

import (
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/stamp"
)

// testFilm numbers the frames of a loop from the unix epoch, in decode order.
type testFilm struct{ *loop.Video }

// at is the frame of a decode slot.
func (v *testFilm) at(slot uint64) *Frame {
	n := uint64(len(v.Units))
	u := &v.Units[slot%n]
	number := slot/n*n + uint64(u.Display)
	f := &Frame{Key: u.Key, TimeUS: v.TimeUS(number), Ticks: v.Ticks(number)}
	s := stamp.Stamp{Number: number, TimeUS: f.TimeUS}
	if u.Key {
		f.NALs = append(append(append(f.NALs, v.VPS...), v.SPS...), v.PPS...)
		f.Sets = len(f.NALs)
	}
	if v.Codec == loop.H265 {
		f.NALs = append(f.NALs, stamp.AppendH265(nil, s))
	} else {
		f.NALs = append(f.NALs, stamp.AppendH264(nil, s))
	}
	f.NALs = append(f.NALs, u.NALs...)
	return f
}

// leaves is when a slot is sent: when the last picture it refers to was taken.
func (v *testFilm) leaves(slot uint64) int64 { return v.TimeUS(slot + uint64(v.Delay)) }

// newest is the last slot that has left at the time us.
func (v *testFilm) newest(us int64) uint64 { return v.Number(us) - uint64(v.Delay) }

// key is the last key frame's slot up to slot, or the first behind it.
func (v *testFilm) key(slot uint64, next bool) uint64 {
	n := uint64(len(v.Units))
	for !v.Units[slot%n].Key {
		if next {
			slot++
		} else {
			slot--
		}
	}
	return slot
}
