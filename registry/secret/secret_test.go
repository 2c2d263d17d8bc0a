package secret

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const canary = "kanarienvogel-7Qx"

func TestASecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	type inner struct{ Pass Secret }
	type hidden struct{ pass Secret }
	s := New(canary)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "s", s, "in", inner{s}, "hidden", hidden{s})
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "s", s, "in", inner{s}, "hidden", hidden{s}, "p", &s)
	out := []string{log.String()}
	for _, v := range []any{s, &s, inner{s}, &inner{s}, []Secret{s}, map[string]Secret{"a": s}, hidden{s}, &hidden{s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%U"} {
			out = append(out, fmt.Sprintf(verb, v))
		}
		j, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(j))
	}
	x, err := xml.Marshal(inner{s})
	if err != nil {
		t.Fatal(err)
	}
	out = append(out, string(x), fmt.Errorf("dial %v: %w", s, fs.ErrInvalid).Error())
	hex := fmt.Sprintf("%x", canary)
	for _, o := range out {
		if strings.Contains(o, canary) || strings.Contains(strings.ToLower(o), hex) {
			t.Errorf("shown in %q", o)
		}
	}
	if got := fmt.Sprintf("%v %s %q %#v", s, s, s, s); got != `*** *** "***" secret.Secret("***")` {
		t.Errorf("got %s", got)
	}
	if got := fmt.Sprintf("%v|%q", Secret{}, Secret{}); got != `|""` {
		t.Errorf("empty: got %s", got)
	}
	if !s.Equal(New(canary)) || s.Equal(New("x")) || s.Equal(Secret{}) || !New("").IsZero() || s.Reveal() != canary {
		t.Error("comparing is broken")
	}
}

func TestKeySealsAndOpens(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := LoadKey(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("missing key: %v", err)
	}
	k, err := MakeKey(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := MakeKey(path) // as a second process would
	if err != nil {
		t.Fatal(err)
	}
	box := k.Seal([]byte(canary), "a.0")
	if bytes.Contains(box, []byte(canary)) {
		t.Fatal("not encrypted")
	}
	if got, err := again.Open(box, "a.0"); err != nil || string(got) != canary {
		t.Fatalf("got %q, %v", got, err)
	}
	if _, err := k.Open(box, "b.0"); !errors.Is(err, ErrDamaged) {
		t.Errorf("another place: %v", err)
	}
	for i := range box {
		bad := bytes.Clone(box)
		bad[i] ^= 1
		if _, err := k.Open(bad, "a.0"); err == nil {
			t.Errorf("byte %d changed, opened all the same", i)
		}
	}
	if _, err := k.Open(box[:20], "a.0"); !errors.Is(err, ErrDamaged) {
		t.Errorf("cut: %v", err)
	}
	other, err := MakeKey(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(box, "a.0"); !errors.Is(err, ErrOtherKey) {
		t.Errorf("another key: %v", err)
	}
	if bytes.Equal(box, k.Seal([]byte(canary), "a.0")) {
		t.Error("the same box twice")
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 1 {
		t.Errorf("left behind: %v %v", files, err)
	}
}

func TestKeyFileIsGuarded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := MakeKey(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o660, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := LoadKey(path)
		if !errors.Is(err, ErrKeyOpen) || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %v: %v", mode, err)
		}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("qianshao-key-1 abc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(path); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("a broken key file: %v", err)
	}
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	k, err := LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Open(k.Seal(nil, ""), ""); err != nil {
		t.Errorf("an emptied file should have got one new key: %v", err)
	}
}
