package rtsptest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var s ranges
		model := map[uint64]bool{}
		for _, n := range rapid.SliceOfN(rapid.Uint64Range(0, 40), 0, 60).Draw(t, "numbers") {
			s.add(n)
			model[n] = true
		}
		var got []uint64
		for i, r := range s {
			if i > 0 && s[i-1].Last+1 >= r.First {
				t.Fatalf("%v touch", s)
			}
			if r.Len() == 0 || r.Last < r.First {
				t.Fatalf("%v holds nothing", r)
			}
			got = append(got, span(r.First, r.Last)...)
		}
		var want []uint64
		for n := range model {
			want = append(want, n)
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestReportIsWhole(t *testing.T) {
	t.Parallel()
	b := appendReport(nil, 1, 1_500_000, 2, 3, 4)
	for len(b) > 0 {
		size := (int(b[2])<<8 | int(b[3]) + 1) * 4
		if b[0]>>6 != 2 || size > len(b) {
			t.Fatalf("RTCP packet of %d bytes in %d", size, len(b))
		}
		b = b[size:]
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"))
	f.Add([]byte("$\x00\x00\x02xxSETUP rtsp://h/cam0001/trackID=0 RTSP/1.0\r\nTransport: RTP/AVP;unicast;client_port=1-2,RTP/AVP/TCP;interleaved=0-1\r\nAuthorization: Digest a=\"b\", c=d\r\nContent-Length: 2\r\n\r\nok"))
	f.Add([]byte("RTSP/1.0 200 OK\r\n\r\n"))
	s := &Server{}
	for i := range 3 {
		s.cameras = append(s.cameras, &camera{n: i + 1})
	}
	g := &guard{scheme: BasicAndDigest, username: "u", password: "p", nonce: "n"}
	f.Fuzz(func(t *testing.T, b []byte) {
		br := bufio.NewReader(bytes.NewReader(b))
		for {
			req, err := readRequest(br)
			if err != nil {
				return
			}
			if len(req.body) > maxBody || len(req.header) > maxHeaders || strings.ContainsAny(req.method+req.uri, " \r\n") {
				t.Fatalf("request %+v", req)
			}
			for _, tr := range parseTransports(req.header["transport"]) {
				if tr.channel > 254 || tr.rtp > 65535 || tr.rtcp > 65535 {
					t.Fatalf("transport %+v", tr)
				}
			}
			if g.admits(req) && !strings.Contains(req.header["authorization"], "dTpw") {
				t.Fatalf("admitted %q", req.header["authorization"])
			}
			if c, _, _, ok := s.resolve(req.path); ok && c == nil {
				t.Fatal("a camera that is not there")
			}
		}
	})
}

func FuzzParseFault(f *testing.F) {
	f.Add("3:loss=2.5@10+60")
	f.Fuzz(func(t *testing.T, text string) {
		fault, err := ParseFault(text)
		if err != nil {
			if !errors.Is(err, ErrFault) {
				t.Fatal(err)
			}
			return
		}
		if fault.At < 0 || fault.For < 0 || !(fault.Percent >= 0 && fault.Percent <= 100) {
			t.Fatalf("%+v", fault)
		}
	})
}

// TestLateSessionLeavesFramesOut: a client that did not read for long gets the
// next key frame, not old pictures.
func TestLateSessionLeavesFramesOut(t *testing.T) {
	t.Parallel()
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	near, far := net.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, far)
		done <- err
	}()
	sess := &session{
		srv: s, cam: s.cameras[0], reel: s.main, log: &Session{}, conn: &conn{srv: s, nc: near},
		tracks: []*track{{control: videoTrack}},
	}
	p := sess.newPlayer()
	p.slot -= 20 * 25
	p.fresh = p.slot - 1
	now := s.Now()
	if err := p.sendDue(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if sent := s.Sent(1); len(sent) > 1 || (len(sent) == 1 && sent[0].First%50 != 0) {
		t.Errorf("sent %v", sent)
	}
	if err := p.sendDue(t.Context(), now+2_100_000); err != nil {
		t.Fatal(err)
	}
	sent := s.Sent(1)
	if len(sent) != 1 || sent[0].First%50 != 0 || sent[0].Last != s.FrameAt(now+2_100_000) {
		t.Errorf("sent %v up to frame %d", sent, s.FrameAt(now+2_100_000))
	}
	if err := near.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// BenchmarkFrame is the cost of putting one frame into a buffer.
func BenchmarkFrame(b *testing.B) {
	cfg, err := Config{}.withDefaults()
	if err != nil {
		b.Fatal(err)
	}
	v, _, err := load(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	r, err := newReel(v, cfg)
	if err != nil {
		b.Fatal(err)
	}
	s := &session{reel: r, cam: &camera{}, srv: &Server{cfg: cfg}, dice: rand.New(rand.NewPCG(1, 1))}
	p := &player{session: s, video: &track{}}
	out := &output{}
	b.ReportAllocs()
	for b.Loop() {
		out.b, out.cuts, out.numbers = out.b[:0], out.cuts[:0], out.numbers[:0]
		e := p.effects(0)
		p.addVideo(out, &e)
	}
}
