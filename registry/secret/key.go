package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrOtherKey is returned by Key.Open for a box that another key has sealed.
var ErrOtherKey = errors.New("sealed under another secret.key")

// ErrDamaged is returned by Key.Open for a box that was cut, changed, or sealed
// for another place.
var ErrDamaged = errors.New("sealed box is damaged")

// ErrKeyOpen is wrapped by LoadKey when others may read the key file.
var ErrKeyOpen = errors.New("key file is open to others")

// A box is: version 1 (1 byte), key id (4), nonce (12), ciphertext, tag (16).
const (
	boxVersion = 1
	idSize     = 4
	nonceSize  = 12
	boxHead    = 1 + idSize + nonceSize
	keySize    = 32
)

// keyForm opens a line of a key file; 64 hex digits follow. The first line's key
// seals; those of further lines, left by a rotation under way, open only.
const keyForm = "qianshao-key-1 "

// maxKeys bounds the lines of a key file.
const maxKeys = 4

// Key is the site's key: AES-256. It may be used from many goroutines.
type Key struct {
	id   [idSize]byte
	aead cipher.AEAD
	old  []*Key // open what they have sealed
}

func newKey(raw []byte) (*Key, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	k := &Key{aead: aead}
	sum := sha256.Sum256(append([]byte("qianshao key id\x00"), raw...))
	copy(k.id[:], sum[:])
	return k, nil
}

// LoadKey reads the key at path. A missing file gives fs.ErrNotExist, one that
// group or others may read ErrKeyOpen with the next action. A file of zero
// bytes asks for a new key, which is made in its place; our own writes never
// leave one.
func LoadKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return nil, fmt.Errorf("secret key %s: %w (mode %04o): run: chmod 600 %s, and change the camera passwords if others could log in here",
			path, ErrKeyOpen, perm, path)
	}
	if info.Size() == 0 {
		return makeKey(path, true)
	}
	raws, err := readKeys(path)
	if err != nil {
		return nil, err
	}
	return joinKeys(raws)
}

// readKeys reads the lines of a key file.
func readKeys(path string) (raws [][]byte, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	for line := range bytes.Lines(bytes.TrimSpace(b)) {
		text, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte(keyForm))
		raw := make([]byte, keySize)
		if ok = ok && len(text) == 2*keySize && len(raws) < maxKeys; ok {
			_, err = hex.Decode(raw, text)
		}
		if !ok || err != nil {
			return nil, fmt.Errorf("secret key %s is not a key file: put it back from your backup", path)
		}
		raws = append(raws, raw)
	}
	if len(raws) == 0 {
		return nil, fmt.Errorf("secret key %s is not a key file: put it back from your backup", path)
	}
	return raws, nil
}

// joinKeys makes a Key that seals with the first and opens with all.
func joinKeys(raws [][]byte) (*Key, error) {
	k, err := newKey(raws[0])
	if err != nil {
		return nil, err
	}
	for _, raw := range raws[1:] {
		o, err := newKey(raw)
		if err != nil {
			return nil, err
		}
		k.old = append(k.old, o)
	}
	return k, nil
}

// MakeKey draws a new key and writes it to path (mode 0600), synced. If another
// process was faster, its key is returned.
func MakeKey(path string) (*Key, error) { return makeKey(path, false) }

// makeKey draws a key. With replace it takes the place of the file at path.
func makeKey(path string, replace bool) (*Key, error) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // never fails (Go 1.24)
	err := writeKeys(path, replace, raw)
	if errors.Is(err, fs.ErrExist) {
		return LoadKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("make secret key: %w", err)
	}
	return newKey(raw)
}

// writeKeys writes a key file: a temporary file, sync, link (or rename over the
// old one), sync the folder. The name never shows a half-written key.
func writeKeys(path string, replace bool, raws ...[]byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".secret.key-") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already after a rename
	for _, raw := range raws {
		if _, werr := fmt.Fprintf(tmp, "%s%x\n", keyForm, raw); werr != nil {
			err = errors.Join(err, werr)
		}
	}
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if replace {
		err = os.Rename(tmp.Name(), path)
	} else {
		err = os.Link(tmp.Name(), path)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Rotate puts a new key in front of the one at path, which from then on opens
// only. Where a rotation was begun and not ended it goes on with its key.
func Rotate(path string) (*Key, error) {
	raws, err := readKeys(path)
	if err != nil {
		return nil, err
	}
	if len(raws) == 1 {
		raw := make([]byte, keySize)
		_, _ = rand.Read(raw) // never fails (Go 1.24)
		raws = [][]byte{raw, raws[0]}
		if err := writeKeys(path, true, raws...); err != nil {
			return nil, fmt.Errorf("new secret key: %w", err)
		}
	}
	return joinKeys(raws)
}

// Retire ends a rotation: the keys that open only are removed from the file at
// path, and what they have sealed can be opened no more.
func Retire(path string) error {
	raws, err := readKeys(path)
	if err == nil {
		err = writeKeys(path, true, raws[0])
	}
	if err != nil {
		return fmt.Errorf("retire the old secret key: %w", err)
	}
	return nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Sealed reports whether this key, not an older one, has sealed a box.
func (k *Key) Sealed(box []byte) bool {
	return len(box) >= boxHead && bytes.Equal(box[1:1+idSize], k.id[:])
}

// Seal encrypts plain. place says where the box will stand (a table and a row,
// say); Open wants the same, so that boxes cannot be swapped.
func (k *Key) Seal(plain []byte, place string) []byte {
	box := make([]byte, boxHead, boxHead+len(plain)+k.aead.Overhead())
	box[0] = boxVersion
	copy(box[1:], k.id[:])
	nonce := box[1+idSize : boxHead]
	_, _ = rand.Read(nonce)
	return k.aead.Seal(box, nonce, plain, []byte(place))
}

// Open is the inverse of Seal. It returns ErrOtherKey or ErrDamaged.
func (k *Key) Open(box []byte, place string) ([]byte, error) {
	if len(box) < boxHead+k.aead.Overhead() || box[0] != boxVersion {
		return nil, ErrDamaged
	}
	if id := box[1 : 1+idSize]; !bytes.Equal(id, k.id[:]) {
		for _, o := range k.old {
			if bytes.Equal(id, o.id[:]) {
				return o.Open(box, place)
			}
		}
		return nil, ErrOtherKey
	}
	plain, err := k.aead.Open(nil, box[1+idSize:boxHead], box[boxHead:], []byte(place))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}
