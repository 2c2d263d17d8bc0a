package rtsp

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/storage/media"
)

// chunks is a connection whose reads give one part each.
type chunks struct {
	net.Conn
	parts [][]byte
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.parts) == 0 {
		return 0, io.EOF
	}
	n := copy(p, c.parts[0])
	if c.parts[0] = c.parts[0][n:]; len(c.parts[0]) == 0 {
		c.parts = c.parts[1:]
	}
	return n, nil
}

func (c *chunks) Write(p []byte) (int, error)      { return len(p), nil }
func (c *chunks) SetReadDeadline(time.Time) error  { return nil }
func (c *chunks) SetWriteDeadline(time.Time) error { return nil }

// taken is a frame that came.
type taken struct {
	Channel byte
	Payload string
}

type sink struct{ frames []taken }

func (s *sink) frame(channel byte, payload []byte, _ time.Duration) {
	s.frames = append(s.frames, taken{channel, string(payload)})
}
func (s *sink) idle(time.Duration)          {}
func (s *sink) plausible(byte, []byte) bool { return true }
func (s *sink) surely(byte, []byte) bool    { return true }
func (s *sink) pictures() int64             { return 0 }

func stopped() time.Duration { return time.Second }

// tapOf reads everything through a tap, and returns what the library got.
func tapOf(t testing.TB, parts [][]byte) (*tap, *sink, []byte) {
	t.Helper()
	s := &sink{}
	tp := newTap(&chunks{parts: parts}, nil, s, newHooks("", "", "rtsp://camera/live"), stopped)
	out, err := io.ReadAll(tp)
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return tp, s, out
}

// split cuts b at random places.
func split(b []byte, random *rand.Rand) (parts [][]byte) {
	for len(b) > 0 {
		n := min(1+random.IntN(1+random.IntN(3000)), len(b))
		parts = append(parts, bytes.Clone(b[:n]))
		b = b[n:]
	}
	return parts
}

// However a stream of frames and messages is cut into reads, the frames are the
// same. Answers to nothing we asked are kept from the library.
func FuzzTap(f *testing.F) {
	f.Add([]byte{1, 200, 0, 2, 255, 3, 0, 4, 9, 0, 0, 5, 100}, uint64(1))
	f.Add([]byte{0, 0, 0, 0}, uint64(2))
	f.Fuzz(func(t *testing.T, script []byte, seed uint64) {
		var wire []byte
		var want []taken
		for i := 0; i+1 < len(script) && i < 200; i += 2 {
			kind, size := script[i], script[i+1]
			if kind%8 == 0 {
				m := &message{start: "RTSP/1.0 200 OK", header: []field{{"CSeq", "999"}}, body: bytes.Repeat([]byte{'$'}, int(size))}
				wire = append(wire, m.bytes()...)
				continue
			}
			payload := bytes.Repeat([]byte{kind, '$', 'R'}, int(size)*int(kind%8))
			wire = append(wire, '$', kind, byte(len(payload)>>8), byte(len(payload)))
			wire = append(wire, payload...)
			want = append(want, taken{kind, string(payload)})
		}
		tp, s, out := tapOf(t, split(wire, rand.New(rand.NewPCG(seed, 1))))
		if d := cmp.Diff(want, s.frames); d != "" {
			t.Errorf("%s", d)
		}
		if len(out) > 0 || tp.garbage > 0 {
			t.Errorf("the library got %q, %d bytes were skipped", out, tp.garbage)
		}
	})
}

// Garbage does not stop what follows it for ever.
func FuzzTapGarbage(f *testing.F) {
	f.Add([]byte("RTSP/1.0 200\r\nContent-Length: 5\r\n\r\n$$$"), uint64(1))
	f.Fuzz(func(t *testing.T, garbage []byte, seed uint64) {
		tp, s, _ := tapOf(t, split(garbage, rand.New(rand.NewPCG(seed, 1))))
		total := int(tp.garbage)
		for _, fr := range s.frames {
			total += 4 + len(fr.Payload)
		}
		if total > len(garbage) {
			t.Errorf("%d bytes out of %d", total, len(garbage))
		}
	})
}

// drop is a Handler that takes every unit off its chain at once.
type drop struct {
	chain *media.Chain
	part  media.Part
	units int
	bytes int
}

func (d *drop) Begin(tracks []media.Source) { d.chain = tracks[0].Chain }
func (d *drop) Unit(_ int, u media.Unit) {
	d.units++
	d.bytes += u.Len
	d.chain.Take(u.Pos+int64(u.Len), &d.part)
	d.part.Release()
}
func (d *drop) Report(int, uint64, uint32, time.Duration) {}
func (d *drop) Idle(time.Duration)                        {}
func (d *drop) Counters(depacket.Counters)                {}

// hotPath is the way of a packet through tap and depacketizer, and a second of
// 1080p25 at 2 Mbit/s on the wire: run sends it through once more.
func hotPath(t testing.TB) (run func(), d *drop, packets int) {
	t.Helper()
	d = &drop{}
	s, err := newSession(d, []offer{{pt: 96, params: depacket.Params{
		Codec: media.H264, Rate: 90000,
		SPS: [][]byte{{0x67, 0x42, 0xc0, 0x0a, 0xd9, 0x04, 0x26, 0xc0}}, PPS: [][]byte{{0x68, 0xce, 0x3c, 0x80}},
	}}}, true, func(Repair) {})
	if err != nil {
		t.Fatal(err)
	}
	s.begin(0)
	s.open([][2]int{{0, 1}})
	var wire []byte
	seq, stamp := uint16(0), uint32(0)
	heads := []int{} // where each packet's sequence number and timestamp stand
	for range 25 {
		left := 10_000
		for first := true; left > 0; first = false {
			n := min(left, 1400)
			left -= n
			head := byte(0x41 & 0x1f)
			if first {
				head |= 0x80
			}
			marker := byte(96)
			if left == 0 {
				head |= 0x40
				marker |= 0x80
			}
			size := 12 + 2 + n
			wire = append(wire, '$', 0, byte(size>>8), byte(size), 0x80, marker)
			heads = append(heads, len(wire))
			wire = append(wire, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0x7c, head)
			wire = append(wire, bytes.Repeat([]byte{0xaa}, n)...)
			packets++
		}
	}
	s.units.most = math.Inf(1) // the clock stands still
	hooks := newHooks("", "", "rtsp://camera/live")
	a := &attempt{hooks: hooks}
	a.inter.Store(s)
	tp := newTap(&chunks{}, nil, a, hooks, stopped)
	return func() {
		for i, at := range heads {
			if i > 0 && wire[heads[i-1]-1]&0x80 != 0 {
				stamp += 3600
			}
			wire[at], wire[at+1] = byte(seq>>8), byte(seq)
			wire[at+2], wire[at+3], wire[at+4], wire[at+5] = byte(stamp>>24), byte(stamp>>16), byte(stamp>>8), byte(stamp)
			seq++
		}
		stamp += 3600
		tp.buf, tp.r, tp.w = wire, 0, len(wire)
		tp.consume()
	}, d, packets
}

func TestHotPathAllocates(t *testing.T) {
	run, d, packets := hotPath(t)
	for range 10 {
		run()
	}
	units := d.units
	n := testing.AllocsPerRun(100, run)
	if d.units-units != 101*25 || d.bytes < d.units*10_000 {
		t.Fatalf("%d pictures of %d seconds, %d bytes", d.units-units, 101, d.bytes)
	}
	if n != 0 {
		t.Errorf("%v allocations for %d packets", n, packets)
	}
}

// BenchmarkHotPath is a second of a camera: from the bytes of the socket to
// access units in the chain.
func BenchmarkHotPath(b *testing.B) {
	run, _, packets := hotPath(b)
	b.ReportAllocs()
	b.SetBytes(250_000)
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*packets), "ns/packet")
}

// A message that is not whole yet does not keep frames from coming later.
func TestTapMessageInPieces(t *testing.T) {
	t.Parallel()
	h := newHooks("", "", "rtsp://camera/live")
	h.pending[1] = &pending{method: "OPTIONS", libCSeq: "7"}
	s := &sink{}
	wire := []byte("$\x00\x00\x01aRTSP/1.0 200\r\nCSeq: 1\r\nPublic: PLAY\r\n\r\n$\x01\x00\x01b")
	var parts [][]byte
	for _, x := range wire {
		parts = append(parts, []byte{x})
	}
	out, err := io.ReadAll(newTap(&chunks{parts: parts}, nil, s, h, stopped))
	if err != nil {
		t.Fatal(err)
	}
	if want := "RTSP/1.0 200 OK\r\nCSeq: 7\r\nPublic: PLAY\r\n\r\n"; string(out) != want {
		t.Errorf("the library got %q, want %q", out, want)
	}
	if !slices.Equal(s.frames, []taken{{0, "a"}, {1, "b"}}) {
		t.Errorf("%v", s.frames)
	}
}

// knowing is a sink that tells media from garbage as a session does.
type knowing struct {
	sink
	s *session
}

func (k *knowing) plausible(c byte, b []byte) bool { return k.s.plausible(c, b) }
func (k *knowing) surely(c byte, b []byte) bool    { return k.s.surely(c, b) }

// Garbage that looks like the beginning of a frame or of a message hides no
// frame, however much is read at once.
func TestTapMisled(t *testing.T) {
	t.Parallel()
	s := &session{mend: func(Repair) {}, tracks: []*sessionTrack{{offer: offer{pt: 96}}}}
	for i := range s.chans {
		s.chans[i] = -1
	}
	s.chans[0], s.chans[1] = 0, 1
	s.begun.Store(true)
	random := rand.New(rand.NewPCG(1, 2))
	var wire []byte
	var want []taken
	for range 3000 {
		wire = append(wire, "$\xc8\x00\x17no RTP at all, $ and $$$\x00\x20\x00garbage$$$\x01\xff\xff\x00$\x63"...)
		for range 1 + random.IntN(3) {
			b := make([]byte, 100+random.IntN(1312))
			for k := range b {
				b[k] = byte(random.Uint32())
			}
			b[0], b[1] = 0x80, 96
			wire = append(append(wire, '$', 0, byte(len(b)>>8), byte(len(b))), b...)
			want = append(want, taken{0, string(b)})
		}
	}
	k := &knowing{s: s}
	tp := newTap(&chunks{parts: split(wire, random)}, nil, k, newHooks("", "", "rtsp://camera/live"), stopped)
	if _, err := io.ReadAll(tp); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if !slices.Equal(k.frames, want) {
		t.Errorf("%d frames of %d", len(k.frames), len(want))
	}
}

// A machine that stood still has not heard the camera for as long: its silence
// counts once it has had time to be heard.
func TestSilenceWhileAway(t *testing.T) {
	t.Parallel()
	for _, away := range []time.Duration{time.Second, 2 * time.Second, 13 * time.Second} {
		tp := newTap(&chunks{}, nil, &sink{}, newHooks("", "", "rtsp://camera/live"), stopped)
		silent := false
		tp.err = func() error {
			if silent {
				return ErrStalled
			}
			return nil
		}
		now := stopped()
		for range 10 {
			now += drainEvery
			tp.duties(now)
		}
		if tp.stop != nil {
			t.Fatalf("stopped: %v", tp.stop)
		}
		silent = true
		now += away
		tp.duties(now)
		if got := tp.stop == nil; got != (away > awayFor) {
			t.Errorf("away for %s: %v", away, tp.stop)
			continue
		}
		for end := now + awayFor; now < end && tp.stop == nil; tp.duties(now) {
			now += drainEvery
		}
		if tp.stop == nil {
			t.Errorf("away for %s, and silent for %s after it: still waited for", away, awayFor)
		}
	}
}
