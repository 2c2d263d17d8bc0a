package sealblob

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"sync"

	"qianshao/storage/blob"
)

// local is a Store over one on this machine.
type local struct {
	*Store
	opener blob.OpenerAt
}

var (
	_ blob.OpenerAt = (*local)(nil)
	_ blob.Adopter  = (*local)(nil)
)

// Adopt implements blob.Adopter for objects that stay plain. The others must be
// written anew.
func (l *local) Adopt(ctx context.Context, name, path string, c blob.Content) error {
	a, ok := l.base.(blob.Adopter)
	if _, sealed := l.scope(name); !ok || sealed && !l.plain {
		return fmt.Errorf("adopt %s: %w", name, blob.ErrCannotAdopt)
	}
	return a.Adopt(ctx, name, path, c)
}

// OpenAt implements blob.OpenerAt.
func (l *local) OpenAt(ctx context.Context, name string) (blob.ReaderAtCloser, error) {
	scope, ok := l.scope(name)
	if !ok || blob.CheckKey(name) != nil {
		return l.opener.OpenAt(ctx, name)
	}
	src, err := l.opener.OpenAt(ctx, name+suffix)
	if errors.Is(err, blob.ErrNotExist) {
		return l.opener.OpenAt(ctx, name)
	}
	if err != nil {
		return nil, err
	}
	size, err := plainLen(src.Size())
	var aead cipher.AEAD
	if err == nil {
		aead, err = l.keys.forOpening(ctx, scope, name)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, errors.Join(err, src.Close()))
	}
	return &object{src: src, aead: aead, size: size, name: name}, nil
}

// object is a sealed object that is read at random.
type object struct {
	src  blob.ReaderAtCloser
	aead cipher.AEAD
	size int64
	name string
}

func (o *object) Size() int64  { return o.size }
func (o *object) Close() error { return o.src.Close() }

var boxes = sync.Pool{New: func() any { return new([sealedSize]byte) }}

// ReadAt implements io.ReaderAt, a record at a time.
func (o *object) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("read %s: from %d: %w", o.name, off, blob.ErrRange)
	}
	box := boxes.Get().(*[sealedSize]byte)
	defer boxes.Put(box)
	for n < len(p) && off < o.size {
		number := off / plainSize
		plain, err := o.record(box[:], number)
		if err != nil {
			return n, fmt.Errorf("read %s: record %d: %w", o.name, number, err)
		}
		m := copy(p[n:], plain[off-number*plainSize:])
		n, off = n+m, off+int64(m)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// record opens one record into box.
func (o *object) record(box []byte, number int64) ([]byte, error) {
	last := (number+1)*plainSize >= o.size
	b := box
	if last {
		b = box[:o.size-number*plainSize+tagSize]
	}
	if n, err := o.src.ReadAt(b, number*sealedSize); n < len(b) {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	nonce := nonceOf(number, last)
	plain, err := o.aead.Open(b[:0], nonce[:], b, nil)
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}
