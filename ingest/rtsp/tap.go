package rtsp

import (
	"errors"
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
	// keepLibrary is how often the library is handed an empty receiver report
	// while media flows: it watches only the frames it sees.
	keepLibrary = 2500 * time.Millisecond
	// estimateEvery is how often the bitrate is measured for the low-water mark.
	estimateEvery = 4 * time.Second
	markMin       = 8 << 10
	markMax       = 64 << 10 // what one read takes; a fuller socket is read twice
)

// frameSink takes interleaved frames. It is called in the goroutine that reads.
type frameSink interface {
	frame(channel byte, payload []byte, at time.Duration)
	idle(at time.Duration)
}

// tap is the connection given to the library. It takes interleaved frames
// (RFC 2326 10.12) off the stream where they are read and hands them to a sink,
// in the goroutine in which the library reads; the library sees messages only.
// On the way it answers authentication challenges and mends messages.
type tap struct {
	net.Conn // raw socket, or TLS over it
	raw      *net.TCPConn
	rc       syscall.RawConn // nil: read through Conn (TLS)
	sink     frameSink
	hooks    *hooks
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
	lastRR   time.Duration
	rate     rateMeter
	stop     error // what Read returns from now on
	garbage  uint64

	mark atomic.Int32 // low-water mark set on the socket

	mu       sync.Mutex
	awaiting time.Duration // a request is unanswered since; 0 none; guarded by mu
}

// rateMeter measures the bitrate for the low-water mark.
type rateMeter struct {
	since time.Duration
	bytes int64
}

func newTap(conn net.Conn, raw *net.TCPConn, sink frameSink, h *hooks, clock func() time.Duration) *tap {
	t := &tap{
		Conn: conn, raw: raw, sink: sink, hooks: h, clock: clock,
		urgent: func() bool { return false },
	}
	if conn == net.Conn(raw) {
		if rc, err := raw.SyscallConn(); err == nil && canSetMark {
			t.rc = rc
		}
	}
	now := clock()
	t.lastRead, t.lastIdle, t.lastRR, t.rate.since = now, now, now, now
	t.mark.Store(1)
	return t
}

// Read gives the library its next bytes. It returns only with messages, with
// the reports that keep it patient, or with an error.
func (t *tap) Read(p []byte) (int, error) {
	for {
		if len(t.out) > 0 {
			n := copy(p, t.out)
			t.out = t.out[n:]
			return n, nil
		}
		if t.stop != nil {
			return 0, t.stop
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
		done, err := t.drain(int(fd))
		fail = err
		return done || err != nil
	})
	if fail != nil {
		return fail
	}
	if errors.Is(err, errDeadline) {
		t.deadline = 0
		return t.tick(true)
	}
	return err
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
		// is only seen by reading on. A read that took at least the mark and did
		// not fill the buffer has emptied the socket well enough.
		if m := int(t.mark.Load()); n >= m && m > 1 && n < room {
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
		return t.tick(false)
	}
	return err
}

// got takes n new bytes in the buffer.
func (t *tap) got(n int) {
	now := t.clock()
	t.w += n
	t.lastRead = now
	t.rate.bytes += int64(n)
	t.consume()
	t.duties(now)
}

// tick is the drain: the socket is read once even below the mark.
func (t *tap) tick(raw bool) error {
	now := t.clock()
	if raw && now-t.lastRead >= drainEvery/2 {
		var fail error
		err := t.rc.Control(func(fd uintptr) { _, fail = t.drain(int(fd)) })
		if err == nil {
			err = fail
		}
		if err != nil {
			return err
		}
	}
	t.duties(now)
	return nil
}

// duties are what must happen about once a second, whether bytes come or not.
func (t *tap) duties(now time.Duration) {
	if now-t.lastIdle >= drainEvery {
		t.lastIdle = now
		t.sink.idle(now)
		if t.err != nil {
			if err := t.err(); err != nil {
				t.stop = err
			}
		}
	}
	if now-t.rate.since >= estimateEvery || t.urgent() != (t.mark.Load() == 1) {
		t.setMark(now)
	}
	if len(t.out) == 0 && now-t.lastRR >= keepLibrary && now-t.lastRead < keepLibrary {
		if ch, ok := t.hooks.playing(); ok {
			t.lastRR = now
			// $ channel length, then an RTCP receiver report without blocks.
			t.out = []byte{'$', ch, 0, 8, 0x80, 201, 0, 1, 0, 0, 0, 0}
		}
	}
}

// setMark chooses the low-water mark: a quarter second of the measured bitrate,
// 1 while an answer or a live viewer is waited for.
func (t *tap) setMark(now time.Duration) {
	if t.rc == nil {
		t.rate = rateMeter{since: now}
		return
	}
	want := t.mark.Load()
	if span := now - t.rate.since; span >= estimateEvery {
		quarter := t.rate.bytes * int64(250*time.Millisecond) / int64(span)
		want = int32(max(markMin, min(markMax, quarter)))
		t.rate = rateMeter{since: now}
	}
	t.mu.Lock()
	if t.awaiting > 0 && now-t.awaiting > 2*time.Second {
		t.awaiting = 0
	}
	waiting := t.awaiting > 0
	t.mu.Unlock()
	_, playing := t.hooks.playing()
	if waiting || !playing || t.urgent() {
		want = 1
	}
	old := t.mark.Load()
	if want != 1 && old != 1 && abs32(want-old)*4 < old { // within 25 %
		return
	}
	t.applyMark(want)
}

func (t *tap) applyMark(want int32) {
	if t.rc == nil || t.mark.Load() == want {
		return
	}
	if setLowWater(t.rc, int(want)) == nil {
		t.mark.Store(want)
	}
}

func abs32(v int32) int32 {
	if v < 0 {
		return -v
	}
	return v
}

// armDeadline sets the read deadline when none is pending.
func (t *tap) armDeadline() error {
	if t.deadline != 0 {
		return nil
	}
	t.deadline = t.clock() + drainEvery
	return t.Conn.SetReadDeadline(time.Now().Add(drainEvery))
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
			if len(b) < 4+n {
				return
			}
			t.sink.frame(b[1], b[4:4+n], now)
			t.r += 4 + n
			continue
		}
		m, used, bad := parseMessage(b)
		if bad {
			t.skipGarbage(b)
			continue
		}
		if m == nil {
			if !couldBegin(b) {
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

// skipGarbage drops bytes that are neither frame nor message, up to the next
// byte that could begin one.
func (t *tap) skipGarbage(b []byte) {
	n := 1
	for n < len(b) && b[n] != '$' && !couldBegin(b[n:]) {
		n++
	}
	t.r += n
	t.garbage += uint64(n)
}

// couldBegin reports whether a message may begin with these bytes.
func couldBegin(b []byte) bool {
	for i, c := range b[:min(len(b), 13)] {
		switch {
		case c == ' ' || c == '/':
			return i >= 3
		case (c < 'A' || c > 'Z') && c != '_':
			return false
		}
	}
	return len(b) < 13
}

// Write sends the library's requests, after the hooks.
func (t *tap) Write(p []byte) (int, error) {
	m, used, bad := parseMessage(p)
	if m == nil || bad || used != len(p) {
		return t.Conn.Write(p) // an interleaved report of the library's own
	}
	t.hooks.outgoing(m)
	if err := t.write(m, t.clock()); err != nil {
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
