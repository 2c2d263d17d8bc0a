package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"qianshao/registry/secret"
	"qianshao/storage/blob"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/blob/sealblob"
	"qianshao/storage/vfs"
)

// sealBench measures what encrypting footage costs: segments put into a folder and
// read back, sealed and plain. Both are checked and hashed as ever, so that the
// difference is the encryption.
type sealBench struct {
	Segments int `default:"40" help:"How many segments of 15 MB, a minute of 2 Mbit/s each."`
}

const sealSegment = 15 << 20

// Run implements the command.
func (b *sealBench) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "qsbench-seal-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // of the bench alone
	fmt.Printf("Encryption in the store: %d segments of 15 MB in a folder, one at a time; CPU of the process in brackets\n\n", b.Segments)
	fmt.Printf("%-8s %24s %24s %30s\n", "", "put MB/s", "read whole MB/s", "read fragments of 256 KiB MB/s")
	for _, plain := range []bool{true, false} {
		if err := b.one(ctx, filepath.Join(dir, fmt.Sprint(plain)), plain); err != nil {
			return err
		}
	}
	return nil
}

func (b *sealBench) one(ctx context.Context, dir string, plain bool) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	fsys, err := vfs.Dir(dir)
	if err != nil {
		return err
	}
	base, err := fileblob.Open(fileblob.Config{FS: fsys, Root: dir})
	if err != nil {
		return err
	}
	key, err := secret.MakeKey(filepath.Join(dir, "secret.key"))
	if err != nil {
		return err
	}
	store, _ := sealblob.New(sealblob.Config{Base: base, Site: key, Plain: plain, Scope: func(string) (sealblob.Scope, bool) {
		return sealblob.Scope{Camera: "c_aaaaaaaaaaaaaaaa", Month: "202611"}, true
	}})
	segment := make([]byte, sealSegment)
	_, _ = rand.Read(segment) // never fails (Go 1.24)
	name := func(i int) string { return fmt.Sprintf("segments/%d", i) }
	contents := make([]blob.Content, b.Segments)
	for i := range contents { // no two alike
		segment[0], segment[1] = byte(i), byte(i>>8)
		contents[i] = blob.Bytes(segment)
	}
	put, err := b.timed(func(i int) error {
		segment[0], segment[1] = byte(i), byte(i>>8)
		return store.Put(ctx, name(i), contents[i])
	})
	if err != nil {
		return err
	}
	buf := make([]byte, 256<<10)
	whole, err := b.timed(func(i int) error { return readInto(ctx, store, name(i), 0, -1, buf, contents[i].SHA256) })
	if err != nil {
		return err
	}
	parts, err := b.timed(func(i int) error {
		for off := int64(0); off < sealSegment; off += int64(len(buf)) {
			if err := readInto(ctx, store, name(i), off, int64(len(buf)), buf, [32]byte{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Printf("%-8s %24s %24s %30s\n", map[bool]string{true: "plain", false: "sealed"}[plain], put, whole, parts)
	return nil
}

// readInto reads a range, and holds a whole object against its checksum.
func readInto(ctx context.Context, s blob.Store, name string, off, length int64, buf []byte, want [32]byte) error {
	r, err := s.Get(ctx, name, off, length)
	if err != nil {
		return err
	}
	h := sha256.New()
	var to io.Writer = h
	if length >= 0 {
		to = struct{ io.Writer }{io.Discard}
	}
	_, err = io.CopyBuffer(to, struct{ io.Reader }{r}, buf)
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	if length < 0 && [32]byte(h.Sum(nil)) != want {
		return fmt.Errorf("%s: other bytes were read than put", name)
	}
	return nil
}

// timed does something for every segment, and gives speed and CPU.
func (b *sealBench) timed(do func(i int) error) (string, error) {
	began, err := ownUsage()
	if err != nil {
		return "", err
	}
	for i := range b.Segments {
		if err := do(i); err != nil {
			return "", err
		}
	}
	done, err := ownUsage()
	megabytes := float64(b.Segments) * sealSegment / 1e6
	return fmt.Sprintf("%.0f (%.2f s/GB)", megabytes/done.At.Sub(began.At).Seconds(), (done.CPU-began.CPU)/megabytes*1000), err
}
