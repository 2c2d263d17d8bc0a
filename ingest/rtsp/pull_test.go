package rtsp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/stamp"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// start runs simulated cameras until the test ends.
func start(t *testing.T, cfg rtsptest.Config) *rtsptest.Server {
	t.Helper()
	cfg.NoSub = true
	return camtest.Start(t, cfg)
}

// seen is a Handler that keeps frame numbers, and ends the attempt when it has
// enough.
type seen struct {
	stop   func() // when there are enough
	enough int    // pictures

	mu       sync.Mutex
	tracks   []media.Source
	begun    int
	units    []int    // a track
	numbers  []uint64 // of stamped pictures
	codings  []*media.Track
	reports  int
	counters depacket.Counters
	inside   bool
	overlap  bool // two calls at once
}

func (s *seen) enter() func() {
	s.mu.Lock()
	s.overlap = s.overlap || s.inside
	s.inside = true
	return func() { s.inside = false; s.mu.Unlock() }
}

func (s *seen) Begin(tracks []media.Source) {
	defer s.enter()()
	s.begun++
	s.tracks, s.units = tracks, make([]int, len(tracks))
}

func (s *seen) Unit(i int, u media.Unit) {
	defer s.enter()()
	c := s.tracks[i].Chain
	if u.Track != nil {
		s.codings = append(s.codings, u.Track)
	}
	if i == 0 && s.tracks[0].Codec != media.MJPEG {
		b := c.AppendTo(nil, u.Pos, u.Pos+int64(u.Len))
		if st, ok := stamp.ScanSample(b, s.tracks[0].Codec == media.H265); ok {
			s.numbers = append(s.numbers, st.Number)
		}
	}
	s.units[i]++
	var p media.Part
	c.Take(u.Pos+int64(u.Len), &p)
	p.Release()
	if i == 0 && s.units[0] == s.enough {
		s.stop()
	}
}

func (s *seen) Report(int, uint64, uint32, time.Duration) { defer s.enter()(); s.reports++ }
func (s *seen) Idle(time.Duration)                        { defer s.enter()() }
func (s *seen) Counters(c depacket.Counters)              { defer s.enter()(); s.counters = c }

// pullSome pulls until so many pictures are there, and returns why it ended.
func pullSome(t *testing.T, cfg Config, pictures int) (*seen, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	s := &seen{stop: cancel, enough: pictures}
	began := time.Now()
	if cfg.Clock == nil {
		cfg.Clock = func() time.Duration { return time.Since(began) }
	}
	err := Pull(ctx, cfg, s)
	if s.overlap {
		t.Error("the handler was called twice at once")
	}
	return s, err
}

// wantFrames wants pictures without a hole, as asked for.
func wantFrames(t *testing.T, s *seen, err error, pictures int) {
	t.Helper()
	if !errors.Is(err, context.Canceled) || len(s.units) == 0 || s.units[0] < pictures {
		t.Fatalf("%v pictures, then %v", s.units, err)
	}
	sorted := slices.Sorted(slices.Values(s.numbers)) // B-frames come in decode order
	for i, n := range sorted {
		if i > 0 && n > sorted[i-1]+3 || i > 0 && n == sorted[i-1] { // the last B-frames may be on their way
			t.Fatalf("frame %d follows %d", n, sorted[i-1])
		}
	}
	if s.tracks[0].Codec != media.MJPEG && len(s.numbers) != s.units[0] {
		t.Errorf("%d of %d pictures have a number", len(s.numbers), s.units[0])
	}
}

func small() rtsptest.Config {
	return rtsptest.Config{Width: 320, Height: 184, GOP: 0.4, Bitrate: 200_000}
}

func TestPull(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		camera func(*rtsptest.Config)
		pull   Config
		tracks string
	}{
		{name: "tcp", tracks: "h264"},
		{name: "udp", pull: Config{Transport: "udp"}, tracks: "h264"},
		{name: "auto", pull: Config{Transport: "auto"}, tracks: "h264"},
		{name: "auto, tcp refused", camera: func(c *rtsptest.Config) { c.RefuseTCP = true }, pull: Config{Transport: "auto"}, tracks: "h264"},
		{name: "auto, udp refused", camera: func(c *rtsptest.Config) { c.RefuseUDP = true }, pull: Config{Transport: "auto"}, tracks: "h264"},
		{name: "byte by byte", camera: func(c *rtsptest.Config) { c.Write = rtsptest.WriteBytes }, tracks: "h264"},
		{name: "packet by packet", camera: func(c *rtsptest.Config) { c.Write = rtsptest.WritePackets }, tracks: "h264"},
		{name: "large packets", camera: func(c *rtsptest.Config) { c.MaxPayload = 60_000 }, tracks: "h264"},
		{name: "h265 and aac", camera: func(c *rtsptest.Config) { c.Codec, c.Audio = loop.H265, loop.AAC }, tracks: "h265 aac"},
		{name: "mjpeg and opus", camera: func(c *rtsptest.Config) { c.Codec, c.Audio = loop.MJPEG, loop.Opus }, tracks: "mjpeg opus"},
		{name: "mjpeg over udp", camera: func(c *rtsptest.Config) { c.Codec = loop.MJPEG }, pull: Config{Transport: "udp"}, tracks: "mjpeg"},
		{name: "pcma", camera: func(c *rtsptest.Config) { c.Audio = loop.PCMA }, tracks: "h264 pcma"},
		{name: "pcmu over udp", camera: func(c *rtsptest.Config) { c.Audio = loop.PCMU }, pull: Config{Transport: "udp"}, tracks: "h264 pcmu"},
		{name: "B-frames", camera: func(c *rtsptest.Config) { c.BFrames = 2; c.GOP = 2 }, tracks: "h264"},
		{name: "sets in the SDP alone", camera: func(c *rtsptest.Config) { c.ParamSets = rtsptest.SetsSDP }, tracks: "h264"},
		{name: "sets in band alone", camera: func(c *rtsptest.Config) { c.ParamSets = rtsptest.SetsInBand }, tracks: "h264"},
		{name: "metadata and back channel", camera: func(c *rtsptest.Config) { c.MetadataTrack, c.BackChannel, c.Audio = true, true, loop.AAC }, tracks: "h264 aac"},
		{name: "basic", camera: login(rtsptest.Basic), pull: Config{Username: "user", Password: "a:b@c"}, tracks: "h264"},
		{name: "digest", camera: login(rtsptest.Digest), pull: Config{Username: "user", Password: "a:b@c"}, tracks: "h264"},
		{name: "digest over udp", camera: login(rtsptest.Digest), pull: Config{Username: "user", Password: "a:b@c", Transport: "udp"}, tracks: "h264"},
		{name: "both", camera: login(rtsptest.BasicAndDigest), pull: Config{Username: "user", Password: "a:b@c"}, tracks: "h264"},
		{name: "digest without qop", camera: func(c *rtsptest.Config) { login(rtsptest.Digest)(c); c.NoQOP = true }, pull: Config{Username: "user", Password: "a:b@c"}, tracks: "h264"},
		{name: "digest by SHA-256", camera: func(c *rtsptest.Config) { login(rtsptest.Digest)(c); c.SHA256 = true }, pull: Config{Username: "user", Password: "a:b@c"}, tracks: "h264"},
		{name: "IPv6", camera: func(c *rtsptest.Config) { c.Listen = "[::1]:0" }, tracks: "h264"},
		{name: "IPv6 over udp", camera: func(c *rtsptest.Config) { c.Listen = "[::1]:0" }, pull: Config{Transport: "udp"}, tracks: "h264"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := small()
			if c.camera != nil {
				c.camera(&cfg)
			}
			srv := start(t, cfg)
			c.pull.URL = srv.URL(1)
			s, err := pullSome(t, c.pull, 30)
			wantFrames(t, s, err, 30)
			var names []string
			for i, tr := range s.tracks {
				names = append(names, tr.Codec.String())
				if s.units[i] == 0 {
					t.Errorf("no units of track %d, %s", i, tr.Codec)
				}
			}
			if got := strings.Join(names, " "); got != c.tracks {
				t.Errorf("tracks %q, want %q", got, c.tracks)
			}
			if len(s.codings) < 1 || s.codings[0] == nil {
				t.Errorf("no coding was announced")
			}
		})
	}
}

func login(scheme rtsptest.AuthScheme) func(*rtsptest.Config) {
	return func(c *rtsptest.Config) { c.Username, c.Password, c.Auth = "user", "a:b@c", scheme }
}

// Cameras over TLS: an unknown certificate is refused, a pinned one accepted.
func TestPullTLS(t *testing.T) {
	t.Parallel()
	cfg := small()
	certificate, pin, err := rtsptest.SelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	cfg.TLS = certificate
	srv := start(t, cfg)
	if !strings.HasPrefix(srv.URL(1), "rtsps://") {
		t.Fatal(srv.URL(1))
	}
	s, err := pullSome(t, Config{URL: srv.URL(1), TLSSHA256: pin}, 30)
	wantFrames(t, s, err, 30)
	s, err = pullSome(t, Config{URL: srv.URL(1)}, 30)
	if errors.Is(err, context.Canceled) || s.begun > 0 {
		t.Errorf("a certificate nobody vouches for: %v", err)
	}
	_, err = pullSome(t, Config{URL: srv.URL(1), TLSSHA256: strings.Repeat("0", 64)}, 30)
	if !errors.Is(err, ErrPin) || !Waits(err) {
		t.Errorf("another certificate than the pinned one: %v", err)
	}
}

// Why attempts end, what the gap is called, and whether to try again.
func TestPullFails(t *testing.T) {
	t.Parallel()
	locked := small()
	locked.Username, locked.Password = "user", "right"
	refuses := small()
	refuses.RefuseTCP = true
	mute := listen(t, nil)
	for _, c := range []struct {
		name  string
		url   string
		cfg   Config
		want  error // nil: any
		cause timeline.Cause
		waits bool
	}{
		{"wrong password", start(t, locked).URL(1), Config{Username: "user", Password: "wrong"}, ErrAuth, timeline.AuthFailed, true},
		{"no password", start(t, locked).URL(1), Config{}, ErrAuth, timeline.AuthFailed, true},
		{"transport refused", start(t, refuses).URL(1), Config{Transport: "tcp"}, ErrTransport, timeline.BadStream, false},
		{"no such path", start(t, small()).URL(1) + "x", Config{}, nil, timeline.BadStream, false},
		{"no URL", "http://127.0.0.1/", Config{}, ErrURL, timeline.BadStream, true},
		{"unknown transport", "rtsp://127.0.0.1/", Config{Transport: "smoke"}, ErrURL, timeline.BadStream, true},
		{"nobody there", "rtsp://" + closedPort(t) + "/", Config{}, nil, timeline.CameraOffline, false},
		{"no answer", "rtsp://" + mute + "/", Config{Connect: 300 * time.Millisecond}, nil, timeline.CameraOffline, false},
		{"no RTSP", "rtsp://" + listen(t, []byte("HTTP/1.1 400 Bad Request\r\n\r\n")) + "/", Config{Connect: 2 * time.Second}, ErrTransport, timeline.BadStream, false},
		{"busy", "rtsp://" + listen(t, []byte("RTSP/1.0 453 Not Enough Bandwidth\r\nCSeq: 1\r\n\r\n")) + "/", Config{Connect: 5 * time.Second}, ErrBusy, timeline.CameraBusy, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.cfg.URL = c.url
			s, err := pullSome(t, c.cfg, 1)
			if err == nil || errors.Is(err, context.Canceled) || c.want != nil && !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if got := Cause(err); got != c.cause || Waits(err) != c.waits {
				t.Errorf("%v: cause %v, waits %v", err, got, Waits(err))
			}
			if s.begun > 0 && len(s.units) > 0 && s.units[0] > 0 {
				t.Errorf("%d pictures", s.units[0])
			}
			if strings.Contains(err.Error(), "wrong") {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

// A camera that falls silent, cuts the line, or never sends is noticed in the
// time that is set for it.
func TestPullSilence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		fault     rtsptest.Fault
		transport string
		want      error
		cause     timeline.Cause
	}{
		{"stall", rtsptest.Fault{Kind: rtsptest.Stall, At: time.Second, For: time.Hour, FromPlay: true}, "tcp", ErrStalled, timeline.Stalled},
		{"stall over udp", rtsptest.Fault{Kind: rtsptest.Stall, At: time.Second, For: time.Hour, FromPlay: true}, "udp", ErrStalled, timeline.Stalled},
		{"never a picture", rtsptest.Fault{Kind: rtsptest.Stall, For: time.Hour, FromPlay: true}, "tcp", ErrNoFrame, timeline.Stalled},
		{"never a picture over udp", rtsptest.Fault{Kind: rtsptest.Stall, For: time.Hour, FromPlay: true}, "udp", ErrTransport, timeline.Stalled},
		{"no more video, audio goes on", rtsptest.Fault{Kind: rtsptest.Silent, Track: "video", At: time.Second, For: time.Hour, FromPlay: true}, "tcp", ErrStalled, timeline.Stalled},
		{"cut", rtsptest.Fault{Kind: rtsptest.Cut, At: time.Second, FromPlay: true}, "tcp", nil, timeline.CameraOffline},
		{"reset", rtsptest.Fault{Kind: rtsptest.Cut, Reset: true, At: time.Second, FromPlay: true}, "tcp", nil, timeline.CameraOffline},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cfg := small()
			cfg.Audio, cfg.StartAtNextKey = loop.PCMA, true
			cfg.Faults = []rtsptest.Fault{c.fault}
			srv := start(t, cfg)
			s, err := pullSome(t, Config{URL: srv.URL(1), Transport: c.transport, FirstFrame: 2 * time.Second, Stall: 2 * time.Second}, 1<<30)
			if errors.Is(err, context.DeadlineExceeded) || c.want != nil && !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if got := Cause(err); got != c.cause || Waits(err) {
				t.Errorf("%v: cause %v, waits %v", err, got, Waits(err))
			}
			if c.fault.At > 0 && (len(s.units) == 0 || s.units[0] < 10) {
				t.Errorf("%v units before it", s.units)
			}
		})
	}
}

// What a camera does not serve its viewers by.
func TestPullLoss(t *testing.T) {
	t.Parallel()
	cfg := small()
	cfg.Seed = 7
	cfg.Faults = []rtsptest.Fault{{Kind: rtsptest.Loss, Percent: 20, For: time.Hour}}
	srv := start(t, cfg)
	s, err := pullSome(t, Config{URL: srv.URL(1), Transport: "udp"}, 60)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if s.counters.Lost == 0 || s.reports < 0 {
		t.Errorf("counters %+v", s.counters)
	}
}

// listen answers every connection's first request with a text, or, without one,
// not at all.
func listen(t *testing.T, answer []byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); _ = l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				stop := context.AfterFunc(ctx, func() { _ = c.Close() })
				defer stop()
				b := make([]byte, 4096)
				for {
					if _, err := c.Read(b); err != nil {
						_ = c.Close()
						return
					}
					if _, err := c.Write(answer); err != nil {
						_ = c.Close()
						return
					}
				}
			})
		}
	})
	return l.Addr().String()
}

// closedPort is an address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(l.Addr())
}
