// Package label says what people may call things: names of cameras, people and
// units, reasons of cases. They stand on pages, in logs and in the access register.
package label

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Name and Reason are how many characters a name may have, and a reason.
const (
	Name   = 128
	Reason = 256
)

// ErrBad is wrapped for what cannot be a label.
var ErrBad = errors.New("not possible")

// Check says whether a text may be a label of at most so many characters: UTF-8, no
// control and no bidirectional formatting characters (Unicode TR36). An empty one
// may.
func Check(text string, most int) error {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > most {
		return fmt.Errorf("%w: use at most %d characters of UTF-8", ErrBad, most)
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return fmt.Errorf("%w: it has a control character (U+%04X)", ErrBad, r)
		}
	}
	return nil
}

// Empty reports whether a label says nothing.
func Empty(text string) bool { return strings.TrimSpace(text) == "" }

// runs reports whether a spreadsheet takes a text for a formula, or for one that was kept
// from it.
func runs(text string) bool {
	text = strings.TrimLeft(text, "'")
	return text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0]))
}

// Inert keeps a spreadsheet from taking a text for a formula: it then begins with an
// apostrophe.
func Inert(text string) string {
	if runs(text) {
		return "'" + text
	}
	return text
}

// Uninert takes away what Inert added.
func Uninert(text string) string {
	if runs(text) {
		return strings.TrimPrefix(text, "'")
	}
	return text
}
