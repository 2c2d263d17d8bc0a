package blob_test

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/iotest"

	"qianshao/storage/blob"
)

// FuzzCheckKey: a key that passes is a clean relative path of file names.
func FuzzCheckKey(f *testing.F) {
	for _, s := range []string{"v1/0a/c_abc.0/20261123/1-2-1-3-0-ff.mp4", "", "a//b", "..", "a/..", "ä", "~tmp"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if err := blob.CheckKey(key); err != nil {
			if !errors.Is(err, blob.ErrBadKey) {
				t.Errorf("%q: %v", key, err)
			}
			return
		}
		if !fs.ValidPath(key) || path.Clean(key) != key || key == "." || len(key) > 512 ||
			strings.ContainsAny(key, "\\:~+%\x00 \"'?*") || path.IsAbs(key) {
			t.Errorf("%q passed", key)
		}
	})
}

func TestLength(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ size, offset, length, want int64 }{
		{10, 0, -1, 10},
		{10, 10, -1, 0},
		{10, 4, 6, 6},
		{0, 0, 0, 0},
		{10, 4, 7, -1},
		{10, 11, 0, -1},
		{10, -1, 1, -1},
		{10, 1<<63 - 1, 1<<63 - 1, -1},
	} {
		n, err := blob.Length(c.size, c.offset, c.length)
		if (c.want < 0) != errors.Is(err, blob.ErrRange) || err == nil && n != c.want {
			t.Errorf("%+v: got %d, %v", c, n, err)
		}
	}
}

func TestExactly(t *testing.T) {
	t.Parallel()
	in := func(s string) io.ReadCloser {
		return io.NopCloser(iotest.DataErrReader(strings.NewReader(s)))
	}
	if b, err := io.ReadAll(blob.Exactly(in("0123"), 4)); string(b) != "0123" || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
	if b, err := io.ReadAll(blob.Exactly(in("0123"), 2)); string(b) != "01" || err != nil {
		t.Errorf("got %q, %v", b, err)
	}
	if b, err := io.ReadAll(blob.Exactly(in("0123"), 5)); string(b) != "0123" || err != io.ErrUnexpectedEOF {
		t.Errorf("got %q, %v", b, err)
	}
	if err := iotest.TestReader(blob.Exactly(in("0123456789"), 10), []byte("0123456789")); err != nil {
		t.Error(err)
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	c := blob.Bytes([]byte("hello"))
	if err := iotest.TestReader(c.Verify(strings.NewReader("hello")), []byte("hello")); err != nil {
		t.Error(err)
	}
	if b, err := io.ReadAll(blob.Bytes(nil).Verify(strings.NewReader(""))); len(b) != 0 || err != nil {
		t.Errorf("nothing: %q, %v", b, err)
	}
	for _, s := range []string{"", "hell", "hello!", "hellO", "jello"} {
		for _, r := range []io.Reader{
			strings.NewReader(s), iotest.OneByteReader(strings.NewReader(s)), iotest.HalfReader(strings.NewReader(s)),
		} {
			b, err := io.ReadAll(c.Verify(r))
			if !errors.Is(err, blob.ErrChecksum) || len(b) >= 5 {
				t.Errorf("%q: gave out %q, %v", s, b, err)
			}
		}
	}
	broken := errors.New("broken")
	if _, err := io.ReadAll(c.Verify(iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Error(err)
	}
}
