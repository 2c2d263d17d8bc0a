// Package vfstest is the contract of vfs.FS as a test suite, which every file
// system passes.
package vfstest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"testing"

	"qianshao/storage/vfs"
)

// Run checks the sentences of vfs.FS. open gives a new, empty file system.
func Run(t *testing.T, open func(t *testing.T) vfs.FS) {
	for name, test := range map[string]func(t *testing.T, f vfs.FS){
		"create append read":    createAppendRead,
		"create refuses taken":  createRefusesTaken,
		"missing names":         missingNames,
		"truncate then append":  truncateThenAppend,
		"writev of many":        writevOfMany,
		"rename replaces":       renameReplaces,
		"link refuses taken":    linkRefusesTaken,
		"an open file survives": openFileSurvives,
		"folders":               folders,
		"names cannot climb":    namesCannotClimb,
		"read only":             readOnly,
		"syncs and free":        syncsAndFree,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Write makes a file with these bytes, synced; its name is not.
func Write(t testing.TB, f vfs.FS, name, data string) {
	t.Helper()
	w, err := f.Create(name)
	check(t, err)
	append1(t, w, data)
	check(t, w.Sync())
	check(t, w.Close())
}

// Read returns a file's bytes.
func Read(t testing.TB, f vfs.FS, name string) string {
	t.Helper()
	r, err := f.Open(name)
	check(t, err)
	defer func() { check(t, r.Close()) }()
	return readAll(t, r)
}

func readAll(t testing.TB, r vfs.File) string {
	t.Helper()
	size, err := r.Size()
	check(t, err)
	b, err := io.ReadAll(io.NewSectionReader(r, 0, size+1))
	check(t, err)
	return string(b)
}

func append1(t testing.TB, w vfs.File, data string) {
	t.Helper()
	n, err := w.Writev([][]byte{[]byte(data)})
	check(t, err)
	if n != int64(len(data)) {
		t.Fatalf("wrote %d of %d bytes", n, len(data))
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantIs(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: got %v, want %v", what, err, target)
	}
}

func wantRead(t *testing.T, f vfs.FS, name, want string) {
	t.Helper()
	if got := Read(t, f, name); got != want {
		t.Errorf("%s holds %q, want %q", name, got, want)
	}
}

func createAppendRead(t *testing.T, f vfs.FS) {
	w, err := f.Create("a")
	check(t, err)
	append1(t, w, "hello ")
	bufs := [][]byte{[]byte("wo"), nil, []byte("rld")}
	n, err := w.Writev(bufs)
	check(t, err)
	if n != 5 || string(bufs[0]) != "wo" || string(bufs[2]) != "rld" {
		t.Errorf("writev returned %d and left %q", n, bufs)
	}
	if got := readAll(t, w); got != "hello world" {
		t.Errorf("the writer reads %q", got)
	}
	p := make([]byte, 4)
	if n, err := w.ReadAt(p, 9); n != 2 || err != io.EOF {
		t.Errorf("read at the end: %d, %v", n, err)
	}
	check(t, w.Close())
	wantRead(t, f, "a", "hello world")
	w, err = f.OpenAppend("a")
	check(t, err)
	append1(t, w, "!")
	check(t, w.Close())
	wantRead(t, f, "a", "hello world!")
}

func createRefusesTaken(t *testing.T, f vfs.FS) {
	Write(t, f, "a", "1")
	_, err := f.Create("a")
	wantIs(t, "create", err, fs.ErrExist)
	check(t, f.MkdirAll("d"))
	_, err = f.Create("d")
	wantIs(t, "create over a folder", err, fs.ErrExist)
	wantRead(t, f, "a", "1")
}

func missingNames(t *testing.T, f vfs.FS) {
	_, err := f.Open("no")
	wantIs(t, "open", err, fs.ErrNotExist)
	_, err = f.OpenAppend("no")
	wantIs(t, "open to append", err, fs.ErrNotExist)
	_, err = f.Create("no/a")
	wantIs(t, "create in a missing folder", err, fs.ErrNotExist)
	wantIs(t, "rename", f.Rename("no", "a"), fs.ErrNotExist)
	wantIs(t, "link", f.Link("no", "a"), fs.ErrNotExist)
	wantIs(t, "remove", f.Remove("no"), fs.ErrNotExist)
	wantIs(t, "sync folder", f.SyncDir("no"), fs.ErrNotExist)
	_, err = f.Stat("no")
	wantIs(t, "stat", err, fs.ErrNotExist)
	_, err = f.ReadDir("no")
	wantIs(t, "read folder", err, fs.ErrNotExist)
}

func truncateThenAppend(t *testing.T, f vfs.FS) {
	w, err := f.Create("a")
	check(t, err)
	append1(t, w, "0123456789")
	check(t, w.Datasync())
	check(t, w.Truncate(4))
	if size, err := w.Size(); err != nil || size != 4 {
		t.Errorf("size %d, %v", size, err)
	}
	append1(t, w, "x")
	check(t, w.Close())
	wantRead(t, f, "a", "0123x")
}

// More buffers than one writev takes, and one of them large.
func writevOfMany(t *testing.T, f vfs.FS) {
	var bufs [][]byte
	for i := range 3000 {
		bufs = append(bufs, fmt.Appendf(nil, "%d,", i))
	}
	bufs[1500] = bytes.Repeat([]byte("y"), 3<<20)
	w, err := f.Create("a")
	check(t, err)
	want := string(slices.Concat(bufs...))
	n, err := w.Writev(bufs)
	check(t, err)
	if n != int64(len(want)) {
		t.Errorf("wrote %d, want %d", n, len(want))
	}
	check(t, w.Close())
	if Read(t, f, "a") != want {
		t.Error("the file differs from the buffers")
	}
}

func renameReplaces(t *testing.T, f vfs.FS) {
	Write(t, f, "a", "1")
	Write(t, f, "b", "2")
	check(t, f.MkdirAll("d"))
	check(t, f.Rename("a", "d/b"))
	check(t, f.Rename("d/b", "b"))
	wantRead(t, f, "b", "1")
	_, err := f.Stat("a")
	wantIs(t, "stat of the old name", err, fs.ErrNotExist)
}

func linkRefusesTaken(t *testing.T, f vfs.FS) {
	Write(t, f, "a", "1")
	check(t, f.MkdirAll("d"))
	check(t, f.Link("a", "d/b"))
	wantIs(t, "link", f.Link("a", "d/b"), fs.ErrExist)
	check(t, f.Remove("a"))
	wantRead(t, f, "d/b", "1")
}

func openFileSurvives(t *testing.T, f vfs.FS) {
	Write(t, f, "a", "1")
	r, err := f.Open("a")
	check(t, err)
	Write(t, f, "b", "2")
	check(t, f.Rename("b", "a"))
	check(t, f.Remove("a"))
	if got := readAll(t, r); got != "1" {
		t.Errorf("read %q", got)
	}
	check(t, r.Close())
	if err := r.Close(); err == nil {
		t.Error("a second close succeeds")
	}
	if _, err := r.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
}

func folders(t *testing.T, f vfs.FS) {
	check(t, f.MkdirAll("x/y/z"))
	check(t, f.MkdirAll("x/y/z"))
	check(t, f.MkdirAll("."))
	Write(t, f, "x/b", "22")
	Write(t, f, "x/a", "1")
	if err := f.MkdirAll("x/a/c"); err == nil {
		t.Error("a folder inside a file")
	}
	if err := f.MkdirAll("x/a"); err == nil {
		t.Error("a folder in place of a file")
	}
	list, err := f.ReadDir("x")
	check(t, err)
	var got []string
	for _, e := range list {
		i, err := e.Info()
		check(t, err)
		got = append(got, fmt.Sprint(e.Name(), " ", e.IsDir(), " ", !e.IsDir() && i.Size() == int64(len(Read(t, f, "x/"+e.Name())))))
	}
	if want := []string{"a false true", "b false true", "y true false"}; !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
	if list, err = f.ReadDir("."); err != nil || len(list) != 1 || list[0].Name() != "x" {
		t.Errorf("root: %v, %v", list, err)
	}
	if err := f.Remove("x/y"); err == nil {
		t.Error("a folder that is not empty was removed")
	}
	check(t, f.Remove("x/y/z"))
	check(t, f.MkdirAll("x/y/z"))
	if _, err := f.Open("x/y"); err == nil {
		t.Error("opened a folder")
	}
	if _, err := f.OpenAppend("x/y"); err == nil {
		t.Error("opened a folder for appending")
	}
	i, err := f.Stat("x/y/z")
	check(t, err)
	if !i.IsDir() {
		t.Error("not a folder")
	}
}

func namesCannotClimb(t *testing.T, f vfs.FS) {
	for _, name := range []string{"../a", "/a", "", "a/../../b", "a/./b", "a//b"} {
		if _, err := f.Create(name); err == nil {
			t.Errorf("created %q", name)
		}
		if err := f.MkdirAll(name); err == nil {
			t.Errorf("made folder %q", name)
		}
		if _, err := f.Stat(name); err == nil {
			t.Errorf("stat of %q", name)
		}
	}
}

func readOnly(t *testing.T, f vfs.FS) {
	Write(t, f, "a", "1")
	r, err := f.Open("a")
	check(t, err)
	if _, err := r.Writev([][]byte{[]byte("x")}); err == nil {
		t.Error("wrote to a file opened for reading")
	}
	check(t, r.Datasync())
	check(t, r.Close())
	wantRead(t, f, "a", "1")
}

func syncsAndFree(t *testing.T, f vfs.FS) {
	check(t, f.MkdirAll("d"))
	Write(t, f, "d/a", "1")
	check(t, f.SyncDir("d"))
	check(t, f.SyncDir("."))
	free, total, err := f.Free()
	check(t, err)
	if free <= 0 || total < free {
		t.Errorf("free %d of %d", free, total)
	}
}
