package rtsptest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// Limits of what a client may send.
const (
	maxLine    = 8 << 10
	maxHeaders = 100
	maxBody    = 64 << 10
)

// errRequest is returned for bytes that are no RTSP message.
var errRequest = errors.New("malformed RTSP request")

// request is one RTSP/1.0 request (RFC 2326 6).
type request struct {
	method string
	uri    string            // as the client wrote it
	path   string            // of the URI, without query and trailing slash; "*" for OPTIONS *
	header map[string]string // lower-case names; a repeated header is joined by ", "
	body   []byte
}

// readRequest reads the next request. Interleaved frames ($) and responses on
// the way are read past and not returned.
func readRequest(br *bufio.Reader) (*request, error) {
	for {
		first, err := br.Peek(1)
		if err != nil {
			return nil, err
		}
		if first[0] == '$' {
			head, err := br.Peek(4)
			if err != nil {
				return nil, err
			}
			if _, err := br.Discard(4 + int(head[2])<<8 + int(head[3])); err != nil {
				return nil, err
			}
			continue
		}
		line, err := readLine(br)
		if err != nil {
			return nil, err
		}
		if line == "" {
			continue // RFC 2326 4: empty lines before a message are ignored
		}
		req := &request{}
		answer := strings.HasPrefix(line, "RTSP/")
		if !answer {
			if err := req.parseLine(line); err != nil {
				return nil, err
			}
		}
		if err := req.readRest(br); err != nil {
			return nil, err
		}
		if !answer {
			return req, nil
		}
	}
}

func (r *request) parseLine(line string) error {
	parts := strings.Split(line, " ")
	if len(parts) != 3 || parts[0] == "" || parts[2] != "RTSP/1.0" {
		return fmt.Errorf("%w: %.40q", errRequest, line)
	}
	r.method, r.uri = parts[0], parts[1]
	if r.uri == "*" {
		r.path = "*"
		return nil
	}
	u, err := url.Parse(r.uri)
	if err != nil {
		return fmt.Errorf("%w: %w", errRequest, err)
	}
	r.path = strings.TrimSuffix(u.Path, "/")
	return nil
}

func (r *request) readRest(br *bufio.Reader) error {
	r.header = map[string]string{}
	for n := 0; ; n++ {
		line, err := readLine(br)
		if err != nil {
			return noEOF(err)
		}
		if line == "" {
			break
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || n == maxHeaders {
			return fmt.Errorf("%w: header %.40q", errRequest, line)
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if old, ok := r.header[name]; ok {
			value = old + ", " + value
		}
		r.header[name] = value
	}
	length := r.header["content-length"]
	if length == "" {
		return nil
	}
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 || n > maxBody {
		return fmt.Errorf("%w: Content-Length %.20q", errRequest, length)
	}
	r.body = make([]byte, n)
	_, err = io.ReadFull(br, r.body)
	return noEOF(err)
}

// noEOF marks an end inside a message.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func readLine(br *bufio.Reader) (string, error) {
	var line []byte
	for {
		part, err := br.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > maxLine {
			return "", fmt.Errorf("%w: line too long", errRequest)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return "", err
		}
		text := strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r")
		if strings.ContainsAny(text, "\r\x00") {
			return "", fmt.Errorf("%w: control character in %.40q", errRequest, text)
		}
		return text, nil
	}
}

// transport is one alternative of a Transport header (RFC 2326 12.39).
type transport struct {
	tcp       bool
	multicast bool
	channel   int // interleaved, first of two; -1: the server's choice
	rtp, rtcp int // client ports
}

// parseTransports reads a Transport header; specifications that are not RTP/AVP
// are left out.
func parseTransports(header string) []transport {
	var out []transport
	for spec := range strings.SplitSeq(header, ",") {
		t := transport{channel: -1}
		ok := false
		for i, part := range strings.Split(spec, ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(part), "=")
			lo, hi, isPair := pair(value)
			switch key = strings.ToLower(key); {
			case i == 0:
				ok = key == "rtp/avp" || key == "rtp/avp/udp" || key == "rtp/avp/tcp"
				t.tcp = key == "rtp/avp/tcp"
			case key == "multicast":
				t.multicast = true
			case key == "interleaved" && isPair && lo <= 254:
				t.channel = lo
			case key == "client_port" && isPair:
				t.rtp, t.rtcp = lo, hi
			}
		}
		if ok {
			out = append(out, t)
		}
	}
	return out
}

// pair reads "a-b" or "a", which stands for a and a+1.
func pair(s string) (lo, hi int, ok bool) {
	a, b, two := strings.Cut(s, "-")
	lo, err := strconv.Atoi(a)
	if err != nil || lo < 0 || lo > 65535 {
		return 0, 0, false
	}
	hi = lo + 1
	if two {
		if hi, err = strconv.Atoi(b); err != nil || hi < 0 || hi > 65535 {
			return 0, 0, false
		}
	}
	return lo, hi, true
}
