package label_test

import (
	"errors"
	"strings"
	"testing"

	"qianshao/registry/label"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"", "桔山村口 3 号", strings.Repeat("牛", 128), "a\u00a0b"} {
		if err := label.Check(good, label.Name); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"a\nb", "a\x00", "\u202eb", "a\u2066", "\xff", strings.Repeat("牛", 129), "\u0085"} {
		if err := label.Check(bad, label.Name); !errors.Is(err, label.ErrBad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if !label.Empty(" \t") || label.Empty("a") {
		t.Error("Empty")
	}
}
