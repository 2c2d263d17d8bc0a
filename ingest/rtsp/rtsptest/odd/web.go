package odd

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Web is an HTTP request of RTSP over HTTP, and how it is answered. A hook may
// change all of the answer.
type Web struct {
	Method string            // GET or POST
	Asked  map[string]string // its headers, by lower-case name
	N      int               // of its method, in the camera's life, from 1

	Status int // 0: no answer
	Reason string
	Header []string // "Name: value"
	Body   string
	// Held says that the answer to GET leaves with the first answer of RTSP.
	Held bool
	// Messages is after how many messages a POST connection is closed; 0: never.
	Messages int
	// Deaf says that what comes over this POST is not taken.
	Deaf bool
}

// tunnel takes the opening of RTSP over HTTP: the GET connection carries what
// the camera says, the POST connections, in base64, what the client says. It is
// false when there is no RTSP to be spoken on this connection.
func (c *Conn) tunnel() bool {
	head, err := c.in.Peek(5)
	if err != nil {
		return false
	}
	if m := string(head); !strings.HasPrefix(m, "GET ") && m != "POST " {
		if !c.cam.Plain {
			_ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")) // the end says the same
		}
		return c.cam.Plain
	}
	lines, err := c.lines()
	if err != nil {
		return false
	}
	method, target, _ := strings.Cut(lines[0], " ")
	target, _, _ = strings.Cut(target, " ")
	w := &Web{Method: method, Asked: map[string]string{}}
	for _, l := range lines[1:] {
		n, v, _ := strings.Cut(l, ":")
		w.Asked[strings.ToLower(n)] = strings.TrimSpace(v)
	}
	c.cam.mu.Lock()
	c.cam.counts[method]++
	w.N = c.cam.counts[method]
	c.cam.mu.Unlock()
	c.cam.note("%d <- %s", c.N, lines[0])
	if method == "GET" {
		w.Status, w.Reason = 200, "OK"
		w.Header = []string{"Content-Type: application/x-rtsp-tunnelled", "Cache-Control: no-store"}
	}
	if g := c.cam.Door; g != nil {
		if challenges := g.check(&Request{Method: method, URI: target, Header: w.Asked}); challenges != nil {
			w.Status, w.Reason, w.Header, w.Deaf = 401, "Unauthorized", nil, true
			for _, v := range challenges {
				w.Header = append(w.Header, "WWW-Authenticate: "+v)
			}
		}
	}
	if c.cam.Web != nil {
		c.cam.Web(w)
	}
	if method == "GET" {
		return c.outward(w)
	}
	c.inward(w)
	return false
}

// bytes is the answer on the wire.
func (w *Web) bytes() []byte {
	if w.Status == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.0 %d %s\r\n", w.Status, w.Reason)
	for _, h := range w.Header {
		b.WriteString(h + "\r\n")
	}
	return []byte(b.String() + "\r\n" + w.Body)
}

// outward answers a GET. What comes over POST is read from then on.
func (c *Conn) outward(w *Web) bool {
	c.cam.note("%d -> GET %d %s", c.N, w.Status, w.Reason)
	if w.Held {
		c.mu.Lock()
		c.held = w.bytes()
		c.mu.Unlock()
	} else if w.Status == 200 {
		defer func() { _ = c.Write(w.bytes()) }() // who reads finds out
	} else {
		_ = c.Write(w.bytes()) // the end says the same
		return false
	}
	pr, pw := io.Pipe()
	from := c.in
	c.in, c.pipe = bufio.NewReader(pr), pr
	c.cam.mu.Lock()
	c.cam.tunnels[w.Asked["x-sessioncookie"]] = pw
	c.cam.mu.Unlock()
	c.cam.wg.Go(func() {
		_, err := io.Copy(io.Discard, from)             // until the client leaves
		_ = pw.CloseWithError(errors.Join(io.EOF, err)) // the reader is told
	})
	return true
}

// Tunnelled reports whether RTSP is spoken over HTTP.
func (c *Conn) Tunnelled() bool { return c.pipe != nil }

// release lets go of who writes what comes over POST.
func (c *Conn) release() {
	if c.pipe != nil {
		_ = c.pipe.Close() // writers are told
	}
}

// inward takes a POST. All of it is one text in base64, up to its length.
func (c *Conn) inward(w *Web) {
	if b := w.bytes(); b != nil {
		c.cam.note("%d -> POST %d %s", c.N, w.Status, w.Reason)
		if c.Write(b) != nil {
			return
		}
	}
	c.cam.mu.Lock()
	to := c.cam.tunnels[w.Asked["x-sessioncookie"]]
	c.cam.mu.Unlock()
	if to == nil || w.Deaf {
		return
	}
	length, err := strconv.ParseInt(w.Asked["content-length"], 10, 64)
	if err != nil {
		return
	}
	in := base64.NewDecoder(base64.StdEncoding, io.LimitReader(c.in, length))
	b := make([]byte, 16<<10)
	for n := 1; ; n++ {
		k, err := in.Read(b)
		if _, full := to.Write(b[:k]); err != nil || full != nil || n == w.Messages {
			return
		}
	}
}
