package rtsp

import (
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// readSize is the tap's buffer: the largest interleaved frame, and room for
	// a quarter second of a 2 Mbit/s camera.
	readSize = 72 << 10
	// drainEvery bounds how long bytes below the low-water mark may wait in the
	// kernel, and how late idle work is done.
	drainEvery = time.Second
	// awayFor is how long after the last look it was we who were away, not the camera
	// that was silent: it has as long again to be heard before it is judged.
	awayFor = 3 * time.Second
	// finishWait bounds how long the end of a session waits for the last bytes.
	finishWait = 200 * time.Millisecond
)

// frameSink takes interleaved frames. It is called in the goroutine that reads.
type frameSink interface {
	frame(channel byte, payload []byte, at time.Duration)
	idle(at time.Duration)
	// plausible reports whether a frame on this channel may begin with these
	// bytes, at least one.
	plausible(channel byte, head []byte) bool
	// surely reports whether hardly anything but a frame of media on this channel
	// begins with these bytes.
	surely(channel byte, head []byte) bool
	// pictures changes with every picture.
	pictures() int64
}

// messages takes what is not media: the dialogue above a tap.
type messages interface {
	// in handles a message: what the reader of the tap shall see, and what is to
	// be sent at once. Both may be nil.
	in(m *message) (toReader, reply *message, err error)
	// outgoing changes what the reader of the tap sends.
	outgoing(m *message) error
	// playing reports whether media flows.
	playing() bool
	// describing reports whether a description is waited for.
	describing() bool
	mend(r Repair)
}

// tap is the connection given to the library, and read by us once the library
// has left. It takes interleaved frames (RFC 2326 10.12) off the stream where
// they are read and hands them to a sink, in the goroutine that reads, which
// sees messages only. On the way it answers authentication challenges and mends
// messages.
type tap struct {
	net.Conn // raw socket, or TLS over it
	raw      *net.TCPConn
	rc       syscall.RawConn // nil: read through Conn (TLS)
	sink     frameSink
	hooks    messages
	clock    func() time.Duration
	urgent   func() bool // a live viewer waits: no low-water mark
	err      func() error

	// Of the reading goroutine.
	buf      []byte  // borrowed while there is something to read; nil in between
	lent     *[]byte // the pool's handle of buf
	r, w     int     // unread bytes are buf[r:w]
	stash    []byte  // unread bytes while buf is nil: part of one frame or message
	out      []byte  // bytes for the library
	deadline time.Duration
	lastRead time.Duration
	lastIdle time.Duration
	judged   time.Duration // silence is, from then on
	rate     rateMeter
	stop     error // what Read returns from now on
	garbage  uint64
	waste    int   // of it since a picture
	picture  int64 // the last that was seen to come
	flow     bucket
	chance   uint32
	slow     bool // hardly anything comes here
	drained  bool // the socket was emptied and not waited for since
	quiet    bool // nothing more comes: what is there of an answer is all of it

	leaving atomic.Bool // the library is to let go

	mark  atomic.Int32                  // low-water mark set on the socket
	final atomic.Pointer[chan struct{}] // closed when what the kernel holds was taken

	mu       sync.Mutex
	awaiting time.Duration // a request is unanswered since; 0 none; guarded by mu
}

func newTap(conn net.Conn, raw *net.TCPConn, sink frameSink, h messages, clock func() time.Duration) *tap {
	t := &tap{
		Conn: conn, raw: raw, sink: sink, hooks: h, clock: clock,
		urgent: func() bool { return false }, chance: rand.Uint32(),
	}
	read := conn
	if p, ok := conn.(*tunnel); ok {
		read = p.Conn
	}
	if read == net.Conn(raw) {
		if rc, err := raw.SyscallConn(); err == nil && canSetMark {
			t.rc = rc
		}
	}
	now := clock()
	t.flow = flowOf(0)
	t.lastRead, t.lastIdle, t.rate.since = now, now, now
	t.mark.Store(1)
	return t
}

// Read gives the library its next bytes. It returns only with messages or with
// an error.
func (t *tap) Read(p []byte) (int, error) {
	for {
		if t.leaving.Load() {
			return 0, net.ErrClosed
		}
		if len(t.out) > 0 {
			n := copy(p, t.out)
			t.out = t.out[n:]
			return n, nil
		}
		if t.stop != nil {
			return 0, t.stop
		}
		if t.buf == nil && len(t.stash) > 0 { // what came with the opening
			t.borrow()
		}
		t.consume()
		if len(t.out) > 0 || t.stop != nil {
			continue
		}
		if err := t.fill(); err != nil {
			t.stop = err
		}
	}
}

// fill reads until there is something for the library, or an error.
func (t *tap) fill() error {
	if t.rc == nil {
		return t.fillConn()
	}
	if err := t.armDeadline(); err != nil {
		return err
	}
	var fail error
	err := t.rc.Read(func(fd uintptr) bool {
		if t.drained { // by a beat, a moment before
			t.drained = false
			return false
		}
		done, err := t.drain(int(fd))
		fail = err
		return done || err != nil
	})
	if fail != nil {
		return fail
	}
	if errors.Is(err, errDeadline) {
		t.deadline = 0
		if t.leaving.Load() {
			return nil
		}
		final := t.final.Load()
		err := t.tick(true, final != nil)
		if final != nil && (t.drained || err != nil) { // else once more: armDeadline sees it
			t.final.Store(nil)
			close(*final)
		}
		return err
	}
	return err
}

// finish takes what the kernel holds below the mark, before the connection is
// closed. It waits a moment for the goroutine that reads.
func (t *tap) finish() {
	if t.rc == nil || t.mark.Load() == 1 {
		return
	}
	done := make(chan struct{})
	t.final.Store(&done)
	if t.Conn.SetReadDeadline(time.Now()) != nil {
		return
	}
	select {
	case <-done:
	case <-time.After(finishWait):
	}
}

// drain reads what the socket has. It returns true when Read has to return.
func (t *tap) drain(fd int) (done bool, err error) {
	t.borrow()
	for {
		t.compact()
		n, err := readFD(fd, t.buf[t.w:])
		if err == syscall.EAGAIN { //nolint:errorlint // an errno of our own call, on the hot path
			t.giveBack()
			return false, nil
		}
		if err != nil {
			return true, err
		}
		if n == 0 {
			return true, errEOF
		}
		room := len(t.buf) - t.w
		t.got(n)
		if len(t.out) > 0 || t.stop != nil {
			return true, nil
		}
		// The poller reports edges: what arrived below the mark, a FIN among it,
		// is only seen by reading on, which the next beat does.
		if t.mark.Load() > 1 && n < room {
			t.giveBack()
			return false, nil
		}
	}
}

// fillConn reads through the connection's own Read, for TLS.
func (t *tap) fillConn() error {
	if err := t.armDeadline(); err != nil {
		return err
	}
	t.borrow() // and kept: the wait is inside Read
	t.compact()
	n, err := t.Conn.Read(t.buf[t.w:])
	if n > 0 {
		t.got(n)
	}
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		t.deadline = 0
		if t.leaving.Load() {
			return nil
		}
		return t.tick(false, false)
	}
	return err
}

// got takes n new bytes in the buffer.
func (t *tap) got(n int) {
	now := t.clock()
	t.w += n
	t.lastRead = now
	t.rate.bytes += int64(n)
	if !t.flow.take(n, now) {
		t.stop = t.flow.tooMuch()
		return
	}
	t.consume()
	t.duties(now)
}

// tick is the drain: the socket is read once even below the mark.
func (t *tap) tick(raw, all bool) error {
	now := t.clock()
	if raw && (all || t.mark.Load() > 1 || now-t.lastRead >= drainEvery/2) {
		var done bool // stopped before the socket was empty
		var fail error
		err := t.rc.Control(func(fd uintptr) { done, fail = t.drain(int(fd)) })
		if err == nil {
			err = fail
		}
		if err != nil {
			return err
		}
		t.drained = !done && (all || t.mark.Load() > 1)
	}
	t.settle(now)
	t.duties(now)
	return nil
}

// settle takes an answer as it is when the camera has announced more of it than
// it sends, or said nothing of its length.
func (t *tap) settle(now time.Duration) {
	if (len(t.stash) == 0 && t.r == t.w) || now-t.lastRead < drainEvery/2 || !t.hooks.describing() {
		return
	}
	t.borrow()
	t.quiet = true
	t.consume()
	t.quiet = false
}

// duties are what must happen about once a second, whether bytes come or not.
func (t *tap) duties(now time.Duration) {
	if now-t.lastIdle >= drainEvery {
		if now-t.lastIdle > awayFor {
			t.judged = now + awayFor
		}
		t.lastIdle = now
		t.sink.idle(now)
		if t.err != nil && now >= t.judged {
			if err := t.err(); err != nil {
				t.stop = err
			}
		}
	}
	if now-t.rate.since >= estimateEvery || t.urgent() != (t.mark.Load() == 1) {
		t.setMark(now)
	}
}

// buffers are shared by all taps: one is used only while a socket is read, so a
// node needs as many as it has processors, not as it has cameras.
var buffers = sync.Pool{New: func() any { b := make([]byte, readSize); return &b }}

// stashMax is how much of an unfinished frame is kept aside between reads; with
// more the tap keeps the buffer.
const stashMax = 4 << 10

// borrow makes sure there is a buffer, with the stash at its front.
func (t *tap) borrow() {
	if t.buf != nil {
		return
	}
	t.lent = buffers.Get().(*[]byte)
	t.buf = *t.lent
	t.r, t.w = 0, copy(t.buf, t.stash)
	t.stash = t.stash[:0]
}

// giveBack returns the buffer before a wait. Everything whole has been consumed.
func (t *tap) giveBack() {
	if t.w-t.r > stashMax || len(t.buf) != readSize {
		return
	}
	t.stash = append(t.stash[:0], t.buf[t.r:t.w]...)
	buffers.Put(t.lent)
	t.buf, t.lent, t.r, t.w = nil, nil, 0, 0
}

// compact makes room at the buffer's end.
func (t *tap) compact() {
	if t.r == t.w {
		t.r, t.w = 0, 0
	} else if t.r > 0 && len(t.buf)-t.w < len(t.buf)/2 {
		t.w = copy(t.buf, t.buf[t.r:t.w])
		t.r = 0
	}
	if t.w == len(t.buf) { // a message larger than the buffer
		t.buf = append(t.buf, make([]byte, readSize)...)
	}
}

// consume takes whole frames and messages off the buffer until it runs out, or
// the library has something to read.
func (t *tap) consume() {
	now := t.clock()
	for t.r < t.w && len(t.out) == 0 && t.stop == nil {
		b := t.buf[t.r:t.w]
		if b[0] == '$' {
			if len(b) < 4 {
				return
			}
			n := int(b[2])<<8 | int(b[3])
			if n > 0 && len(b) == 4 {
				return
			}
			if n > 0 && !t.sink.plausible(b[1], b[4:]) && !t.aligned(b, 4+n) {
				t.skipGarbage(b)
				continue
			}
			if len(b) < 4+n {
				return
			}
			if n == 0 {
				t.spoil(4)
			}
			t.sink.frame(b[1], b[4:4+n], now)
			t.r += 4 + n
			continue
		}
		m, used, bad := parseMessage(b)
		if !bad && b[0] == 'R' && t.hooks.describing() {
			m, used = t.description(b, m, used)
		}
		if bad {
			t.foreign(b)
			continue
		}
		if m == nil {
			if !couldBegin(b) && !t.awaitsHTTP(b) {
				t.skipGarbage(b)
				continue
			}
			return
		}
		t.r += used
		t.message(m, now)
	}
}

// message passes one message through the hooks.
func (t *tap) message(m *message, now time.Duration) {
	t.mu.Lock()
	t.awaiting = 0
	t.mu.Unlock()
	toLibrary, reply, err := t.hooks.in(m)
	if err != nil {
		t.stop = err
		return
	}
	if reply != nil {
		if err := t.write(reply, now); err != nil {
			t.stop = err
		}
	}
	if toLibrary != nil {
		t.out = toLibrary.bytes()
	}
}

// Write sends the library's requests, after the hooks.
func (t *tap) Write(p []byte) (int, error) {
	m, used, bad := parseMessage(p)
	if m == nil || bad || used != len(p) || t.leaving.Load() {
		return len(p), nil // a report of the library's own: it has seen no media
	}
	if err := t.ask(m); err != nil {
		return 0, err
	}
	return len(p), nil
}

// write sends a message and lets its answer through at once.
func (t *tap) write(m *message, now time.Duration) error {
	if !m.isResponse() {
		t.mu.Lock()
		t.awaiting = max(now, 1)
		t.mu.Unlock()
		t.applyMark(1)
	}
	if err := t.Conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err := t.Conn.Write(m.bytes())
	return err
}
