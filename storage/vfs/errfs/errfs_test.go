package errfs_test

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"qianshao/storage/vfs"
	"qianshao/storage/vfs/crashfs"
	"qianshao/storage/vfs/errfs"
	"qianshao/storage/vfs/vfstest"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func second[T any](_ T, err error) error { return err }

// Every operation fails when told to, the nth time, and only then.
func TestFail(t *testing.T) {
	t.Parallel()
	f := errfs.New(crashfs.New())
	check(t, f.MkdirAll("d"))
	vfstest.Write(t, f, "a", "1")
	w, err := f.OpenAppend("a")
	check(t, err)
	n := 0
	fresh := func() string { n++; return string(rune('b' + n)) }
	for op, do := range map[errfs.Op]func() error{
		errfs.Create:     func() error { return second(f.Create(fresh())) },
		errfs.Open:       func() error { return second(f.Open("a")) },
		errfs.OpenAppend: func() error { return second(f.OpenAppend("a")) },
		errfs.Rename:     func() error { return f.Rename("a", "a") },
		errfs.Link:       func() error { return f.Link("a", fresh()) },
		errfs.MkdirAll:   func() error { return f.MkdirAll("d") },
		errfs.ReadDir:    func() error { return second(f.ReadDir(".")) },
		errfs.Stat:       func() error { return second(f.Stat("a")) },
		errfs.SyncDir:    func() error { return f.SyncDir(".") },
		errfs.Free:       func() error { _, _, err := f.Free(); return err },
		errfs.ReadAt:     func() error { return second(w.ReadAt(make([]byte, 1), 0)) },
		errfs.Writev:     func() error { return second(w.Writev([][]byte{{1}})) },
		errfs.Truncate:   func() error { return w.Truncate(1) },
		errfs.Datasync:   w.Datasync,
	} {
		f.Fail(op, 2, syscall.EIO)
		for i := 1; i <= 3; i++ {
			if err := do(); (i == 2) != errors.Is(err, syscall.EIO) || i != 2 && err != nil {
				t.Errorf("%s, time %d: %v", op, i, err)
			}
		}
		if f.Count(op) < 3 {
			t.Errorf("%s was counted %d times", op, f.Count(op))
		}
	}
	f.Fail(errfs.Close, 1, syscall.EIO)
	if err := w.Close(); !errors.Is(err, syscall.EIO) {
		t.Errorf("close: %v", err)
	}
	if err := w.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("the file stayed open: %v", err)
	}
	f.Fail(errfs.Remove, 1, syscall.EIO)
	if err := f.Remove("a"); !errors.Is(err, syscall.EIO) {
		t.Errorf("remove: %v", err)
	}
	check(t, f.Remove("a"))
}

func TestFailAll(t *testing.T) {
	t.Parallel()
	f := errfs.New(crashfs.New())
	check(t, f.MkdirAll("d"))
	f.FailAll(errfs.Create, "d/*", syscall.EROFS)
	for range 2 {
		if _, err := f.Create("d/a"); !errors.Is(err, syscall.EROFS) {
			t.Error(err)
		}
	}
	vfstest.Write(t, f, "a", "1")
	f.Heal()
	vfstest.Write(t, f, "d/a", "1")
}

// What fits is written; room comes back with the last name, and with a cut.
func TestLimit(t *testing.T) {
	t.Parallel()
	base := crashfs.New()
	vfstest.Write(t, base, "old", "12345")
	f := errfs.New(base)
	f.Limit(10)
	wantFree := func(want int64) {
		t.Helper()
		if free, _, err := f.Free(); err != nil || free != want {
			t.Errorf("%d bytes free, %v, want %d", free, err, want)
		}
	}
	w, err := f.Create("a")
	check(t, err)
	n, err := w.Writev([][]byte{[]byte("12345"), []byte("678901")})
	if n != 10 && n != 5 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("wrote %d, %v", n, err)
	}
	wantFree(0)
	check(t, w.Truncate(4))
	wantFree(6)
	check(t, f.Link("a", "b"))
	check(t, f.Remove("a"))
	wantFree(6)
	check(t, f.Rename("b", "c"))
	check(t, f.Remove("c"))
	wantFree(10)
	check(t, f.Rename("old", "new"))
	check(t, f.Remove("new"))
	wantFree(15)
	f.Limit(1)
	if err := func() error { _, err := append1(f, "x", "12"); return err }(); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	wantFree(0)
}

func append1(f vfs.FS, name, data string) (int64, error) {
	w, err := f.Create(name)
	if err != nil {
		return 0, err
	}
	n, err := w.Writev([][]byte{[]byte(data)})
	return n, errors.Join(err, w.Close())
}
