package rtsp

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/storage/media"
)

// caller is somebody at the door.
type caller struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func call(t *testing.T, addr string) *caller {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &caller{t, conn, bufio.NewReader(conn)}
}

// ask sends text and returns the status and the header of the answer; 0 when
// the connection ends instead.
func (c *caller) ask(text string) (int, string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		return 0, ""
	}
	var head strings.Builder
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return 0, head.String()
		}
		if line == "\r\n" {
			break
		}
		head.WriteString(line)
	}
	f := strings.Fields(head.String())
	n, err := strconv.Atoi(f[1])
	if err != nil {
		c.t.Fatal(err)
	}
	return n, head.String()
}

// basic is the Authorization of the test's publisher, or of another.
func basic(user, key string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+key)) + "\r\n"
}

const h264SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:streamid=0\r\nm=audio 0 RTP/AVP 0\r\na=control:streamid=1\r\n"

// request writes a request to the test's publish path.
func request(method, suffix, header, body string) string {
	if body != "" {
		header += fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	return fmt.Sprintf("%s rtsp://h/push/%s%s RTSP/1.0\r\nCSeq: 7\r\n%s\r\n%s", method, pushUser, suffix, header, body)
}

func announce(header string) string { return request("ANNOUNCE", "", header, h264SDP) }

// hostOf is where a publish URL leads.
func hostOf(t *testing.T, address string) string {
	t.Helper()
	_, rest, _ := strings.Cut(address, "@")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// The dialogue, request by request.
func TestPushDialogue(t *testing.T) {
	t.Parallel()
	_, address := pushTo(t, PushConfig{})
	host := hostOf(t, address)
	good := basic(pushUser, pushKey)
	tcp := "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n"
	type step struct {
		text   string
		status int
		says   string
	}
	for name, steps := range map[string][]step{
		"what is not for publishers": {
			{request("OPTIONS", "", "", ""), 200, "ANNOUNCE, SETUP, RECORD"},
			{request("DESCRIBE", "", "", ""), 405, "Allow: OPTIONS"},
			{request("PLAY", "", "", ""), 405, ""},
			{request("FLY", "", "", ""), 501, "CSeq: 7"},
			{request("GET_PARAMETER", "", "", ""), 200, ""},
		},
		"out of order": {
			{request("SETUP", "", tcp, ""), 455, ""},
			{request("RECORD", "", "", ""), 455, ""},
			{announce(good), 200, ""},
			{request("RECORD", "", "", ""), 455, ""},
			{request("SETUP", "/streamid=1", tcp, ""), 200, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"},
			{request("RECORD", "", "", ""), 455, "Set Up the Video First"},
			{announce(good), 455, ""},
			{request("SETUP", "/streamid=0", strings.Replace(tcp, "0-1", "2-3", 1), ""), 200, "interleaved=2-3"},
			{request("TEARDOWN", "", "", ""), 200, ""},
			{request("OPTIONS", "", "", ""), 0, ""},
		},
		"transports": {
			{announce(good), 200, ""},
			{request("SETUP", "/streamid=0", "Transport: RTP/SAVP/TCP;unicast;interleaved=0-1\r\n", ""), 461, ""},
			{request("SETUP", "/streamid=0", "Transport: RTP/AVP;multicast\r\n", ""), 461, ""},
			{request("SETUP", "/streamid=0", "", ""), 461, ""},
			{request("SETUP", "/streamid=0", "Transport: RTP/AVP;multicast, RTP/AVP/TCP;unicast\r\n", ""), 200, "interleaved=0-1"},
			{request("SETUP", "/streamid=1", "Transport: RTP/AVP;unicast;client_port=1-2\r\n", ""), 461, ""},
			{request("SETUP", "/else", tcp, ""), 200, ""},
			{request("SETUP", "/else", tcp, ""), 404, ""},
		},
		"ports": {
			{announce(good), 200, ""},
			{request("SETUP", "/streamid=0", "Transport: RTP/AVP/UDP;unicast;client_port=5000-5001;mode=record\r\n", ""), 200, "client_port=5000-5001;server_port="},
			{request("SETUP", "/streamid=0", "Transport: RTP/AVP/UDP;unicast;client_port=5000-5001;mode=record\r\n", ""), 455, ""},
		},
		"nobody waits": {
			{announce(good), 200, ""},
			{request("SETUP", "/streamid=0", tcp, ""), 200, ""},
			{request("RECORD", "", "", ""), 503, "Try Again"},
		},
		"no length":              {{request("ANNOUNCE", "", good, ""), 411, ""}},
		"too long":               {{request("ANNOUNCE", "", good+"Content-Length: 99999999\r\n", ""), 413, ""}},
		"an endless line":        {{strings.Repeat("x", 1<<16), 0, ""}},
		"a large header":         {{"OPTIONS * RTSP/1.0\r\n" + strings.Repeat("X: y\r\n", 4000), 0, ""}},
		"not RTSP":               {{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, ""}},
		"TLS and no certificate": {{"\x16\x03\x01\x00\x05", 0, ""}},
		"for ever":               {{strings.Repeat(request("OPTIONS", "", "", ""), maxRequests+1), 200, ""}},
		"lines without end":      {{strings.Repeat("\r\n", doorBytes) + request("OPTIONS", "", "", ""), 0, ""}},
		"three wrong keys": {
			{announce(basic(pushUser, "x")), 401, `Digest realm="qianshao", nonce="`},
			{announce(basic("", "x")), 401, `Basic realm="qianshao"`},
			{announce(basic("c_aaaaaaaaaaaaaaaa", pushKey)), 401, ""},
			{announce(good), 0, ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := call(t, host)
			for _, s := range steps {
				status, head := c.ask(s.text)
				if status != s.status || !strings.Contains(head, s.says) {
					t.Errorf("%.60q was answered %d, want %d %q:\n%s", s.text, status, s.status, s.says, head)
				}
			}
		})
	}
}

// A wrong key and a camera that does not exist are answered in the same words.
func TestPushTellsNothing(t *testing.T) {
	t.Parallel()
	_, address := pushTo(t, PushConfig{})
	nonce := regexp.MustCompile(`nonce="[^"]*"`)
	var answers []string
	for _, user := range []string{pushUser, "c_aaaaaaaaaaaaaaaa"} {
		_, head := call(t, hostOf(t, address)).ask(announce(basic(user, "x")))
		answers = append(answers, nonce.ReplaceAllString(head, ""))
	}
	if answers[0] != answers[1] || answers[0] == "" {
		t.Errorf("%q and %q", answers[0], answers[1])
	}
}

// Who does not get to the point makes room for who does.
func TestPushCrowd(t *testing.T) {
	t.Parallel()
	in, address := pushTo(t, PushConfig{Dialogue: time.Minute})
	host := hostOf(t, address)
	var idle []*caller
	for range dialoguesOfOne {
		c := call(t, host)
		if status, _ := c.ask(request("OPTIONS", "", "", "")); status != 200 {
			t.Fatal(status)
		}
		idle = append(idle, c)
	}
	if status, _ := call(t, host).ask(announce(basic(pushUser, pushKey))); status != 200 {
		t.Errorf("one more: %d", status)
	}
	if status, _ := idle[0].ask(request("OPTIONS", "", "", "")); status != 0 {
		t.Errorf("the oldest: %d", status)
	}
	if status, _ := idle[1].ask(request("OPTIONS", "", "", "")); status != 200 {
		t.Errorf("the second: %d", status)
	}
	// Those that have shown a key are not pushed out.
	for range dialoguesOfOne {
		call(t, host).ask(announce(basic(pushUser, pushKey)))
	}
	if status, _ := call(t, host).ask(request("OPTIONS", "", "", "")); status != 0 {
		t.Errorf("one more than there is room for: %d", status)
	}
	in.srv.mu.Lock()
	defer in.srv.mu.Unlock()
	if n := len(in.srv.dialogues); n != dialoguesOfOne {
		t.Errorf("%d dialogues", n)
	}
}

// A byte now and then keeps nobody in.
func TestPushSlowly(t *testing.T) {
	t.Parallel()
	_, address := pushTo(t, PushConfig{Dialogue: 500 * time.Millisecond})
	c := call(t, hostOf(t, address))
	began := time.Now()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if _, err := io.WriteString(c.conn, "X"); err != nil {
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatal("it is still in")
		}
	}
}

// Guesses are answered later and later.
func TestPushFailures(t *testing.T) {
	t.Parallel()
	var f failures
	a, b, now := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), time.Unix(1e9, 0)
	want := []time.Duration{250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, slowest, slowest}
	for i, w := range want {
		if n, got := f.note(a, now); got != w || n != i+1 {
			t.Errorf("refusal %d waits %s, want %s", i, got, w)
		}
	}
	if _, got := f.note(b, now); got != want[0] {
		t.Errorf("another address waits %s", got)
	}
	if _, got := f.note(a, now.Add(failuresFor)); got != want[0] {
		t.Errorf("later: %s", got)
	}
	for i := range 3 * failuresMost {
		f.note(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
	}
	if len(f.of) > failuresMost {
		t.Errorf("%d addresses are remembered", len(f.of))
	}
}

// Subscribers of IPv6 have a network each.
func TestPushAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[2001:db8:1:2:3::4]:5": "2001:db8:1:2::", "192.0.2.1:5": "192.0.2.1", "[::ffff:192.0.2.1]:5": "192.0.2.1",
	} {
		if got := addressOf(talk{from: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(text))}); got.String() != want {
			t.Errorf("%s counts for %s", text, got)
		}
	}
}

// talk is a connection that has said all it will say.
type talk struct {
	r    io.Reader
	from net.Addr
}

func (c talk) Read(b []byte) (int, error)       { return c.r.Read(b) }
func (c talk) Write(b []byte) (int, error)      { return len(b), nil }
func (c talk) Close() error                     { return nil }
func (c talk) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (c talk) RemoteAddr() net.Addr             { return c.from }
func (c talk) SetDeadline(time.Time) error      { return nil }
func (c talk) SetReadDeadline(time.Time) error  { return nil }
func (c talk) SetWriteDeadline(time.Time) error { return nil }

// taker is a Handler that takes everything and keeps nothing.
type taker struct{ tracks []media.Source }

func (h *taker) Begin(tracks []media.Source) { h.tracks = tracks }

func (h *taker) Unit(i int, u media.Unit) {
	var p media.Part
	h.tracks[i].Chain.Take(u.Pos+int64(u.Len), &p)
	p.Release()
}
func (h *taker) Report(int, uint64, uint32, time.Duration) {}
func (h *taker) Idle(time.Duration)                        {}
func (h *taker) Counters(depacket.Counters)                {}

// Whatever somebody says, the server goes on, and forgets it.
func FuzzPush(f *testing.F) {
	good := basic(pushUser, pushKey)
	tcp := "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record\r\n"
	session := announce(good) + request("SETUP", "/streamid=0", tcp, "") + request("RECORD", "", "", "")
	frame := "$\x00\x00\x12\x80\xe0\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01\x65\x88\x84\x00\x10\x01"
	for _, s := range []string{
		session + frame + frame,
		session + frame + request("GET_PARAMETER", "", "", "") + frame[:9],
		session + "garbage" + frame + request("TEARDOWN", "", "", "") + frame,
		session + request("PAUSE", "", "", "") + request("RECORD", "", "", "") + frame,
		frame + session, announce(""), announce(basic(pushUser, "")), announce("Authorization: Digest username=\"" + pushUser + "\"\r\n"),
		announce(good) + request("SETUP", "/streamid=1", tcp, "") + request("SETUP", "", tcp, "") + request("RECORD", "", "", ""),
		strings.ReplaceAll(session, "\r\n", "\n"), strings.ReplaceAll(session, ": ", " :"),
		request("ANNOUNCE", "", good, "m=video 0 RTP/AVP 26\r\na=control:rtsp://10.0.0.1/x\r\n") + request("SETUP", "", tcp, "") + request("RECORD", "", "", ""),
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	} {
		f.Add([]byte(s))
	}
	from := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5}
	f.Fuzz(func(t *testing.T, said []byte) {
		srv := NewPushServer(PushConfig{Dialogue: 200 * time.Millisecond})
		in, err := srv.Open(InletConfig{User: pushUser, HA1: ha1Of(pushUser, "qianshao", pushKey), Paths: []string{pushUser}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- in.Receive(ctx, ReceiveConfig{Clock: func() time.Duration { return time.Second }, Wait: time.Minute}, &taker{})
		}()
		its, end := context.WithCancelCause(ctx)
		p := &publisher{srv: srv, raw: talk{strings.NewReader(string(said)), from}, addr: netip.MustParseAddr("192.0.2.1"), cancel: end, log: slog.New(slog.DiscardHandler)}
		if _, ok := srv.enter(p); !ok {
			t.Fatal("no room")
		}
		srv.serve(its, p)
		cancel()
		if err := <-done; err == nil {
			t.Error("a session that did not end")
		}
		if n := len(srv.dialogues); n > 0 {
			t.Errorf("%d dialogues are left", n)
		}
		if srv.find(pushUser) != in || in.vacant(t.Context()) != nil {
			t.Error("the inlet is taken")
		}
		in.Close()
	})
}
