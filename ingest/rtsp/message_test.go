package rtsp

import (
	"errors"
	"net"
	"strings"
	"testing"

	"qianshao/ingest/rtsp/limit"
)

func TestParseMessage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		used     int // of in; -1: all; 0: not complete
		bad      bool
	}{
		{"answer", "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", -1, false},
		{"request", "OPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n", -1, false},
		{"body", "RTSP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc", -1, false},
		{"body not all there", "RTSP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nab", 0, false},
		{"line feeds alone", "RTSP/1.0 200 OK\nCSeq: 1\n\n", -1, false},
		{"frame behind it", "RTSP/1.0 200 OK\r\n\r\n$\x00\x00\x01x", 19, false},
		{"header not all there", "RTSP/1.0 200 OK\r\nCSeq", 0, false},
		{"length too large", "RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", 0, true},
		{"length negative", "RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n", -1, false},
		{"length that is no number", "RTSP/1.0 200 OK\r\nContent-Length: many\r\n\r\nx", 41, false},
		{"no message", "HTTP/1.1 200 OK\r\n\r\n", 0, true},
		{"endless header", "RTSP/1.0 200 OK\r\n" + strings.Repeat("x", limit.Header), 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want := c.used
			if want < 0 {
				want = len(c.in)
			}
			m, used, bad := parseMessage([]byte(c.in))
			if used != want || bad != c.bad || (m != nil && !bad) != (want > 0) {
				t.Errorf("%v, %d, %v", m, used, bad)
			}
		})
	}
	m, _, _ := parseMessage([]byte("RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\nwww-authenticate: Digest realm=\"a\",\r\n nonce=\"n\"\r\n\r\n"))
	if m.status() != 401 || len(m.all("WWW-Authenticate")) != 2 || m.all("WWW-Authenticate")[1] != `Digest realm="a", nonce="n"` {
		t.Errorf("%+v", m)
	}
}

func TestInterleaved(t *testing.T) {
	t.Parallel()
	for in, want := range map[string][3]int{
		"RTP/AVP/TCP;unicast;interleaved=2-3;ssrc=1": {2, 3, 1},
		"RTP/AVP/TCP;interleaved=4":                  {4, 5, 1},
		"RTP/AVP/TCP; interleaved=0-1":               {0, 1, 1},
		"RTP/AVP/TCP;interleaved=256-257":            {},
		"RTP/AVP/TCP;interleaved=1-x":                {},
		"interleaved=254":                            {254, 255, 1},
		"interleaved=255-255":                        {255, 255, 1},
		"interleaved=255":                            {}, // no channel is left for reports
		"interleaved=1-256":                          {},
		"interleaved=-1":                             {},
		"RTP/AVP;client_port=1-2":                    {},
	} {
		a, b, ok := interleaved(in)
		if got := [3]int{a, b, map[bool]int{true: 1}[ok]}; got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

// A message that was read can be written and read again, however it came.
func FuzzParseMessage(f *testing.F) {
	f.Add([]byte("RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nabc$"))
	f.Add([]byte("DESCRIBE rtsp://h/a RTSP/1.0\nA: b\n c\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, used, bad := parseMessage(b)
		if bad || m == nil {
			return
		}
		if used <= 0 || used > len(b) {
			t.Fatalf("used %d of %d", used, len(b))
		}
		if early, n, bad := parseMessage(b[:used-1]); !bad && early != nil && n >= used {
			t.Fatalf("a message of %d bytes is whole at %d", used, n)
		}
		wire := m.bytes()
		if len(wire)-len(m.body) > limit.Header {
			return // written in full it is longer
		}
		again, n, bad := parseMessage(wire)
		if bad || again == nil || n != len(wire) {
			t.Fatalf("%q written is %q: %d, %v", b[:used], wire, n, bad)
		}
		if again.start != m.start || string(again.body) != string(m.body) {
			t.Errorf("%q written is %q", b[:used], wire)
		}
	})
}

// Where a camera says that media comes from counts only if it may be dialled.
func TestSourceOfMedia(t *testing.T) {
	t.Parallel()
	denied := net.IPv4(169, 254, 169, 254)
	h := newHooks("", "", "rtsp://cam.example/live")
	h.peer = func(ip net.IP) error {
		if ip.Equal(denied) {
			return errors.New("denied")
		}
		return nil
	}
	for transport, want := range map[string]net.IP{
		"RTP/AVP;unicast;client_port=4-5;source=192.0.2.7":              net.IPv4(192, 0, 2, 7),
		"RTP/AVP;unicast;Source = 192.0.2.7 ;client_port=4-5":           net.IPv4(192, 0, 2, 7),
		"RTP/AVP;unicast;client_port=4-5;source=169.254.169.254":        nil,
		"RTP/AVP;unicast;client_port=4-5;source=::ffff:169.254.169.254": nil,
		"RTP/AVP;unicast;client_port=4-5;source=camera.example":         nil,
		"RTP/AVP;unicast;client_port=4-5":                               nil,
	} {
		if got := h.source(transport); !got.Equal(want) {
			t.Errorf("%s: %v, want %v", transport, got, want)
		}
	}
}
