package fileblob_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"

	"qianshao/storage/blob"
	"qianshao/storage/blob/blobtest"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/vfs/crashfs"
	"qianshao/storage/vfs/errfs"
	"qianshao/storage/vfs/vfstest"
)

// content is what key holds, if anything: so that every reader can judge.
func content(key string) []byte {
	return bytes.Repeat([]byte(key+";"), 1+len(key)*40)
}

// TestPowerCut cuts the power at random operations and looks at what the disk
// may hold: objects that were promised are whole, deletions that were promised
// have happened, and no key shows anything else than its content.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	runs := uint64(1500)
	switch {
	case testing.Short():
		runs = 200
	case os.Getenv("QIANSHAO_FAULTS") != "": // make test-faults
		runs = 100_000
	}
	for seed := range runs {
		if err := powerCut(t, seed); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func powerCut(t *testing.T, seed uint64) error {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 11))
	disk := crashfs.New()
	const there, gone, unknown = 1, 2, 3
	state := map[string]int{}
	for range 3 { // each life continues on what the last cut left
		links := errfs.New(disk)
		if seed%4 == 0 {
			links.FailAll(errfs.Link, "", syscall.EPERM)
		}
		s := open(t, fileblob.Config{FS: links})
		check(t, disk.MkdirAll("spool"))
		disk.PowerOffAfter(rng.IntN(60))
		for i := 0; ; i++ {
			key := fmt.Sprintf("v1/%d/%d", rng.IntN(3), rng.IntN(4))
			var err error
			want := there
			switch rng.IntN(4) {
			case 0:
				want = gone
				err = s.Delete(t.Context(), key)
			case 1:
				name := fmt.Sprintf("spool/%d", rng.Uint64())
				err = adopt(t, disk, s, key, name)
				if errors.Is(err, blob.ErrCannotAdopt) {
					continue
				}
			default:
				err = s.Put(t.Context(), key, blob.Bytes(content(key)))
			}
			if err != nil {
				if !errors.Is(err, crashfs.ErrPowerOff) {
					return err
				}
				state[key] = unknown
				break
			}
			state[key] = want
		}
		disk = disk.Crash(rng)
		s = open(t, fileblob.Config{FS: disk})
		found := map[string]bool{}
		for _, key := range blobtest.Keys(t, s, "", "") {
			found[key] = true
			if state[key] == 0 {
				return fmt.Errorf("%s was never stored", key)
			}
			if !bytes.Equal(blobtest.Get(t, s, key), content(key)) {
				return fmt.Errorf("%s holds other bytes", key)
			}
		}
		for key, st := range state {
			if st == there && !found[key] || st == gone && found[key] {
				return fmt.Errorf("%s: found %v, state %d", key, found[key], st)
			}
		}
	}
	return nil
}

// adopt writes a spool file whose bytes nobody synced, and hands it over.
func adopt(t *testing.T, disk *crashfs.FS, s *fileblob.Store, key, name string) error {
	t.Helper()
	f, err := disk.Create(name)
	if err != nil {
		return err
	}
	if _, err := f.Writev([][]byte{content(key)}); err != nil {
		return err
	}
	return s.Adopt(t.Context(), key, name, blob.Bytes(content(key)))
}

// Every operation of a Put fails once: the Put says so, the key shows nothing
// or the content, and the next Put succeeds and is durable.
func TestEveryFailure(t *testing.T) {
	t.Parallel()
	for _, op := range []errfs.Op{errfs.Create, errfs.Writev, errfs.Datasync, errfs.Close, errfs.MkdirAll, errfs.Link, errfs.SyncDir} {
		t.Run(string(op), func(t *testing.T) {
			t.Parallel()
			disk := crashfs.New()
			f := errfs.New(disk)
			s := open(t, fileblob.Config{FS: f})
			f.Fail(op, 1, syscall.EIO)
			err := s.Put(t.Context(), "v1/a", blob.Bytes(content("v1/a")))
			if !errors.Is(err, syscall.EIO) {
				t.Errorf("got %v", err)
			}
			for _, key := range blobtest.Keys(t, s, "", "") {
				if !bytes.Equal(blobtest.Get(t, s, key), content(key)) {
					t.Errorf("%s holds other bytes", key)
				}
			}
			blobtest.Put(t, s, "v1/a", content("v1/a"))
			for seed := range uint64(20) {
				after := open(t, fileblob.Config{FS: disk.Crash(rand.New(rand.NewPCG(seed, 1)))})
				if !bytes.Equal(blobtest.Get(t, after, "v1/a"), content("v1/a")) {
					t.Error("a power cut took what the second Put promised")
				}
			}
		})
	}
}

// A full disk refuses the object and keeps nothing of it; freeing lets it in.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	f := errfs.New(crashfs.New())
	s := open(t, fileblob.Config{FS: f})
	f.Limit(1500)
	blobtest.Put(t, s, "v1/a", make([]byte, 1000))
	err := s.Put(t.Context(), "v1/b", blob.Bytes(make([]byte, 600)))
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	if free, _, err := f.Free(); err != nil || free != 500 {
		t.Errorf("%d bytes free, %v", free, err)
	}
	check(t, s.Delete(t.Context(), "v1/a"))
	blobtest.Put(t, s, "v1/b", make([]byte, 600))
	if free, _, err := f.Free(); err != nil || free != 900 {
		t.Errorf("%d bytes free, %v", free, err)
	}
	// Adopting costs nothing, and freeing the spool gives nothing.
	check(t, f.MkdirAll("spool"))
	vfstest.Write(t, f, "spool/1", "0123456789")
	check(t, s.Adopt(t.Context(), "v1/c", "spool/1", blob.Bytes([]byte("0123456789"))))
	check(t, f.Remove("spool/1"))
	if free, total, err := f.Free(); err != nil || free != 890 || total != 1500 {
		t.Errorf("%d of %d bytes free, %v", free, total, err)
	}
}
