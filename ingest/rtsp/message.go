package rtsp

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"qianshao/ingest/rtsp/limit"
)

// message is a raw RTSP request or response (RFC 2326 4, 6, 7): the start line,
// header lines in the order sent, and the body. It is edited as text so that
// everything not touched reaches the library as the camera wrote it.
type message struct {
	start  string
	header []field
	body   []byte
}

type field struct{ name, value string }

// parseMessage reads one message off the front of b. It returns the bytes used,
// 0 when the message is not complete yet. bad means that no message can begin
// here.
func parseMessage(b []byte) (m *message, used int, bad bool) {
	end, skip := headerEnd(b)
	if end < 0 {
		return nil, 0, len(b) > limit.Header
	}
	if end > limit.Header {
		return nil, 0, true
	}
	if m = parseHeader(b[:end]); m == nil {
		return nil, 0, true
	}
	n := max(m.length(), 0)
	if n > limit.Body {
		return nil, 0, true
	}
	if len(b) < end+skip+n {
		return nil, 0, false
	}
	m.body = bytes.Clone(b[end+skip : end+skip+n])
	return m, end + skip + n, false
}

// beyond says which limit a message exceeds that begins here; nil when it is
// none of RTSP.
func beyond(b []byte) error {
	end, _ := headerEnd(b)
	line, _, _ := bytes.Cut(b[:min(len(b), limit.Header)], []byte("\n"))
	switch {
	case !startsMessage(strings.TrimSpace(string(line))):
		return nil
	case end < 0 || end > limit.Header:
		return fmt.Errorf("%w: a message whose header is longer than %d bytes", ErrTooMuch, limit.Header)
	case bytes.Count(b[:end], []byte("\n")) > limit.Lines:
		return fmt.Errorf("%w: a message of more than %d header lines", ErrTooMuch, limit.Lines)
	}
	return fmt.Errorf("%w: a message longer than %d bytes", ErrTooMuch, limit.Body)
}

// parseHeader reads what stands before the empty line; nil when it is not of a
// message.
func parseHeader(b []byte) *message {
	line, _, _ := bytes.Cut(b, []byte("\n"))
	if !startsMessage(strings.TrimSpace(string(line))) || bytes.Count(b, []byte("\n")) > limit.Lines {
		return nil
	}
	return parseLines(b)
}

// parseLines reads a start line of any protocol, and header lines.
func parseLines(b []byte) *message {
	lines := strings.Split(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")
	m := &message{start: strings.TrimSpace(lines[0])}
	for _, line := range lines[1:] {
		if line == "" {
			continue
		}
		if (line[0] == ' ' || line[0] == '\t') && len(m.header) > 0 { // folded
			m.header[len(m.header)-1].value += " " + strings.TrimSpace(line)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		m.header = append(m.header, field{strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return m
}

// length is the Content-Length; -1 when there is none that can be read.
func (m *message) length() int {
	n, err := strconv.Atoi(m.get("Content-Length"))
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// headerEnd finds the empty line; skip is its length. It is not looked for
// beyond what a header may have.
func headerEnd(b []byte) (end, skip int) {
	b = b[:min(len(b), limit.Header+4)]
	crlf := bytes.Index(b, []byte("\r\n\r\n"))
	lf := bytes.Index(b, []byte("\n\n"))
	if crlf >= 0 && (lf < 0 || crlf < lf) {
		return crlf, 4
	}
	if lf >= 0 {
		return lf, 2
	}
	return -1, 0
}

// startsMessage reports whether a line can be the first of a message.
func startsMessage(line string) bool {
	if strings.HasPrefix(line, "RTSP/") {
		return true
	}
	method, rest, ok := strings.Cut(line, " ")
	if !ok || !strings.Contains(rest, "RTSP/") || method == "" {
		return false
	}
	for _, c := range method {
		if (c < 'A' || c > 'Z') && c != '_' {
			return false
		}
	}
	return true
}

// isResponse reports whether the message answers a request.
func (m *message) isResponse() bool { return strings.HasPrefix(m.start, "RTSP/") }

// status is the response's status code, 0 when it has none.
func (m *message) status() int {
	f := strings.Fields(m.start)
	if len(f) < 2 {
		return 0
	}
	n, err := strconv.Atoi(f[1])
	if err != nil {
		return 0
	}
	return n
}

// request returns the method and URI of a request.
func (m *message) request() (method, uri string) {
	f := strings.Fields(m.start)
	if len(f) < 2 {
		return "", ""
	}
	return f[0], f[1]
}

// get returns the first value of a header, "" when it is missing.
func (m *message) get(name string) string {
	for _, f := range m.header {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// all returns every value of a header.
func (m *message) all(name string) []string {
	var out []string
	for _, f := range m.header {
		if strings.EqualFold(f.name, name) {
			out = append(out, f.value)
		}
	}
	return out
}

// set replaces a header, or adds it.
func (m *message) set(name, value string) {
	m.del(name)
	m.header = append(m.header, field{name, value})
}

func (m *message) del(name string) {
	kept := m.header[:0]
	for _, f := range m.header {
		if !strings.EqualFold(f.name, name) {
			kept = append(kept, f)
		}
	}
	m.header = kept
}

// bytes formats the message, Content-Length recomputed.
func (m *message) bytes() []byte {
	m.del("Content-Length")
	if len(m.body) > 0 {
		m.header = append(m.header, field{"Content-Length", strconv.Itoa(len(m.body))})
	}
	return append(m.head(), m.body...)
}

// head formats the lines up to the empty one, as they are.
func (m *message) head() []byte {
	var b bytes.Buffer
	b.WriteString(m.start)
	b.WriteString("\r\n")
	for _, f := range m.header {
		b.WriteString(f.name + ": " + f.value + "\r\n")
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// interleaved finds the channel pair in a Transport header (RFC 2326 12.39).
func interleaved(transport string) (rtp, rtcp int, ok bool) {
	for _, p := range strings.Split(transport, ";") {
		v, found := strings.CutPrefix(strings.TrimSpace(p), "interleaved=")
		if !found {
			continue
		}
		a, b, pair := strings.Cut(v, "-")
		x, err := strconv.Atoi(a)
		if err != nil || x < 0 || x > 255 {
			return 0, 0, false
		}
		y := x + 1
		if pair {
			if y, err = strconv.Atoi(b); err != nil {
				return 0, 0, false
			}
		}
		if y < 0 || y > 255 {
			return 0, 0, false
		}
		return x, y, true
	}
	return 0, 0, false
}
