package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"qianshao/storage/blob"
	"qianshao/storage/index"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
)

// errMismatch says that an object's bytes belong to another segment than its
// key says.
var errMismatch = errors.New("object is not what its key says")

// inside is what a segment's own bytes say about it: the row they make, without
// state and, unless they were hashed, checksum; and its place in the chain.
type inside struct {
	row    index.Row
	prev   [32]byte
	why    string // why prev is zero
	newRun bool
	reason segment.EndReason
	hashed bool
}

// examine reads HEAD and FOOT of a sealed segment, and with hash every byte, and
// compares them with the key. segment.ErrCorrupt: they cannot be read;
// errMismatch: they are another segment's.
func examine(r io.ReaderAt, key segment.Key, size int64, hash bool) (*inside, error) {
	head, _, err := segment.ReadHead(r, size)
	if err != nil {
		return nil, err
	}
	var tail [16]byte
	if _, err := r.ReadAt(tail[:], size-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	footBytes, err := segment.FootSize(tail[:], size)
	if err != nil {
		return nil, err
	}
	var foot segment.Foot
	if err := segment.ReadFoot(r, size, footBytes, &foot); err != nil {
		return nil, err
	}
	if !bytes.Equal(segment.AppendHead(nil, head), segment.AppendHead(nil, &foot.Head)) {
		return nil, fmt.Errorf("head and foot differ: %w", errMismatch)
	}
	in := &inside{row: RowOf(&foot), prev: foot.Prev, why: foot.Break, newRun: foot.NewRun, reason: foot.Reason}
	in.row.Bytes, in.row.FootBytes = size, int32(footBytes)
	copy(in.row.SHA256[:], key.SHA[:])
	if in.row.ID != key.ID || in.row.Span != key.Span {
		return nil, fmt.Errorf("it holds %s: %w", in.row.Key(), errMismatch)
	}
	if hash {
		sum := sha256.New()
		if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, io.NewSectionReader(r, 0, size), make([]byte, 1<<20)); err != nil {
			return nil, err
		}
		sum.Sum(in.row.SHA256[:0])
		in.hashed = true
		if !bytes.Equal(in.row.SHA256[:len(key.SHA)], key.SHA[:]) {
			return nil, fmt.Errorf("its SHA-256 is %x: %w", in.row.SHA256, errMismatch)
		}
	}
	return in, nil
}

// differences names the columns in which a row differs from what the segment's
// bytes say; "" if there are none.
func (in *inside) differences(r *index.Row) string {
	var out []string
	add := func(name string, same bool) {
		if !same {
			out = append(out, name)
		}
	}
	w := &in.row
	add("span", r.Span == w.Span)
	add("size", r.Bytes == w.Bytes)
	add("foot size", r.FootBytes == w.FootBytes)
	add("codecs", r.Codecs == w.Codecs)
	add("key frames", slices.Equal(r.Keyframes, w.Keyframes))
	add("frames", r.Frames == w.Frames)
	add("lost packets", r.LostPkts == w.LostPkts)
	add("camera clock", r.ClockOff == w.ClockOff && r.ClockUnc == w.ClockUnc)
	add("clock flags", r.ClockFlags == w.ClockFlags)
	n := len(r.SHA256)
	if !in.hashed {
		n = len(segment.Key{}.SHA)
	}
	add("SHA-256", bytes.Equal(r.SHA256[:n], w.SHA256[:n]))
	return strings.Join(out, ", ")
}

// examineObject is examine for an object of the store.
func (a *Archive) examineObject(ctx context.Context, key segment.Key, size int64, hash bool) (*inside, error) {
	r, err := openObject(ctx, a.Store, key.String(), size, hash)
	if err != nil {
		return nil, err
	}
	in, err := examine(r, key, size, hash)
	return in, errors.Join(err, r.Close())
}

// examineSpooled is examine for a sealed segment in the spool.
func examineSpooled(s *spool.Spool, key segment.Key, size int64, hash bool) (*inside, error) {
	r, err := s.OpenSealed(key)
	if err != nil {
		return nil, err
	}
	in, err := examine(r, key, size, hash)
	return in, errors.Join(err, r.Close())
}

// openObject opens an object for reading its two ends, or all of it in order.
func openObject(ctx context.Context, store blob.Store, key string, size int64, whole bool) (Reader, error) {
	if o, ok := store.(blob.OpenerAt); ok {
		return o.OpenAt(ctx, key)
	}
	r := &remoteReader{ctx: ctx, store: store, key: key}
	if whole && size <= wholeInMemory {
		b := make([]byte, size)
		if err := readRange(r, b, 0); err != nil {
			return nil, err
		}
		return &ends{rest: r, first: b, size: size}, nil
	}
	return newEnds(r, size)
}

const (
	// wholeInMemory is the largest object that is read with one request when all
	// its bytes are wanted; larger ones take a request a megabyte.
	wholeInMemory = 64 << 20
	// endBytes is read from both ends of an object at once: HEAD stands within
	// the first 4 KiB, and the FOOT of a minute of one camera in 10 to 20 KiB.
	endBytes = 32 << 10
)

// ends is a reader that has both ends of an object in memory: a request each,
// instead of one for every box header.
type ends struct {
	rest        Reader
	first, last []byte
	size        int64
}

func newEnds(r Reader, size int64) (*ends, error) {
	e := &ends{rest: r, size: size, first: make([]byte, min(size, endBytes))}
	if err := readRange(r, e.first, 0); err != nil {
		return nil, err
	}
	if size > endBytes {
		e.last = make([]byte, min(size-endBytes, endBytes))
		if err := readRange(r, e.last, size-int64(len(e.last))); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func readRange(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	return err
}

func (e *ends) ReadAt(b []byte, off int64) (int, error) {
	end := off + int64(len(b))
	switch lastAt := e.size - int64(len(e.last)); {
	case off >= 0 && end <= int64(len(e.first)):
		return copy(b, e.first[off:]), nil
	case off >= lastAt && end <= e.size:
		return copy(b, e.last[off-lastAt:]), nil
	case end > e.size:
		return 0, io.ErrUnexpectedEOF
	}
	return e.rest.ReadAt(b, off)
}

func (e *ends) Close() error { return e.rest.Close() }
