package stamp

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func samples() []Stamp {
	rnd := rand.New(rand.NewPCG(3, 4))
	out := []Stamp{
		{},
		{Number: 1, TimeUS: 2},
		{Number: 3, TimeUS: 0},
		{Number: 1 << 24, TimeUS: 1 << 40},
		{Number: 45_000_000_000, TimeUS: 1_800_000_000_000_000},
		{Number: ^uint64(0), TimeUS: -1},
	}
	for range 2000 {
		out = append(out, Stamp{
			Number: rnd.Uint64() & rnd.Uint64() & rnd.Uint64() & rnd.Uint64() & rnd.Uint64(),
			TimeUS: int64(rnd.Uint64() & rnd.Uint64() & rnd.Uint64() & rnd.Uint64() & rnd.Uint64()),
		})
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		for _, hevc := range []bool{false, true} {
			nal := AppendH264(nil, s)
			if hevc {
				nal = AppendH265(nil, s)
			}
			if len(nal) > Size {
				t.Fatalf("%+v: %d bytes, more than Size", s, len(nal))
			}
			for i := range len(nal) - 2 {
				if nal[i] == 0 && nal[i+1] == 0 && nal[i+2] < 3 {
					t.Fatalf("%+v: %x holds a start code at %d", s, nal, i)
				}
			}
			if got, ok := FromNAL(nal, hevc); !ok || got != s {
				t.Fatalf("read %+v, %v; want %+v", got, ok, s)
			}
			stream := append([]byte{0, 0, 0, 1, 0x65, 1, 2, 0, 0, 1}, nal...)
			stream = append(stream, 0, 0, 0, 1, 0x41, 9)
			if got := ScanAnnexB(stream, hevc); len(got) != 1 || got[0] != s {
				t.Fatalf("scanned %+v; want %+v", got, s)
			}
		}
	}
}

func TestSampleAmongOthers(t *testing.T) {
	t.Parallel()
	want := Stamp{Number: 77, TimeUS: 3_080_000}
	var sample []byte
	for _, nal := range [][]byte{{0x67, 1}, {0x06, 1, 1, 0x55, 0x80}, AppendH264(nil, want), {0x65, 1, 2, 3}} {
		sample = append(sample, 0, 0, 0, byte(len(nal)))
		sample = append(sample, nal...)
	}
	if got, ok := ScanSample(sample, false); !ok || got != want {
		t.Errorf("sample: %+v, %v", got, ok)
	}
	if _, ok := ScanSample(sample[:9], false); ok {
		t.Error("a torn sample held a stamp")
	}
	// A second message in one NAL unit.
	nal := append([]byte{0x06, 0xff, 0x01, 0x02, 9, 9}, AppendH264(nil, want)[1:]...)
	if got, ok := FromNAL(nal, false); !ok || got != want {
		t.Errorf("second message: %+v, %v", got, ok)
	}
}

func FuzzScan(f *testing.F) {
	nal := AppendH264(nil, Stamp{Number: 5, TimeUS: 200_000})
	f.Add(append([]byte{0, 0, 0, 1}, nal...), false)
	f.Add(append([]byte{0, 0, 0, byte(len(nal))}, nal...), false)
	f.Add(AppendH265([]byte{0, 0, 1}, Stamp{}), true)
	f.Fuzz(func(t *testing.T, b []byte, hevc bool) {
		ScanSample(b, hevc)
		var units [][]byte
		AnnexB(b, func(nal []byte) bool { units = append(units, nal); return true })
		var again []byte
		for _, u := range units {
			again = append(append(again, 0, 0, 1), u...)
		}
		i := 0
		AnnexB(again, func(nal []byte) bool {
			if i >= len(units) || !bytes.Equal(nal, units[i]) {
				t.Fatalf("unit %d changed in a round trip", i)
			}
			i++
			return true
		})
		if a, b := ScanAnnexB(b, hevc), ScanAnnexB(again, hevc); len(a) != len(b) {
			t.Fatalf("%d stamps, then %d", len(a), len(b))
		}
	})
}
