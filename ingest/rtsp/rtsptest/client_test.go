package rtsptest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/stamp"
)

// client is the other side of a connection, as bare as it can be: it says one
// line and reads what comes.
type client struct {
	t     *testing.T
	conn  net.Conn
	br    *bufio.Reader
	cseq  int
	sess  string
	hevc  bool
	stash []arrival // media that came while an answer was waited for
}

// arrival is one interleaved frame.
type arrival struct {
	channel byte
	data    []byte
	at      time.Time
}

type reply struct {
	status int
	header map[string]string
	body   string
}

func dial(t *testing.T, s *Server) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the server may have closed it
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{t: t, conn: conn, br: bufio.NewReader(conn), hevc: s.main.Codec == loop.H265}
}

// do sends a request and returns its answer; headers are whole lines.
func (c *client) do(method, url string, headers ...string) reply {
	c.t.Helper()
	r, err := c.try(method, url, headers...)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, url, err)
	}
	return r
}

func (c *client) try(method, url string, headers ...string) (reply, error) {
	c.cseq++
	text := fmt.Sprintf("%s %s RTSP/1.0\r\nCSeq: %d\r\n", method, url, c.cseq)
	if c.sess != "" {
		text += "Session: " + c.sess + "\r\n"
	}
	for _, h := range headers {
		text += h + "\r\n"
	}
	if _, err := io.WriteString(c.conn, text+"\r\n"); err != nil {
		return reply{}, err
	}
	for {
		a, r, err := c.message()
		if err != nil {
			return reply{}, err
		}
		if a != nil {
			c.stash = append(c.stash, *a)
			continue
		}
		if got := r.header["cseq"]; got != strconv.Itoa(c.cseq) {
			return reply{}, fmt.Errorf("answer to CSeq %s, want %d", got, c.cseq)
		}
		if id, _, _ := strings.Cut(r.header["session"], ";"); id != "" {
			c.sess = id
		}
		return *r, nil
	}
}

// message reads an interleaved frame or an answer.
func (c *client) message() (*arrival, *reply, error) {
	first, err := c.br.Peek(1)
	if err != nil {
		return nil, nil, err
	}
	if first[0] == '$' {
		head := make([]byte, 4)
		if _, err := io.ReadFull(c.br, head); err != nil {
			return nil, nil, err
		}
		a := &arrival{channel: head[1], data: make([]byte, binary.BigEndian.Uint16(head[2:])), at: time.Now()}
		_, err := io.ReadFull(c.br, a.data)
		return a, nil, err
	}
	line, err := c.br.ReadString('\n')
	if err != nil {
		return nil, nil, err
	}
	r := &reply{header: map[string]string{}}
	if _, err := fmt.Sscanf(line, "RTSP/1.0 %d", &r.status); err != nil {
		return nil, nil, fmt.Errorf("status line %q: %w", line, err)
	}
	for {
		line, err := c.br.ReadString('\n')
		if err != nil {
			return nil, nil, err
		}
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		r.header[strings.ToLower(name)] = strings.TrimSpace(value)
	}
	if n := r.header["content-length"]; n != "" {
		size, err := strconv.Atoi(n)
		if err != nil {
			return nil, nil, err
		}
		body := make([]byte, size)
		if _, err := io.ReadFull(c.br, body); err != nil {
			return nil, nil, err
		}
		r.body = string(body)
	}
	return nil, r, nil
}

// setUp sets up the tracks over TCP; track n gets the channels 2n and 2n+1.
func (c *client) setUp(url string, tracks ...int) {
	c.t.Helper()
	for _, n := range tracks {
		r := c.do("SETUP", fmt.Sprintf("%s/trackID=%d", url, n), fmt.Sprintf("Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d", 2*n, 2*n+1))
		if r.status != 200 {
			c.t.Fatalf("SETUP of track %d: %d", n, r.status)
		}
	}
}

// play sets up and plays.
func (c *client) play(url string, tracks ...int) {
	c.t.Helper()
	c.setUp(url, tracks...)
	if r := c.do("PLAY", url); r.status != 200 {
		c.t.Fatalf("PLAY: %d", r.status)
	}
}

// next returns the next interleaved frame.
func (c *client) next() (arrival, error) {
	if len(c.stash) > 0 {
		a := c.stash[0]
		c.stash = c.stash[1:]
		return a, nil
	}
	for {
		a, _, err := c.message()
		if err != nil {
			return arrival{}, err
		}
		if a != nil {
			return *a, nil
		}
	}
}

// stampOf returns the stamp in an RTP packet of video, if it is one that
// carries a stamp.
func (c *client) stampOf(packet []byte) (stamp.Stamp, bool) {
	p := packet[12:]
	aggregate, head := byte(24), 1
	kind := p[0] & 0x1f
	if c.hevc {
		aggregate, head, kind = 48, 2, p[0]>>1&0x3f
	}
	if kind != aggregate {
		return stamp.FromNAL(p, c.hevc)
	}
	for p = p[head:]; len(p) > 2; {
		n := int(binary.BigEndian.Uint16(p))
		if n > len(p)-2 {
			break
		}
		if s, ok := stamp.FromNAL(p[2:2+n], c.hevc); ok {
			return s, true
		}
		p = p[2+n:]
	}
	return stamp.Stamp{}, false
}

// frames reads until a frame's number is at least until, and returns the numbers
// of all frames begun on the way.
func (c *client) frames(until uint64) []uint64 {
	c.t.Helper()
	out, err := c.framesUntil(until)
	if err != nil {
		c.t.Fatalf("after %d frames: %v", len(out), err)
	}
	return out
}

func (c *client) framesUntil(until uint64) ([]uint64, error) {
	var out []uint64
	for {
		a, err := c.next()
		if err != nil {
			return out, err
		}
		if a.channel != 0 {
			continue
		}
		if s, ok := c.stampOf(a.data); ok {
			out = append(out, s.Number)
			if s.Number >= until {
				return out, nil
			}
		}
	}
}

// gone reports whether the error is that of a connection the server ended.
func gone(err error) bool {
	_, isOp := errors.AsType[*net.OpError](err)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || isOp
}
