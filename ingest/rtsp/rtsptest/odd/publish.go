package odd

import (
	"bufio"
	"context"
	"crypto/md5" //nolint:gosec // RFC 2617
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"qianshao/ingest/rtsp/rtsptest/loop"
)

// Push says where and how a camera publishes.
type Push struct {
	URL   string      // with user name and key
	UDP   bool        //
	Basic bool        // it knows no Digest
	TLS   *tls.Config // of rtsps
	// Ask bends a request before it is sent; Host is what the URL's host becomes
	// in requests.
	Ask func(method string, request string) string
}

// Refused is what Publish returns when the server says no.
type Refused struct {
	Method string
	Status int
	Reason string
}

func (e *Refused) Error() string {
	return fmt.Sprintf("%s was answered %d %s", e.Method, e.Status, e.Reason)
}

// Publish films and publishes (RFC 2326 10.3, 10.11) until ctx ends; Wait waits
// for that. It returns when RECORD was answered.
func Publish(ctx context.Context, c Camera, to Push) (*Running, error) {
	r, err := prepare(ctx, c)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(to.URL)
	if err != nil {
		return nil, err
	}
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	conn := &Conn{cam: r, raw: raw, N: 1}
	if to.TLS != nil {
		conn.raw = tls.Client(raw, to.TLS)
	}
	conn.in = bufio.NewReader(conn.raw)
	r.conns[conn] = true
	stop := context.AfterFunc(ctx, conn.Close)
	p := &pusher{Push: to, c: conn, u: u}
	if err := p.dialogue(); err != nil {
		conn.Close()
		stop()
		return r, err
	}
	play := conn.newPlay()
	r.player(1)
	r.wg.Go(func() {
		defer stop()
		defer conn.Close()
		defer func() {
			for _, t := range conn.order {
				t.close()
			}
		}()
		err := play.run(ctx)
		r.player(-1)
		if err != nil {
			r.note("publishing ends: %v", err)
			return
		}
		<-ctx.Done() // a film that was stopped: the connection stays
	})
	r.wg.Go(func() {
		_, _ = io.Copy(io.Discard, conn.in) // answers and reports; it ends with the connection
	})
	return r, nil
}

// Cut ends the publisher's connection, with RST: as a process that is killed
// with bytes unread, or a router.
func (r *Running) Cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		c.Reset()
	}
}

// Ask sends a request on the publisher's connection; the answer is not read.
func (r *Running) Ask(request string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		return c.Write([]byte(request))
	}
	return errGone
}

// pusher is a publisher's dialogue.
type pusher struct {
	Push
	c       *Conn
	u       *url.URL
	cseq    int
	session string
	auth    func(method, uri string) string
}

func (p *pusher) dialogue() error {
	base := fmt.Sprintf("%s://%s%s", p.u.Scheme, p.u.Host, p.u.EscapedPath())
	sdp := p.c.cam.describe()
	if _, err := p.ask("OPTIONS", base, "", ""); err != nil {
		return err
	}
	if _, err := p.ask("ANNOUNCE", base, "Content-Type: application/sdp\r\n", sdp); err != nil {
		return err
	}
	for i := range strings.Count(sdp, "\r\nm=") {
		if err := p.setUp(i, base); err != nil {
			return err
		}
	}
	_, err := p.ask("RECORD", base, "Range: npt=0.000-\r\n", "")
	return err
}

func (p *pusher) setUp(i int, base string) error {
	how := fmt.Sprintf("RTP/AVP/TCP;unicast;interleaved=%d-%d;mode=record", 2*i, 2*i+1)
	if p.UDP {
		how = "RTP/AVP;unicast;client_port=5004-5005;mode=record" // of before address translation
	}
	got, err := p.ask("SETUP", fmt.Sprintf("%s/trackID=%d", base, i), "Transport: "+how+"\r\n", "")
	if err != nil {
		return err
	}
	t := &Track{PT: 96, SSRC: random32(), Base: random32(), Seq: uint16(random32()), rate: 90000, Channel: byte(2 * i)}
	t.Seq0 = t.Seq
	if a := p.c.cam.sound; i > 0 && a != nil {
		t.PT, t.rate, t.audio = 8, uint64(a.Rate), true
		if a.Codec == loop.AAC {
			t.PT = 97
		}
	}
	if p.UDP {
		ports, ok := pair(got["transport"], "server_port=")
		host, _, err := net.SplitHostPort(p.u.Host)
		if !ok || err != nil {
			return fmt.Errorf("no ports in %q", got["transport"])
		}
		if err := t.openUDP(host, ports); err != nil {
			return err
		}
	}
	p.c.order = append(p.c.order, t)
	return nil
}

// ask sends a request, again with credentials when they are asked for.
func (p *pusher) ask(method, uri, header, body string) (map[string]string, error) {
	for again := range 2 {
		p.cseq++
		req := fmt.Sprintf("%s %s RTSP/1.0\r\nCSeq: %d\r\n%s", method, uri, p.cseq, header)
		if p.auth != nil {
			req += "Authorization: " + p.auth(method, uri) + "\r\n"
		}
		if p.session != "" {
			req += "Session: " + p.session + "\r\n"
		}
		if body != "" {
			req += fmt.Sprintf("Content-Length: %d\r\n", len(body))
		}
		req += "\r\n" + body
		if p.Ask != nil {
			req = p.Push.Ask(method, req)
		}
		if err := p.c.raw.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			return nil, err
		}
		if err := p.c.Write([]byte(req)); err != nil {
			return nil, err
		}
		lines, err := p.c.lines()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		p.c.cam.note("%s -> %s", method, lines[0])
		f := strings.SplitN(lines[0], " ", 3)
		if len(f) < 3 {
			return nil, fmt.Errorf("answer %q", lines[0])
		}
		got := map[string]string{}
		for _, l := range lines[1:] {
			n, v, _ := strings.Cut(l, ":")
			n, v = strings.ToLower(n), strings.TrimSpace(v)
			if n == "www-authenticate" && again == 0 {
				p.challenge(v)
			}
			got[n] = v
		}
		p.session, _, _ = strings.Cut(got["session"], ";")
		status, err := strconv.Atoi(f[1])
		switch {
		case err != nil || got["cseq"] != strconv.Itoa(p.cseq):
			return nil, fmt.Errorf("answer %q to request %d", lines, p.cseq)
		case status == 200:
			return got, p.c.raw.SetDeadline(time.Time{})
		case status != 401 || again > 0:
			return nil, &Refused{method, status, f[2]}
		}
	}
	return nil, errors.New("not reached")
}

// challenge takes a challenge that it understands.
func (p *pusher) challenge(text string) {
	user := p.u.User.Username()
	key, _ := p.u.User.Password()
	value := func(name string) string {
		_, v, _ := strings.Cut(text, name+`="`)
		v, _, _ = strings.Cut(v, `"`)
		return v
	}
	realm, nonce := value("realm"), value("nonce")
	switch {
	case strings.HasPrefix(text, "Basic") && p.Basic:
		p.auth = func(string, string) string {
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+key))
		}
	case strings.HasPrefix(text, "Digest") && !p.Basic:
		p.auth = func(method, uri string) string {
			response := md5hex(md5hex(user+":"+realm+":"+key) + ":" + nonce + ":" + md5hex(method+":"+uri))
			return fmt.Sprintf(`Digest username="%s", realm="%s", nonce="%s", uri="%s", response="%s"`, user, realm, nonce, uri, response)
		}
	}
}

func md5hex(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) } //nolint:gosec // see above
