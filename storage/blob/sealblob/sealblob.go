package sealblob

import (
	"bytes"
	"context"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"qianshao/storage/blob"
)

// suffix marks a sealed object in the store below: what stands there without it is
// plain, from before sealing was turned on, and is read as it is.
const suffix = ".s1"

// Config of a Store.
type Config struct {
	// Base holds the sealed objects and their keys.
	Base blob.Store
	// Site seals the data keys.
	Site Sealer
	// Scope says which camera's and which month's key (yyyymm) seals the object of a
	// name; ok is false for one that stays plain.
	Scope func(name string) (s Scope, ok bool)
	// Plain leaves new objects plain; sealed ones are read all the same.
	Plain bool
}

// Store seals what is put and opens what is read. New makes one.
type Store struct {
	base  blob.Store
	scope func(name string) (Scope, bool)
	plain bool
	keys  *Keyring
}

var (
	_ blob.Store   = (*Store)(nil)
	_ blob.Clipper = (*Store)(nil)
)

// New makes a Store, and the Keyring of its data keys. All of Config but Plain is
// required. Over a store on this machine it is one, too: blob.OpenerAt, and
// blob.Adopter of what stays plain.
func New(cfg Config) (blob.Store, *Keyring) {
	s := &Store{base: cfg.Base, scope: cfg.Scope, plain: cfg.Plain, keys: newKeyring(cfg.Base, cfg.Site)}
	if opener, ok := cfg.Base.(blob.OpenerAt); ok {
		return &local{s, opener}, s.keys
	}
	return s, s.keys
}

// Put implements blob.Store. The content is read twice: the store below wants the
// checksum of what it gets.
func (s *Store) Put(ctx context.Context, name string, c blob.Content) error {
	scope, ok := s.scope(name)
	if !ok || blob.CheckKey(name) != nil {
		return s.base.Put(ctx, name, c)
	}
	if s.plain {
		return s.base.Put(ctx, name, c)
	}
	aead, err := s.keys.forSealing(ctx, scope, name)
	if err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	sealed := blob.Content{Size: sealedLen(c.Size), Open: func() (io.ReadCloser, error) { return sealing(aead, c, false) }}
	if sealed.SHA256, err = sum(ctx, aead, c); err != nil {
		return fmt.Errorf("put %s: %w", name, err)
	}
	err = s.base.Put(ctx, name+suffix, sealed)
	if errors.Is(err, blob.ErrDifferent) { // another writer was quicker, perhaps with another key
		if present, serr := s.same(ctx, name, c); serr == nil && present {
			return nil
		}
	}
	return err
}

// same tells whether the name holds c already, sealed or plain; other content is
// blob.ErrDifferent.
func (s *Store) same(ctx context.Context, name string, c blob.Content) (bool, error) {
	info, err := s.Head(ctx, name)
	if errors.Is(err, blob.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if info.Size != c.Size {
		return false, fmt.Errorf("put %s: %d bytes, not %d: %w", name, info.Size, c.Size, blob.ErrDifferent)
	}
	r, err := s.Get(ctx, name, 0, -1)
	if err != nil {
		return false, err
	}
	h := sha256.New()
	_, err = io.Copy(h, r)
	if err = errors.Join(err, r.Close()); err != nil {
		return false, err
	}
	if [32]byte(h.Sum(nil)) != c.SHA256 {
		return false, fmt.Errorf("put %s: %w", name, blob.ErrDifferent)
	}
	return true, nil
}

// sealing opens a content for sealing. check compares it with what it announces.
func sealing(aead cipher.AEAD, c blob.Content, check bool) (io.ReadCloser, error) {
	src, err := c.Open()
	if err != nil {
		return nil, err
	}
	if check {
		src = struct {
			io.Reader
			io.Closer
		}{c.Verify(src), src}
	}
	return newSealer(aead, src, c.Size), nil
}

// sum is the checksum of a content once it is sealed. The plain bytes are checked here:
// should they be others when they are read again, the store below sees it by the sum.
func sum(ctx context.Context, aead cipher.AEAD, c blob.Content) (out [32]byte, err error) {
	r, err := sealing(aead, c, true)
	if err != nil {
		return out, err
	}
	h := sha256.New()
	_, err = io.CopyBuffer(h, stopping{ctx, r}, make([]byte, sealedSize))
	h.Sum(out[:0])
	return out, errors.Join(err, r.Close())
}

// stopping is a reader that ends with its context.
type stopping struct {
	ctx context.Context
	io.Reader
}

func (s stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

// Get implements blob.Store.
func (s *Store) Get(ctx context.Context, name string, offset, length int64) (io.ReadCloser, error) {
	scope, ok := s.scope(name)
	if !ok || blob.CheckKey(name) != nil {
		return s.base.Get(ctx, name, offset, length)
	}
	switch {
	case length == 0:
		info, err := s.Head(ctx, name)
		if err == nil {
			_, err = blob.Length(info.Size, offset, 0)
		}
		if err != nil {
			return nil, fmt.Errorf("get %s: %w", name, err)
		}
		return io.NopCloser(bytes.NewReader(nil)), nil
	case offset < 0 || length > 1<<61 || offset > 1<<61:
		return nil, fmt.Errorf("get %s: %d bytes from %d: %w", name, length, offset, blob.ErrRange)
	}
	rc, n, err := s.open(ctx, scope, name, offset, length)
	switch {
	case errors.Is(err, blob.ErrNotExist): // from before, perhaps
		return s.base.Get(ctx, name, offset, length)
	case err != nil:
		return nil, fmt.Errorf("get %s: %w", name, err)
	case n < length:
		return nil, fmt.Errorf("get %s: %w", name, errors.Join(
			fmt.Errorf("%d bytes from %d, of which there are %d: %w", length, offset, n, blob.ErrRange), rc.Close()))
	}
	return rc, nil
}

// GetClipped implements blob.Clipper.
func (s *Store) GetClipped(ctx context.Context, name string, offset, length int64) (io.ReadCloser, int64, error) {
	scope, ok := s.scope(name)
	if !ok || blob.CheckKey(name) != nil {
		return blob.GetClipped(ctx, s.base, name, offset, length)
	}
	if offset < 0 || length <= 0 || length > 1<<61 || offset > 1<<61 {
		return nil, 0, fmt.Errorf("get %s: up to %d bytes from %d: %w", name, length, offset, blob.ErrRange)
	}
	rc, n, err := s.open(ctx, scope, name, offset, length)
	if errors.Is(err, blob.ErrNotExist) {
		return blob.GetClipped(ctx, s.base, name, offset, length)
	}
	if err == nil && n == 0 {
		err = errors.Join(fmt.Errorf("up to %d bytes from %d: %w", length, offset, blob.ErrRange), rc.Close())
	}
	if err != nil {
		return nil, 0, fmt.Errorf("get %s: %w", name, err)
	}
	return rc, n, nil
}

// open reads a sealed object from offset on: length bytes, or as many as there are
// (length < 0: to the end). n is how many there are, -1 where only the end tells.
func (s *Store) open(ctx context.Context, scope Scope, name string, offset, length int64) (rc io.ReadCloser, n int64, err error) {
	aead, err := s.keys.forOpening(ctx, scope, name)
	if err != nil {
		return nil, 0, err
	}
	first := offset / plainSize
	o := &opener{aead: aead, number: first, skip: int(offset % plainSize), want: length}
	ask := int64(1 << 40) // beyond any end
	if length >= 0 {
		ask = ((offset+length-1)/plainSize - first + 1) * sealedSize
	}
	src, got, err := blob.GetClipped(ctx, s.base, name+suffix, first*sealedSize, ask)
	if err != nil {
		return s.behindEnd(ctx, scope, name, offset, length, err)
	}
	o.src, o.sealed, o.toEnd = src, got, got < ask
	there, err := plainLen(got)
	if err == nil && int64(o.skip) > there {
		err = fmt.Errorf("from %d: %w", offset, blob.ErrRange)
	}
	if err != nil {
		return nil, 0, errors.Join(err, src.Close())
	}
	n = there - int64(o.skip)
	if length >= 0 {
		n = min(n, length)
	}
	o.want = n
	return o, n, nil
}

// behindEnd tells an offset at the very end of an object, from where there is
// nothing, from one behind it.
func (s *Store) behindEnd(ctx context.Context, scope Scope, name string, offset, length int64, err error) (io.ReadCloser, int64, error) {
	if !errors.Is(err, blob.ErrRange) || length > 0 {
		return nil, 0, err
	}
	info, herr := s.Head(ctx, name)
	if herr != nil {
		return nil, 0, herr
	}
	if _, lerr := blob.Length(info.Size, offset, length); lerr != nil {
		return nil, 0, lerr
	}
	return io.NopCloser(bytes.NewReader(nil)), 0, nil
}

// Head implements blob.Store. The checksum of a sealed object is not known.
func (s *Store) Head(ctx context.Context, name string) (blob.Info, error) {
	if _, ok := s.scope(name); !ok || blob.CheckKey(name) != nil {
		return s.base.Head(ctx, name)
	}
	info, err := s.base.Head(ctx, name+suffix)
	if errors.Is(err, blob.ErrNotExist) {
		return s.base.Head(ctx, name)
	}
	if err != nil {
		return blob.Info{}, err
	}
	size, err := plainLen(info.Size)
	if err != nil {
		return blob.Info{}, fmt.Errorf("head %s: %w", name, err)
	}
	return blob.Info{Key: name, Size: size}, nil
}

// List implements blob.Store, by the plain names. Keys are not listed.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for info, err := range s.base.List(ctx, prefix, after) {
			if err != nil {
				yield(blob.Info{}, err)
				return
			}
			if strings.HasPrefix(info.Key, keysRoot) {
				continue
			}
			if name, sealed := strings.CutSuffix(info.Key, suffix); sealed {
				if _, ok := s.scope(name); ok {
					info = blob.Info{Key: name, Size: listedLen(info.Size)}
				}
			}
			if info.Key <= after { // asked for from behind it, or there plain and sealed
				continue
			}
			if !yield(info, nil) {
				return
			}
			after = info.Key
		}
	}
}

// listedLen is plainLen for a list: an object that was cut has no plain size, and is
// found damaged by who reads it.
func listedLen(n int64) int64 {
	if size, err := plainLen(n); err == nil {
		return size
	}
	return n
}

// Delete implements blob.Store. It removes the sealed object, a plain one, and the key
// that was kept of this object alone.
func (s *Store) Delete(ctx context.Context, name string) error {
	scope, ok := s.scope(name)
	if !ok || blob.CheckKey(name) != nil {
		return s.base.Delete(ctx, name)
	}
	if err := s.base.Delete(ctx, name+suffix); err != nil {
		return err
	}
	if err := s.base.Delete(ctx, name); err != nil {
		return err
	}
	if err := s.keys.release(ctx, scope, name); err != nil {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	return nil
}
