package rtsp

import (
	"bytes"
	"strings"

	"qianshao/ingest/rtsp/limit"
)

// Here the tap finds its way among bytes that are not what they should be.

// awaitsHTTP reports whether a head of HTTP begins here where it may stand.
func (t *tap) awaitsHTTP(b []byte) bool {
	return !t.hooks.playing() && bytes.HasPrefix(b, []byte("HTTP/1."))
}

// foreign takes what is no RTSP: HTTP before anything plays, or garbage.
func (t *tap) foreign(b []byte) {
	if !t.hooks.playing() {
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
