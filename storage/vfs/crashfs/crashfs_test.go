package crashfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"qianshao/storage/vfs"
	"qianshao/storage/vfs/crashfs"
	"qianshao/storage/vfs/vfstest"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, f vfs.File, data string) {
	t.Helper()
	_, err := f.Writev([][]byte{[]byte(data)})
	check(t, err)
}

// seen draws many power cuts and collects what became of a file system, as
// "name=content name=content". long content is told by its kind.
func seen(t *testing.T, f *crashfs.FS) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for seed := range uint64(400) {
		c := f.Crash(rand.New(rand.NewPCG(seed, 1)))
		var s []string
		list, err := c.ReadDir(".")
		check(t, err)
		for _, e := range list {
			if e.IsDir() {
				inner, err := c.ReadDir(e.Name())
				check(t, err)
				for _, i := range inner {
					s = append(s, e.Name()+"/"+i.Name()+"="+vfstest.Read(t, c, e.Name()+"/"+i.Name()))
				}
				continue
			}
			s = append(s, e.Name()+"="+vfstest.Read(t, c, e.Name()))
		}
		out[strings.Join(s, " ")] = true
	}
	return out
}

func wantSeen(t *testing.T, f *crashfs.FS, want ...string) {
	t.Helper()
	got := slices.Sorted(maps.Keys(seen(t, f)))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("after the cut: %q, want %q", got, want)
	}
}

// What the names may be after a cut, case by case.
func TestNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(t *testing.T, f *crashfs.FS) // a=1 and p/b=2 are durable
		want []string
	}{
		{"nothing", func(*testing.T, *crashfs.FS) {}, []string{"a=1 p/b=2"}},
		{"create", func(t *testing.T, f *crashfs.FS) {
			vfstest.Write(t, f, "c", "3")
		}, []string{"a=1 p/b=2", "a=1 c=3 p/b=2"}},
		{"create, synced", func(t *testing.T, f *crashfs.FS) {
			vfstest.Write(t, f, "c", "3")
			check(t, f.SyncDir("."))
		}, []string{"a=1 c=3 p/b=2"}},
		{"remove", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Remove("a"))
		}, []string{"a=1 p/b=2", "p/b=2"}},
		{"link", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Link("a", "p/a"))
		}, []string{"a=1 p/b=2", "a=1 p/a=1 p/b=2"}},
		{"rename", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Rename("a", "c"))
		}, []string{"a=1 p/b=2", "c=1 p/b=2", "a=1 c=1 p/b=2"}},
		{"rename, synced", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Rename("a", "c"))
			check(t, f.SyncDir("."))
		}, []string{"c=1 p/b=2"}},
		{"rename over", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Rename("a", "p/b"))
		}, []string{"a=1 p/b=2", "p/b=1", "a=1 p/b=1"}},
		{"rename across, new synced", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Rename("a", "p/a"))
			check(t, f.SyncDir("p"))
		}, []string{"p/a=1 p/b=2", "a=1 p/a=1 p/b=2"}},
		{"rename across, old synced", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Rename("a", "p/a"))
			check(t, f.SyncDir("."))
		}, []string{"a=1 p/b=2", "p/a=1 p/b=2"}},
		{"rename across, both synced", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Rename("a", "p/a"))
			check(t, f.SyncDir("."))
			check(t, f.SyncDir("p"))
		}, []string{"p/a=1 p/b=2"}},
		{"rename there and back", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Rename("a", "p/a"))
			check(t, f.SyncDir("p"))
			check(t, f.Rename("p/a", "a"))
			check(t, f.SyncDir("."))
			check(t, f.SyncDir("p"))
		}, []string{"a=1 p/b=2"}},
		{"rename away, other file in its place", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Rename("a", "c"))
			vfstest.Write(t, f, "a", "3")
		}, []string{"a=1 p/b=2", "c=1 p/b=2", "a=1 c=1 p/b=2", "a=3 c=1 p/b=2"}},
		{"empty a folder and remove it", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Rename("p/b", "b"))
			check(t, f.Remove("p"))
			check(t, f.SyncDir("."))
		}, []string{"a=1 b=2"}},
		{"a folder is durable at once", func(t *testing.T, f *crashfs.FS) {
			check(t, f.Rename("a", "a2"))
			check(t, f.MkdirAll("a"))
			vfstest.Write(t, f, "a/x", "3")
			check(t, f.SyncDir("a"))
		}, []string{"a/x=3 a2=1 p/b=2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := crashfs.New()
			check(t, f.MkdirAll("p"))
			vfstest.Write(t, f, "a", "1")
			vfstest.Write(t, f, "p/b", "2")
			check(t, f.SyncDir("."))
			check(t, f.SyncDir("p"))
			c.do(t, f)
			wantSeen(t, f, c.want...)
		})
	}
}

// What a file's bytes may be: every kind of tail is drawn, synced bytes stay.
func TestBytes(t *testing.T) {
	t.Parallel()
	f := crashfs.New()
	vfstest.Write(t, f, "other", strings.Repeat("o", 4000))
	w, err := f.Create("a")
	check(t, err)
	head := strings.Repeat("s", 700)
	write(t, w, head)
	check(t, w.Datasync())
	check(t, f.SyncDir("."))
	tail := strings.Repeat("u", 2000)
	write(t, w, tail)
	kinds := map[string]int{}
	for seed := range uint64(2000) {
		got := vfstest.Read(t, f.Crash(rand.New(rand.NewPCG(seed, 2))), "a")
		rest, ok := strings.CutPrefix(got, head)
		if !ok {
			t.Fatalf("seed %d: synced bytes are gone", seed)
		}
		switch {
		case rest == "":
			kinds["lost"]++
		case rest == tail:
			kinds["arrived"]++
		case strings.Trim(rest, "u") == "":
			kinds["cut short"]++
		case strings.Trim(rest, "\x00") == "":
			kinds["zeros"]++
		case strings.Trim(strings.TrimRight(rest, "\x00"), "u") == "":
			kinds["zeros at the end"]++
		case strings.Contains(rest, "ooo"):
			kinds["another file's"]++
		case strings.HasSuffix(rest, "u"):
			kinds["a hole before the end"]++
		default:
			kinds["noise"]++
		}
	}
	if len(kinds) != 8 {
		t.Errorf("only %v were drawn", kinds)
	}
}

// A truncation that was not synced may or may not have happened.
func TestTruncate(t *testing.T) {
	t.Parallel()
	f := crashfs.New()
	vfstest.Write(t, f, "a", "0123456789")
	check(t, f.SyncDir("."))
	w, err := f.OpenAppend("a")
	check(t, err)
	check(t, w.Truncate(4))
	got := seen(t, f)
	if !got["a=0123456789"] || !got["a=0123"] {
		t.Errorf("got %q", slices.Sorted(maps.Keys(got)))
	}
	for s := range got {
		if !strings.HasPrefix(s, "a=0123") {
			t.Errorf("got %q", s)
		}
	}
	write(t, w, "x")
	check(t, w.Sync())
	wantSeen(t, f, "a=0123x")
}

// The power goes at an operation and stays off; the same history and seed give
// the same disk.
func TestPowerOff(t *testing.T) {
	t.Parallel()
	f := crashfs.New()
	f.PowerOffAfter(3)
	w, err := f.Create("a") // 1
	check(t, err)
	write(t, w, "1")             // 2
	check(t, w.Datasync())       // 3
	for _, err := range []error{ // the next fails, and all after it
		f.SyncDir("."), f.Remove("a"), w.Datasync(), w.Truncate(0), f.MkdirAll("x"),
		second(w.Size()), second(f.Stat("a")), second(f.ReadDir(".")), second(f.Open("a")),
	} {
		if !errors.Is(err, crashfs.ErrPowerOff) {
			t.Errorf("got %v", err)
		}
	}
	if f.Ops() != 4 {
		t.Errorf("%d operations", f.Ops())
	}
	wantSeen(t, f, "", "a=1")
	for seed := range uint64(50) {
		a := f.Crash(rand.New(rand.NewPCG(seed, 3)))
		b := f.Crash(rand.New(rand.NewPCG(seed, 3)))
		if x, y := tree(t, a, "."), tree(t, b, "."); !maps.Equal(x, y) {
			t.Fatalf("seed %d: %v and %v", seed, x, y)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// tree reads all files below a folder.
func tree(t testing.TB, f vfs.FS, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	list, err := f.ReadDir(dir)
	check(t, err)
	for _, e := range list {
		name := strings.TrimPrefix(dir+"/"+e.Name(), "./")
		if e.IsDir() {
			maps.Copy(out, tree(t, f, name))
			continue
		}
		out[name] = vfstest.Read(t, f, name)
	}
	return out
}

// Errors that callers branch on are those of a real file system.
func TestErrors(t *testing.T) {
	t.Parallel()
	f := crashfs.New()
	check(t, f.MkdirAll("d"))
	vfstest.Write(t, f, "d/a", "1")
	if err := f.Link("d", "e"); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("link of a folder: %v", err)
	}
	if err := f.Rename("d", "d/a"); err == nil {
		t.Error("renamed a folder over a file")
	}
	if _, err := f.Stat("d/a/b"); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("below a file: %v", err)
	}
	if s := fmt.Sprint(f.Remove("d")); !strings.Contains(s, "not empty") {
		t.Errorf("remove of a full folder: %v", s)
	}
}
