package onboard

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// table is a file as rows of cells, whatever its format. Rows without text are left out.
type table struct {
	sheet     string // of a workbook
	lines     []line
	merged    []int // the last row of each group of merged cells
	warnings  []Warning
	from1904  bool // serials of dates count from 1904 (ECMA-376 18.17.4.1)
	separated bool // it is a CSV: a cell too many has shifted the others
}

type line struct {
	n     int // from 1, as a spreadsheet or an editor counts
	cells []cell
	bad   string // code of what made it unreadable
}

type cell struct {
	text string
	kind cellKind
	// spread: a merged cell lent it the value.
	spread bool
}

type cellKind uint8

const (
	written    cellKind = iota // text
	numeric                    // a number of a workbook, in full
	uncomputed                 // a formula whose value the file does not have
	failed                     // an error value, #N/A
)

// mostText is more than any cell needs, in bytes.
const mostText = 4096

func (t *table) warn(code string, args ...any) {
	t.warnings = append(t.warnings, Warning{code, say(code, args...)})
}

func (l *line) blank() bool {
	return !slices.ContainsFunc(l.cells, func(c cell) bool { return c.text != "" || c.kind != written })
}

// trim takes away the white space around a text, with all that is not seen.
func trim(text string) string {
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "")
	}
	return strings.TrimFunc(text, func(r rune) bool {
		switch r {
		case ' ', '\t', '\r', '\n', '\u00a0', '\u3000', '\u200b', '\u200e', '\u200f', '\ufeff':
			return true
		}
		return false
	})
}

// narrow makes full-width letters and digits ordinary ones.
func narrow(text string) string { return norm.NFKC.String(text) }
