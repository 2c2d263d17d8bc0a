package ingest

import (
	"bytes"
	"crypto/tls"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/odd"
	"qianshao/registry"
	"qianshao/storage/timeline"
)

// by enrols with a transport.
func by(t registry.Transport) func(*registry.Draft, *odd.Running) {
	return func(d *registry.Draft, _ *odd.Running) { d.Transport = registry.Set(t) }
}

// refuse answers 461 to a transport, "interleaved" or "client_port".
func refuse(what string) func(*odd.Reply) {
	return func(r *odd.Reply) {
		if r.Method == "SETUP" && strings.Contains(r.Asked("transport"), what) {
			r.Status, r.Reason = 461, "Unsupported Transport"
		}
	}
}

// noise is garbage that holds no byte c.
func noise(n int, c byte) []byte {
	b := make([]byte, n)
	for i := range b {
		if b[i] = byte(rand.Uint32()); b[i] == c {
			b[i]++
		}
	}
	return b
}

func TestOddTransport(t *testing.T) {
	certificate, pin, err := rtsptest.SelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	pinned := func(d *registry.Draft, _ *odd.Running) { d.TLSSHA256 = registry.Set(pin) }
	testOdd(t, []oddCase{
		{name: "461 to TCP", cam: odd.Camera{Reply: refuse("interleaved")}, mends: "transport"},
		{name: "461 to UDP, enrolled with UDP", cam: odd.Camera{Reply: refuse("client_port")}, with: by(registry.UDP), cause: timeline.BadStream, says: "transport auto"},
		{name: "UDP where TCP was asked for", cam: odd.Camera{Reply: func(r *odd.Reply) {
			if r.Method == "SETUP" && strings.Contains(r.Asked("transport"), "interleaved") {
				r.Set("Transport", "RTP/AVP;unicast;client_port=5000-5001;server_port=6000-6001")
			}
		}}, mends: "transport"},
		{name: "one channel, the last", cam: odd.Camera{Reply: func(r *odd.Reply) {
			if r.Method == "SETUP" {
				r.Set("Transport", "RTP/AVP/TCP;unicast;interleaved=255")
			}
		}}, mends: "header"},
		{name: "UDP", with: by(registry.UDP)},
		{name: "UDP, and the same on the connection", with: by(registry.UDP), cam: odd.Camera{Write: func(p *odd.Play, _ *odd.Frame, packets []odd.Packet) error {
			for i := range packets {
				if err := p.Conn.Write(packets[i].Interleaved()); err != nil {
					return err
				}
			}
			return p.Send(packets...)
		}}, mends: "channel"},
		{name: "UDP with audio", cam: odd.Camera{Audio: loop.AAC}, with: by(registry.UDP), audio: "aac"},
		{name: "UDP, H.265 with B-frames", cam: odd.Camera{Film: loop.Params{Codec: loop.H265, BFrames: 2}}, with: by(registry.UDP)},
		{name: "UDP without server_port", cam: odd.Camera{Reply: on("SETUP", func(r *odd.Reply) {
			before, _, _ := strings.Cut(r.Get("Transport"), ";server_port")
			r.Set("Transport", before)
		})}, with: by(registry.UDP)},
		{name: "UDP with a false server_port", cam: odd.Camera{Reply: on("SETUP", func(r *odd.Reply) {
			before, _, _ := strings.Cut(r.Get("Transport"), ";server_port")
			r.Set("Transport", before+";server_port=0-0;source=0.0.0.0")
		})}, with: by(registry.UDP)},
		{name: "UDP with a private source", cam: odd.Camera{Reply: on("SETUP", func(r *odd.Reply) {
			r.Set("Transport", r.Get("Transport")+";source=192.168.1.108")
		})}, with: by(registry.UDP)},
		{name: "UDP with a source that is never dialled", with: by(registry.UDP), cam: odd.Camera{Reply: on("SETUP", func(r *odd.Reply) {
			r.Set("Transport", r.Get("Transport")+";source=169.254.169.254")
		})}},
		{name: "UDP with loss", film: 4 * time.Second, with: by(registry.UDP), cam: odd.Camera{Bend: func(_ *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
			if f.I%8 == 5 { // never a key frame: those come every 10
				f.Lost = true
				i := 1 + f.I/8%(len(packets)-1) // but the stamp
				return append(packets[:i], packets[i+1:]...)
			}
			return packets
		}}, check: func(t *testing.T, o *oddOutcome) {
			t.Helper()
			if o.state.LostPackets == 0 {
				t.Error("losses are not counted")
			}
		}},
		{name: "UDP with reorder", with: by(registry.UDP), cam: odd.Camera{Pack: small, Bend: func(_ *odd.Play, _ *odd.Frame, packets []odd.Packet) []odd.Packet {
			rand.Shuffle(len(packets), func(i, j int) { packets[i], packets[j] = packets[j], packets[i] })
			return packets
		}}},
		{name: "UDP with reorder across frames", with: by(registry.UDP), cam: odd.Camera{Write: swapped()}},
		{name: "UDP with duplicates", with: by(registry.UDP), cam: odd.Camera{Bend: func(_ *odd.Play, _ *odd.Frame, packets []odd.Packet) []odd.Packet {
			out := packets[:0:0]
			for i, p := range packets {
				out = append(out, p, p)
				if i > 0 {
					out = append(out, packets[i-1])
				}
			}
			return out
		}}},
		{name: "UDP from another port than announced", with: by(registry.UDP), cam: odd.Camera{Reply: on("SETUP", func(r *odd.Reply) {
			before, _, _ := strings.Cut(r.Get("Transport"), ";server_port")
			r.Set("Transport", before+";server_port=6000-6001")
		})}},

		{name: "frames before the PLAY answer", cam: odd.Camera{Early: func(p *odd.Play) error {
			for range 8 {
				if err := p.Next(t.Context()); err != nil {
					return err
				}
			}
			return nil
		}}},
		{name: "channels other than asked for, announced", cam: odd.Camera{Audio: loop.PCMA, Reply: on("SETUP", func(r *odd.Reply) {
			if strings.Contains(r.URI, "trackID=1") {
				r.Channel(8)
			} else {
				r.Channel(4)
			}
		})}, audio: "pcma"},
		{name: "channels other than announced", cam: odd.Camera{Audio: loop.PCMA, Bend: onChannel(6), Sound: soundOn(8)}, mends: "channel", audio: "pcma"},
		{name: "all on one channel", cam: odd.Camera{Audio: loop.PCMA, Bend: onChannel(0), Sound: soundOn(0)}, audio: "pcma"},
		{name: "video and audio change places", cam: odd.Camera{Audio: loop.PCMA, Bend: onChannel(2), Sound: soundOn(0)}, audio: "pcma"},
		{name: "the same channels for both", cam: odd.Camera{Audio: loop.PCMA, Reply: on("SETUP", func(r *odd.Reply) { r.Channel(0) })}, audio: "pcma"},
		{name: "unknown channels between them", cam: odd.Camera{Write: odd.Wire(func(p *odd.Play, _ *odd.Frame, b []byte) error {
			odd1 := odd.Interleave(77, []byte("\x80\x63private data of this maker"))
			odd2 := odd.Interleave(200, []byte("no RTP at all, $ and $$"))
			return p.Conn.Write(append(append(odd1, odd2...), b...))
		})}},
		{name: "garbage between them", cam: odd.Camera{Write: odd.Wire(func(p *odd.Play, f *odd.Frame, b []byte) error {
			return p.Conn.Write(append(noise(1+f.I*7%90, '$'), b...))
		})}, mends: "garbage"},
		{name: "garbage with dollar signs between them", cam: odd.Camera{Write: odd.Wire(func(p *odd.Play, f *odd.Frame, b []byte) error {
			return p.Conn.Write(append([]byte("$\x00\x20\x00garbage$$$\x01\xff\xff\x00$\x63"), b...))
		})}, mends: "garbage"},
		{name: "zeros between them", cam: odd.Camera{Write: odd.Wire(func(p *odd.Play, _ *odd.Frame, b []byte) error {
			return p.Conn.Write(append(make([]byte, 64), b...))
		})}, mends: "garbage"},
		{name: "empty frames between them", cam: odd.Camera{Write: odd.Wire(func(p *odd.Play, _ *odd.Frame, b []byte) error {
			return p.Conn.Write(append(odd.Interleave(0, nil), b...))
		})}},
		{name: "a byte at a time", cam: odd.Camera{Film: loop.Params{Bitrate: 100_000}, Write: odd.Wire(func(p *odd.Play, _ *odd.Frame, b []byte) error {
			for i := range b {
				if err := p.Conn.Write(b[i : i+1]); err != nil {
					return err
				}
			}
			return nil
		})}},
		{name: "seconds at once", film: 9 * time.Second, cam: odd.Camera{Pace: func(_ *odd.Play, f *odd.Frame) time.Duration {
			if f.I%60 == 50 {
				return 2 * time.Second
			}
			return 0
		}}},
		{name: "seconds at once, from the first on", film: 7 * time.Second, cam: odd.Camera{Pace: func(_ *odd.Play, f *odd.Frame) time.Duration {
			if f.I == 1 {
				return 2 * time.Second
			}
			return 0
		}}},
		{name: "packets larger than any network's", cam: odd.Camera{Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet { return odd.Cut(p, f, 60_000) }}},
		{name: "RTSPS, self-signed with a pin", cam: odd.Camera{TLS: certificate}, with: pinned},
		{name: "RTSPS with TLS 1.2 only", cam: odd.Camera{TLS: &tls.Config{Certificates: certificate.Certificates, MaxVersion: tls.VersionTLS12}}, with: pinned},

		{name: "RTSP over HTTP", cam: odd.Camera{HTTP: true}, check: once},
		{name: "RTSP over HTTP with audio", cam: odd.Camera{HTTP: true, Audio: loop.AAC}, audio: "aac"},
		{name: "RTSP over HTTP, kept alive", film: 6 * time.Second, cam: odd.Camera{
			HTTP: true, Reply: header("SETUP", "Session", "1;timeout=2"), Write: needsAlive(3*time.Second, "GET_PARAMETER", "OPTIONS"),
		}, check: once},
		{name: "RTSP over HTTP, with a password", cam: odd.Camera{HTTP: true, Guard: guard(`Digest realm="cam", nonce="NONCE"`)}, with: account("admin", "12345")},
		{name: "RTSP over HTTP, HTTP asks by Basic", cam: odd.Camera{HTTP: true, Door: guard(`Basic realm="web"`)}, with: account("admin", "12345"), check: unrefusedAtTheDoor},
		{name: "RTSP over HTTP, HTTP and RTSP ask by Digest", cam: odd.Camera{
			HTTP: true, Guard: guard(`Digest realm="cam", nonce="NONCE"`), Door: let(guard(`Digest realm="web", qop="auth", nonce="NONCE"`), func(g *odd.Guard) { g.NeedQOP = true }),
		}, with: account("admin", "12345"), check: unrefusedAtTheDoor},
		{name: "RTSP over HTTP, a nonce a request", cam: odd.Camera{HTTP: true, Door: let(guard(`Digest realm="web", nonce="NONCE"`), func(g *odd.Guard) { g.OneUse = true })}, with: account("admin", "12345"), check: unrefusedAtTheDoor},
		{name: "RTSP over HTTP, GET is asked late, after POST", cam: odd.Camera{HTTP: true, Door: guard(`Basic realm="web"`), Web: askedLate(1500*time.Millisecond, 0)}, with: account("admin", "12345"), check: unrefusedAtTheDoor},
		{name: "RTSP over HTTP, POST is asked late, after GET", cam: odd.Camera{
			HTTP: true, Door: guard(`Digest realm="web", nonce="NONCE"`), Web: askedLate(1300*time.Millisecond, 1300*time.Millisecond),
		}, with: account("admin", "12345"), check: unrefusedAtTheDoor},
		{name: "RTSP over HTTP, a wrong password", cam: odd.Camera{HTTP: true, Door: guard(`Basic realm="web"`)}, with: account("admin", "wrong"), cause: timeline.AuthFailed, says: "refused user name or password"},
		{name: "RTSP over HTTP, the answer to GET has no headers", cam: odd.Camera{HTTP: true, Web: web("GET", func(w *odd.Web) { w.Header = nil })}},
		{name: "RTSP over HTTP, the answer to GET claims a length", cam: odd.Camera{HTTP: true, Web: web("GET", func(w *odd.Web) { w.Header = append(w.Header, "Content-Length: 9999999") })}},
		{name: "RTSP over HTTP, the answer to GET comes with the first of RTSP", cam: odd.Camera{HTTP: true, Web: web("GET", func(w *odd.Web) { w.Held = true })}},
		{name: "RTSP over HTTP, POST is answered at once", cam: odd.Camera{HTTP: true, Web: web("POST", func(w *odd.Web) { w.Status, w.Reason = 200, "OK" })}, check: once},
		{name: "RTSP over HTTP, a POST for every message", cam: odd.Camera{HTTP: true, Web: web("POST", func(w *odd.Web) { w.Messages = 1 })}, check: once},
		{name: "RTSP over HTTP, a POST that is lost", cam: odd.Camera{HTTP: true, Web: web("POST", func(w *odd.Web) { w.Deaf = w.N == 1 })}, check: once},
		{name: "RTSP over HTTP and TLS", cam: odd.Camera{HTTP: true, TLS: certificate}, with: pinned},
		{name: "RTSP over HTTP alone, enrolled as RTSP", cam: odd.Camera{HTTP: true}, with: plain, mends: "transport"},
		{name: "RTSP over HTTP alone, enrolled with TCP", cam: odd.Camera{HTTP: true}, with: func(d *registry.Draft, cam *odd.Running) {
			plain(d, cam)
			d.Transport = registry.Set(registry.TCP)
		}, cause: timeline.BadStream, says: "transport http"},
		{name: "RTSP over HTTP by transport", cam: odd.Camera{HTTP: true}, with: func(d *registry.Draft, cam *odd.Running) {
			plain(d, cam)
			d.Transport = registry.Set(registry.HTTP)
		}},
		{name: "461 to TCP and UDP, but not over HTTP", cam: odd.Camera{HTTP: true, Plain: true, Reply: func(r *odd.Reply) {
			if r.Method == "SETUP" && !r.Conn.Tunnelled() {
				r.Status, r.Reason = 461, "Unsupported Transport"
			}
		}}, mends: "transport"},
		{name: "461 to all", cam: odd.Camera{Reply: both(refuse("interleaved"), refuse("client_port"))}, cause: timeline.BadStream, says: "461"},
		{name: "RTSP over HTTP is not found", cam: odd.Camera{HTTP: true, Web: web("GET", func(w *odd.Web) { w.Status, w.Reason = 404, "Not Found" })}, cause: timeline.BadStream, says: "404 Not Found to RTSP over HTTP"},
		{name: "RTSP over HTTP is busy", cam: odd.Camera{HTTP: true, Web: web("GET", func(w *odd.Web) { w.Status, w.Reason = 503, "Service Unavailable" })}, cause: timeline.CameraBusy, says: "503"},
		{name: "a web page in place of RTSP over HTTP", cam: odd.Camera{HTTP: true, Web: web("GET", func(w *odd.Web) {
			w.Header, w.Body = []string{"Content-Type: text/html"}, "<html>login</html>"
		})}, cause: timeline.BadStream, says: "a web page"},
		{name: "RTSP over HTTP in chunks", cam: odd.Camera{HTTP: true, Web: web("GET", func(w *odd.Web) { w.Header = append(w.Header, "Transfer-Encoding: chunked") })}, cause: timeline.BadStream, says: "in chunks"},
		{name: "POST is refused", cam: odd.Camera{HTTP: true, Web: web("POST", func(w *odd.Web) { w.Status, w.Reason, w.Deaf = 405, "Method Not Allowed", true })}, cause: timeline.BadStream, says: "405"},

		{name: "IPv6", cam: odd.Camera{IPv6: true}},
		{name: "IPv6 over UDP", cam: odd.Camera{IPv6: true}, with: by(registry.UDP)},
	})
}

// plain enrols a camera as one of plain RTSP.
func plain(d *registry.Draft, cam *odd.Running) {
	d.URL = registry.Set("rtsp://" + cam.Addr() + cam.Path)
}

// web bends the answers to a method of HTTP.
func web(method string, change func(w *odd.Web)) func(*odd.Web) {
	return func(w *odd.Web) {
		if w.Method == method {
			change(w)
		}
	}
}

// askedLate is a slow camera where GET and POST are asked for a password.
func askedLate(get, post time.Duration) func(*odd.Web) {
	return func(w *odd.Web) {
		switch {
		case w.Status != 401:
		case w.Method == "GET":
			time.Sleep(get)
		default:
			time.Sleep(post)
		}
	}
}

// unrefusedAtTheDoor wants no wrong answer in HTTP.
func unrefusedAtTheDoor(t *testing.T, o *oddOutcome) {
	t.Helper()
	if n := o.cam.Door.Refusals(); n > 0 {
		t.Errorf("%d answers were wrong: a camera may lock us out", n)
	}
	once(t, o)
}

// onChannel sends the video on another channel.
func onChannel(n int) func(*odd.Play, *odd.Frame, []odd.Packet) []odd.Packet {
	return func(_ *odd.Play, _ *odd.Frame, packets []odd.Packet) []odd.Packet {
		for i := range packets {
			packets[i].Channel = n
		}
		return packets
	}
}

// soundOn sends the audio on another channel.
func soundOn(n int) func(*odd.Play, int, []odd.Packet) []odd.Packet {
	return func(_ *odd.Play, _ int, packets []odd.Packet) []odd.Packet {
		for i := range packets {
			packets[i].Channel = n
		}
		return packets
	}
}

// swapped sends the last packet of every frame behind the first of the next.
func swapped() func(*odd.Play, *odd.Frame, []odd.Packet) error {
	var kept []odd.Packet
	return func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
		out := append(append(packets[:1:1], kept...), packets[1:]...)
		kept = nil
		if n := len(out) - 1; n > 0 && f.I%2 == 0 && f.I < 40 { // what is kept of the last would never go out
			kept, out = bytesOf(out[n:]), out[:n]
		}
		return p.Send(out...)
	}
}

func bytesOf(p []odd.Packet) []odd.Packet {
	for i := range p {
		p[i].Payload = bytes.Clone(p[i].Payload)
	}
	return append([]odd.Packet(nil), p...)
}
