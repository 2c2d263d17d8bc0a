package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/limit"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/odd"
	"qianshao/ingest/rtsp/rtsptest/packet"
	"qianshao/registry"
	"qianshao/storage/media"
)

// A hostileCase is a camera that sends what hurts, as fast as it can, and what
// comes of it: an error that says these words, or a recording that goes on.
type hostileCase struct {
	name string
	cam  odd.Camera
	with func(d *registry.Draft, cam *odd.Running)
	// flood is what it sends from the tenth picture on, again and again. It is
	// made beforehand: what the camera itself holds is not to be counted.
	flood []byte
	says  string // "": it is recorded
}

var errEnough = errors.New("enough")

// forever writes bytes on a connection until it is closed.
func forever(c *odd.Conn, b []byte) error {
	for {
		if err := c.Write(b); err != nil {
			return err
		}
	}
}

// answering gives an answer to a method that never ends.
func answering(method, begin, rest string) func(*odd.Reply) {
	return func(r *odd.Reply) {
		if r.Method == method {
			r.Silent, r.Close = true, true
			_ = r.Conn.Write(fmt.Appendf(nil, begin, r.Asked("cseq"))) // the rest tells
			_ = forever(r.Conn, []byte(rest))                          // it ends with the connection
		}
	}
}

// flooding sends the same bytes from the tenth picture on, without end: so many
// bits a second; 0: as fast as it can.
func flooding(b []byte, bitrate int) func(*odd.Play, *odd.Frame, []odd.Packet) error {
	return func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
		if f.I < 10 {
			return p.Send(packets...)
		}
		f.Maybe = true
		if bitrate == 0 {
			return errors.Join(errEnough, forever(p.Conn, b))
		}
		each := time.NewTicker(time.Duration(len(b)) * 8 * time.Second / time.Duration(bitrate))
		defer each.Stop()
		for range each.C {
			if err := p.Conn.Write(b); err != nil {
				return errors.Join(errEnough, err)
			}
		}
		return nil
	}
}

// flooded is flooding over UDP: every packet waits for one that never comes.
func flooded(b []byte, bitrate int) func(*odd.Play, *odd.Frame, []odd.Packet) error {
	return func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
		if f.I < 10 {
			return p.Send(packets...)
		}
		f.Maybe = true
		if bitrate == 0 {
			bitrate = 2_000_000_000 // a network card's
		}
		each := time.NewTicker(time.Duration(len(b)) * 8 * time.Second / time.Duration(bitrate))
		defer each.Stop()
		for i := range 500 {
			<-each.C
			q := odd.Packet{Payload: b, PT: 96, Seq: uint16(2 * i), SSRC: 77, Track: p.Video}
			if err := p.Send(q); err != nil {
				return err
			}
		}
		return nil
	}
}

// block is about 64 KiB of interleaved packets of the video.
func block(each func(i int, q *odd.Packet)) (b []byte) {
	for i := 0; len(b) < 64<<10; i++ {
		q := odd.Packet{PT: 96, Seq: uint16(i), TS: 1 << 30, SSRC: 77}
		each(i, &q)
		b = append(b, q.Interleaved()...)
	}
	return b
}

func hostileCases() []hostileCase {
	const good = "RTSP/1.0 200 OK\r\nCSeq: %s\r\n"
	part := append([]byte{0x7c, 0x01}, noise(1200, 0)...) // of an FU-A, neither its beginning nor its end
	mebibyte := strings.Repeat("a=x-what:0123456789abcdef\r\n", 1<<20/27)
	var large []byte // a picture of 2 MB
	for i, payload := range packet.H264([][]byte{append([]byte{0x41, 0x9a}, noise(2<<20, 0)...)}, 1400) {
		q := odd.Packet{Payload: payload, PT: 96, Seq: uint16(i), TS: 1 << 30, SSRC: 77}
		large = append(large, q.Interleaved()...)
	}
	return []hostileCase{
		{name: "a header without end", cam: odd.Camera{Reply: answering("OPTIONS", good, strings.Repeat("X-Y: zzzzzzzzzzzzzzzz\r\n", 100))}, says: "header is longer"},
		{name: "a header line without end", cam: odd.Camera{Reply: answering("OPTIONS", good+"X: ", strings.Repeat("y", 4096))}, says: "header is longer"},
		{name: "10,000 headers", cam: odd.Camera{Reply: answering("OPTIONS", good+strings.Repeat("A:\r\n", 10_000)+"\r\n", "\r\n")}, says: "header"},
		{name: "1,000 headers", cam: odd.Camera{Reply: answering("OPTIONS", good+strings.Repeat("A:\r\n", 1000)+"\r\n", "\r\n")}, says: "header lines"},
		{name: "a body without end", cam: odd.Camera{Reply: answering("DESCRIBE", good+"Content-Length: 2000000000\r\n\r\n", mebibyte)}, says: "a message longer"},
		{name: "a body without length and end", cam: odd.Camera{Reply: answering("DESCRIBE", good+"\r\n", mebibyte)}, says: "no video"},
		{name: "a description of 1 MB", cam: odd.Camera{SDP: func(s string) string { return s + mebibyte }}, says: "a message longer"},
		{name: "1,000 tracks", cam: odd.Camera{Audio: loop.PCMA, SDP: func(s string) string {
			return s + strings.Repeat("m=audio 0 RTP/AVP 8\r\na=control:t=9\r\n", 1000)
		}}},
		{name: "an answer to GET without end", cam: odd.Camera{HTTP: true, Web: web("GET", func(w *odd.Web) {
			w.Header = []string{strings.Repeat("X-Y: zzzzzzzzzzzzzzzz\r\n", 10_000)}
		})}, says: "no end"},

		{name: "a NAL unit without end", flood: block(func(i int, q *odd.Packet) {
			if q.Payload = part; i == 0 {
				q.Payload = append([]byte{0x7c, 0x81}, part[2:]...)
			}
		}), says: "Mbit/s"},
		{name: "a NAL unit without beginning and end", flood: block(func(_ int, q *odd.Packet) { q.Payload = part }), says: "Mbit/s"},
		{name: "millions of NAL units in a picture", flood: block(func(_ int, q *odd.Packet) {
			q.Payload = []byte("\x78" + strings.Repeat("\x00\x02\x41\x1a", 300))
		}), says: "Mbit/s"},
		{name: "packets of one byte", flood: block(func(_ int, q *odd.Packet) { q.Payload = []byte{0x41} }), says: "Mbit/s"},
		{name: "pictures at the speed of the socket", flood: block(func(i int, q *odd.Packet) {
			q.Payload, q.TS, q.Marker = []byte{0x41, 0x9a, 1, 2, 3}, uint32(i), true
		}), says: "more than"},
		{name: "another source with every packet", flood: block(func(i int, q *odd.Packet) {
			q.Payload, q.SSRC = part, uint32(i)
		}), says: "Mbit/s"},
		{
			name: "a number of its own for every NAL unit", cam: odd.Camera{SDP: edit("packetization-mode=1", "packetization-mode=2;sprop-interleaving-depth=30000")},
			flood: block(func(i int, q *odd.Packet) {
				q.Payload = append([]byte{0x79, byte(i), byte(7 * i), 0x04, 0xb0, 0x06}, part[:1199]...)
			}), says: "Mbit/s",
		},
		{name: "reports at the speed of the socket", flood: bytes.Repeat(odd.Interleave(1, odd.SenderReport(1, 2, 3, 4, 5)), 2000), says: "Mbit/s"},
		{name: "sound at the speed of the socket", cam: odd.Camera{Audio: loop.PCMA}, flood: block(func(i int, q *odd.Packet) {
			q.Payload, q.PT, q.TS, q.Channel = []byte{0x55}, 8, uint32(i), 2
		}), says: "more than"},
		{name: "garbage at the speed of the socket", flood: noise(64<<10, '$'), says: "neither RTSP nor video"},
		{name: "garbage with dollar signs at the speed of the socket", flood: noise(64<<10, 0), says: "the camera sends"},
		{name: "garbage in place of an answer", cam: odd.Camera{Reply: answering("OPTIONS", "%.0s", string(noise(64<<10, '$')))}, says: "neither RTSP nor video"},
		{name: "empty frames at the speed of the socket", flood: bytes.Repeat([]byte{'$', 0, 0, 0}, 16<<10), says: "neither RTSP nor video"},
		{name: "frames of nobody at the speed of the socket", flood: odd.Interleave(99, make([]byte, 60_000)), says: "the camera sends"},
		{name: "requests at the speed of the socket", flood: bytes.Repeat([]byte("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"), 1000), says: "the camera"},
		{name: "pictures of 2 MB at the speed of the socket", flood: large, says: "Mbit/s"},

		{name: "parameter sets of 64 KB, others in every picture", cam: odd.Camera{Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet {
			return odd.Whole(p, with(append([]byte{0x67}, noise(64<<10, 0)...), f))
		}}},
		{name: "parameter sets of 15 KB with every id", cam: odd.Camera{Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet {
			return odd.Whole(p, with(append([]byte{0x68, byte(f.I) | 1, byte(f.I * 7)}, noise(15<<10, 0)...), f))
		}}},
		{name: "another coding with every picture", cam: odd.Camera{Film: loop.Params{GOP: 0.04}, Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet {
			return odd.Whole(p, with([]byte{0x68, 0x24, byte(f.I), 0x80}, f)) // a picture parameter set of id 8
		}}, says: "another size or coding"},
		{name: "datagrams that wait for others", with: by(registry.UDP), flood: noise(60_000, 0), says: "the camera"},
	}
}

// One camera makes the process hold no more than limit.Camera, whatever it
// sends. What it can send without end is sent a little slower than is taken:
// faster, the collector of garbage would be measured. Serial: what others hold
// would be counted.
func TestHostileMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: measures memory")
	}
	cases := hostileCases()
	for i := range cases {
		c := &cases[i]
		t.Run(c.name, func(t *testing.T) {
			held := c.run(t, limit.Bitrate*9/10, "")
			t.Logf("held %.1f MiB", float64(held)/(1<<20))
			if held > limit.Camera {
				t.Errorf("the process holds %d bytes for it", held)
			}
		})
	}
}

// As fast as the socket takes it, it is cut off. Serial, as the next: cameras that
// keep time have no room beside a flood.
func TestHostileFloods(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: takes the whole machine")
	}
	cases := hostileCases()
	for i := range cases {
		if c := &cases[i]; c.flood != nil {
			t.Run(c.name, func(t *testing.T) { c.run(t, 0, c.says) }) // one after the other: each takes what it gets
		}
	}
}

// run plays a case, floods at a bit rate; says is what a flood ends with. It
// returns how much the process held more than before.
func (c *hostileCase) run(t *testing.T, bitrate int, says string) int64 {
	t.Helper()
	s := newStation(t, t.TempDir(), 1)
	ctx, cancel := context.WithCancel(context.Background())
	switch {
	case c.flood != nil && c.with != nil:
		c.cam.Write = flooded(c.flood, bitrate)
	case c.flood != nil:
		c.cam.Write = flooding(c.flood, bitrate)
	default:
		says = c.says
	}
	cam, err := odd.Start(ctx, c.cam)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	defer func() {
		cancel()
		cam.Wait()
	}()
	base := min(inUse(), inUse(), inUse()) // what others left is gone by then
	d := draft("A", cam.URL())
	if c.with != nil {
		c.with(&d, cam)
	}
	id := s.add(d).Stream(0)
	most, begun := uint64(0), time.Now()
	failed := func() bool { return s.reg.State(id).LastError != "" }
	s.until("what comes of it", func() bool {
		if bitrate > 0 {
			most = max(most, inUse())
		}
		switch {
		case c.flood != nil && bitrate > 0: // held against the limit as long as it lasts
			return failed() || time.Since(begun) > 2500*time.Millisecond
		case says != "":
			return failed()
		}
		return failed() || s.slot(id).rec.Stats().Frames > 50
	})
	st := s.reg.State(id)
	if c.flood != nil && strings.Contains(st.LastError, "stopped sending pictures") {
		return int64(most) - int64(base) // on a busy machine no flood is too much
	}
	if !strings.Contains(st.LastError, says) || says == "" && c.flood == nil && st.LastError != "" {
		t.Errorf("it ends with %s %q, want %q", st.Cause, st.LastError, says)
	}
	return int64(most) - int64(base)
}

// inUse is what is in use of the heap, the stacks and the chunks that hold media.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse + uint64(media.Held())
}

// A camera that sends garbage as fast as it can takes nothing from five others:
// not one of their frames is lost.
func TestGarbageBesideOthers(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var cams []*odd.Running
	defer func() {
		cancel()
		for _, c := range cams {
			c.Wait()
		}
	}()
	start := func(c odd.Camera) *odd.Running {
		r, err := odd.Start(ctx, c)
		if err != nil {
			t.Fatal(err)
		}
		cams = append(cams, r)
		return r
	}
	s := newStation(t, t.TempDir(), 1)
	bad := start(odd.Camera{Write: flooding(noise(64<<10, 0), 0)})
	s.add(draft("bad", bad.URL()))
	var c oddCase
	var outcomes []*oddOutcome
	for i := range 5 {
		cam := start(odd.Camera{})
		outcomes = append(outcomes, &oddOutcome{cam: cam})
		s.add(draft(fmt.Sprintf("good-%d", i), cam.URL()))
	}
	s.until("the film", func() bool {
		for _, o := range outcomes {
			if len(o.cam.Shots()) < 100 {
				return false
			}
		}
		return bad.Count("PLAY") > 3
	})
	for i, o := range outcomes {
		_, o.gaps = s.timeline(s.ids[fmt.Sprintf("good-%d", i)].Stream(0))
		o.cam.Stop()
		if n := o.cam.Count("PLAY"); n != 1 {
			t.Errorf("camera %d was played %d times", i, n)
		}
	}
	for i, o := range outcomes {
		id := s.ids[fmt.Sprintf("good-%d", i)].Stream(0)
		s.settle(o.cam, id)
		o.state = s.reg.State(id)
	}
	s.stop()
	for i, o := range outcomes {
		o.read(t, s, s.ids[fmt.Sprintf("good-%d", i)].Stream(0))
		o.off = nil // when they came is the machine's affair: two processors for a flood and all else
		c.judge(t, o)
	}
}
