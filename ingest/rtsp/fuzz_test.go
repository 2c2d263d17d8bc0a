package rtsp

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/ingest/rtsp/limit"
	"qianshao/storage/media"
)

// clean reports whether a message is on the wire what it is in memory: nothing
// that a camera said makes lines of its own.
func clean(m *message) bool {
	again, used, bad := parseMessage(m.bytes())
	return !bad && again != nil && used == len(m.bytes()) && again.start == strings.TrimSpace(m.start) && len(again.header) == len(m.header)
}

// Whatever a camera answers, our requests go to the address that was dialled or
// redirected to, and the library gets whole answers to what it asked.
func FuzzDialogue(f *testing.F) {
	sdp := "v=0\r\na=control:*\r\n" + video + "m=audio 0 RTP/AVP 8\r\na=control:trackID=1\r\n"
	describe := func(more string) string {
		return fmt.Sprintf("RTSP/1.0 200 OK\r\nCSeq: 2\r\n%sContent-Length: %d\r\n\r\n%s", more, len(sdp), sdp)
	}
	const options = "RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n"
	const setUp = "RTSP/1.0 200 OK\r\nCSeq: 3\r\nSession: 1;timeout=2\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=xyz\r\n\r\n"
	for _, s := range []string{
		options + describe("Content-Base: rtsp://192.168.1.108/live/\r\n") + setUp + strings.ReplaceAll(setUp, "0-1", "9") + "RTSP/1.0 200 OK\r\nCSeq: 5\r\n\r\n",
		"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\nWWW-Authenticate: Digest realm=\"c\", nonce=\"n\", qop=\"auth\"\r\n\r\n" + options,
		options + "RTSP/1.0 302 Moved\r\nLocation: /other\r\n\r\n" + describe(""),
		options + describe("content-base: /live/\r\n") + "RTSP/1.0 404 Not Found\r\nCSeq: 3\r\n\r\n" + setUp,
		options + describe("") + "RTSP/1.0 461 Unsupported\r\n\r\n",
		"RTSP/1.0 100 Continue\r\n\r\nRTSP/1.0 501\r\nCSeq: 4711\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n" + describe("Content-Base: %zz:// \x01\r\n"),
		options + describe("") + setUp + setUp + options + "RTSP/1.0 455 No\r\n\r\nRTSP/1.0 551 No\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		h := newHooks("admin", "12345", "rtsp://camera:554/live")
		n := 0
		ask := func(method string, more ...field) bool {
			n++
			m := &message{start: method + " rtsp://camera/ RTSP/1.0", header: append([]field{{"CSeq", fmt.Sprint(n)}}, more...)}
			if h.outgoing(m) != nil {
				return false
			}
			if _, uri := m.request(); !strings.HasPrefix(uri, "rtsp") || !clean(m) {
				t.Fatalf("asked %q", m.bytes())
			}
			return true
		}
		next := func() bool {
			switch {
			case n == 0:
				return ask("OPTIONS")
			case len(h.described()) == 0:
				return ask("DESCRIBE")
			case h.setups < len(h.described()):
				return ask("SETUP", field{"Transport", fmt.Sprintf("RTP/AVP/TCP;unicast;interleaved=%d-%d", 2*h.setups, 2*h.setups+1)})
			}
			if !h.playing() {
				return ask("PLAY")
			}
			return ask("GET_PARAMETER")
		}
		for next(); len(wire) > 0; {
			m, used, bad := parseMessage(wire)
			if m == nil || bad {
				return
			}
			wire = wire[used:]
			toLibrary, reply, err := h.in(m)
			if err != nil {
				return
			}
			if reply != nil && !clean(reply) {
				t.Fatalf("sent %q", reply.bytes())
			}
			if toLibrary == nil {
				continue
			}
			if !clean(toLibrary) || toLibrary.status() == 0 {
				t.Fatalf("the library gets %q", toLibrary.bytes())
			}
			for _, p := range h.channels() {
				if p[0] < -1 || p[0] > 255 || p[1] < -1 || p[1] > 255 {
					t.Fatalf("channels %v", p)
				}
			}
			if len(h.pending) > limit.Pending+1 || len(h.described()) > 1+limit.Audio {
				t.Fatalf("%d requests, %d tracks", len(h.pending), len(h.described()))
			}
			if toLibrary.status() >= 300 && toLibrary.status() < 400 {
				h.dialing()
				n = 0
			}
			if n > 40 || !next() {
				return
			}
		}
	})
}

// What headers say of channels, ports and sessions is within bounds.
func FuzzTransportHeader(f *testing.F) {
	for _, s := range []string{
		"RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=xyz-1;mode=\"PLAY\"", "RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001;source=192.168.1.108",
		"RTP/AVP;server_port=0-0;source=0.0.0.0", " 12345678 ; timeout = 0", "interleaved=254-255", "interleaved=255", "interleaved=-1-999", "server_port=65535",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if a, b, ok := interleaved(s); ok && (a < 0 || a > 255 || b < 0 || b > 255) {
			t.Errorf("channels %d and %d", a, b)
		}
		if p := serverPorts(s); p[0] < 0 || p[0] > 65535 || p[1] < 0 || p[1] > 65535 {
			t.Errorf("ports %v", p)
		}
		if id, timeout := sessionOf(s); len(id) > len(s) || timeout != 0 && (timeout < 2 || timeout > longestSession) {
			t.Errorf("session %q for %d s", id, timeout)
		}
		h := newHooks("", "", "rtsp://camera/live")
		h.peer = func(ip net.IP) error { return nil }
		if ip := h.source(s); ip != nil && !strings.Contains(s, "ource") && !strings.Contains(strings.ToLower(s), "source") {
			t.Errorf("media from %s", ip)
		}
	})
}

// A redirect leads to an address of RTSP, out of TLS never, and nothing of it
// becomes a line of ours.
func FuzzRedirect(f *testing.F) {
	for _, s := range []string{"rtsp://10.0.0.9/live", "rtsps://u:p@h:322/live?a=b", "/live/moved", "//other/live", "http://h/", "rtsp://[::1]:554", "", "rtsp://h/\x00", "%zz"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, to string, secure bool) {
		h := newHooks("admin", "12345", "rtsp"+map[bool]string{true: "s"}[secure]+"://camera:554/live")
		p := &pending{m: &message{}, method: "DESCRIBE", libCSeq: "1"}
		out, _, err := h.redirect(&message{start: "RTSP/1.0 302 Moved", header: []field{{"Location", to}}}, p)
		if err != nil {
			return
		}
		u, err := url.Parse(h.target)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "rtsp" && u.Scheme != "rtsps" || secure && u.Scheme != "rtsps" {
			t.Errorf("%q leads to %q", to, h.target)
		}
		if strings.ContainsAny(h.target, "\r\n \x00") || !clean(out) {
			t.Errorf("%q leads to %q: %q", to, h.target, out.bytes())
		}
	})
}

// The head of an HTTP answer is found wherever it is cut, or never.
func FuzzTunnelAnswer(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.0 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n$\x00\x00\x01a", "HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Basic\n\n",
		"RTSP/1.0 405 Method Not Allowed\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "\r\n\r\n", "HTTP/1.0\r\n\r\n", "<html>",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, rest, err := parseAnswer(b)
		if m == nil || err != nil {
			return
		}
		if !bytes.HasSuffix(b, rest) || m.status() == 0 || len(m.header) > limit.Lines {
			t.Errorf("%d headers, status %d, %d bytes behind", len(m.header), m.status(), len(rest))
		}
		if err := httpError(m, m.status()); (err == nil) && m.status() != 200 {
			t.Errorf("%q is taken for success", m.start)
		}
		if used, err := answersHTTP(b, true); used > len(b) || used > 0 && err == nil && m.status() != 200 {
			t.Errorf("%d bytes, %v", used, err)
		}
	})
}

// A message in base64 fills it, and is the same behind it.
func FuzzTunnelEncode(f *testing.F) {
	f.Add("GET_PARAMETER", "rtsp://camera/live", "12", []byte{})
	f.Add("SETUP", "rtsp://camera/live/trackID=0", "3", []byte("v=0\r\n"))
	f.Fuzz(func(t *testing.T, method, uri, cseq string, body []byte) {
		m := &message{start: method + " " + uri + " RTSP/1.0", header: []field{{"CSeq", cseq}}, body: body}
		p := m.bytes()
		if again, used, bad := parseMessage(p); bad || again == nil || used != len(p) || len(again.bytes())+30 > limit.Header {
			return
		}
		text := encode(p)
		b, err := base64.StdEncoding.DecodeString(string(text))
		if err != nil || bytes.HasSuffix(text, []byte("=")) {
			t.Fatalf("%q: %v", text, err)
		}
		got, used, bad := parseMessage(b)
		if bad || got == nil || used != len(b) || string(got.body) != string(body) {
			t.Errorf("%q became %q", p, b)
		}
	})
}

// Frames on any channel, RTP or RTCP or neither, make no more of a session than
// it may hold.
func FuzzSession(f *testing.F) {
	report := append([]byte{1, 28, 0x80, 200, 0, 6}, make([]byte, 24)...)
	f.Add(append(report, 0, 14, 0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 0x41, 0x9a))
	f.Add([]byte{2, 13, 0x80, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 0x55, 77, 12, 0x80, 97, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7})
	f.Add([]byte{1, 8, 0x81, 203, 0, 1, 0, 0, 0, 7, 1, 4, 0x80, 200, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, script []byte) {
		d := parseSDP([]byte(video + "m=audio 0 RTP/AVP 8\r\nm=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/16000\r\na=fmtp:97 sizelength=13;indexlength=3;indexdeltalength=3;config=1408\r\n"))
		offers, err := d.choose(func(Repair) {})
		if err != nil {
			t.Fatal(err)
		}
		h := &greedy{}
		s, err := newSession(h, offers, true, func(Repair) {})
		if err != nil {
			t.Fatal(err)
		}
		s.begin(time.Second)
		s.open([][2]int{{0, 1}, {2, 3}, {4, 4}})
		for at := time.Second; len(script) >= 2; at += time.Millisecond {
			n := min(int(script[1]), len(script)-2)
			if b := script[2 : 2+n]; n == 0 || s.plausible(script[0], b) {
				s.frame(script[0], b, at)
			}
			script = script[2+n:]
			s.idle(at)
			if s.budget.Held() > limit.Media+media.ChunkSize || s.silent(at, time.Hour, time.Hour) != nil {
				t.Fatalf("%d bytes are held", s.budget.Held())
			}
		}
		s.end()
		for _, x := range s.tracks {
			x.chain.Close()
		}
		if s.budget.Held() != 0 {
			t.Errorf("%d bytes are held by nobody", s.budget.Held())
		}
	})
}

// greedy takes nothing off the chains.
type greedy struct{ units int }

func (g *greedy) Begin([]media.Source)                      {}
func (g *greedy) Unit(int, media.Unit)                      { g.units++ }
func (g *greedy) Report(int, uint64, uint32, time.Duration) {}
func (g *greedy) Idle(time.Duration)                        {}
func (g *greedy) Counters(depacket.Counters)                {}

// Datagrams come out of the reordering once each, and no more wait than may.
func FuzzReorder(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6}, uint8(0))
	f.Add([]byte{3, 2, 1, 0, 255, 254, 3, 3, 3, 128, 127}, uint8(1))
	f.Add(bytes.Repeat([]byte{1, 200}, 200), uint8(7))
	f.Fuzz(func(t *testing.T, script []byte, jump uint8) {
		out := map[uint32]int{}
		r := reorder{out: func(b []byte, _ time.Duration) { out[binary.BigEndian.Uint32(b[12:])]++ }}
		large := make([]byte, 40_000)
		at := time.Second
		for i, v := range script {
			b := large[:16+int(v)*100]
			if v == 0 {
				b = b[:8] // no packet
			}
			binary.BigEndian.PutUint16(b[2:], uint16(v)*uint16(1+jump))
			if len(b) >= 16 {
				binary.BigEndian.PutUint32(b[8:], uint32(v>>6))
				binary.BigEndian.PutUint32(b[12:], uint32(i))
			}
			r.packet(b, at)
			at += time.Duration(v) * time.Millisecond
			if v%16 == 0 {
				r.idle(at)
			}
			if len(r.held) > reorderMost || r.size > limit.Reorder+len(large) || len(r.free) > reorderMost {
				t.Fatalf("%d packets of %d bytes wait", len(r.held), r.size)
			}
		}
		r.flush()
		if r.size != 0 || len(out) > len(script) {
			t.Errorf("%d bytes are left, %d of %d packets came out", r.size, len(out), len(script))
		}
		for i, n := range out {
			if n != 1 {
				t.Errorf("packet %d came out %d times", i, n)
			}
		}
	})
}

// A configuration of sound is understood or refused; the session stands either
// way.
func FuzzAudioConfig(f *testing.F) {
	for _, s := range []string{"1408", "400028103FC0", "zz", "0000", "", "1210", "2b098800", "ffffffffffffffff"} {
		f.Add(s, uint16(13), uint16(3), 16000, false)
		f.Add(s, uint16(0), uint16(99), 0, true)
	}
	f.Fuzz(func(t *testing.T, config string, size, index uint16, rate int, latm bool) {
		coding := "mpeg4-generic"
		if latm {
			coding = "MP4A-LATM"
		}
		d := parseSDP(fmt.Appendf([]byte(video), "m=audio 0 RTP/AVP 97\na=rtpmap:97 %s/%d/2\na=fmtp:97 cpresent=0;sizelength=%d;indexlength=%d;indexdeltalength=%d;config=%s\n",
			coding, rate, size, index, index, config))
		offers, err := d.choose(func(Repair) {})
		if err != nil {
			t.Fatal(err)
		}
		s, err := newSession(&greedy{}, offers, true, func(Repair) {})
		if err != nil || len(s.tracks) > 2 {
			t.Fatalf("%d tracks, %v", len(s.tracks), err)
		}
		s.begin(time.Second)
		s.open([][2]int{{0, 1}, {2, 3}})
		raw, _ := hex.DecodeString(config) // any bytes will do
		s.frame(2, append([]byte{0x80, 0x80 | 97, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7}, raw...), time.Second)
		s.end()
		for _, x := range s.tracks {
			x.chain.Close()
		}
	})
}

// A camera's URL is used whole or not at all.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"rtsp://h/live", "rtsps://u:p@h", "rtsp+http://h:8080/a?b=c", "rtsps+http://[::1]/", "http://h/", "rtsp://", "rtsp+http+http://h", "://"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, raw string, overHTTP bool) {
		u, _, err := address(raw, overHTTP)
		if err != nil {
			return
		}
		if _, _, err := net.SplitHostPort(u.Host); !dialable(u.Host) || u.User != nil || u.Scheme != "rtsp" && u.Scheme != "rtsps" {
			t.Errorf("%q is %s at %q: %v", raw, u.Scheme, u.Host, err)
		}
	})
}
