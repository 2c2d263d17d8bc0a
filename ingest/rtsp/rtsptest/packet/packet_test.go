package packet

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"qianshao/ingest/rtsp/rtsptest/loop"
)

func unit(size int, head ...byte) []byte {
	rnd := rand.New(rand.NewPCG(uint64(size), 9))
	out := append([]byte{}, head...)
	for len(out) < size {
		out = append(out, byte(rnd.Uint32()))
	}
	return out
}

// TestFragmentsJoin puts every fragment back together by the rules of the
// receiving side.
func TestFragmentsJoin(t *testing.T) {
	t.Parallel()
	for _, size := range []int{2, 99, 100, 101, 102, 198, 1000, 4097} {
		want := unit(size, 0x65)
		var got []byte
		packets := H264([][]byte{want}, 100)
		for i, p := range packets {
			if len(p) > 100 {
				t.Fatalf("H.264 %d: packet of %d bytes", size, len(p))
			}
			if p[0]&0x1f != 28 {
				got = append(got, p...)
				continue
			}
			if (p[1]&0x80 != 0) != (i == 0) || (p[1]&0x40 != 0) != (i == len(packets)-1) {
				t.Fatalf("H.264 %d: packet %d of %d has header %08b", size, i, len(packets), p[1])
			}
			if i == 0 {
				got = append(got, p[0]&0xe0|p[1]&0x1f)
			}
			got = append(got, p[2:]...)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("H.264 %d: joined differs", size)
		}

		want, got = unit(size, 19<<1, 1), nil
		packets = H265([][]byte{want}, 100)
		for i, p := range packets {
			if len(p) > 100 {
				t.Fatalf("H.265 %d: packet of %d bytes", size, len(p))
			}
			if p[0]>>1 != 49 {
				got = append(got, p...)
				continue
			}
			if (p[2]&0x80 != 0) != (i == 0) || (p[2]&0x40 != 0) != (i == len(packets)-1) {
				t.Fatalf("H.265 %d: packet %d of %d has header %08b", size, i, len(packets), p[2])
			}
			if i == 0 {
				got = append(got, p[0]&0x81|p[2]&0x3f<<1, p[1])
			}
			got = append(got, p[3:]...)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("H.265 %d: joined differs", size)
		}
	}
}

func TestAggregates(t *testing.T) {
	t.Parallel()
	got := AppendSTAPA(nil, []byte{0x67, 1}, []byte{0x06, 2, 3})
	if want := []byte{0x78, 0, 2, 0x67, 1, 0, 3, 0x06, 2, 3}; !bytes.Equal(got, want) {
		t.Errorf("STAP-A % x, want % x", got, want)
	}
	got = AppendAP(nil, []byte{0x40, 1}, []byte{0x42, 1, 9})
	if want := []byte{0x60, 1, 0, 2, 0x40, 1, 0, 3, 0x42, 1, 9}; !bytes.Equal(got, want) {
		t.Errorf("AP % x, want % x", got, want)
	}
	if got, err := AAC([]byte{1, 2, 3}); err != nil || !bytes.Equal(got, []byte{0, 16, 0, 24, 1, 2, 3}) {
		t.Errorf("AAC % x, %v", got, err)
	}
	if _, err := AAC(make([]byte, 8192)); !errors.Is(err, ErrTooBig) {
		t.Errorf("AAC of 8192 bytes: %v", err)
	}
}

func TestJPEG(t *testing.T) {
	t.Parallel()
	v, err := loop.Load(t.Context(), loop.Params{Codec: loop.MJPEG, Width: 320, Height: 184, FPS: 5, Seconds: 4, Bitrate: 400_000})
	if err != nil {
		t.Fatal(err)
	}
	picture := v.Units[0].NALs[0]
	packets, err := JPEG(picture, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var scan []byte
	for i, p := range packets {
		if at := int(p[1])<<16 | int(p[2])<<8 | int(p[3]); at != len(scan) {
			t.Fatalf("packet %d at %d, want %d", i, at, len(scan))
		}
		if p[4] != 1 || p[5] != 255 || p[6] != 40 || p[7] != 23 || len(p) > 1000 {
			t.Fatalf("packet %d of %d bytes: % x", i, len(p), p[:8])
		}
		if p = p[8:]; i == 0 {
			p = p[4+128:]
		}
		scan = append(scan, p...)
	}
	if !bytes.HasSuffix(picture, append(scan, 0xff, 0xd9)) {
		t.Error("the scan is not what the picture ends with")
	}
}

func FuzzJPEG(f *testing.F) {
	f.Add([]byte{0xff, 0xd8, 0xff, 0xda, 0, 2}, 100)
	f.Fuzz(func(t *testing.T, b []byte, size int) {
		if size < 200 || size > 2000 {
			size = 500
		}
		packets, err := JPEG(b, size)
		if err != nil {
			return
		}
		for _, p := range packets {
			if len(p) > size {
				t.Fatalf("packet of %d bytes", len(p))
			}
		}
	})
}
