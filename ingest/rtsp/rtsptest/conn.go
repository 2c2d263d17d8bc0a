package rtsptest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	// writeDeadline ends a session whose client does not read.
	writeDeadline = 15 * time.Second
	// lingering is how long a closed connection waits for the client's own end,
	// so that what was written is not lost to a reset.
	lingering = 2 * time.Second
)

// conn is one client's TCP connection. It has at most one session.
type conn struct {
	srv   *Server
	raw   *net.TCPConn
	nc    net.Conn // raw, or TLS over it
	br    *bufio.Reader
	guard *guard

	wmu   sync.Mutex // one message or frame at a time
	armed time.Time  // when the write deadline was last set; guarded by wmu

	mu   sync.Mutex // guards what follows; never held while waiting
	cam  *camera
	sess *session
}

func newConn(s *Server, raw *net.TCPConn) *conn {
	c := &conn{srv: s, raw: raw, nc: s.wrapTLS(raw), guard: newGuard(&s.cfg)}
	c.br = bufio.NewReader(c.nc)
	return c
}

// current returns the session, nil when there is none.
func (c *conn) current() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sess
}

// abort closes the connection at once; what waits in the kernel still goes out
// unless the client has sent what was not read. Errors of closing are of no use
// to a camera.
func (c *conn) abort() { _ = c.raw.Close() }

// reset closes with RST.
func (c *conn) reset() {
	_ = c.raw.SetLinger(0)
	_ = c.raw.Close()
}

// finish sends FIN and gives the client a moment to read to the end.
func (c *conn) finish() {
	_ = c.raw.CloseWrite()
	_ = c.raw.SetReadDeadline(time.Now().Add(lingering))
}

// serve answers requests until either side ends the connection.
func (c *conn) serve(ctx context.Context) {
	defer c.abort()
	stop := context.AfterFunc(ctx, c.abort)
	defer stop()
	defer c.leave()
	for {
		req, err := readRequest(c.br)
		if err != nil {
			if errors.Is(err, errRequest) {
				c.srv.cfg.Log.Warn("bad request", "err", err)
			}
			return
		}
		if !c.answer(ctx, req) {
			return
		}
	}
}

// leave ends the session and forgets the connection.
func (c *conn) leave() {
	if sess := c.current(); sess != nil {
		c.abort() // a player blocked in a write comes back
		sess.end()
	}
	c.mu.Lock()
	cam := c.cam
	c.mu.Unlock()
	if cam != nil {
		cam.mu.Lock()
		delete(cam.conns, c)
		cam.mu.Unlock()
	}
}

// response is what an answer adds to a status.
type response struct {
	status  int
	headers []string // whole lines
	body    string
	then    func() // after the answer was written
	last    bool   // the connection ends after it
}

var reasons = map[int]string{
	200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found",
	405: "Method Not Allowed", 454: "Session Not Found", 455: "Method Not Valid in This State",
	459: "Aggregate Operation Not Allowed", 461: "Unsupported Transport", 500: "Internal Server Error",
}

// answer handles one request; false ends the connection.
func (c *conn) answer(ctx context.Context, req *request) bool {
	cam, sub, track, found := c.srv.resolve(req.path)
	if found {
		c.enter(cam)
		for {
			e := cam.effects(c.current(), c.srv.Now())
			if e.refused {
				c.reset()
				return false
			}
			if e.stalled == nil {
				break
			}
			select {
			case <-e.stalled.over:
			case <-ctx.Done():
				return false
			}
		}
	}
	var r response
	switch {
	case req.method == "OPTIONS":
		r = response{status: 200, headers: []string{
			"Public: OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN",
		}}
	case !c.guard.admits(req):
		if req.header["authorization"] != "" {
			c.srv.refusals.Add(1)
		}
		r.status = 401
		for _, ch := range c.guard.challenges() {
			r.headers = append(r.headers, "WWW-Authenticate: "+ch)
		}
	case !found:
		r.status = 404
	case req.method == "DESCRIBE":
		r = c.describe(req, cam, sub)
	case req.method == "SETUP":
		r = c.setup(ctx, req, cam, sub, track)
	default:
		r = c.control(ctx, req, track)
	}
	if err := c.respond(req, r); err != nil {
		return false
	}
	if r.then != nil {
		r.then()
	}
	return !r.last
}

// enter ties the connection to the camera, so that a fault finds it.
func (c *conn) enter(cam *camera) {
	c.mu.Lock()
	old := c.cam
	c.cam = cam
	c.mu.Unlock()
	if old == cam {
		return
	}
	if old != nil {
		old.mu.Lock()
		delete(old.conns, c)
		old.mu.Unlock()
	}
	cam.mu.Lock()
	cam.conns[c] = struct{}{}
	cam.mu.Unlock()
}

func (c *conn) respond(req *request, r response) error {
	var b strings.Builder
	fmt.Fprintf(&b, "RTSP/1.0 %d %s\r\nCSeq: %s\r\nServer: camsim\r\n", r.status, reasons[r.status], req.header["cseq"])
	for _, h := range r.headers {
		b.WriteString(h + "\r\n")
	}
	if r.body != "" {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(r.body))
	}
	b.WriteString("\r\n" + r.body)
	return c.write([]byte(b.String()), nil)
}

// write sends b whole. cuts are the ends of the packets in it, for the modes
// that write in smaller pieces.
func (c *conn) write(b []byte, cuts []int) error {
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if now := time.Now(); now.Sub(c.armed) > time.Second {
		if err := c.nc.SetWriteDeadline(now.Add(writeDeadline)); err != nil {
			return err
		}
		c.armed = now
	}
	switch {
	case c.srv.cfg.Write == WriteBytes:
		for i := range b {
			if _, err := c.nc.Write(b[i : i+1]); err != nil {
				return err
			}
		}
	case c.srv.cfg.Write == WritePackets && cuts != nil:
		at := 0
		for _, end := range cuts {
			if _, err := c.nc.Write(b[at:end]); err != nil {
				return err
			}
			at = end
		}
	default:
		_, err := c.nc.Write(b)
		return err
	}
	return nil
}

func (c *conn) describe(req *request, cam *camera, sub bool) response {
	r, err := c.srv.reel(sub)
	if err != nil {
		c.srv.cfg.Log.Error("sub-stream", "camera", cam.name, "err", err)
		return response{status: 500}
	}
	host, _, err := net.SplitHostPort(c.raw.LocalAddr().String())
	if err != nil {
		return response{status: 500}
	}
	host, _, _ = strings.Cut(host, "%")
	name := fmt.Sprintf("Simulated camera %04d", cam.n)
	base := strings.TrimSuffix(req.uri, "/") + "/"
	return response{
		status: 200, body: describe(name, host, r, c.srv.sound, &c.srv.cfg),
		headers: []string{"Content-Base: " + base, "Content-Type: application/sdp", "Cache-Control: no-cache"},
	}
}

// reel returns the main or the sub-stream's loop.
func (s *Server) reel(sub bool) (*reel, error) {
	if sub {
		return s.subOnce()
	}
	return s.main, nil
}
