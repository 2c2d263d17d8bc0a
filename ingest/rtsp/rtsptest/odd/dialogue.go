package odd

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"qianshao/ingest/rtsp/rtsptest/loop"
)

// Request is what came.
type Request struct {
	Method, URI string
	Header      map[string]string // by lower-case name
	N           int               // of its method, in the camera's life, from 1
	Conn        *Conn
}

// Reply is what goes back. A hook may change all of it.
type Reply struct {
	*Request
	Status int
	Reason string
	Header []string // "Name: value", CSeq among them
	Body   string
	Raw    []byte        // in place of all that
	Silent bool          // nothing is sent
	Delay  time.Duration // before it is sent
	Close  bool          // the connection is closed behind it
}

// Set replaces a header, or adds it; an empty value takes it out.
func (r *Reply) Set(name, value string) {
	kept := r.Header[:0]
	for _, h := range r.Header {
		if n, _, _ := strings.Cut(h, ":"); !strings.EqualFold(n, name) {
			kept = append(kept, h)
		}
	}
	r.Header = kept
	if value != "" {
		r.Header = append(r.Header, name+": "+value)
	}
}

// Get is a header's value.
func (r *Reply) Get(name string) string {
	for _, h := range r.Header {
		if n, v, _ := strings.Cut(h, ":"); strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// Conn is one connection.
type Conn struct {
	N   int // of the camera, from 1
	cam *Running
	raw net.Conn

	mu      sync.Mutex // one writer at a time
	in      *bufio.Reader
	tracks  map[string]*Track // by control
	order   []*Track
	play    *Play
	cancel  context.CancelFunc
	done    chan struct{}        // of the player
	asked   map[string]time.Time // when a method came last; guarded by mu
	playing bool                 // guarded by mu
	held    []byte               // the answer to GET that waits for more; guarded by mu
	pipe    *io.PipeReader       // what came over POST; nil: no tunnel
}

// Close ends the connection.
func (c *Conn) Close() { _ = c.raw.Close() }

// Reset ends it with RST: what is on the way is lost.
func (c *Conn) Reset() {
	if t, ok := c.raw.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // the close below tells
	}
	c.Close()
}

// Write puts bytes on the connection.
func (c *Conn) Write(b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held != nil {
		c.held, b = nil, append(c.held, b...)
	}
	_, err := c.raw.Write(b)
	return err
}

func (c *Conn) serve(ctx context.Context) {
	defer c.Close()
	c.in = bufio.NewReader(c.raw)
	c.tracks = map[string]*Track{}
	if c.cam.HTTP && !c.tunnel() {
		return
	}
	defer c.release()
	defer c.teardown()
	for {
		q, err := c.read()
		if err != nil {
			return
		}
		if q == nil { // an interleaved packet of the client
			continue
		}
		if !c.answer(ctx, q) {
			return
		}
	}
}

func (c *Conn) lines() ([]string, error) {
	var lines []string
	for {
		l, err := c.in.ReadString('\n')
		if err != nil {
			return nil, err
		}
		l = strings.TrimRight(l, "\r\n")
		if l == "" {
			return lines, nil
		}
		lines = append(lines, l)
	}
}

func (c *Conn) read() (*Request, error) {
	b, err := c.in.Peek(1)
	if err != nil {
		return nil, err
	}
	if b[0] == '$' {
		head := make([]byte, 4)
		if _, err := io.ReadFull(c.in, head); err != nil {
			return nil, err
		}
		_, err := c.in.Discard(int(head[2])<<8 | int(head[3]))
		return nil, err
	}
	lines, err := c.lines()
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	f := strings.Fields(lines[0])
	if len(f) < 3 {
		return nil, fmt.Errorf("request %q", lines[0])
	}
	q := &Request{Method: f[0], URI: f[1], Header: map[string]string{}, Conn: c}
	for _, l := range lines[1:] {
		n, v, _ := strings.Cut(l, ":")
		q.Header[strings.ToLower(n)] = strings.TrimSpace(v)
	}
	if n, _ := strconv.Atoi(q.Header["content-length"]); n > 0 {
		if _, err := c.in.Discard(n); err != nil {
			return nil, err
		}
	}
	if strings.HasPrefix(f[0], "RTSP/") { // an answer to what the camera asked
		c.cam.note("%s <- %s", c.raw.RemoteAddr(), lines[0])
		return nil, nil
	}
	c.cam.mu.Lock()
	c.cam.counts[q.Method]++
	q.N = c.cam.counts[q.Method]
	c.cam.mu.Unlock()
	c.cam.note("%d <- %s", c.N, lines[0])
	return q, nil
}

// Idle is how long ago the last of these requests came, or PLAY.
func (c *Conn) Idle(methods ...string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.asked["PLAY"]
	for _, m := range methods {
		if at := c.asked[m]; at.After(last) {
			last = at
		}
	}
	return time.Since(last)
}

// Playing reports whether PLAY was answered.
func (c *Conn) Playing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.playing
}

// answer is false when the connection is over.
func (c *Conn) answer(ctx context.Context, q *Request) bool {
	r := &Reply{Request: q, Status: 200, Reason: "OK", Header: []string{"CSeq: " + q.Header["cseq"]}}
	var start *Play
	if g := c.cam.Guard; g != nil && q.Method != "OPTIONS" {
		if challenges := g.check(q); challenges != nil {
			r.Status, r.Reason = 401, "Unauthorized"
			for _, v := range challenges {
				r.Header = append(r.Header, "WWW-Authenticate: "+v)
			}
		}
	}
	if r.Status == 200 {
		start = c.fill(r)
	}
	if c.cam.Reply != nil {
		c.cam.Reply(r)
	}
	if start != nil && (r.Status != 200 || c.play != nil) {
		start = nil
	}
	if start != nil && c.cam.Early != nil {
		if c.cam.Early(start) != nil {
			return false
		}
	}
	time.Sleep(r.Delay)
	if !r.Silent {
		b := r.Raw
		if b == nil {
			b = r.Bytes()
		}
		c.cam.note("%d -> %d %s", c.N, r.Status, r.Reason)
		if c.Write(b) != nil {
			return false
		}
	}
	if r.Close {
		return false
	}
	if start != nil {
		c.mu.Lock()
		c.playing = true
		c.mu.Unlock()
		playing, cancel := context.WithCancel(ctx)
		c.play, c.cancel, c.done = start, cancel, make(chan struct{})
		c.cam.player(1)
		go func() {
			defer close(c.done)
			defer c.cam.player(-1)
			if err := start.run(playing); err != nil {
				c.cam.note("%d play ends: %v", c.N, err)
				c.Close()
			}
		}()
	}
	return q.Method != "TEARDOWN" || r.Silent
}

// Bytes is the answer on the wire.
func (r *Reply) Bytes() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "RTSP/1.0 %d %s\r\n", r.Status, r.Reason)
	length := r.Body != ""
	for _, h := range r.Header {
		b.WriteString(h + "\r\n")
		if strings.HasPrefix(strings.ToLower(strings.ReplaceAll(h, " ", "")), "content-length:") {
			length = false
		}
	}
	if length {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.Body))
	}
	return []byte(b.String() + "\r\n" + r.Body)
}

// fill is the answer of a camera that behaves.
func (c *Conn) fill(r *Reply) *Play {
	c.mu.Lock()
	if c.asked == nil {
		c.asked = map[string]time.Time{}
	}
	c.asked[r.Method] = time.Now()
	c.mu.Unlock()
	switch r.Method {
	case "OPTIONS":
		r.Set("Public", "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
	case "DESCRIBE":
		if !c.cam.mine(r.URI) {
			r.Status, r.Reason = 404, "Not Found"
			return nil
		}
		r.Set("Content-Type", "application/sdp")
		r.Set("Content-Base", strings.TrimSuffix(r.URI, "/")+"/")
		r.Body = c.cam.describe()
	case "SETUP":
		c.setup(r)
	case "PLAY":
		r.Set("Session", session)
		if len(c.order) == 0 {
			r.Status, r.Reason = 455, "Method Not Valid In This State"
			return nil
		}
		return c.newPlay()
	case "TEARDOWN":
		c.teardown()
		r.Set("Session", session)
	case "GET_PARAMETER", "SET_PARAMETER", "PAUSE":
		r.Set("Session", session)
	default:
		r.Status, r.Reason = 501, "Not Implemented"
	}
	return nil
}

const session = "12345678;timeout=60"

// mine reports whether a URI names the stream or a part of it: the path that
// the camera was given, with or without its query.
func (r *Running) mine(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil {
		return false
	}
	path, _, _ := strings.Cut(r.Path, "?")
	return strings.HasPrefix(u.Path, path)
}

// describe is the description of a camera that behaves.
func (r *Running) describe() string {
	v := r.t
	sdp := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=live\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"
	sdp += "m=video 0 RTP/AVP 96\r\n"
	if v.Codec == loop.H265 {
		sdp += "a=rtpmap:96 H265/90000\r\n" + fmt.Sprintf("a=fmtp:96 sprop-vps=%s;sprop-sps=%s;sprop-pps=%s\r\n",
			b64(v.VPS[0]), b64(v.SPS[0]), b64(v.PPS[0]))
	} else {
		sdp += "a=rtpmap:96 H264/90000\r\n" + fmt.Sprintf("a=fmtp:96 packetization-mode=1;profile-level-id=%X;sprop-parameter-sets=%s,%s\r\n",
			v.SPS[0][1:4], b64(v.SPS[0]), b64(v.PPS[0]))
	}
	sdp += "a=control:trackID=0\r\n"
	if a := r.sound; a != nil {
		switch a.Codec {
		case loop.AAC:
			sdp += fmt.Sprintf("m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/%d/%d\r\n", a.Rate, a.Channels)
			sdp += fmt.Sprintf("a=fmtp:97 streamtype=5;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=%X\r\n", a.Config)
		default:
			sdp += "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
		}
		sdp += "a=control:trackID=1\r\n"
	}
	if r.SDP != nil {
		sdp = r.SDP(sdp)
	}
	return sdp
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// setup makes a track of a SETUP, over TCP or UDP as asked.
func (c *Conn) setup(r *Reply) {
	audio := strings.Contains(r.URI, "trackID=1")
	known := audio && c.cam.sound != nil || !audio && c.cam.mine(r.URI)
	if !known {
		r.Status, r.Reason = 404, "Not Found"
		return
	}
	t := &Track{PT: 96, SSRC: random32(), Base: random32(), Seq: uint16(random32()), rate: 90000, audio: audio}
	t.Seq0 = t.Seq
	if audio {
		t.PT, t.rate = 8, uint64(c.cam.sound.Rate)
		if c.cam.sound.Codec == loop.AAC {
			t.PT = 97
		}
	}
	asked := r.Asked("transport")
	if ports, ok := pair(asked, "client_port="); ok {
		host, _, err := net.SplitHostPort(c.raw.RemoteAddr().String())
		if err != nil || t.openUDP(host, ports) != nil {
			r.Status, r.Reason = 500, "No Sockets"
			return
		}
		r.Set("Transport", fmt.Sprintf("RTP/AVP;unicast;client_port=%d-%d;server_port=%d-%d;ssrc=%08X", ports[0], ports[1], t.port(0), t.port(1), t.SSRC))
	} else {
		ch, _ := pair(asked, "interleaved=")
		t.Channel = byte(ch[0])
		r.Set("Transport", fmt.Sprintf("RTP/AVP/TCP;unicast;interleaved=%d-%d;ssrc=%08X", ch[0], ch[1], t.SSRC))
	}
	r.Set("Session", session)
	c.order = append(c.order, t)
}

// Asked is a header of the request, by its lower-case name.
func (r *Reply) Asked(name string) string { return r.Request.Header[name] }

// Channel answers SETUP over TCP with other channels, and uses them.
func (r *Reply) Channel(n int) {
	r.Set("Transport", fmt.Sprintf("RTP/AVP/TCP;unicast;interleaved=%d-%d", n, n+1))
	r.Conn.order[len(r.Conn.order)-1].Channel = byte(n)
}

func pair(transport, name string) (v [2]int, ok bool) {
	_, rest, found := strings.Cut(transport, name)
	if !found {
		return v, false
	}
	rest, _, _ = strings.Cut(rest, ";")
	a, b, _ := strings.Cut(rest, "-")
	v[0], _ = strconv.Atoi(a)
	v[1], _ = strconv.Atoi(b)
	return v, true
}

// teardown ends the player, if there is one, and its sockets.
func (c *Conn) teardown() {
	if c.cancel != nil {
		c.cancel()
		_ = c.raw.SetWriteDeadline(time.Now()) // a player that waits for the client ends
		<-c.done
		_ = c.raw.SetWriteDeadline(time.Time{})
		c.cancel = nil
	}
	for _, t := range c.order {
		t.close()
	}
	c.order, c.play = nil, nil
}
