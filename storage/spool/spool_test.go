package spool_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
	"qianshao/storage/vfs/errfs"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	stream = media.StreamID("c_aaaaaaaaaaaaaaaa.0")
	begin  = 1_795_424_400 * timeline.Second
)

// disk is a folder with a spool on it.
type disk struct {
	t   *testing.T
	dir string
	fs  *errfs.FS
	*spool.Spool
}

func newDisk(t *testing.T, cfg spool.Config) *disk {
	t.Helper()
	d := &disk{t: t, dir: t.TempDir()}
	base, err := vfs.Dir(d.dir)
	d.check(err)
	d.fs = errfs.New(base)
	if cfg.FS == nil {
		cfg.FS = d.fs
	}
	d.Spool, err = spool.Open(cfg)
	d.check(err)
	return d
}

func (d *disk) check(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// next opens the folder as the next process does, and returns what it finds.
func (d *disk) next() []spool.Sealed {
	d.t.Helper()
	base, err := vfs.Dir(d.dir)
	d.check(err)
	d.Spool, err = spool.Open(spool.Config{FS: base})
	d.check(err)
	var out []spool.Sealed
	d.check(d.Recover(d.t.Context(), func(v *spool.Sealed) error { out = append(out, *v); return nil }))
	return out
}

// names lists a folder.
func (d *disk) names(folder string) (names []string) {
	d.t.Helper()
	entries, err := os.ReadDir(filepath.Join(d.dir, folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// content reads the picture bytes of every fragment of a segment.
func (d *disk) content(v spool.Sealed) (videos []string) {
	d.t.Helper()
	f, err := d.OpenSealed(v.Key)
	d.check(err)
	defer f.Close() //nolint:errcheck // opened for reading
	for i := range v.Foot.Fragments {
		fr := &v.Foot.Fragments[i]
		b := make([]byte, fr.Runs[0].Bytes)
		_, err := f.ReadAt(b, fr.DataOffset(0))
		d.check(err)
		videos = append(videos, string(b))
	}
	return videos
}

func head(seq uint32) *segment.Head {
	return storagetest.HeadOf(segment.ID{Stream: stream, Epoch: 1, Boot: 1, Seq: seq}, begin+timeline.Micros(seq)*timeline.Minute)
}

func fragment(i int) *spool.Fragment {
	return storagetest.FragmentOf(int64(i)*5, 5, []byte(fmt.Sprintf("the pictures of fragment %d", i)), []byte("sound"))
}

var errDisk = errors.New("injected: disk error")

// Any operation may fail, once: what Append promised is there after the next
// start, once; and a file that failed is never synced or written again.
func TestWriteFaults(t *testing.T) {
	t.Parallel()
	for _, op := range []errfs.Op{errfs.Create, errfs.Writev, errfs.Datasync, errfs.SyncDir, errfs.Rename, errfs.Remove, errfs.Truncate, errfs.ReadAt, errfs.Close} {
		for n := 1; n <= 12; n++ {
			t.Run(fmt.Sprintf("%s %d", op, n), func(t *testing.T) {
				t.Parallel()
				d := newDisk(t, spool.Config{})
				d.check(d.Recover(t.Context(), func(*spool.Sealed) error { return nil }))
				d.fs.Fail(op, n, errDisk)
				second := op == errfs.Truncate || op == errfs.ReadAt // they happen after a failure only
				if second {
					d.fs.Fail(errfs.Datasync, 3, errDisk)
				}
				promised := map[string]bool{}
				seq := uint32(0)
				for segments := range 3 {
					var f *spool.File
					for i := segments * 4; i < segments*4+4; {
						if f == nil {
							var err error
							if f, err = d.Create(head(seq)); err != nil {
								seq++
								continue // the fragment is still in memory
							}
							seq++
						}
						fr := fragment(i)
						if err := f.Append(fr); err != nil {
							syncs := d.fs.Count(errfs.Datasync)
							if err := f.Append(fr); !errors.Is(err, spool.ErrAbandoned) {
								t.Fatalf("after a failure: %v", err)
							}
							if n := d.fs.Count(errfs.Datasync); n != syncs {
								t.Fatal("a failed file was synced again")
							}
							_, _ = f.Seal(spool.End{}) // may fail too: the next start seals
							f = nil
							continue
						}
						promised[fmt.Sprintf("the pictures of fragment %d", i)] = true
						i++
					}
					_, _ = f.Seal(spool.End{Reason: segment.EndLength})
				}
				d.fs.Heal()
				have := map[string]int{}
				for _, v := range d.next() {
					for _, c := range d.content(v) {
						have[c]++
					}
				}
				for c := range promised {
					// A fragment that could neither be synced nor cut off stands in its
					// file and in the next: after two failures, and no loss.
					if have[c] != 1 && (have[c] != 2 || !second) {
						t.Errorf("%q is there %d times", c, have[c])
					}
				}
				if len(have) != 12 {
					t.Errorf("%d of 12 fragments", len(have))
				}
				if again := d.next(); len(d.names("quarantine")) > 0 || slices.ContainsFunc(d.names("spool"), func(n string) bool { return strings.HasSuffix(n, ".open") }) {
					t.Errorf("left: %v %v of %d", d.names("quarantine"), d.names("spool"), len(again))
				}
			})
		}
	}
}

// What a crash leaves of a file with three fragments, and what is made of it.
func TestRecover(t *testing.T) {
	t.Parallel()
	d := newDisk(t, spool.Config{Sync: spool.SyncOff})
	f, err := d.Create(head(0))
	d.check(err)
	var ends []int64
	for i := range 3 {
		d.check(f.Append(fragment(i)))
		ends = append(ends, f.Size())
	}
	open := segment.ID{Stream: stream, Epoch: 1, Boot: 1}.OpenFile()
	whole, err := os.ReadFile(filepath.Join(d.dir, "spool", open))
	d.check(err)
	done, err := f.Seal(spool.End{Reason: segment.EndLength})
	d.check(err)
	sealed, err := os.ReadFile(filepath.Join(d.dir, "spool", done.Key.File()))
	d.check(err)

	_, first, err := segment.ReadHead(bytes.NewReader(whole), int64(len(whole)))
	d.check(err)
	at := func(i int64, x byte) []byte { b := slices.Clone(whole); b[i] ^= x; return b }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, c := range []struct {
		name      string
		files     map[string][]byte
		fragments int // of the one segment; -1: none
		aside     int // files in quarantine
	}{
		{"nothing", nil, -1, 0},
		{"clean", map[string][]byte{open: whole}, 3, 0},
		{"torn in the last commit", map[string][]byte{open: whole[:len(whole)-1]}, 2, 0},
		{"torn in a moof", map[string][]byte{open: whole[:ends[0]+20]}, 1, 0},
		{"torn in the first fragment", map[string][]byte{open: whole[:first+5]}, -1, 0},
		{"head alone", map[string][]byte{open: whole[:first]}, -1, 0},
		{"torn in the head", map[string][]byte{open: whole[:first-1]}, -1, 1},
		{"empty", map[string][]byte{open: {}}, -1, 0},
		{"zeros behind", map[string][]byte{open: join(whole, make([]byte, 5000))}, 3, 0},
		{"garbage behind", map[string][]byte{open: join(whole, []byte("moof is not a box here, nor is this"))}, 3, 0},
		{"last fragment zeroed", map[string][]byte{open: join(whole[:ends[1]], make([]byte, ends[2]-ends[1]))}, 2, 0},
		{"all zeros", map[string][]byte{open: make([]byte, len(whole))}, -1, 1},
		{"a bit of the second fragment", map[string][]byte{open: at(ends[0]+100, 1)}, 1, 0},
		{"a bit of the head", map[string][]byte{open: at(first-10, 1)}, -1, 1},
		{"torn in the foot", map[string][]byte{open: sealed[:len(sealed)-7]}, 3, 0},
		{"the foot written, the name not", map[string][]byte{open: sealed}, 3, 0},
		{"sealed", map[string][]byte{done.Key.File(): sealed}, 3, 0},
		{"both names", map[string][]byte{done.Key.File(): sealed, open: sealed}, 3, 0},
		{"sealed and torn twin", map[string][]byte{done.Key.File(): sealed, open: whole[:ends[1]+3]}, 3, 0},
		{"sealed and another twin", map[string][]byte{done.Key.File(): sealed, open: at(ends[1]-60, 1)[:ends[1]]}, 3, 0},
		{"sealed, cut short", map[string][]byte{done.Key.File(): sealed[:len(sealed)-1]}, -1, 1},
		{"sealed, a bit wrong", map[string][]byte{done.Key.File(): join(sealed[:ends[0]-50], []byte{sealed[ends[0]-50] ^ 1}, sealed[ends[0]-49:])}, -1, 1},
		{"a foreign name", map[string][]byte{"notes.txt": []byte("hello")}, -1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDisk(t, spool.Config{})
			for name, b := range c.files {
				d.check(os.WriteFile(filepath.Join(d.dir, "spool", name), b, 0o600))
			}
			found := d.next()
			if c.fragments < 0 {
				if len(found) != 0 {
					t.Errorf("%d segments", len(found))
				}
			} else if len(found) != 1 || len(found[0].Foot.Fragments) != c.fragments {
				t.Fatalf("%+v", found)
			} else {
				for i, v := range d.content(found[0]) {
					if want := fmt.Sprintf("the pictures of fragment %d", i); v != want {
						t.Errorf("%q, want %q", v, want)
					}
				}
			}
			if n := len(d.names("quarantine")); n != c.aside {
				t.Errorf("%d files in quarantine: %v", n, d.names("quarantine"))
			}
			// Nothing is left to do, and nothing is done.
			before := d.names("spool")
			if again := d.next(); len(again) != len(found) || !slices.Equal(d.names("spool"), before) || len(d.names("quarantine")) != c.aside {
				t.Errorf("again: %d segments, %v", len(again), d.names("spool"))
			}
		})
	}
}

// Sealing on a disk without room takes the reserve; without one the bytes stay
// under the open name and are sealed later.
func TestSealOnFullDisk(t *testing.T) {
	t.Parallel()
	for _, reserve := range []bool{true, false} {
		t.Run(fmt.Sprint(reserve), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			base, err := vfs.Dir(dir)
			if err != nil {
				t.Fatal(err)
			}
			full := errfs.New(base)
			cfg := spool.Config{FS: full, Sync: spool.SyncOff, StopFree: 2000}
			if reserve {
				if cfg.Reserve, err = spool.OpenReserve(full, "reserve"); err != nil || !cfg.Reserve.Held() {
					t.Fatalf("%v, held %v", err, cfg.Reserve.Held())
				}
			}
			s, err := spool.Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			f, err := s.Create(head(0))
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Append(fragment(0)); err != nil {
				t.Fatal(err)
			}
			full.Limit(0)
			v, err := f.Seal(spool.End{Reason: segment.EndLength})
			if reserve {
				if err != nil || v == nil || cfg.Reserve.Held() {
					t.Fatalf("%v, %v, held %v", v, err, cfg.Reserve.Held())
				}
				// What was given up is not there for footage.
				full.Limit(spool.ReserveSize + 1000)
				if free, err := s.Free(); free != 1000 || err != nil {
					t.Errorf("%d bytes free, %v", free, err)
				}
				if err := s.Room(); !errors.Is(err, spool.ErrFull) {
					t.Errorf("room: %v", err)
				}
				// It comes back when there is room.
				full.Limit(1 << 40)
				if err := cfg.Reserve.Refill(); err != nil || !cfg.Reserve.Held() {
					t.Errorf("%v, held %v", err, cfg.Reserve.Held())
				}
				return
			}
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("%v, %v", v, err)
			}
			if snap := f.Snapshot(); snap == nil || len(snap.Fragments) != 1 {
				t.Error("the footage is not readable")
			}
			d := &disk{t: t, dir: dir}
			if n := len(d.next()); n != 1 {
				t.Errorf("%d segments after the next start", n)
			}
		})
	}
}

// grouped runs a spool in group mode until the test ends.
func grouped(t *testing.T, fsys vfs.FS) *spool.Spool {
	t.Helper()
	s, err := spool.Open(spool.Config{FS: fsys, Sync: spool.SyncGroup})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return s
}

// In group mode a fragment is durable when a sync of the whole file system that
// began after it is over; an error of that gives the file up.
func TestGroupSync(t *testing.T) {
	t.Parallel()
	base, err := vfs.Dir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	all, ok := base.(interface{ SyncAll() error })
	if !ok {
		t.Fatal("the file system cannot be synced whole")
	}
	if err := all.SyncAll(); err != nil {
		t.Fatal(err)
	}
	syncs := make(chan error)
	s := grouped(t, counting{base, syncs})
	f, err := s.Create(head(0))
	if err != nil {
		t.Fatal(err)
	}
	appended := make(chan error, 1)
	go func() { appended <- f.Append(fragment(0)) }()
	select {
	case err := <-appended:
		t.Fatalf("durable before a sync: %v", err)
	case syncs <- nil:
	}
	if err := <-appended; err != nil || f.Fragments() != 1 {
		t.Fatalf("%v, %d fragments", err, f.Fragments())
	}
	go func() { appended <- f.Append(fragment(1)) }()
	syncs <- errDisk
	if err := <-appended; !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	if err := f.Append(fragment(1)); !errors.Is(err, spool.ErrAbandoned) {
		t.Fatal(err)
	}
	v, err := f.Seal(spool.End{})
	if err != nil || len(v.Foot.Fragments) != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}

// The error of a sync may be of bytes that were written while it went on, and is
// told once: who waits for the next is told, too.
func TestGroupSyncFailsForWhoCameMeanwhile(t *testing.T) {
	t.Parallel()
	base, err := vfs.Dir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	syncs, begun := make(chan error), make(chan struct{}, 16)
	s := grouped(t, announcing{counting{base, syncs}, begun})
	files := make([]*spool.File, 2)
	for i := range files {
		if files[i], err = s.Create(head(uint32(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := files[0].Write(fragment(0)); err != nil {
		t.Fatal(err)
	}
	<-begun // the sync goes on
	if err := files[1].Write(fragment(0)); err != nil {
		t.Fatal(err)
	}
	syncs <- errDisk
	for i, f := range files {
		if n, err := f.Settle(false); n != 0 || !errors.Is(err, errDisk) {
			t.Errorf("file %d: %d durable, %v", i, n, err)
		}
	}
}

// announcing says that a sync begins.
type announcing struct {
	counting
	begun chan struct{}
}

func (a announcing) SyncAll() error {
	a.begun <- struct{}{}
	return a.counting.SyncAll()
}

// Written fragments wait for their sync together; the writer does not. What a
// failed sync leaves can be read back.
func TestGroupPipelines(t *testing.T) {
	t.Parallel()
	base, err := vfs.Dir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	syncs := make(chan error)
	s := grouped(t, counting{base, syncs})
	f, err := s.Create(head(0))
	if err != nil {
		t.Fatal(err)
	}
	write := func(i int) {
		t.Helper()
		if err := f.Write(fragment(i)); err != nil {
			t.Fatal(err)
		}
	}
	write(0)
	write(1)
	if f.Fragments() != 0 {
		t.Error("durable before a sync")
	}
	syncs <- nil
	<-f.Ready()
	if n, err := f.Settle(false); n != 2 || err != nil || f.Fragments() != 2 {
		t.Fatalf("%d settled, %v, %d fragments", n, err, f.Fragments())
	}
	write(2)
	syncs <- errDisk
	if n, err := f.Settle(false); n != 0 || !errors.Is(err, errDisk) {
		t.Fatalf("%d settled, %v", n, err)
	}
	got, err := f.Rescue(0)
	if err != nil {
		t.Fatal(err)
	}
	want := fragment(2)
	var bytes []byte
	for i := range want.Parts {
		for _, b := range want.Parts[i].Bufs {
			bytes = append(bytes, b...)
		}
	}
	if string(got) != string(bytes) {
		t.Error("other bytes were read back than written")
	}
	if v, err := f.Seal(spool.End{}); err != nil || len(v.Foot.Fragments) != 2 || v.Foot.Reason != segment.EndWrite {
		t.Errorf("%+v, %v", v, err)
	}
}

// A file that ends does not wait for the others: it is synced by itself.
func TestGroupFileSyncsAlone(t *testing.T) {
	t.Parallel()
	base, err := vfs.Dir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := spool.Open(spool.Config{FS: counting{base, nil}, Sync: spool.SyncGroup}) // which never runs
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Create(head(0))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := f.Write(fragment(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := f.Settle(true); n != 3 || err != nil {
		t.Fatalf("%d settled, %v", n, err)
	}
	if v, err := f.Seal(spool.End{}); err != nil || len(v.Foot.Fragments) != 3 {
		t.Errorf("%+v, %v", v, err)
	}
}

// counting answers each SyncAll with what comes through a channel.
type counting struct {
	vfs.FS
	syncs chan error
}

func (c counting) SyncAll() error { return <-c.syncs }

// Readers look on while a segment is written and sealed: every snapshot is whole
// and its bytes are there.
func TestReadersBesideWriter(t *testing.T) {
	t.Parallel()
	d := newDisk(t, spool.Config{Sync: spool.SyncOff})
	f, err := d.Create(head(0))
	d.check(err)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			seen := 0
			for {
				changed := f.Changed()
				foot := f.Snapshot()
				if foot != nil {
					if len(foot.Fragments) < seen {
						t.Errorf("%d fragments after %d", len(foot.Fragments), seen)
					}
					seen = len(foot.Fragments)
					last := &foot.Fragments[seen-1]
					b := make([]byte, last.Runs[0].Bytes)
					if _, err := f.ReadAt(b, last.DataOffset(0)); err != nil {
						if !errors.Is(err, fs.ErrClosed) {
							t.Error(err)
						}
						if _, ok := f.SealedKey(); !ok {
							t.Error("closed and not sealed")
						}
						return
					}
					if want := fmt.Sprintf("the pictures of fragment %d", seen-1); string(b) != want {
						t.Errorf("%q, want %q", b, want)
					}
				}
				if _, ok := f.SealedKey(); ok {
					return
				}
				<-changed
			}
		})
	}
	for i := range 200 {
		d.check(f.Append(fragment(i)))
	}
	v, err := f.Seal(spool.End{Reason: segment.EndLength})
	d.check(err)
	wg.Wait()
	if got := d.content(*v); len(got) != 200 {
		t.Errorf("%d fragments", len(got))
	}
}

func TestAppendAllocates(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: counts allocations")
	}
	d := newDisk(t, spool.Config{Sync: spool.SyncOff})
	f, err := d.Create(head(0))
	d.check(err)
	fr := fragment(0)
	for range 100 {
		d.check(f.Append(fr))
	}
	// The table of the segment grows, by doubling.
	if n := testing.AllocsPerRun(200, func() { d.check(f.Append(fr)) }); n > 3 {
		t.Errorf("%v allocations a fragment", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	base, err := vfs.Dir(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	s, err := spool.Open(spool.Config{FS: base, Sync: spool.SyncOff})
	if err != nil {
		b.Fatal(err)
	}
	f, err := s.Create(head(0))
	if err != nil {
		b.Fatal(err)
	}
	fr := storagetest.FragmentOf(0, 25, make([]byte, 250_000), make([]byte, 8000))
	b.SetBytes(258_000)
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Append(fr); err != nil {
			b.Fatal(err)
		}
		if f.Size() > 1<<28 {
			b.StopTimer()
			if _, err := f.Seal(spool.End{}); err != nil {
				b.Fatal(err)
			}
			seq := f.ID().Seq + 1
			if f, err = s.Create(head(seq)); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
	}
}
