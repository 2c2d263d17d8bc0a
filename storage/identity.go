package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"qianshao/storage/blob"
	"qianshao/storage/segment"
	"qianshao/storage/vfs"
)

// identityKey is the object that names a store. It stands outside the prefix of
// segments' streams, so no listing of footage meets it.
const identityKey = "v1/store"

// StoreID names a store, whichever database or machine looks at it.
type StoreID [16]byte

// String is the id in hex.
func (s StoreID) String() string { return hex.EncodeToString(s[:]) }

// Identity reads the store's id, and gives it one if it has none. empty tells
// that the store holds no segment.
func Identity(ctx context.Context, store blob.Store) (id StoreID, empty bool, err error) {
	id, err = readIdentity(ctx, store)
	if errors.Is(err, blob.ErrNotExist) {
		_, _ = rand.Read(id[:]) // never fails (Go 1.24)
		text := []byte(id.String() + "\n")
		err = store.Put(ctx, identityKey, blob.Content{
			Size: int64(len(text)), SHA256: sha256.Sum256(text),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil },
		})
		if errors.Is(err, blob.ErrDifferent) { // another process was first
			id, err = readIdentity(ctx, store)
		}
	}
	if err != nil {
		return StoreID{}, false, fmt.Errorf("identity of the store: %w", err)
	}
	for info, err := range store.List(ctx, segment.Root, "") {
		if err != nil {
			return StoreID{}, false, fmt.Errorf("identity of the store: %w", err)
		}
		if _, err := segment.ParseKey(info.Key); err == nil {
			return id, false, nil
		}
	}
	return id, true, nil
}

func readIdentity(ctx context.Context, store blob.Store) (id StoreID, err error) {
	body, err := store.Get(ctx, identityKey, 0, -1)
	if err != nil {
		return id, err
	}
	text, err := io.ReadAll(io.LimitReader(body, 64))
	if err = errors.Join(err, body.Close()); err != nil {
		return id, err
	}
	return ParseStoreID(strings.TrimSpace(string(text)))
}

// ParseStoreID is the inverse of StoreID.String.
func ParseStoreID(s string) (id StoreID, err error) {
	if n, err := hex.Decode(id[:], []byte(s)); err != nil || n != len(id) || len(s) != 2*len(id) {
		return StoreID{}, fmt.Errorf("store id %q is malformed", s)
	}
	return id, nil
}

// bootFile holds the number of the last boot.
const bootFile = "boot"

// NextBoot draws the number of this run of the recorder: larger than every one
// before, and durable before it is used. It is never below the clock's seconds,
// so that a lost file cannot make a number come twice.
func NextBoot(fsys vfs.FS, now time.Time) (uint64, error) {
	last, err := readBoot(fsys)
	if err != nil {
		return 0, fmt.Errorf("number of the last boot: %w", err)
	}
	boot := max(last+1, uint64(max(now.Unix(), 1)))
	next := bootFile + ".next"
	if err := fsys.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("number this boot: %w", err)
	}
	f, err := fsys.Create(next)
	if err != nil {
		return 0, fmt.Errorf("number this boot: %w", err)
	}
	_, err = f.Writev([][]byte{[]byte(strconv.FormatUint(boot, 10) + "\n")})
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = fsys.Rename(next, bootFile)
	}
	if err == nil {
		err = fsys.SyncDir(".")
	}
	if err != nil {
		return 0, fmt.Errorf("number this boot: %w", err)
	}
	return boot, nil
}

func readBoot(fsys vfs.FS) (uint64, error) {
	f, err := fsys.Open(bootFile)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 32)
	n, err := f.ReadAt(buf, 0)
	if cerr := f.Close(); err == nil || errors.Is(err, io.EOF) {
		err = cerr
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(buf[:n])), 10, 63)
}
