package index

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"qianshao/storage/timeline"
)

func TestKeyframesRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := timeline.Micros(rapid.Int64Range(0, int64(timeline.Forever)).Draw(t, "start"))
		var times []timeline.Micros
		at := start + timeline.Micros(rapid.Int64Range(-int64(timeline.Second), int64(timeline.Second)).Draw(t, "lead"))
		for _, d := range rapid.SliceOfN(rapid.Int64Range(0, int64(timeline.Minute)), 0, 40).Draw(t, "distances") {
			times = append(times, at)
			at += timeline.Micros(d)
		}
		got, err := decodeKeyframes(encodeKeyframes(nil, start, times), start)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(times, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

// A camera with an even GOP costs about a byte a key frame.
func TestKeyframesAreSmall(t *testing.T) {
	t.Parallel()
	var times []timeline.Micros
	for i := range timeline.Micros(30) {
		times = append(times, 1_764_000_000_000_000+i*2*timeline.Second+i%3)
	}
	if n := len(encodeKeyframes(nil, times[0], times)); n > 40 {
		t.Errorf("30 key frames take %d bytes", n)
	}
}

func FuzzKeyframes(f *testing.F) {
	f.Add(int64(0), []byte{})
	f.Add(int64(1_764_000_000_000_000), []byte{0, 0x80, 0x92, 0xf4, 1, 2, 1})
	f.Add(int64(0), []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, start int64, b []byte) {
		times, err := decodeKeyframes(b, timeline.Micros(start))
		if err != nil {
			return
		}
		if !slices.IsSorted(times) {
			t.Fatalf("times do not ascend: %v", times)
		}
		again, err := decodeKeyframes(encodeKeyframes(nil, timeline.Micros(start), times), timeline.Micros(start))
		if err != nil {
			t.Fatalf("cannot read what was written: %v", err)
		}
		if !slices.Equal(times, again) {
			t.Fatalf("%v became %v", times, again)
		}
	})
}
