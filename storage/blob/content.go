package blob

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// ErrChecksum is returned (wrapped) by Put when the bytes that arrived are not
// those the Content announced, in number or in checksum. Nothing is stored.
var ErrChecksum = errors.New("content does not match its size or checksum")

// ErrRange is returned (wrapped) by Get for a range that does not lie within the
// object.
var ErrRange = errors.New("range outside of the object")

// Bytes is the Content of b, which must not change while it is in use.
func Bytes(b []byte) Content {
	return Content{
		Size:   int64(len(b)),
		SHA256: sha256.Sum256(b),
		Open:   func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
	}
}

// Verify reads the bytes of c from r and reports ErrChecksum when they are not
// what c announced. It compares before it hands out the last of them, so that a
// reader never has the whole of a wrong content.
func (c Content) Verify(r io.Reader) io.Reader {
	return &verifier{r: r, c: c, h: sha256.New()}
}

type verifier struct {
	r    io.Reader
	c    Content
	h    hash.Hash
	n    int64 // bytes read
	done error // what every further Read returns
}

func (v *verifier) Read(p []byte) (int, error) {
	if v.done != nil || len(p) == 0 {
		return 0, v.done
	}
	n, err := v.r.Read(p[:min(int64(len(p)), v.c.Size-v.n+1)]) // one more, to see the end
	v.n += int64(n)
	v.h.Write(p[:n])
	switch {
	case v.n > v.c.Size:
		return v.fail("more than %d bytes: %w", v.c.Size, ErrChecksum)
	case err == io.EOF && v.n < v.c.Size:
		return v.fail("%d bytes of %d: %w", v.n, v.c.Size, ErrChecksum)
	case err != nil && err != io.EOF:
		return v.fail("read content: %w", err)
	case v.n < v.c.Size:
		return n, nil
	}
	if err == nil {
		var more [1]byte
		if _, err := io.ReadFull(v.r, more[:]); err == nil {
			return v.fail("more than %d bytes: %w", v.c.Size, ErrChecksum)
		} else if err != io.EOF {
			return v.fail("read content: %w", err)
		}
	}
	if sum := [32]byte(v.h.Sum(nil)); sum != v.c.SHA256 {
		return v.fail("sha256 %x, announced %x: %w", sum, v.c.SHA256, ErrChecksum)
	}
	v.done = io.EOF
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (v *verifier) fail(format string, args ...any) (int, error) {
	v.done = fmt.Errorf(format, args...)
	return 0, v.done
}

// Length turns the arguments of Get into a number of bytes for an object of the
// given size. Its error wraps ErrRange.
func Length(size, offset, length int64) (int64, error) {
	if offset < 0 || offset > size || length > size-offset {
		return 0, fmt.Errorf("%d bytes from %d of %d: %w", length, offset, size, ErrRange)
	}
	if length < 0 {
		return size - offset, nil
	}
	return length, nil
}

// Clip is Length for GetClipped: a range may end beyond the object, but must begin in
// it. Its error wraps ErrRange.
func Clip(size, offset, length int64) (int64, error) {
	if offset < 0 || offset >= size || length <= 0 {
		return 0, fmt.Errorf("up to %d bytes from %d of %d: %w", length, offset, size, ErrRange)
	}
	return min(length, size-offset), nil
}

// Exactly reads n bytes from rc and then io.EOF. A source that ends earlier is
// reported as io.ErrUnexpectedEOF.
func Exactly(rc io.ReadCloser, n int64) io.ReadCloser { return &exact{rc, n} }

type exact struct {
	io.ReadCloser
	left int64
}

func (e *exact) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := e.ReadCloser.Read(p[:min(int64(len(p)), e.left)])
	e.left -= int64(n)
	if err == io.EOF {
		if e.left > 0 {
			return n, io.ErrUnexpectedEOF
		}
		err = nil // the next read says it
	}
	return n, err
}
