package sealblob

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrDamaged is returned (wrapped) for an object that is not as it was sealed: it was
// changed, cut, or sealed under another key.
var ErrDamaged = errors.New("sealed object is damaged, or was sealed under another key")

const (
	plainSize  = 64 << 10
	tagSize    = 16
	sealedSize = plainSize + tagSize
)

// objectKey derives an object's own key from its data key.
func objectKey(dataKey []byte, name string) ([]byte, error) {
	return hkdf.Key(sha256.New, dataKey, nil, "qianshao object 1\x00"+name, 32)
}

func newAEAD(dataKey []byte, name string) (cipher.AEAD, error) {
	key, err := objectKey(dataKey, name)
	if err != nil {
		return nil, err
	}
	return aeadOf(key)
}

func aeadOf(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func nonceOf(number int64, last bool) (n [12]byte) {
	if last {
		n[0] = 1
	}
	binary.BigEndian.PutUint64(n[4:], uint64(number))
	return n
}

// sealedLen is how many bytes n plain bytes become. An empty object is one record.
func sealedLen(n int64) int64 {
	records := max(1, (n+plainSize-1)/plainSize)
	return n + records*tagSize
}

// plainLen is the inverse of sealedLen.
func plainLen(n int64) (int64, error) {
	whole, rest := n/sealedSize, n%sealedSize
	switch {
	case n < tagSize || rest > 0 && rest < tagSize, rest == tagSize && whole > 0:
		return 0, fmt.Errorf("%d bytes: %w", n, ErrDamaged)
	case rest == 0:
		return whole * plainSize, nil
	}
	return whole*plainSize + rest - tagSize, nil
}

// sealer reads plain bytes and gives sealed ones, size plain bytes in all.
type sealer struct {
	aead   cipher.AEAD
	src    io.ReadCloser
	left   int64 // plain bytes still to come
	number int64
	box    []byte // sealed bytes; box[at:] are not read yet
	at     int
	done   bool // the last record is in box
}

func newSealer(aead cipher.AEAD, src io.ReadCloser, size int64) *sealer {
	return &sealer{aead: aead, src: src, left: size, box: make([]byte, 0, sealedSize)}
}

func (s *sealer) Read(p []byte) (int, error) {
	if s.at == len(s.box) {
		if s.done {
			return 0, io.EOF
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.box[s.at:])
	s.at += n
	return n, nil
}

func (s *sealer) next() error {
	b := s.box[:min(s.left, plainSize)]
	if _, err := io.ReadFull(s.src, b); err != nil && len(b) > 0 {
		return err // the source says what; io.EOF cannot be, but for an unexpected end
	}
	s.left -= int64(len(b))
	s.done = s.left == 0
	if s.done { // a source that checks what it gives says so only at its end
		if n, err := s.src.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			if n != 0 {
				err = errors.New("more bytes than announced")
			}
			return err
		}
	}
	nonce := nonceOf(s.number, s.done)
	s.box, s.at = s.aead.Seal(b[:0], nonce[:], b, nil), 0
	s.number++
	return nil
}

func (s *sealer) Close() error { return s.src.Close() }

// opener reads sealed records from src, of which the first is number, and gives the
// plain bytes behind the first skip, want of them at most; want < 0 means all.
type opener struct {
	aead    cipher.AEAD
	src     io.ReadCloser
	sealed  int64 // bytes in src
	toEnd   bool  // src ends with the object
	number  int64
	skip    int
	want    int64
	box     []byte
	plain   []byte // not read yet
	trouble error
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.trouble != nil {
			return 0, o.trouble
		}
		if o.want == 0 {
			return 0, io.EOF
		}
		if o.trouble = o.next(); o.trouble != nil {
			return 0, o.trouble
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	if o.want > 0 {
		o.want -= int64(n)
	}
	return n, nil
}

// next opens one record.
func (o *opener) next() error {
	if o.sealed == 0 {
		if o.want > 0 {
			return io.ErrUnexpectedEOF
		}
		return io.EOF
	}
	n := min(o.sealed, sealedSize)
	if o.box == nil {
		o.box = make([]byte, min(o.sealed, sealedSize))
	}
	b := o.box[:n]
	if _, err := io.ReadFull(o.src, b); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	o.sealed -= n
	plain, err := o.open(b)
	if err != nil {
		return fmt.Errorf("record %d: %w", o.number, ErrDamaged)
	}
	o.number++
	plain = plain[min(o.skip, len(plain)):]
	o.skip = 0
	if o.want >= 0 {
		plain = plain[:min(int64(len(plain)), o.want)]
	}
	o.plain = plain
	return nil
}

// open tries what the record must be: the last of the object, or not. Where a range
// ends with a whole record that is not known.
func (o *opener) open(b []byte) ([]byte, error) {
	if len(b) < tagSize {
		return nil, ErrDamaged
	}
	last := o.sealed == 0 && (o.toEnd || len(b) < sealedSize)
	nonce := nonceOf(o.number, last)
	if o.sealed > 0 || last {
		return o.aead.Open(b[:0], nonce[:], b, nil)
	}
	plain, err := o.aead.Open(nil, nonce[:], b, nil)
	if err != nil {
		nonce = nonceOf(o.number, true)
		plain, err = o.aead.Open(nil, nonce[:], b, nil)
	}
	return plain, err
}

func (o *opener) Close() error { return o.src.Close() }
