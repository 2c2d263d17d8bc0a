package clip

import (
	"fmt"
	"io"
	"sync"
)

// bufferSize is the size of the pooled buffers that carry a file's bytes: large
// enough that a read or write costs little beside its bytes.
const bufferSize = 256 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// outlet passes on the bytes [skip, skip+left) of what is given to it. The
// first error sticks.
type outlet struct {
	w    io.Writer
	buf  *[bufferSize]byte
	n    int
	skip int64
	left int64
	err  error
	// begun: media was passed on.
	begun bool
}

func newOutlet(w io.Writer, skip, left int64) *outlet {
	return &outlet{w: w, buf: buffers.Get().(*[bufferSize]byte), skip: skip, left: left}
}

// close flushes, and gives the buffer back.
func (o *outlet) close() error {
	o.flush()
	buffers.Put(o.buf)
	o.buf = nil
	return o.err
}

// over reports whether nothing more is wanted.
func (o *outlet) over() bool { return o.left <= 0 || o.err != nil }

// pass leaves out the next n bytes at no cost when none of them is wanted.
func (o *outlet) pass(n int64) bool {
	if o.over() {
		return true
	}
	if o.skip >= n {
		o.skip -= n
		return true
	}
	return false
}

func (o *outlet) flush() {
	if o.n > 0 && o.err == nil {
		_, o.err = o.w.Write(o.buf[:o.n])
	}
	o.n = 0
}

// bytes passes on b.
func (o *outlet) bytes(b []byte) {
	if o.pass(int64(len(b))) {
		return
	}
	b = b[o.skip:]
	o.skip = 0
	b = b[:min(int64(len(b)), o.left)]
	o.left -= int64(len(b))
	for len(b) > 0 {
		k := copy(o.buf[o.n:], b)
		o.n += k
		b = b[k:]
		if o.n == bufferSize {
			o.flush()
		}
	}
}

// copy passes on n bytes of r from off.
func (o *outlet) copy(r io.ReaderAt, off, n int64) {
	if o.pass(n) {
		return
	}
	off += o.skip
	n = min(n-o.skip, o.left)
	o.skip = 0
	if o.send(r, off, n) {
		return
	}
	for n > 0 && o.err == nil {
		k := int(min(n, int64(bufferSize-o.n)))
		got, err := r.ReadAt(o.buf[o.n:o.n+k], off)
		if got < k {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			o.err = fmt.Errorf("read %d bytes at %d: %w", k, off, err)
			return
		}
		o.n += k
		o.left -= int64(k)
		off += int64(k)
		n -= int64(k)
		if o.n == bufferSize || !o.begun {
			o.begun = true // the first bytes do not wait for more
			o.flush()
		}
	}
}

// sendLeast is from what size on a range is handed to the kernel whole: for less
// the two writes that it takes cost more than the copies that it saves.
const sendLeast = 64 << 10

// sender is a file whose bytes the kernel can pass on (vfs.Sender).
type sender interface {
	SendTo(w io.ReaderFrom, off, n int64) (int64, error)
}

// send passes on n bytes of a file from off without reading them, where file and
// outlet allow it.
func (o *outlet) send(r io.ReaderAt, off, n int64) bool {
	from, ok := r.(sender)
	if !ok || n < sendLeast {
		return false
	}
	to, ok := o.w.(io.ReaderFrom)
	if !ok {
		return false
	}
	if o.flush(); o.err != nil {
		return true
	}
	got, err := from.SendTo(to, off, n)
	o.left -= got
	if err == nil && got < n {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		o.err = fmt.Errorf("send %d bytes at %d: %w", n, off, err)
	}
	return true
}
