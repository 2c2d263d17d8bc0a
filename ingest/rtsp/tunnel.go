package rtsp

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"qianshao/ingest/rtsp/limit"
)

const (
	// postLength is the Content-Length of a POST, as QuickTime and the players
	// after it announce it. A connection that has carried so much is replaced.
	postLength = 32767
	// getPatience is how long the answer to GET is waited for before the POST is
	// opened all the same: some cameras answer when they have both.
	getPatience = time.Second
	// postPatience is how long after the end of a POST connection an answer may
	// still come, before the request is taken to be lost with it.
	postPatience = time.Second
	// postChatter bounds what a camera may say on a POST connection, where
	// nothing of what it says matters but the status.
	postChatter = 64 << 10
	// postTries bounds how often one message is sent: cameras close the connection
	// under it, or refuse a nonce that was good a moment ago.
	postTries = 3
)

// linker opens a connection to an address, with TLS where the camera is to have
// it; the socket is the one under it.
type linker func(ctx context.Context, addr string) (net.Conn, *net.TCPConn, error)

// tunnel is RTSP over HTTP as QuickTime defined it and cameras copied it: a GET
// whose answer has no end carries what the camera says, media among it, as it
// is; a POST carries what we say, in base64. As a net.Conn it reads from the one
// and writes to the other. POST connections come and go.
type tunnel struct {
	net.Conn // of the GET
	raw      *net.TCPConn
	link     linker
	addr     string // of the GET, as it is to be dialled; also the Host header
	peer     string // and as it was: where POSTs go
	path     string // with its query
	cookie   string // joins the two connections
	length   int    // of a POST
	// waits reports whether an answer is waited for.
	waits func() bool
	// fail ends the attempt: the POST side is beyond hope.
	fail func(error)

	writing sync.Mutex  // one message at a time
	shown   bool        // the GET showed credentials; of who opens
	creds   credentials // of HTTP: the RTSP inside has its own; guarded by writing
	last    []byte      // the last message in base64; guarded by writing
	tries   int         // of the last message; guarded by writing

	mu     sync.Mutex
	post   net.Conn           // nil: the next message opens one; guarded by mu
	room   int                // bytes that the POST may still carry; guarded by mu
	abort  context.CancelFunc // of a dial that is on its way; guarded by mu
	closed bool               // guarded by mu
	done   chan struct{}      // closed with the tunnel
	wg     sync.WaitGroup     // of who reads POST connections
}

func newTunnel(creds credentials, addr, path string, link linker) *tunnel {
	var b [11]byte
	_, _ = rand.Read(b[:]) // never fails (Go 1.24)
	return &tunnel{
		creds: creds, addr: addr, link: link, path: cmp.Or(path, "/"), cookie: hex.EncodeToString(b[:]), length: postLength,
		waits: func() bool { return false }, fail: func(error) {}, done: make(chan struct{}),
	}
}

// open sends the GET and reads the head of its answer. rest is what came behind
// it, or all of it where the head has not come yet: it may wait for a request,
// and the tap takes it then. The tunnel is ready to be written to; it must be
// closed, also after an error.
func (t *tunnel) open(ctx context.Context) (rest []byte, err error) {
	for try := 1; ; try++ {
		var m *message
		if m, rest, err = t.get(ctx); err != nil {
			return nil, fmt.Errorf("RTSP over HTTP: %w", err)
		}
		if m == nil {
			return rest, nil
		}
		status := m.status()
		if status == 401 && try < postTries && (t.challenge(m) || !t.shown) { // a POST may have been told before
			_ = t.Conn.Close() // the next GET is another connection
			continue
		}
		return rest, httpError(m, status)
	}
}

// httpError is what an answer to GET or POST means; nil for one that lets RTSP
// through.
func httpError(m *message, status int) error {
	kind := strings.ToLower(m.get("Content-Type"))
	reason := m.start
	if f := strings.Fields(reason); len(f) > 2 {
		reason = strings.Join(f[2:], " ")
	}
	e := &StatusError{Code: status, Message: reason[:min(len(reason), limit.Reason)] + " to RTSP over HTTP"}
	switch {
	case status == 200 && strings.HasPrefix(kind, "text/"):
		return fmt.Errorf("a web page is where RTSP over HTTP should be: %w", ErrTransport)
	case status == 200 && strings.EqualFold(m.get("Transfer-Encoding"), "chunked"):
		return fmt.Errorf("RTSP over HTTP in chunks, which nobody asked for: %w", ErrTransport)
	case status == 200:
		return nil
	case status == 401 || status == 403:
		return fmt.Errorf("%w: %w", ErrAuth, e)
	case status == 453 || status == 503:
		return fmt.Errorf("%w: %w", ErrBusy, e)
	}
	return fmt.Errorf("%w: %w", ErrTransport, e)
}

// challenge takes the challenges of a 401; false when no answer to them is left.
func (t *tunnel) challenge(m *message) bool {
	t.writing.Lock()
	defer t.writing.Unlock()
	return t.creds.challenge(m.all("WWW-Authenticate"))
}

// knows reports whether there are credentials in answer to a challenge.
func (t *tunnel) knows() bool {
	t.writing.Lock()
	defer t.writing.Unlock()
	return t.creds.scheme != ""
}

// get opens the GET connection. Its answer may wait for the POST; m is nil when
// it waits for more.
func (t *tunnel) get(ctx context.Context) (m *message, rest []byte, err error) {
	conn, raw, err := t.link(ctx, t.addr)
	if err != nil {
		return nil, nil, err
	}
	t.mu.Lock()
	t.Conn, t.raw, t.peer = conn, raw, raw.RemoteAddr().String()
	t.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // who reads it is told
	defer stop()
	t.writing.Lock()
	head := t.head("GET", field{"Accept", "application/x-rtsp-tunnelled"})
	t.shown = authorized(head)
	t.writing.Unlock()
	if err := errors.Join(conn.SetDeadline(time.Now().Add(getPatience)), send(conn, head)); err != nil {
		return nil, nil, err
	}
	m, rest, err = readHead(conn, nil)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		if err = errors.Join(t.connect(ctx), conn.SetDeadline(time.Now().Add(getPatience))); err == nil {
			m, rest, err = readHead(conn, rest)
		}
	}
	if !stop() {
		return nil, nil, ctx.Err()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		m, err = nil, nil
	}
	return m, rest, errors.Join(err, conn.SetDeadline(time.Time{}))
}

// authorized reports whether a request shows credentials.
func authorized(head []byte) bool { return bytes.Contains(head, []byte("\r\nAuthorization: ")) }

func send(c net.Conn, b []byte) error {
	_, err := c.Write(b)
	return err
}

// head begins a request: the lines that players send, and cameras look for.
// writing is held.
func (t *tunnel) head(method string, more ...field) []byte {
	m := &message{start: method + " " + t.path + " HTTP/1.0", header: append([]field{
		{"Host", t.addr},
		{"User-Agent", agent},
		{"x-sessioncookie", t.cookie},
		{"Pragma", "no-cache"},
		{"Cache-Control", "no-cache"},
	}, more...)}
	t.creds.authorize(m)
	return m.head()
}

// readHead reads an HTTP answer up to its empty line; b is what was read of it
// before. rest is what came behind, or all of it after an error.
func readHead(c net.Conn, b []byte) (m *message, rest []byte, err error) {
	buf := make([]byte, 4<<10)
	for {
		if m, rest, err = parseAnswer(b); m != nil || err != nil {
			return m, rest, err
		}
		n, err := c.Read(buf)
		b = append(b, buf[:n]...)
		if n == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = fmt.Errorf("the camera closed the connection: %w", ErrTransport)
			}
			return nil, b, err
		}
	}
}

// parseAnswer reads the head of an HTTP answer at the front of b; nil when it is
// not all there. Some cameras write RTSP or ICY where HTTP belongs.
func parseAnswer(b []byte) (m *message, rest []byte, err error) {
	end, skip := headerEnd(b)
	switch {
	case end > limit.Header || end < 0 && len(b) > limit.Header || bytes.Count(b[:max(end, 0)], []byte("\n")) > limit.Lines:
		return nil, nil, fmt.Errorf("the head of the answer has no end: %w", ErrTransport)
	case end < 0:
		return nil, nil, nil
	}
	m = parseLines(b[:end])
	if m.status() == 0 {
		return nil, nil, fmt.Errorf("no HTTP answer: %w", ErrTransport)
	}
	return m, b[end+skip:], nil
}

// Write sends a message of ours.
func (t *tunnel) Write(p []byte) (int, error) {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.last, t.tries = encode(p), 0
	if err := t.deliver(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// agents are of lengths that differ by one.
var agents = [3]string{agent, agent + "/", agent + "/1"}

// encode writes a message in base64. The message is made to fill it, so that
// nothing is padded: some cameras decode each message by itself, some the whole
// connection, in which padding would be an end.
func encode(p []byte) []byte {
	if m, used, bad := parseMessage(p); m != nil && !bad && used == len(p) {
		for _, a := range agents {
			m.set("User-Agent", a)
			if p = m.bytes(); len(p)%3 == 0 {
				break
			}
		}
	}
	return base64.StdEncoding.AppendEncode(nil, p)
}

// deliver sends the last message, over a new connection if the old one is used
// up or gone. writing is held.
func (t *tunnel) deliver() error {
	var err error
	for t.tries < postTries {
		t.tries++
		var c net.Conn
		if c, err = t.carrier(len(t.last)); err != nil {
			return err
		}
		if err = errors.Join(c.SetWriteDeadline(time.Now().Add(writeTimeout)), send(c, t.last)); err == nil {
			return nil
		}
		t.drop(c)
	}
	return fmt.Errorf("RTSP over HTTP: the camera does not take a request: %w", cmp.Or(err, error(ErrTransport)))
}

// carrier is a POST connection with room for n bytes, all of which it is to
// carry.
func (t *tunnel) carrier(n int) (net.Conn, error) {
	t.mu.Lock()
	c, ok := t.post, t.post != nil && t.room >= n
	if ok {
		t.room -= n
	}
	t.mu.Unlock()
	if ok {
		return c, nil
	}
	if c != nil {
		t.drop(c)
	}
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	t.mu.Lock()
	t.abort = cancel
	closed := t.closed
	t.mu.Unlock()
	if closed {
		return nil, net.ErrClosed
	}
	if err := t.connectHeld(ctx); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || t.post == nil {
		return nil, net.ErrClosed
	}
	t.room -= n
	return t.post, nil
}

// connect opens a POST connection.
func (t *tunnel) connect(ctx context.Context) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	return t.connectHeld(ctx)
}

// connectHeld is connect with writing held.
func (t *tunnel) connectHeld(ctx context.Context) error {
	c, _, err := t.link(ctx, t.peer)
	if err != nil {
		return err
	}
	head := t.head("POST", field{"Content-Type", "application/x-rtsp-tunnelled"},
		field{"Content-Length", strconv.Itoa(t.length)}, field{"Expires", "Sun, 9 Jan 1972 00:00:00 GMT"})
	if err := errors.Join(c.SetWriteDeadline(time.Now().Add(writeTimeout)), send(c, head)); err != nil {
		return errors.Join(err, c.Close())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return errors.Join(net.ErrClosed, c.Close())
	}
	if t.post != nil { // of a GET before this one
		_ = t.post.Close() // see drop
	}
	t.post, t.room = c, t.length
	t.wg.Go(func() { t.listen(c, authorized(head)) })
	return nil
}

// listen reads what a camera says on a POST connection: nothing, a status at
// once, or one at the end. When the connection ends under a request that is not
// answered, the request is sent again.
func (t *tunnel) listen(c net.Conn, shown bool) {
	var answer []byte
	heard := false
	buf := make([]byte, 1<<10)
	for total := 0; total < postChatter; {
		n, err := c.Read(buf)
		if total += n; !heard {
			answer = append(answer, buf[:n]...)
			m, _, bad := parseAnswer(answer)
			if m != nil && m.status() >= 300 {
				t.refused(c, m, shown)
				return
			}
			heard = m != nil || bad != nil
		}
		if err != nil {
			break
		}
	}
	t.drop(c)
	wait := time.NewTimer(postPatience)
	defer wait.Stop()
	select {
	case <-wait.C:
		t.again()
	case <-t.done:
	}
}

// again sends the last message once more if it is not answered.
func (t *tunnel) again() {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.mu.Lock()
	current := t.post != nil // it went another way since
	t.mu.Unlock()
	if current || t.last == nil || !t.waits() {
		return
	}
	if err := t.deliver(); err != nil && !errors.Is(err, net.ErrClosed) {
		t.fail(err)
	}
}

// refused takes an answer to POST that is none of success. One that showed no
// credentials says nothing of them: the GET may have been told meanwhile.
func (t *tunnel) refused(c net.Conn, m *message, shown bool) {
	t.drop(c)
	if m.status() != 401 || !t.challenge(m) && (shown || !t.knows()) {
		t.fail(httpError(m, m.status()))
		return
	}
	t.again()
}

// drop ends a POST connection; the next message opens another.
func (t *tunnel) drop(c net.Conn) {
	t.mu.Lock()
	if t.post == c {
		t.post = nil
	}
	t.mu.Unlock()
	_ = c.Close() // everything it should carry was written
}

// SetWriteDeadline does nothing: Write has its own.
func (t *tunnel) SetWriteDeadline(time.Time) error { return nil }

// Close ends both connections; wait waits for those who read them.
func (t *tunnel) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		close(t.done)
	}
	if t.abort != nil {
		t.abort()
	}
	if t.post != nil {
		_ = t.post.Close() // see drop
	}
	if t.Conn == nil {
		return nil
	}
	return t.Conn.Close()
}

func (t *tunnel) wait() { t.wg.Wait() }

// answersHTTP takes a whole head of HTTP at the front of b where RTSP belongs:
// the answer to GET that came late, or one of a camera that speaks no RTSP here.
func answersHTTP(b []byte, overHTTP bool) (used int, err error) {
	end, skip := headerEnd(b)
	if end <= 0 || !bytes.HasPrefix(b, []byte("HTTP/1.")) {
		return 0, nil
	}
	if !overHTTP {
		return 0, errHTTP
	}
	m := parseLines(b[:end])
	return end + skip, httpError(m, m.status())
}
