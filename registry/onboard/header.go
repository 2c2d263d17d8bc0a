package onboard

import (
	"slices"
	"strings"
	"sync"
)

// mostHeaderRows is how far down the header may stand, below titles.
const mostHeaderRows = 10

// deviceCode is a name that stands for either of two: the carrier's id, or the national
// one where the list has another column for the carrier's.
const deviceCode = "设备编码"

// known finds columns by their names as plainName has them.
var known = sync.OnceValue(func() map[string]*column {
	m := map[string]*column{}
	for _, c := range columns {
		for _, name := range append([]string{c.name, c.zh}, c.also...) {
			m[plainName(name)] = c
		}
	}
	m[deviceCode] = m[plainName(deviceColumn)]
	return m
})

// plainName is a column's name without what people write differently.
func plainName(text string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\t', '\r', '\n', '_', '-', '*', '\u00a0', '\u3000', '\u200b', '\ufeff':
			return -1
		}
		return r
	}, strings.ToLower(narrow(text)))
}

// columnOf finds the column that a cell of the header names, by all of it or by the first
// part that is known: 经度(WGS84), 设备编号 carrier_device_id.
func columnOf(text string) *column {
	if c := known()[plainName(text)]; c != nil || text == "" {
		return c
	}
	for _, part := range strings.FieldsFunc(narrow(text), func(r rune) bool { return strings.ContainsRune(" \t\r\n()[]【】/:、|,;", r) }) {
		if c := known()[plainName(part)]; c != nil {
			return c
		}
	}
	return nil
}

// header finds the row that names the columns, and learns their order.
func (l *List) header(t *table) (at int, err error) {
	best, most := -1, 0
	for i := range t.lines[:min(len(t.lines), mostHeaderRows)] {
		named := map[*column]bool{}
		for _, c := range t.lines[i].cells {
			if col := columnOf(c.text); col != nil {
				named[col] = true
			}
		}
		n := len(named)
		if named[known()[plainName(deviceColumn)]] {
			n += len(columns) // rather this one
		}
		if n > most {
			best, most = i, n
		}
	}
	switch {
	case len(t.lines) == 0:
		return 0, badFile(codeEmptyFile)
	case best < 0:
		return 0, badFile(codeNoHeader)
	}
	seen := map[*column]string{}
	for _, c := range t.lines[best].cells {
		col := columnOf(c.text)
		if plainName(c.text) == deviceCode && l.other(t.lines[best].cells, c.text) {
			col = known()["gbid"]
		}
		if c.spread && col != nil && seen[col] != "" {
			col = nil // a merged cell of the header
		} else if col != nil {
			if before, twice := seen[col]; twice {
				return 0, badFile(codeColumnTwice, col.name, col.zh, short(before), short(c.text))
			}
			seen[col] = c.text
		}
		l.heads, l.columns = append(l.heads, c.text), append(l.columns, col)
		if col == nil && c.text != "" && !c.spread && c.text != errorZH && c.text != errorEN {
			l.warnUnknown(c.text)
		}
	}
	if most <= len(columns) {
		return 0, badFile(codeNoDevice)
	}
	return best, nil
}

// other reports whether the header names the carrier's id by another name than this.
func (l *List) other(cells []cell, name string) bool {
	return slices.ContainsFunc(cells, func(c cell) bool {
		col := columnOf(c.text)
		return c.text != name && col != nil && col.name == deviceColumn
	})
}

// device is the cell of a row that has the carrier's id.
func (l *List) device(line *line) string {
	for i, c := range line.cells {
		if i < len(l.columns) && l.columns[i] != nil && l.columns[i].name == deviceColumn {
			return c.text
		}
	}
	return ""
}

// isHead reports whether a text is one of the header.
func (l *List) isHead(text string) bool { return slices.Contains(l.heads, text) }

func (l *List) warn(code string, args ...any) {
	l.Warnings = append(l.Warnings, Warning{code, say(code, args...)})
}

func (l *List) warnUnknown(text string) {
	if c := nearest(plainName(text)); c != nil {
		l.warn(codeDidYouMean, short(text), c.zh, c.name)
		return
	}
	l.warn(codeUnknownColumn, short(text))
}

// nearest is the column whose name is nearly this, or part of it.
func nearest(name string) *column {
	var best *column
	least := 1 << 30
	runes := []rune(name)
	for other, c := range known() {
		o := []rune(other)
		d := distance(runes, o)
		if len(o) > 1 && len(runes) > 1 && (strings.Contains(name, other) || strings.Contains(other, name)) {
			d = min(d, 1)
		}
		if d <= max(1, min(len(runes), len(o))/3) && (d < least || d == least && c.name < best.name) {
			best, least = c, d
		}
	}
	return best
}

// distance is how many letters must be changed, added or left out (Levenshtein).
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before := row[0]
		row[0] = i + 1
		for j := range b {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// required are the columns that a new camera of a carrier needs.
var required = []string{"village_code", "lon", "lat", "consent_id", "consent_version", "consent_signed_at"}

// warnMissing tells of columns without which no new camera of a carrier is taken.
func (l *List) warnMissing() {
	if !slices.ContainsFunc(l.Rows, func(r Row) bool { return ruled(&r) }) {
		return
	}
	var zh, en []string
	for _, name := range required {
		if c := known()[plainName(name)]; !slices.Contains(l.columns, c) {
			zh, en = append(zh, c.zh), append(en, c.name)
		}
	}
	if len(en) > 0 {
		l.Warnings = append(l.Warnings, Warning{codeMissingColumn, Text{
			ZH: say(codeMissingColumn, strings.Join(zh, "、")).ZH, EN: say(codeMissingColumn, strings.Join(en, ", ")).EN,
		}})
	}
}
