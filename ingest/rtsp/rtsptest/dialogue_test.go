package rtsptest

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest/loop"
)

func TestDialogue(t *testing.T) {
	t.Parallel()
	cfg := small(loop.H264)
	cfg.Cameras, cfg.MetadataTrack, cfg.BackChannel, cfg.Audio = 2, true, true, loop.PCMU
	s := start(t, cfg)
	url := s.URL(2)
	c := dial(t, s)

	if r := c.do("OPTIONS", "*"); r.status != 200 || !strings.Contains(r.header["public"], "GET_PARAMETER") {
		t.Errorf("OPTIONS: %+v", r)
	}
	base := strings.TrimSuffix(url, "/cam0002")
	for _, path := range []string{"/cam0003", "/cam0000", "/cam2", "/cam00002", "/", "/other", "/cam0001/third", "/cam0001/trackID=x"} {
		if r := c.do("DESCRIBE", base+path); r.status != 404 {
			t.Errorf("DESCRIBE %s: %d, want 404", path, r.status)
		}
	}
	r := c.do("DESCRIBE", url, "Accept: application/sdp")
	if r.status != 200 || r.header["content-base"] != url+"/" || r.header["content-type"] != "application/sdp" {
		t.Errorf("DESCRIBE: %+v", r)
	}
	for _, want := range []string{
		"m=video 0 RTP/AVP 96\r\n", "sprop-parameter-sets=", "m=audio 0 RTP/AVP 0\r\n",
		"vnd.onvif.metadata/90000", "a=sendonly\r\n", "a=framerate:10\r\n",
	} {
		if !strings.Contains(r.body, want) {
			t.Errorf("description lacks %q:\n%s", want, r.body)
		}
	}
	const tcp = "Transport: RTP/AVP/TCP;unicast;interleaved="
	for _, wrong := range []struct {
		method, path, header string
		status               int
	}{
		{"SETUP", "", tcp + "0-1", 459},
		{"SETUP", "/trackID=7", tcp + "0-1", 404},
		{"SETUP", "/trackID=0", "Transport: RTP/AVP;multicast", 461},
		{"SETUP", "/trackID=0", "Transport: RTP/AVP;unicast", 461},
		{"SETUP", "/trackID=0", "Transport: MP2T/H2221/UDP", 461},
		{"SETUP", "/trackID=0", "Session: 12345678\r\n" + tcp + "0-1", 454},
		{"PLAY", "", "X: y", 454},
		{"TEARDOWN", "", "Session: 1", 454},
		{"GET_PARAMETER", "", "X: y", 200},
	} {
		if r := c.do(wrong.method, url+wrong.path, wrong.header); r.status != wrong.status {
			t.Errorf("%s %s with %q: %d, want %d", wrong.method, wrong.path, wrong.header, r.status, wrong.status)
		}
	}
	c.setUp(url, videoTrack, audioTrack, metadataTrack, backTrack)
	if r := c.do("SETUP", base+"/cam0001/trackID=0", tcp+"0-1"); r.status != 455 {
		t.Errorf("SETUP of another camera: %d, want 455", r.status)
	}
	if r := c.do("RECORD", url); r.status != 405 {
		t.Errorf("RECORD: %d, want 405", r.status)
	}
	r = c.do("PLAY", url)
	if info := r.header["rtp-info"]; r.status != 200 || strings.Count(info, "rtptime=") != 2 || !strings.Contains(info, url+"/trackID=1;seq=") {
		t.Errorf("PLAY: %+v", r)
	}
	numbers := c.frames(s.FrameAt(s.Now()) + 3)
	for i, n := range numbers {
		if n != numbers[0]+uint64(i) {
			t.Fatalf("frames %v", numbers)
		}
	}
	if numbers[0]%uint64(cfg.FPS) != 0 {
		t.Errorf("the session opens with frame %d, no key frame", numbers[0])
	}
	if r := c.do("GET_PARAMETER", url); r.status != 200 {
		t.Errorf("GET_PARAMETER: %d", r.status)
	}
	if r := c.do("PAUSE", url); r.status != 200 {
		t.Errorf("PAUSE: %d", r.status)
	}
	before := s.Sent(2)
	c.stash = nil
	if r := c.do("SET_PARAMETER", url); r.status != 200 || len(c.stash) != 0 {
		t.Errorf("SET_PARAMETER: %d, and %d packets in the pause", r.status, len(c.stash))
	}
	if r := c.do("PLAY", url); r.status != 200 {
		t.Errorf("PLAY again: %d", r.status)
	}
	last := before[len(before)-1].Last
	if numbers := c.frames(last + 2); numbers[0]%uint64(cfg.FPS) != 0 {
		t.Errorf("after PAUSE comes frame %d, no key frame", numbers[0])
	}
	if r := c.do("TEARDOWN", url); r.status != 200 {
		t.Errorf("TEARDOWN: %d", r.status)
	}
	c.sess, c.stash = "", nil
	c.play(s.SubURL(1), videoTrack) // the connection is free for another camera
	if got := s.Sessions(2); len(got) != 1 || got[0].ToUS == 0 || got[0].Packets == 0 {
		t.Errorf("sessions %+v", got)
	}
}

func TestRefusedTransport(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		cfg      Config
		transit  string
		status   int
		contains string
	}{
		"no udp":        {Config{RefuseUDP: true}, "RTP/AVP;unicast;client_port=5000-5001", 461, ""},
		"no tcp":        {Config{RefuseTCP: true}, "RTP/AVP/TCP;unicast;interleaved=0-1", 461, ""},
		"second choice": {Config{RefuseUDP: true}, "RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=4-5", 200, "interleaved=4-5"},
		"own channel":   {Config{}, "RTP/AVP/TCP;unicast", 200, "interleaved=0-1"},
		"udp":           {Config{}, "RTP/AVP/UDP;unicast;client_port=5000-5001", 200, "server_port="},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, tc.cfg)
			r := dial(t, s).do("SETUP", s.URL(1)+"/trackID=0", "Transport: "+tc.transit)
			if r.status != tc.status || !strings.Contains(r.header["transport"], tc.contains) {
				t.Errorf("%d %q, want %d %q", r.status, r.header["transport"], tc.status, tc.contains)
			}
		})
	}
}

// TestTimestampsAndReports checks RTP timestamps against stamps and sender
// reports against the wall clock.
func TestTimestampsAndReports(t *testing.T) {
	t.Parallel()
	for _, offset := range []time.Duration{0, -90 * time.Second} {
		t.Run(offset.String(), func(t *testing.T) {
			t.Parallel()
			cfg := small(loop.H265)
			cfg.BFrames, cfg.Audio, cfg.ClockOffset, cfg.ReportEvery = 2, loop.Opus, offset, 300*time.Millisecond
			s := start(t, cfg)
			c := dial(t, s)
			c.play(s.URL(1), videoTrack, audioTrack)
			var base uint32
			var have bool
			var seq [2]uint16
			var seen [2]int
			var ssrc [2]uint32
			reports := 0
			for reports < 4 || seen[0] < 30 {
				a, err := c.next()
				if err != nil {
					t.Fatal(err)
				}
				track := a.channel / 2
				if a.channel%2 == 0 {
					n := binary.BigEndian.Uint16(a.data[2:])
					if seen[track] > 0 && n != seq[track]+1 {
						t.Fatalf("track %d: sequence %d after %d", track, n, seq[track])
					}
					seq[track], ssrc[track] = n, binary.BigEndian.Uint32(a.data[8:])
					seen[track]++
					if st, ok := c.stampOf(a.data); track == 0 && ok {
						ts := binary.BigEndian.Uint32(a.data[4:])
						b := ts - uint32(st.Number*90000/uint64(cfg.FPS))
						if have && b != base {
							t.Fatalf("frame %d has timestamp %d, want %d", st.Number, ts, ts-b+base)
						}
						base, have = b, true
					}
					continue
				}
				reports++
				if a.data[1] != 200 || binary.BigEndian.Uint32(a.data[4:]) != ssrc[track] {
					t.Fatalf("report % x for %08x", a.data[:8], ssrc[track])
				}
				if n := binary.BigEndian.Uint32(a.data[20:]); int(n) != seen[track] {
					t.Errorf("track %d: report counts %d packets, %d came", track, n, seen[track])
				}
				us := (int64(binary.BigEndian.Uint32(a.data[8:]))-ntpEpoch)*1_000_000 +
					int64(uint64(binary.BigEndian.Uint32(a.data[12:]))*1_000_000>>32)
				if d := time.UnixMicro(us).Sub(a.at) - offset; d.Abs() > time.Second {
					t.Errorf("track %d: report of %v ago, want near %v", track, -d, offset)
				}
				if track == 0 {
					// The same instant on both clocks.
					ticks := base + uint32(uint64(us-offset.Microseconds())*9/100)
					if d := int32(ticks - binary.BigEndian.Uint32(a.data[16:])); d < -2 || d > 2 {
						t.Errorf("report's clocks are %d ticks apart", d)
					}
				}
			}
		})
	}
}

// TestRudeClients finds the server alive after each of them.
func TestRudeClients(t *testing.T) {
	t.Parallel()
	s := start(t, Config{})
	for name, text := range map[string]string{
		"garbage":      "hello\r\n\r\n",
		"http":         "GET / HTTP/1.1\r\n\r\n",
		"endless line": "OPTIONS rtsp://" + strings.Repeat("x", 20_000),
		"many headers": "OPTIONS * RTSP/1.0\r\n" + strings.Repeat("A: b\r\n", 200) + "\r\n",
		"huge body":    "OPTIONS * RTSP/1.0\r\nContent-Length: 999999999\r\n\r\n",
		"minus body":   "OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n",
		"no colon":     "OPTIONS * RTSP/1.0\r\nCSeq 1\r\n\r\n",
		"bad url":      "OPTIONS rtsp://[::1 RTSP/1.0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := dial(t, s)
			if _, err := io.WriteString(c.conn, text); err != nil && !gone(err) {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(c.br); (err != nil && !gone(err)) || len(b) > 0 {
				t.Errorf("answer %q, %v; want the end", b, err)
			}
		})
	}
	t.Run("odd but right", func(t *testing.T) {
		t.Parallel()
		c := dial(t, s)
		// Interleaved frames and answers of the client are read past.
		if _, err := io.WriteString(c.conn, "\r\n$\x01\x00\x04abcdRTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if r := c.do("OPTIONS", s.URL(1)+"/?token=1"); r.status != 200 {
			t.Errorf("OPTIONS: %d", r.status)
		}
	})
}

func TestNoReaderDoesNotHurtOthers(t *testing.T) {
	t.Parallel()
	cfg := small(loop.H264)
	cfg.Cameras = 2
	s := start(t, cfg)
	idle := dial(t, s)
	idle.play(s.URL(1), videoTrack)
	c := dial(t, s)
	c.play(s.URL(2), videoTrack)
	from := s.FrameAt(s.Now())
	numbers := c.frames(from + 10)
	for i, n := range numbers {
		if n != numbers[0]+uint64(i) {
			t.Fatalf("frames %v", numbers)
		}
	}
}

func TestWaitSent(t *testing.T) {
	t.Parallel()
	s := start(t, small(loop.H264))
	c := dial(t, s)
	go func() {
		_, _ = io.Copy(io.Discard, c.conn) // ends with the connection
	}()
	base := fmt.Sprintf("SETUP %[1]s/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\n\r\n", s.URL(1))
	if _, err := io.WriteString(c.conn, base); err != nil {
		t.Fatal(err)
	}
	// PLAY without a Session header is answered 454, so nothing is sent.
	if err := s.Inject(1, Fault{Kind: Clock}); err != nil {
		t.Fatal(err)
	}
	d := dial(t, s)
	d.play(s.URL(1), videoTrack)
	n := s.FrameAt(s.Now()) + 5
	if err := s.WaitSent(t.Context(), 1, n); err != nil {
		t.Fatal(err)
	}
	if at := s.FrameAt(s.Now()); at < n {
		t.Errorf("frame %d was sent at %d", n, at)
	}
}

func TestListen(t *testing.T) {
	t.Parallel()
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	if host, _, err := net.SplitHostPort(s.Addr()); err != nil || host != "127.0.0.1" {
		t.Errorf("listens on %s, %v", s.Addr(), err)
	}
	if _, err := New(Config{Listen: s.Addr()}); err == nil {
		t.Error("an address was bound twice")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	all, err := New(Config{Listen: "0.0.0.0:0"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(all.URL(12), "rtsp://127.0.0.1:") || !strings.HasSuffix(all.URL(12), "/cam0012") {
		t.Errorf("URL %s", all.URL(12))
	}
	if err := all.Close(); err != nil {
		t.Error(err)
	}
	for _, cfg := range []Config{
		{Listen: "nonsense"},
		{Cameras: -1},
		{MaxPayload: 10},
		{Auth: "ntlm"},
		{RefuseTCP: true, RefuseUDP: true},
		{Codec: "vp8"},
		{Audio: "mp3"},
		{Faults: []Fault{{Kind: "fire"}}},
		{Faults: []Fault{{Kind: Stall, Camera: 2}}},
	} {
		if s, err := New(cfg); err == nil {
			t.Errorf("%+v passed", cfg)
			_ = s.Close()
		}
	}
}
