package rtsp

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"qianshao/ingest/rtsp/limit"
)

const (
	// readSize is the tap's buffer: the largest interleaved frame, and room for
	// a quarter second of a 2 Mbit/s camera.
	readSize = 72 << 10
	// drainEvery bounds how long bytes below the low-water mark may wait in the
	// kernel, and how late idle work is done.
	drainEvery = time.Second
	// keepLibrary is how often the library is handed an empty receiver report: it
	// watches the frames it sees, and sees none. Silence is watched here.
	keepLibrary = 2500 * time.Millisecond
	// estimateEvery is how often the bitrate is measured for the low-water mark.
	estimateEvery = 4 * time.Second
	// finishWait bounds how long the end of a session waits for the last bytes.
	finishWait = 200 * time.Millisecond
	// A socket is read at a beat: some 225 ms after the one before, at a multiple of
	// beatGrid, so that one wake-up serves all whose beats fall together. The
	// low-water mark is half a second of the bitrate: what comes in a burst is
	// read at once.
	beatLeast = 200 * time.Millisecond
	beatGrid  = 25 * time.Millisecond
	// slowMost is the half second's bytes up to which there is no beat: media goes
	// another way, or hardly comes.
	slowMost = 500
	markMin  = 8 << 10
	markMax  = 192 << 10
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
	// playing returns a channel of reports, once media flows.
	playing() (rtcp byte, ok bool)
	// describing reports whether a description is waited for.
	describing() bool
	mend(r Repair)
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
	lastRR   time.Duration
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

	mark  atomic.Int32                  // low-water mark set on the socket
	final atomic.Pointer[chan struct{}] // closed when what the kernel holds was taken

	mu       sync.Mutex
	awaiting time.Duration // a request is unanswered since; 0 none; guarded by mu
}

// rateMeter measures the bitrate for the low-water mark.
type rateMeter struct {
	since time.Duration
	bytes int64
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
	if len(t.out) == 0 && now-t.lastRR >= keepLibrary {
		if ch, ok := t.hooks.playing(); ok {
			t.lastRR = now
			// $ channel length, then an RTCP receiver report without blocks.
			t.out = []byte{'$', ch, 0, 8, 0x80, 201, 0, 1, 0, 0, 0, 0}
		}
	}
}

// setMark chooses the low-water mark: half a second of the measured bitrate,
// 1 while an answer or a live viewer is waited for.
func (t *tap) setMark(now time.Duration) {
	if t.rc == nil {
		t.rate = rateMeter{since: now}
		return
	}
	want := t.mark.Load()
	if span := now - t.rate.since; span >= estimateEvery {
		half := t.rate.bytes * int64(500*time.Millisecond) / int64(span)
		t.slow = half < slowMost
		want = int32(max(markMin, min(markMax, half)))
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
	wait := drainEvery
	now := t.clock()
	if t.rc != nil && t.mark.Load() > 1 && !t.slow {
		// Of 200, 225 and 250 ms by chance: pictures at the same pace would
		// otherwise always be read at the same age.
		t.chance = t.chance*1664525 + 1013904223
		at := (now + beatLeast + time.Duration(t.chance>>16%3)*beatGrid).Round(beatGrid)
		wait = at - now
	}
	t.deadline = now + wait
	err := t.Conn.SetReadDeadline(time.Now().Add(wait))
	if t.final.Load() != nil { // finish has set its own a moment before
		err = t.Conn.SetReadDeadline(time.Now())
	}
	return err
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

// awaitsHTTP reports whether a head of HTTP begins here where it may stand.
func (t *tap) awaitsHTTP(b []byte) bool {
	_, playing := t.hooks.playing()
	return !playing && bytes.HasPrefix(b, []byte("HTTP/1."))
}

// foreign takes what is no RTSP: HTTP before anything plays, or garbage.
func (t *tap) foreign(b []byte) {
	if _, playing := t.hooks.playing(); !playing {
		_, overHTTP := t.Conn.(*tunnel)
		used, err := answersHTTP(b, overHTTP)
		t.r += used
		if err == nil && used == 0 && couldBegin(b) {
			err = beyond(b)
		}
		if t.stop = err; used > 0 || err != nil {
			return
		}
	}
	t.skipGarbage(b)
}

// aligned reports whether another frame or message follows at n: then what is
// before it was a frame, too, whatever it holds. A dollar sign alone is no sign:
// every 256th byte of a picture is one. Nor is a real frame there, if others are
// found on the way to it: then it is met by chance.
func (t *tap) aligned(b []byte, n int) bool {
	if !t.begins(b, n) {
		return false
	}
	for i := 1; i < n; i++ {
		d := bytes.IndexByte(b[i:n], '$')
		if d < 0 {
			break
		}
		if i += d; t.begins(b, i) && t.sink.surely(b[i+1], b[i+4:]) {
			return false
		}
	}
	return true
}

// begins reports whether a frame of media or an answer begins at n.
func (t *tap) begins(b []byte, n int) bool {
	if len(b) < n+5 {
		return false
	}
	next := b[n:]
	return startsAnswer(next) || next[0] == '$' && (next[2]|next[3] == 0 || t.sink.plausible(next[1], next[4:]))
}

// description finds the end of the answer to DESCRIBE at the front of b, whose
// Content-Length may be missing, too small or too large: it ends where the next
// frame or message begins, or where nothing more comes. m and used are what
// parseMessage makes of it.
func (t *tap) description(b []byte, m *message, used int) (*message, int) {
	end, skip := headerEnd(b)
	if end < 0 {
		return m, used
	}
	if m == nil { // not all there
		if !t.quiet {
			return nil, 0
		}
		m = parseHeader(b[:end])
		used = end + skip
	}
	if m == nil || m.status() != 200 || m.length() >= 0 && used == len(b) && len(m.body) == m.length() {
		return m, used
	}
	n := used
	for n < len(b) && n-end-skip < limit.Body && b[n] != '$' && !startsAnswer(b[n:]) {
		n++
	}
	if n == len(b) && !t.quiet && m.length() < 0 {
		return nil, 0
	}
	if n > used || len(m.body) != max(m.length(), 0) {
		t.hooks.mend(RepairBody)
		m.body = bytes.Clone(b[end+skip : n])
	}
	return m, n
}

func startsAnswer(b []byte) bool { return len(b) >= 5 && string(b[:5]) == "RTSP/" }

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
	t.hooks.mend(RepairGarbage)
	t.spoil(n)
}

// spoil counts bytes that are good for nothing. A camera that sends too many of
// them and no picture is given up.
func (t *tap) spoil(n int) {
	if p := t.sink.pictures(); p != t.picture {
		t.picture, t.waste = p, 0
	}
	if t.waste += n; t.waste > limit.Garbage && t.stop == nil {
		t.stop = ErrGarbage
	}
}

// longestLine bounds the first line of a message.
const longestLine = 2 << 10

// couldBegin reports whether a message may begin with these bytes: a first line
// of printable characters that is, or may become, that of an answer or a
// request.
func couldBegin(b []byte) bool {
	for i, c := range b[:min(len(b), 13)] { // what is dear is asked last: garbage is long
		switch {
		case c == ' ' || c == '/':
			return i >= 3 && couldBeLine(b)
		case (c < 'A' || c > 'Z') && c != '_':
			return false
		}
	}
	return len(b) < 13
}

// couldBeLine reports whether a first line of a message is there, or may become
// one.
func couldBeLine(b []byte) bool {
	for i, c := range b[:min(len(b), longestLine)] {
		switch {
		case c == '\n':
			return startsMessage(strings.TrimSpace(string(b[:i])))
		case c < ' ' && c != '\r' && c != '\t', c == 0x7f:
			return false
		}
	}
	return len(b) < longestLine
}

// Write sends the library's requests, after the hooks.
func (t *tap) Write(p []byte) (int, error) {
	m, used, bad := parseMessage(p)
	if m == nil || bad || used != len(p) {
		return len(p), nil // a report of the library's own: it has seen no media
	}
	if err := t.hooks.outgoing(m); err != nil {
		return 0, err
	}
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
