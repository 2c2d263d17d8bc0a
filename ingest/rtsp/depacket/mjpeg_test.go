package depacket_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/ingest/rtsp/rtsptest/packet"
	"qianshao/storage/media"
)

// jpegOf is a picture of a pattern and its RFC 2435 payloads.
func jpegOf(t testing.TB, w, h, quality int) (picture []byte, payloads [][]byte) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, color.RGBA{byte(x * 3), byte(y * 5), byte(x * y), 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	payloads, err := packet.JPEG(b.Bytes(), 500)
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), payloads
}

func samePicture(t *testing.T, a, b []byte) {
	t.Helper()
	x, err := jpeg.Decode(bytes.NewReader(a))
	if err != nil {
		t.Fatal(err)
	}
	y, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if x.Bounds() != y.Bounds() {
		t.Fatalf("%v, want %v", x.Bounds(), y.Bounds())
	}
	if p, q := x.(*image.YCbCr), y.(*image.YCbCr); !bytes.Equal(p.Y, q.Y) || !bytes.Equal(p.Cb, q.Cb) || !bytes.Equal(p.Cr, q.Cr) {
		t.Error("the pixels differ")
	}
}

// edit returns copies of payloads, each changed.
func edit(payloads [][]byte, f func(i int, p []byte) []byte) (out [][]byte) {
	for i, p := range payloads {
		out = append(out, f(i, bytes.Clone(p)))
	}
	return out
}

// withQ changes Q and takes the tables out.
func withQ(payloads [][]byte, q byte, tables bool) [][]byte {
	return edit(payloads, func(i int, p []byte) []byte {
		p[5] = q
		if i == 0 && !tables {
			if q > 127 {
				return join(p[:8], []byte{0, 0, 0, 0}, p[8+4+128:])
			}
			return join(p[:8], p[8+4+128:])
		}
		return p
	})
}

func TestMJPEG(t *testing.T) {
	t.Parallel()
	for name, q := range map[string]byte{"computed tables, coarse": 20, "computed tables, fine": 80, "dynamic tables": 255, "tables sent once": 200} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			quality := int(q)
			if q > 127 {
				quality = 60
			}
			picture, payloads := jpegOf(t, 136, 72, quality)
			w := newWire(t, depacket.Params{Codec: media.MJPEG, Rate: 90000})
			w.send(0, withQ(payloads, q, q > 127)...)
			w.send(3600, withQ(payloads, q, q == 255)...)
			if len(w.units) != 2 {
				t.Fatalf("%d units, %+v", len(w.units), w.s.Counters())
			}
			for _, u := range w.units {
				samePicture(t, u.b, picture)
				if u.Sync != media.KeyFrame {
					t.Errorf("%+v", u.Unit)
				}
			}
			if tr := w.units[0].Track; tr == nil || tr.Width != 136 || tr.Height != 72 || w.units[1].Track != nil {
				t.Errorf("%+v", tr)
			}
		})
	}
}

// TestMJPEGRestart: the interval stands in the picture (ITU-T T.81 B.2.4.4).
func TestMJPEGRestart(t *testing.T) {
	t.Parallel()
	_, payloads := jpegOf(t, 64, 48, 60)
	w := newWire(t, depacket.Params{Codec: media.MJPEG, Rate: 90000})
	w.send(0, edit(payloads, func(_ int, p []byte) []byte {
		p[4] |= 64
		return join(p[:8], []byte{0x12, 0x34, 0xff, 0xff}, p[8:])
	})...)
	if len(w.units) != 1 || !bytes.Contains(w.units[0].b, []byte{0xff, 0xdd, 0, 4, 0x12, 0x34}) {
		t.Fatalf("%d units, %+v", len(w.units), w.s.Counters())
	}
}

// TestMJPEGLarge: the size stands in the header extension.
func TestMJPEGLarge(t *testing.T) {
	t.Parallel()
	picture, payloads := jpegOf(t, 64, 48, 60)
	w := newWire(t, depacket.Params{Codec: media.MJPEG, Rate: 90000})
	frame := picture[bytes.Index(picture, []byte{0xff, 0xc0}):][:19]
	for i, p := range edit(payloads, func(_ int, p []byte) []byte { p[6], p[7] = 0, 0; return p }) {
		b := rtpPacket(uint16(i), 0, i == len(payloads)-1, p)
		if i == 0 {
			ext := append(bytes.Clone(frame), 0xff)
			b = join([]byte{b[0] | 0x10}, b[1:12], []byte{0xff, 0xd8, 0, byte(len(ext) / 4)}, ext, p)
		}
		w.s.Packet(b, 0)
	}
	if len(w.units) != 1 {
		t.Fatalf("%+v", w.s.Counters())
	}
	samePicture(t, w.units[0].b, picture)
}

func TestMJPEGLoss(t *testing.T) {
	t.Parallel()
	_, payloads := jpegOf(t, 136, 72, 60)
	for lost := range payloads {
		w := newWire(t, depacket.Params{Codec: media.MJPEG, Rate: 90000})
		w.lose = map[int]bool{len(payloads) + lost: true}
		for i := range 3 {
			w.send(uint32(i)*3600, payloads...)
		}
		if c := w.s.Counters(); len(w.units) != 2 || c.Lost != 1 || c.Damaged != 1 {
			t.Errorf("without %d: %d units, %+v", lost, len(w.units), c)
		}
	}
}

func TestMJPEGMalformed(t *testing.T) {
	t.Parallel()
	_, payloads := jpegOf(t, 64, 48, 60)
	first := payloads[0]
	for name, b := range map[string][]byte{
		"short":           first[:7],
		"type":            join(first[:4], []byte{2}, first[5:]),
		"Q 0":             join(first[:5], []byte{0}, first[6:]),
		"Q 100":           join(first[:5], []byte{100}, first[6:]),
		"no size":         join(first[:6], []byte{0, 0}, first[8:]),
		"tables cut off":  first[:60],
		"part of a table": join(first[:10], []byte{0, 65}, first[12:]),
		"no tables ever":  join(first[:5], []byte{130, 8, 6, 0, 0, 0, 0}, first[12+128:]),
	} {
		w := newWire(t, depacket.Params{Codec: media.MJPEG, Rate: 90000})
		w.send(0, b)
		w.send(3600, payloads...)
		if c := w.s.Counters(); len(w.units) != 1 || w.units[0].RTP != 3600 || c.Damaged != 1 {
			t.Errorf("%s: %d units, %+v", name, len(w.units), c)
		}
	}
}
