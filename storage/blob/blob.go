// Package blob declares the object store that holds sealed segments, acts and
// snapshots. Members: fileblob (a folder), s3blob (any S3 server), memblob
// (memory, for tests). All pass the contract suite in blobtest.
package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
)

// ErrDifferent is returned by Put and Adopt when the key holds other bytes.
// Objects never change: the same bytes again succeed, different bytes fail.
var ErrDifferent = errors.New("object exists with different content")

// ErrNotExist is returned (wrapped) by Get, Head and Delete's readers when no
// object stands at the key. It is fs.ErrNotExist.
var ErrNotExist = fs.ErrNotExist

// Info is what a store knows of an object without reading it.
type Info struct {
	Key    string
	Size   int64
	SHA256 [32]byte // zero where the store does not know it
}

// Content is what Put stores. Open may be called again for every retry.
type Content struct {
	Size   int64
	SHA256 [32]byte // of the plaintext bytes; verified by the store on arrival
	Open   func() (io.ReadCloser, error)
}

// Store is a flat namespace of immutable objects. Keys are slash-separated
// ASCII, [A-Za-z0-9._/-], no empty, "." or ".." parts, at most 512 bytes (see
// CheckKey). A key must not be another's folder: with "a/b" stored, "a" may be
// refused.
// All methods may be called at once from many goroutines.
type Store interface {
	// Put stores an object if the key is free and returns when it is durable
	// and its checksum confirmed. The same content again succeeds; different
	// content fails with ErrDifferent.
	Put(ctx context.Context, key string, c Content) error
	// Get reads length bytes from offset; length < 0 means to the end. A range
	// that ends beyond the object is an error, never a short read. The reader
	// reports a source that fails midway as an error other than io.EOF.
	Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error)
	// Head returns the object's size and, where known, its checksum.
	Head(ctx context.Context, key string) (Info, error)
	// List yields all objects whose key starts with prefix and is greater than
	// after, in byte order of the keys.
	List(ctx context.Context, prefix, after string) iter.Seq2[Info, error]
	// Delete removes an object; a missing one is no error.
	Delete(ctx context.Context, key string) error
}

// Clipper is a Store that can read a range of which nobody knows whether the object
// ends within it.
type Clipper interface {
	// GetClipped reads from offset length bytes (> 0), or as many as there are: n.
	// Nothing at offset is ErrRange.
	GetClipped(ctx context.Context, key string, offset, length int64) (rc io.ReadCloser, n int64, err error)
}

// GetClipped reads as Clipper does from any store: where it is none, its Head says how
// much there is.
func GetClipped(ctx context.Context, s Store, key string, offset, length int64) (io.ReadCloser, int64, error) {
	if c, ok := s.(Clipper); ok {
		return c.GetClipped(ctx, key, offset, length)
	}
	info, err := s.Head(ctx, key)
	if err != nil {
		return nil, 0, err
	}
	n, err := Clip(info.Size, offset, length)
	if err != nil {
		return nil, 0, fmt.Errorf("get %s: %w", key, err)
	}
	rc, err := s.Get(ctx, key, offset, n)
	return rc, n, err
}

// Adopter is a Store that can take over a sealed file on its own file system
// by rename or link, without copying. ErrCannotAdopt means: use Put.
type Adopter interface {
	Adopt(ctx context.Context, key, path string, c Content) error
}

// ErrCannotAdopt says that the file lies on another file system.
var ErrCannotAdopt = errors.New("file cannot be adopted by this store")

// OpenerAt is a Store that can hand out an object for random reads without a
// request per range (a local file).
type OpenerAt interface {
	OpenAt(ctx context.Context, key string) (ReaderAtCloser, error)
}

// ReaderAtCloser is an open object.
type ReaderAtCloser interface {
	io.ReaderAt
	io.Closer
	Size() int64
}
