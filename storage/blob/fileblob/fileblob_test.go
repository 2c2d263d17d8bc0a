package fileblob_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"qianshao/storage/blob"
	"qianshao/storage/blob/blobtest"
	"qianshao/storage/blob/fileblob"
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

func open(t testing.TB, cfg fileblob.Config) *fileblob.Store {
	t.Helper()
	s, err := fileblob.Open(cfg)
	check(t, err)
	return s
}

func dir(t testing.TB, path string) vfs.FS {
	t.Helper()
	f, err := vfs.Dir(path)
	check(t, err)
	return f
}

func TestContract(t *testing.T) {
	t.Parallel()
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		blobtest.Run(t, func(t *testing.T) blob.Store {
			return open(t, fileblob.Config{FS: dir(t, t.TempDir())})
		})
	})
	t.Run("without links", func(t *testing.T) {
		t.Parallel()
		blobtest.Run(t, func(t *testing.T) blob.Store {
			f := errfs.New(crashfs.New())
			f.FailAll(errfs.Link, "", syscall.EPERM)
			return open(t, fileblob.Config{FS: f})
		}, blobtest.WithoutBig())
	})
}

// Nothing is left of temporary names and empty folders, nor of an earlier run.
func TestCleanUp(t *testing.T) {
	t.Parallel()
	f := crashfs.New()
	check(t, f.MkdirAll("store/~tmp"))
	vfstest.Write(t, f, "store/~tmp/17", "left over")
	s := open(t, fileblob.Config{FS: f})
	blobtest.Put(t, s, "v1/x/a", []byte("1"))
	blobtest.Put(t, s, "v1/b", []byte("2"))
	c := blob.Bytes([]byte("3"))
	c.Size = 2
	if err := s.Put(t.Context(), "v1/c/d", c); !errors.Is(err, blob.ErrChecksum) {
		t.Error(err)
	}
	check(t, s.Delete(t.Context(), "v1/x/a"))
	if got, want := walk(t, f, "."), []string{"store/", "store/v1/", "store/v1/b", "store/~tmp/"}; !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	check(t, s.Delete(t.Context(), "v1/b"))
	if got, want := walk(t, f, "."), []string{"store/", "store/~tmp/"}; !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
}

func walk(t testing.TB, f vfs.FS, at string) []string {
	t.Helper()
	list, err := f.ReadDir(at)
	check(t, err)
	var out []string
	for _, e := range list {
		name := filepath.ToSlash(filepath.Join(at, e.Name()))
		if e.IsDir() {
			out = append(append(out, name+"/"), walk(t, f, name)...)
		} else {
			out = append(out, name)
		}
	}
	return out
}

// A key that would be a folder of another is refused, and harms nothing.
func TestKeyInsideKey(t *testing.T) {
	t.Parallel()
	s := open(t, fileblob.Config{FS: dir(t, t.TempDir())})
	blobtest.Put(t, s, "a/b", []byte("1"))
	for _, key := range []string{"a", "a/b/c"} {
		if err := s.Put(t.Context(), key, blob.Bytes([]byte("2"))); err == nil {
			t.Errorf("put %s succeeded", key)
		}
	}
	if got := blobtest.Keys(t, s, "", ""); !slices.Equal(got, []string{"a/b"}) {
		t.Errorf("holds %q", got)
	}
}

// What lies in the folder and is no object is passed over.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, fileblob.Config{FS: dir(t, root)})
	blobtest.Put(t, s, "a/b", []byte("1"))
	check(t, os.WriteFile(filepath.Join(root, "store", "a", "b~"), nil, 0o600))
	check(t, os.Mkdir(filepath.Join(root, "store", "lost+found"), 0o700))
	check(t, os.Symlink("b", filepath.Join(root, "store", "a", "link")))
	if got := blobtest.Keys(t, s, "", ""); !slices.Equal(got, []string{"a/b"}) {
		t.Errorf("listed %q", got)
	}
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	f := errfs.New(dir(t, root))
	s := open(t, fileblob.Config{FS: f, Root: root})
	check(t, f.MkdirAll("spool"))
	c := blob.Bytes([]byte("sealed"))
	vfstest.Write(t, f, "spool/1", "sealed")
	vfstest.Write(t, f, "spool/2", "sealed")
	vfstest.Write(t, f, "spool/3", "other!")
	vfstest.Write(t, f, "spool/4", "short")

	check(t, s.Adopt(t.Context(), "v1/a", "spool/1", c))
	check(t, s.Adopt(t.Context(), "v1/a", "spool/1", c)) // again
	check(t, s.Adopt(t.Context(), "v1/a", filepath.Join(root, "spool", "2"), c))
	one, err := os.Stat(filepath.Join(root, "spool", "1"))
	check(t, err)
	two, err := os.Stat(filepath.Join(root, "store", "v1", "a"))
	check(t, err)
	if !os.SameFile(one, two) {
		t.Error("the bytes were copied")
	}
	check(t, f.Remove("spool/1"))
	if got := string(blobtest.Get(t, s, "v1/a")); got != "sealed" {
		t.Errorf("holds %q", got)
	}

	outside := filepath.Join(t.TempDir(), "x")
	check(t, os.WriteFile(outside, []byte("sealed"), 0o600))
	for _, x := range []struct {
		key, path string
		c         blob.Content
		want      error
	}{
		{"v1/a", "spool/3", blob.Bytes([]byte("other!")), blob.ErrDifferent},
		{"v1/b", "spool/4", c, blob.ErrChecksum},
		{"v1/b", "spool/5", c, fs.ErrNotExist},
		{"v1/b", outside, c, blob.ErrCannotAdopt},
		{"v1/b", "../x", c, blob.ErrCannotAdopt},
		{"v1/b", "store/v1/a", c, blob.ErrCannotAdopt},
		{"../b", "spool/2", c, blob.ErrBadKey},
	} {
		if err := s.Adopt(t.Context(), x.key, x.path, x.c); !errors.Is(err, x.want) {
			t.Errorf("adopt %s from %s: got %v, want %v", x.key, x.path, err, x.want)
		}
	}
	for _, e := range []error{syscall.EXDEV, syscall.EPERM, syscall.EMLINK, syscall.ENOTSUP} {
		f.Fail(errfs.Link, 1, e)
		if err := s.Adopt(t.Context(), "v1/c", "spool/2", c); !errors.Is(err, blob.ErrCannotAdopt) {
			t.Errorf("%v: got %v", e, err)
		}
	}
	if got := blobtest.Keys(t, s, "", ""); !slices.Equal(got, []string{"v1/a"}) {
		t.Errorf("holds %q", got)
	}
}
