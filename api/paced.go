package api

import (
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// slowest is how long a client may take over pacedBytes of an answer. One that
// takes longer is cut off: it holds a file and a connection, and others wait.
const (
	slowest    = 20 * time.Second
	pacedBytes = 512 << 10
)

// paced gives every part of an answer its time to be taken. The time that a
// handler needs before its first byte does not count.
type paced struct {
	http.ResponseWriter
	conn  *http.ResponseController
	stall time.Duration
	ended atomic.Bool // nothing more may be sent
}

func (h *Handler) paced(w http.ResponseWriter) *paced {
	return &paced{ResponseWriter: w, conn: http.NewResponseController(w), stall: h.cfg.Slowest}
}

// cut breaks the answer off, wherever it is.
func (p *paced) cut() {
	p.ended.Store(true)
	p.extend()
}

func (p *paced) extend() {
	if p.ended.Load() {
		_ = p.conn.SetWriteDeadline(time.Unix(1, 0)) // long ago
		return
	}
	_ = p.conn.SetWriteDeadline(time.Now().Add(p.stall)) // a recorder of tests has none
}

// WriteHeader implements http.ResponseWriter.
func (p *paced) WriteHeader(status int) {
	p.extend() // what is left in the buffer is sent after the handler
	p.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (p *paced) Write(b []byte) (n int, err error) {
	for {
		p.extend()
		m, err := p.ResponseWriter.Write(b[:min(len(b), pacedBytes)])
		n += m
		if b = b[m:]; err != nil || len(b) == 0 {
			return n, err
		}
	}
}

// ReadFrom implements io.ReaderFrom: bytes of a file may pass by this process.
func (p *paced) ReadFrom(src io.Reader) (n int64, err error) {
	to, ok := p.ResponseWriter.(io.ReaderFrom)
	file, limited := src.(*io.LimitedReader)
	if !ok || !limited {
		return io.Copy(struct{ io.Writer }{p}, src)
	}
	for file.N > 0 {
		p.extend()
		part := &io.LimitedReader{R: file.R, N: min(file.N, pacedBytes)}
		want := part.N
		m, err := to.ReadFrom(part)
		n += m
		file.N -= m
		if err != nil || m < want {
			return n, err
		}
	}
	return n, nil
}

// Unwrap lets http.ResponseController reach the connection.
func (p *paced) Unwrap() http.ResponseWriter { return p.ResponseWriter }
