package recorder_test

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// What a fragment costs does not grow with the pictures and the sound in it:
// nothing is allocated for a unit, from the depacketizer to the file. Serial:
// allocations of the whole process are counted.
func TestUnitAllocates(t *testing.T) {
	const warm, counted = 12, 20 // fragments, a second each
	each := map[int]float64{}
	for _, fps := range []int{20, 200} {
		s := newStudio(t, time.Hour, nil)
		s.begin(true)
		track, sound := plainTrack(), &media.Track{Codec: media.PCMA, Timescale: 8000, SampleRate: 8000, Channels: 1}
		picture, beep := make([]byte, 300), make([]byte, 160)
		binary.BigEndian.PutUint32(picture, uint32(len(picture)-4))
		picture[4] = 0x41
		var m0, m1 runtime.MemStats
		for i := range (warm + counted) * fps {
			d := time.Duration(i) * time.Second / time.Duration(fps)
			if i%fps == 0 && i >= warm*fps {
				s.settled(i / fps)
				if i/fps == warm {
					runtime.ReadMemStats(&m0)
				}
			}
			u := media.Unit{RTP: uint32(int64(d) * 9 / 100_000), At: s.at(d), Pos: s.video.End(), Len: len(picture), Track: track}
			if i%fps == 0 {
				u.Sync = media.KeyFrame
			}
			s.video.Append(picture)
			s.rec.Unit(0, u)
			pos := s.sound.End()
			s.sound.Append(beep)
			s.rec.Unit(1, media.Unit{
				RTP: uint32(int64(i) * 8000 / int64(fps)), At: s.at(d), Pos: pos, Len: len(beep), Dur: uint32(8000 / fps), Track: sound,
			})
		}
		s.settled(warm + counted - 1)
		runtime.ReadMemStats(&m1)
		each[fps] = float64(m1.Mallocs-m0.Mallocs) / counted
		s.rec.End()
		s.stop()
	}
	t.Logf("allocations a fragment: %.1f with 20 pictures, %.1f with 200", each[20], each[200])
	if few, many := each[20], each[200]; many > few+10 {
		t.Errorf("a fragment of 20 pictures allocates %.1f times, of 200 %.1f", few, many)
	}
}

// settled waits until no more than two of so many seconds are not in the file:
// the one being gathered, and one whose end is not known yet.
func (s *studio) settled(seconds int) {
	s.t.Helper()
	want := timeline.FromTime(epoch.Add(time.Duration(seconds-2) * time.Second))
	for until := time.Now().Add(10 * time.Second); s.rec.Stats().DurableUntil < want; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			s.t.Fatalf("%d seconds are filmed, durable until %s", seconds, s.rec.Stats().DurableUntil)
		}
	}
}
