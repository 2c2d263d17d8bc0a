package receipt_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"qianshao/registry/receipt"
	"qianshao/storage/timeline"
)

var example = receipt.Receipt{
	V: 1, ID: "a_x", Camera: "c_aaaaaaaaaaaaaaaa", Carrier: "unicom", DeviceID: "YD-1", At: 5, Done: 9, Segments: 3, Bytes: 1 << 40,
	Span: timeline.Span{From: 1, To: 4}, Root: "ab", Keys: []string{"202611"}, Held: 1,
}

func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sign.key")
	first, err := receipt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	again, err := receipt.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*receipt.Signer{first, again} {
		text, err := s.Sign(example)
		if err != nil {
			t.Fatal(err)
		}
		got, err := receipt.Verify(text)
		if err != nil || len(got.Fingerprint()) != 32 {
			t.Fatal(err, got.Fingerprint())
		}
		got.Key, got.Signature = "", ""
		if d := cmp.Diff(example, got); d != "" {
			t.Error(d)
		}
	}
	a, err1 := first.Sign(example)
	b, err2 := again.Sign(example)
	if err := errors.Join(err1, err2); err != nil || !bytes.Equal(a, b) {
		t.Errorf("the key opened again signs otherwise, %v", err)
	}
	if err := os.WriteFile(path, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := receipt.Open(path); err == nil {
		t.Error("a damaged key was opened")
	}
}

// Every changed byte is seen, but for blanks that JSON does not mind.
func TestChangedReceipt(t *testing.T) {
	t.Parallel()
	s, err := receipt.Open(filepath.Join(t.TempDir(), "sign.key"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Sign(example)
	if err != nil {
		t.Fatal(err)
	}
	want, err := receipt.Verify(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		bad := bytes.Clone(text)
		bad[i]++
		got, err := receipt.Verify(bad)
		if err == nil && cmp.Diff(want, got) != "" {
			t.Fatalf("byte %d: %q became %q unseen", i, text[i], bad[i])
		}
		if err != nil && !errors.Is(err, receipt.ErrBad) {
			t.Errorf("byte %d: %v", i, err)
		}
	}
	for _, bad := range [][]byte{nil, []byte("{}"), text[:len(text)/2], []byte(`{"v":2}`)} {
		if _, err := receipt.Verify(bad); !errors.Is(err, receipt.ErrBad) {
			t.Errorf("%.20s: %v", bad, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	s, err := receipt.Open(filepath.Join(f.TempDir(), "sign.key"))
	if err != nil {
		f.Fatal(err)
	}
	text, err := s.Sign(example)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := receipt.Verify(text)
		if err != nil && (!errors.Is(err, receipt.ErrBad) || r.ID != "") {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
