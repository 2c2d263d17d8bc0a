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

// keyForm opens the text of a key file; 64 hex digits follow.
const keyForm = "qianshao-key-1 "

// Key is the site's key: AES-256. It may be used from many goroutines.
type Key struct {
	id   [idSize]byte
	aead cipher.AEAD
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
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("secret key: %w", err)
	}
	text, ok := bytes.CutPrefix(bytes.TrimSpace(b), []byte(keyForm))
	raw := make([]byte, keySize)
	if !ok || len(text) != 2*keySize {
		return nil, fmt.Errorf("secret key %s is not a key file: put it back from your backup", path)
	}
	if _, err := hex.Decode(raw, text); err != nil {
		return nil, fmt.Errorf("secret key %s is not a key file: put it back from your backup", path)
	}
	return newKey(raw)
}

// MakeKey draws a new key and writes it to path (mode 0600), synced. If another
// process was faster, its key is returned.
func MakeKey(path string) (*Key, error) { return makeKey(path, false) }

// makeKey: write a temporary file, sync, link (or rename over the empty file),
// sync the folder. The name never shows a half-written key.
func makeKey(path string, replace bool) (k *Key, err error) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw)                                         // never fails (Go 1.24)
	tmp, err := os.CreateTemp(filepath.Dir(path), ".secret.key-") // 0600
	if err != nil {
		return nil, fmt.Errorf("make secret key: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already after a rename
	_, err = fmt.Fprintf(tmp, "%s%x\n", keyForm, raw)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return nil, fmt.Errorf("make secret key: %w", err)
	}
	if replace {
		err = os.Rename(tmp.Name(), path)
	} else {
		err = os.Link(tmp.Name(), path)
		if errors.Is(err, fs.ErrExist) {
			return LoadKey(path)
		}
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("make secret key: %w", err)
	}
	return newKey(raw)
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
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
	if !bytes.Equal(box[1:1+idSize], k.id[:]) {
		return nil, ErrOtherKey
	}
	plain, err := k.aead.Open(nil, box[1+idSize:boxHead], box[boxHead:], []byte(place))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}
