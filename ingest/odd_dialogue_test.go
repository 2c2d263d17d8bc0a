package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest/clocktest"
	"qianshao/ingest/rtsp/rtsptest/odd"
	"qianshao/registry"
	"qianshao/registry/secret"
	"qianshao/storage/timeline"
)

// account gives the camera's name and password to the recorder.
func account(user, password string) func(*registry.Draft, *odd.Running) {
	return func(d *registry.Draft, _ *odd.Running) {
		d.Username, d.Password = registry.Set(user), registry.Set(secret.New(password))
	}
}

// guard asks for admin and 12345 in this way.
func guard(challenges ...string) *odd.Guard {
	return &odd.Guard{User: "admin", Password: "12345", Challenges: func(nonce string) []string {
		out := []string{}
		for _, c := range challenges {
			out = append(out, strings.ReplaceAll(c, "NONCE", nonce))
		}
		return out
	}}
}

// let changes a guard.
func let(g *odd.Guard, change func(*odd.Guard)) *odd.Guard {
	change(g)
	return g
}

func TestOddAuthentication(t *testing.T) {
	unrefused := func(t *testing.T, o *oddOutcome) {
		t.Helper()
		if n := o.cam.Guard.Refusals(); n > 0 {
			t.Errorf("%d answers were wrong: a camera may lock us out", n)
		}
	}
	cases := []oddCase{
		{name: "Basic", cam: odd.Camera{Guard: guard(`Basic realm="cam"`)}},
		{name: "Basic without a realm", cam: odd.Camera{Guard: guard(`basic`)}},
		{name: "Digest", cam: odd.Camera{Guard: guard(`Digest realm="cam", nonce="NONCE"`)}},
		{name: "Digest with qop", cam: odd.Camera{Guard: let(guard(`Digest realm="cam", qop="auth", nonce="NONCE"`), func(g *odd.Guard) { g.NeedQOP = true })}},
		{name: "Digest with two qops", cam: odd.Camera{Guard: let(guard(`Digest realm="cam", qop="auth-int,auth", nonce="NONCE"`), func(g *odd.Guard) { g.NeedQOP = true })}},
		{name: "Digest with opaque", cam: odd.Camera{Guard: let(guard(`Digest realm="cam", nonce="NONCE", opaque="5ccc069c403ebaf9"`), func(g *odd.Guard) { g.NeedOpaque = "5ccc069c403ebaf9" })}},
		{name: "Digest with MD5-sess", cam: odd.Camera{Guard: let(guard(`Digest realm="cam", nonce="NONCE", algorithm=MD5-sess, qop="auth"`), func(g *odd.Guard) { g.NeedQOP = true })}},
		{name: "Digest with SHA-256", cam: odd.Camera{Guard: let(guard(`Digest realm="cam", nonce="NONCE", algorithm=SHA-256, qop="auth"`), func(g *odd.Guard) { g.NeedQOP = true })}},
		{name: "several challenges", cam: odd.Camera{Guard: guard(`Basic realm="cam"`, `Digest realm="cam", nonce="NONCE", algorithm=SHA-512-256`, `Digest realm="cam", nonce="NONCE", algorithm="MD5"`)}},
		{name: "several challenges in one header", cam: odd.Camera{Guard: guard(`Digest realm="cam", nonce="NONCE", Basic realm="cam"`)}},
		{name: "odd spelling", cam: odd.Camera{Guard: guard(`DIGEST  realm=cam ,nonce="NONCE" , stale="FALSE",domain=/`)}},
		{name: "a nonce a request", cam: odd.Camera{Guard: let(guard(`Digest realm="cam", nonce="NONCE"`), func(g *odd.Guard) { g.OneUse = true })}},
		{
			name: "a nonce that goes stale in mid-session", film: 5 * time.Second,
			cam: odd.Camera{
				Guard: let(guard(`Digest realm="cam", nonce="NONCE", qop="auth"`), func(g *odd.Guard) { g.GoodFor = time.Second }),
				Reply: header("SETUP", "Session", "1;timeout=2"), Write: needsAlive(3*time.Second, "GET_PARAMETER", "OPTIONS"),
			},
		},
	}
	for i := range cases {
		cases[i].with, cases[i].check = account("admin", "12345"), unrefused
	}
	for _, p := range []string{"p@ss", "p:ss", "p/ss", "p#ss", "p%41ss", "p?ss", "密码 pass"} {
		g := &odd.Guard{User: "ad:min@x", Password: p}
		cases = append(cases, oddCase{name: "password " + p, cam: odd.Camera{Guard: g}, with: account("ad:min@x", p), check: unrefused})
		basic := guard(`Basic realm="cam"`)
		basic.Password = p
		cases = append(cases, oddCase{name: "password " + p + ", by Basic", cam: odd.Camera{Guard: basic}, with: account("admin", p), check: unrefused})
	}
	cases = append(cases,
		oddCase{name: "a wrong password", cam: odd.Camera{Guard: guard(`Digest realm="cam", nonce="NONCE"`)}, with: account("admin", "wrong"), cause: timeline.AuthFailed, says: "refused user name or password"},
		oddCase{name: "no password", cam: odd.Camera{Guard: guard(`Digest realm="cam", nonce="NONCE"`)}, cause: timeline.AuthFailed, says: "refused user name or password"},
		oddCase{name: "403 in place of 401", cam: odd.Camera{Reply: status("DESCRIBE", 9999, 403, "Forbidden")}, cause: timeline.AuthFailed, says: "403"},
	)
	testOdd(t, cases)
}

// status answers the first n requests of a method with an error.
func status(method string, n, code int, reason string) func(*odd.Reply) {
	return func(r *odd.Reply) {
		if r.Method == method && r.N <= n {
			r.Status, r.Reason, r.Body = code, reason, ""
			r.Header = r.Header[:1]
		}
	}
}

// needsAlive is a camera that closes a session without one of these requests
// within a time.
func needsAlive(within time.Duration, methods ...string) func(*odd.Play, *odd.Frame, []odd.Packet) error {
	return func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
		if p.Conn.Idle(methods...) > within {
			f.Maybe = true
			return fmt.Errorf("no %s within %s", strings.Join(methods, " or "), within)
		}
		return p.Send(packets...)
	}
}

// once wants a single connection: nothing broke off.
func once(t *testing.T, o *oddOutcome) {
	t.Helper()
	if n := o.cam.Count("PLAY"); n != 1 {
		t.Errorf("played %d times", n)
	}
}

// rewrite bends the text of every answer.
func rewrite(with func(text string) string) func(*odd.Reply) {
	return func(r *odd.Reply) { r.Raw = []byte(with(string(r.Bytes()))) }
}

// fails gives another answer to a method once the session plays.
func fails(method string, code int) func(*odd.Reply) {
	return func(r *odd.Reply) {
		if r.Method == method && r.Conn.Playing() {
			r.Status, r.Reason = code, "No"
		}
	}
}

func TestOddDialogue(t *testing.T) {
	testOdd(t, []oddCase{
		{name: "redirect", cam: odd.Camera{Reply: func(r *odd.Reply) {
			if r.Method == "DESCRIBE" && !strings.HasSuffix(r.URI, "/live/moved") {
				r.Status, r.Reason, r.Body = 302, "Moved Temporarily", ""
				r.Set("Location", r.URI+"/moved")
			}
		}}},
		{name: "redirect to a path", cam: odd.Camera{Reply: func(r *odd.Reply) {
			if r.Method == "DESCRIBE" && !strings.HasSuffix(r.URI, "/live/moved") {
				r.Status, r.Reason, r.Body = 301, "Moved", ""
				r.Set("Location", "/live/moved")
			}
		}}},
		{name: "redirects without end", cam: odd.Camera{Reply: func(r *odd.Reply) {
			if r.Method == "DESCRIBE" {
				r.Status, r.Reason, r.Body = 302, "Moved", ""
				r.Set("Location", r.URI)
			}
		}}, cause: timeline.BadStream, says: "redirects without end"},
		{name: "redirect to nowhere", cam: odd.Camera{Reply: func(r *odd.Reply) {
			if r.Method == "DESCRIBE" {
				r.Status, r.Reason, r.Body = 302, "Moved", ""
			}
		}}, cause: timeline.BadStream, says: "URL cannot be used"},
		{name: "redirect to an address that is never dialled", cam: odd.Camera{Reply: func(r *odd.Reply) {
			if r.Method == "DESCRIBE" {
				r.Status, r.Reason, r.Body = 302, "Moved", ""
				r.Set("Location", "rtsp://169.254.169.254/live")
			}
		}}, cause: timeline.BadStream, says: "dialling this address is not allowed"},
		{name: "453 then fine", cam: odd.Camera{Reply: status("SETUP", 1, 453, "Not Enough Bandwidth")}},
		{name: "503 then fine", cam: odd.Camera{Reply: status("DESCRIBE", 2, 503, "Service Unavailable")}},
		{name: "454 to PLAY then fine", cam: odd.Camera{Reply: status("PLAY", 1, 454, "Session Not Found"), NextKey: true}},
		{name: "OPTIONS is not known", cam: odd.Camera{Reply: status("OPTIONS", 9999, 501, "Not Implemented")}},
		{name: "OPTIONS is not found", cam: odd.Camera{Reply: status("OPTIONS", 9999, 404, "Not Found")}},
		{name: "OPTIONS without Public", cam: odd.Camera{Reply: header("OPTIONS", "Public", "")}},
		{name: "lower-case headers", cam: odd.Camera{Reply: rewrite(func(s string) string {
			for _, h := range []string{"CSeq", "Content-Type", "Content-Base", "Content-Length", "Transport", "Session", "Public"} {
				s = strings.ReplaceAll(s, h+":", strings.ToLower(h)+":")
			}
			return s
		})}},
		{name: "lower-case challenges", cam: odd.Camera{Guard: guard(`Digest realm="cam", nonce="NONCE"`), Reply: rewrite(func(s string) string {
			return strings.ReplaceAll(s, "WWW-Authenticate:", "www-authenticate:")
		})}, with: account("admin", "12345")},
		{name: "oddly spaced headers", cam: odd.Camera{Reply: rewrite(func(s string) string {
			head, body, _ := strings.Cut(s, "\r\n\r\n")
			return strings.ReplaceAll(strings.ReplaceAll(head, ": ", "  :\t "), "\r\n", " \r\n") + "\r\n\r\n" + body
		})}},
		{name: "no reason phrase", cam: odd.Camera{Reply: rewrite(func(s string) string { return strings.Replace(s, " OK\r\n", "\r\n", 1) })}},
		{name: "a line without a colon", cam: odd.Camera{Reply: rewrite(func(s string) string { return strings.Replace(s, "\r\nCSeq", "\r\nnonsense\r\nCSeq", 1) })}},
		{name: "line feeds only", cam: odd.Camera{Reply: rewrite(func(s string) string {
			head, body, _ := strings.Cut(s, "\r\n\r\n")
			return strings.ReplaceAll(head, "\r\n", "\n") + "\n\n" + body
		})}},
		{name: "RTSP/1.1", cam: odd.Camera{Reply: rewrite(func(s string) string { return strings.Replace(s, "RTSP/1.0", "RTSP/1.1", 1) })}},
		{name: "no CSeq", cam: odd.Camera{Reply: func(r *odd.Reply) { r.Set("CSeq", "") }}, mends: "header"},
		{name: "a CSeq of its own", cam: odd.Camera{Reply: func(r *odd.Reply) { r.Set("CSeq", "4711") }}, mends: "header"},
		{name: "100 Continue before the answer", cam: odd.Camera{Reply: rewrite(func(s string) string { return "RTSP/1.0 100 Continue\r\n\r\n" + s })}},
		{name: "Content-Length missing", cam: odd.Camera{Reply: on("DESCRIBE", func(r *odd.Reply) {
			r.Raw = []byte(strings.Replace(string(r.Bytes()), "Content-Length", "X-Length", 1))
		})}, mends: "body"},
		{name: "Content-Length too small", cam: odd.Camera{Reply: header("DESCRIBE", "Content-Length", "40")}, mends: "body"},
		{name: "Content-Length too large", cam: odd.Camera{Reply: header("DESCRIBE", "Content-Length", "4000")}, mends: "body"},
		{name: "Content-Length is no number", cam: odd.Camera{Reply: header("DESCRIBE", "Content-Length", "-x")}, mends: "body"},
		{name: "body in pieces", cam: odd.Camera{Reply: on("DESCRIBE", func(r *odd.Reply) {
			b := r.Bytes()
			for i := 0; i < len(b)-40; i += 40 {
				_ = r.Conn.Write(b[i : i+40]) // the rest tells
				time.Sleep(time.Millisecond)
			}
			r.Raw = b[(len(b)-41)/40*40:]
		})}},
		{name: "Session with spaces and a timeout of nothing", cam: odd.Camera{Reply: on("SETUP", func(r *odd.Reply) { r.Set("Session", " 12345678 ; timeout = 0") })}},
		{name: "no Session", cam: odd.Camera{Reply: func(r *odd.Reply) { r.Set("Session", "") }}},
		{name: "keep-alive by OPTIONS only", film: 5 * time.Second, check: once, cam: odd.Camera{
			Reply: both(header("OPTIONS", "Public", "DESCRIBE, SETUP, PLAY"), both(fails("GET_PARAMETER", 501), header("SETUP", "Session", "1;timeout=2"))),
			Write: needsAlive(3*time.Second, "OPTIONS"),
		}},
		{name: "keep-alive by OPTIONS only, though it claims both", film: 5 * time.Second, check: once, mends: "keep_alive", cam: odd.Camera{
			Reply: both(fails("GET_PARAMETER", 551), header("SETUP", "Session", "1;timeout=2")),
			Write: needsAlive(3*time.Second, "OPTIONS"),
		}},
		{name: "keep-alive by GET_PARAMETER only", film: 5 * time.Second, check: once, mends: "keep_alive", cam: odd.Camera{
			Reply: both(header("OPTIONS", "Public", "DESCRIBE, SETUP, PLAY"), both(fails("OPTIONS", 455), header("SETUP", "Session", "1;timeout=2"))),
			Write: needsAlive(3*time.Second, "GET_PARAMETER"),
		}},
		{name: "keep-alive never answered", film: 6 * time.Second, check: once, cam: odd.Camera{Reply: both(header("SETUP", "Session", "1;timeout=2"), func(r *odd.Reply) {
			r.Silent = r.Conn.Playing() && r.Method == "GET_PARAMETER"
		})}},
		{name: "keep-alive answered wrongly", film: 6 * time.Second, check: once, cam: odd.Camera{Reply: both(header("SETUP", "Session", "1;timeout=2"), func(r *odd.Reply) {
			if r.Conn.Playing() && r.Method == "GET_PARAMETER" {
				r.Raw = []byte("RTSP/1.0 200 OK\r\nCSeq: 77\r\nSession: 99\r\nContent-Length: 5\r\n\r\nhello")
			}
		})}},
		{name: "keep-alives are all refused", film: 6 * time.Second, check: once, cam: odd.Camera{Reply: both(header("SETUP", "Session", "1;timeout=2"), both(fails("GET_PARAMETER", 454), fails("OPTIONS", 454)))}},
		{name: "no RTP-Info"}, // the camera that behaves sends none
		{name: "false RTP-Info", cam: odd.Camera{Reply: header("PLAY", "RTP-Info", "url=rtsp://1.2.3.4/nowhere;seq=1;rtptime=77,url=;;=,")}},
		{name: "malformed ssrc", cam: odd.Camera{Reply: on("SETUP", func(r *odd.Reply) { r.Set("Transport", r.Get("Transport")+";ssrc=xyz-1;mode=\"PLAY\"") })}},
		{name: "ssrc of another", cam: odd.Camera{Reply: on("SETUP", func(r *odd.Reply) { r.Set("Transport", "RTP/AVP/TCP;interleaved=0-1;ssrc=00000001") })}},
		{name: "Transport missing", cam: odd.Camera{Reply: header("SETUP", "Transport", "")}, mends: "header"},
		{name: "Transport without channels", cam: odd.Camera{Reply: header("SETUP", "Transport", "RTP/AVP/TCP;unicast")}, mends: "header"},
		{name: "Transport with one channel", cam: odd.Camera{Reply: header("SETUP", "Transport", "RTP/AVP/TCP;unicast;interleaved=0")}},
		{name: "requests sent by the camera", film: 3 * time.Second, check: func(t *testing.T, o *oddOutcome) {
			t.Helper()
			once(t, o)
			if !strings.Contains(strings.Join(o.cam.Dialogue(), "\n"), "RTSP/1.0 200") {
				t.Error("they were not answered")
			}
		}, cam: odd.Camera{Write: func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
			if f.I%10 == 5 {
				method := []string{"OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "ANNOUNCE"}[f.I/10%4]
				body := "v=0\r\n"
				if err := p.Conn.Write(fmt.Appendf(nil, "%s rtsp://client/ RTSP/1.0\r\nCSeq: %d\r\nContent-Length: %d\r\n\r\n%s", method, f.I, len(body), body)); err != nil {
					return err
				}
			}
			return p.Send(packets...)
		}}},
		{name: "TEARDOWN unanswered", cam: odd.Camera{Reply: func(r *odd.Reply) { r.Silent = r.Method == "TEARDOWN" }}},
		{name: "first frame after 9 s", cam: odd.Camera{NextKey: true, Late: 9 * time.Second}, check: once},
	})
}

// A camera that does not answer TEARDOWN is told once and not waited for; what it
// sent until then is recorded.
func TestOddTeardown(t *testing.T) {
	t.Parallel()
	cam, err := odd.Start(t.Context(), odd.Camera{Reply: func(r *odd.Reply) { r.Silent = r.Method == "TEARDOWN" }})
	if err != nil {
		t.Fatal(err)
	}
	s := newStation(t, t.TempDir(), 1)
	id := s.add(draft("A", cam.URL())).Stream(0)
	s.until("recording", func() bool { return s.recorded(id) > 2*timeline.Second })
	began := time.Now()
	s.stop()
	if d := time.Since(began); d > clocktest.Slow*2*time.Second {
		t.Errorf("stopped after %s", d)
	}
	s.until("TEARDOWN", func() bool { return cam.Count("TEARDOWN") == 1 }) // the camera may be slow to read it
	o := &oddOutcome{cam: cam}
	o.read(t, s, id)
	have := map[int64]bool{}
	for _, f := range o.frames {
		have[f.TimeUS] = true
	}
	for _, shot := range cam.Shots() {
		// What is on its way in the last moment may be too late.
		if shot.TimeUS < began.Add(-500*time.Millisecond).UnixMicro() && !have[shot.TimeUS] {
			t.Errorf("the frame of %d, sent %s before the end, is missing", shot.TimeUS, began.Sub(time.UnixMicro(shot.TimeUS)))
		}
	}
}

// Redirected to another address, the camera is found there.
func TestOddRedirectToAnother(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	other, err := odd.Start(ctx, odd.Camera{})
	if err != nil {
		t.Fatal(err)
	}
	first, err := odd.Start(ctx, odd.Camera{Reply: func(r *odd.Reply) {
		if r.Method == "DESCRIBE" {
			r.Status, r.Reason, r.Body = 302, "Moved", ""
			r.Set("Location", other.URL())
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := newStation(t, t.TempDir(), 1)
	id := s.add(draft("A", first.URL())).Stream(0)
	s.until("recording", func() bool { return s.recorded(id) > timeline.Second })
	if first.Count("PLAY") != 0 || other.Count("PLAY") != 1 {
		t.Errorf("played %d and %d times", first.Count("PLAY"), other.Count("PLAY"))
	}
}
