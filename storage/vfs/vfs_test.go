package vfs_test

import (
	"os"
	"path/filepath"
	"testing"

	"qianshao/storage/vfs"
	"qianshao/storage/vfs/crashfs"
	"qianshao/storage/vfs/errfs"
	"qianshao/storage/vfs/vfstest"
)

func openDir(t testing.TB) vfs.FS {
	f, err := vfs.Dir(filepath.Join(t.TempDir(), "a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestContract(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) vfs.FS{
		"dir":     func(t *testing.T) vfs.FS { return openDir(t) },
		"crashfs": func(*testing.T) vfs.FS { return crashfs.New() },
		"errfs": func(t *testing.T) vfs.FS {
			f := errfs.New(openDir(t))
			f.Limit(64 << 20)
			return f
		},
	} {
		t.Run(name, func(t *testing.T) { vfstest.Run(t, open) })
	}
}

// A symbolic link that leads out of the folder is not followed.
func TestDirLinksCannotClimb(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	if err := os.WriteFile(filepath.Join(tmp, "secret"), []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := vfs.Dir(filepath.Join(tmp, "data"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../secret", filepath.Join(tmp, "data", "way-out")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Open("way-out"); err == nil {
		t.Error("followed a link out of the folder")
	}
}

// Folders that vanish behind the back of MkdirAll are made again.
func TestDirMkdirAllTrustsNothing(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	f, err := vfs.Dir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := f.MkdirAll("x/y"); err != nil {
			t.Fatal(err)
		}
		if i, err := os.Stat(filepath.Join(tmp, "x", "y")); err != nil || !i.IsDir() {
			t.Fatal(i, err)
		}
		if err := os.RemoveAll(filepath.Join(tmp, "x")); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkWritev(b *testing.B) {
	f, err := openDir(b).Create("a")
	if err != nil {
		b.Fatal(err)
	}
	bufs := make([][]byte, 9)
	for i := range bufs {
		bufs[i] = make([]byte, 32<<10)
	}
	b.ReportAllocs()
	b.SetBytes(9 * 32 << 10)
	for b.Loop() {
		if _, err := f.Writev(bufs); err != nil {
			b.Fatal(err)
		}
		if err := f.Truncate(0); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}
