package label

import (
	"strings"
	"testing"
)

// What a spreadsheet would run is kept from it, and everything is read back as it was.
func TestInert(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "a": "a", "=1+1": "'=1+1", "+86 138": "'+86 138", "-5": "'-5", "@x": "'@x", "\tx": "'\tx", "'=x": "''=x", "''@": "'''@", "'": "'", "'quoted'": "'quoted'", "桥": "桥",
	} {
		got := Inert(text)
		if got != want || Uninert(got) != text {
			t.Errorf("%q becomes %q and %q", text, got, Uninert(got))
		}
		if got != "" && strings.ContainsRune("=+-@\t\r", rune(got[0])) {
			t.Errorf("%q is run", got)
		}
	}
}
