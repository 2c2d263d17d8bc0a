package onboard

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
)

// A workbook is read here, and not by excelize, which writes ours: reading row by row it
// tells neither a number from a text that looks like one, nor a formula without a value
// from an empty cell.

// The parts of a workbook are bounded: a few kilobytes of it can unpack to gigabytes.
const (
	mostPart    = 64 << 20 // bytes of one part, unpacked
	mostStrings = 1 << 20  // texts in the table of texts
	mostColumns = 256
	lastRow     = 1 << 20 // that a sheet can have, empty ones included
	mostSheets  = 256
	mostMerged  = 50_000
)

// notesSheet is the template's own, which is no list.
const notesSheet = "说明 Notes"

// workbook is an open XLSX file (ECMA-376).
type workbook struct {
	parts    map[string]*zip.File
	sheets   []sheetEntry
	strings  []string
	from1904 bool
}

type sheetEntry struct {
	name, part string
	hidden     bool
}

// readXLSX reads the first visible sheet that has a header.
func readXLSX(raw []byte) (*table, error) {
	w, err := openWorkbook(raw)
	if err != nil {
		return nil, err
	}
	var first, chosen *table
	var others []string
	for _, s := range w.sheets {
		if chosen != nil || s.hidden {
			others = append(others, s.name)
			continue
		}
		t, err := w.sheet(s)
		if err != nil {
			return nil, err
		}
		if first == nil {
			first = t
		}
		if _, err := (&List{}).header(t); err != nil {
			others = append(others, s.name)
			continue
		}
		chosen = t
	}
	if chosen == nil {
		if first == nil {
			return nil, badFile(codeEmptyFile)
		}
		return first, nil // its error says what is missing
	}
	told := others[:0]
	for _, name := range others {
		if name != notesSheet {
			told = append(told, name)
		}
	}
	if len(told) > 0 {
		chosen.warn(codeOtherSheets, chosen.sheet, strings.Join(told[:min(len(told), 10)], ", "))
	}
	return chosen, nil
}

func openWorkbook(raw []byte) (*workbook, error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, badFile(codeBrokenBook, "zip")
	}
	w := &workbook{parts: map[string]*zip.File{}}
	for _, f := range z.File {
		w.parts[strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/")] = f
	}
	const book = "xl/workbook.xml"
	var b struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"id,attr"` // r:id
		} `xml:"sheets>sheet"`
	}
	var rels struct {
		List []struct {
			ID     string `xml:"Id,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	if err := errors.Join(w.decode(book, &b), w.decode("xl/_rels/workbook.xml.rels", &rels)); err != nil {
		return nil, err
	}
	if len(b.Sheets) > mostSheets {
		return nil, badFile(codeBrokenBook, "sheets")
	}
	w.from1904 = b.Properties.Date1904 == "1" || b.Properties.Date1904 == "true"
	for _, s := range b.Sheets {
		for _, r := range rels.List {
			if r.ID != s.ID {
				continue
			}
			part := strings.TrimPrefix(r.Target, "/")
			if part == r.Target {
				part = path.Join("xl", part)
			}
			w.sheets = append(w.sheets, sheetEntry{s.Name, part, s.State == "hidden" || s.State == "veryHidden"})
			break
		}
	}
	return w, w.readStrings()
}

// part opens a part; what is longer than mostPart ends there with an error.
func (w *workbook) part(name string) (io.ReadCloser, error) {
	f := w.parts[name]
	if f == nil {
		return nil, badFile(codeBrokenBook, name)
	}
	if f.UncompressedSize64 > mostPart {
		return nil, badFile(codeTooLarge, mostPart>>20)
	}
	r, err := f.Open()
	if err != nil {
		return nil, badFile(codeBrokenBook, name)
	}
	return struct {
		io.Reader
		io.Closer
	}{&bounded{r: r, left: mostPart}, r}, nil
}

// errTooLong ends a part that is longer than its head says.
var errTooLong = errors.New("too long")

type bounded struct {
	r    io.Reader
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// decode reads a small part whole.
func (w *workbook) decode(name string, into any) error {
	r, err := w.part(name)
	if err != nil {
		return err
	}
	defer r.Close()
	if err := xml.NewDecoder(io.LimitReader(r, 1<<20)).Decode(into); err != nil {
		return badFile(codeBrokenBook, name)
	}
	return nil
}

// elements calls back for every element of a part as it begins.
func (w *workbook) elements(name string, f func(d *xml.Decoder, e *xml.StartElement) error) error {
	r, err := w.part(name)
	if err != nil {
		return err
	}
	defer r.Close()
	d := xml.NewDecoder(r)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			if e, ok := token.(xml.StartElement); ok {
				err = f(d, &e)
			}
		}
		if fe := (*FileError)(nil); errors.As(err, &fe) {
			return fe
		} else if err != nil {
			return badFile(codeBrokenBook, name)
		}
	}
}

// readStrings reads the texts that cells share.
func (w *workbook) readStrings() error {
	const name = "xl/sharedStrings.xml"
	if w.parts[name] == nil {
		return nil // a workbook of numbers, or with its texts in the cells
	}
	return w.elements(name, func(d *xml.Decoder, e *xml.StartElement) error {
		if e.Name.Local != "si" {
			return nil
		}
		if len(w.strings) == mostStrings {
			return badFile(codeTooLarge, mostPart>>20)
		}
		text, err := readText(d)
		w.strings = append(w.strings, text)
		return err
	})
}

// readText is the text within the element that has begun, without how it is spoken.
func readText(d *xml.Decoder) (string, error) {
	var b strings.Builder
	for depth, in := 1, false; depth > 0; {
		token, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "rPh" {
				if err := d.Skip(); err != nil {
					return "", err
				}
				continue
			}
			depth++
			in = t.Name.Local == "t"
		case xml.EndElement:
			depth--
			in = false
		case xml.CharData:
			if in && b.Len() < mostText {
				b.Write(t[:min(len(t), mostText)])
			}
		}
	}
	return trim(b.String()), nil
}

// sheet reads one sheet.
func (w *workbook) sheet(s sheetEntry) (*table, error) {
	t := &table{sheet: s.name, from1904: w.from1904}
	var merged []mergedCells
	row := 0
	err := w.elements(s.part, func(d *xml.Decoder, e *xml.StartElement) error {
		switch e.Name.Local {
		case "row":
			row++
			if n, err := strconv.Atoi(attr(e, "r")); err == nil && n > 0 {
				row = n
			}
			if row > lastRow {
				return badFile(codeTooManyRows, MaxRows)
			}
			l, err := w.row(d, row)
			if err != nil || l.blank() {
				return err
			}
			if t.lines = append(t.lines, l); len(t.lines) > MaxRows+mostHeaderRows {
				return badFile(codeTooManyRows, MaxRows)
			}
		case "mergeCell":
			if m, ok := parseMerged(attr(e, "ref")); ok && len(merged) < mostMerged {
				merged = append(merged, m)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	t.spread(merged)
	return t, nil
}

func attr(e *xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// row reads the cells of a row that has begun.
func (w *workbook) row(d *xml.Decoder, n int) (line, error) {
	l := line{n: n}
	for at := 0; ; {
		token, err := d.Token()
		if err != nil {
			return l, err
		}
		switch e := token.(type) {
		case xml.EndElement:
			if e.Name.Local == "row" {
				return l, nil
			}
		case xml.StartElement:
			if e.Name.Local != "c" {
				continue
			}
			if col, _, ok := parseRef(attr(&e, "r")); ok {
				at = col
			}
			c, err := w.cell(d, attr(&e, "t"))
			if err != nil {
				return l, err
			}
			if at < mostColumns && (c.text != "" || c.kind != written) {
				for len(l.cells) <= at {
					l.cells = append(l.cells, cell{})
				}
				l.cells[at] = c
			}
			at++
		}
	}
}

// cell reads a cell that has begun: its value, or that of its formula as it was when the
// file was saved (ECMA-376 18.3.1.4).
func (w *workbook) cell(d *xml.Decoder, kind string) (cell, error) {
	var value string
	var formula, has bool
	for {
		token, err := d.Token()
		if err != nil {
			return cell{}, err
		}
		switch e := token.(type) {
		case xml.EndElement:
			if e.Name.Local != "c" {
				continue
			}
			c := cell{text: value}
			switch {
			case formula && !has:
				c = cell{kind: uncomputed}
			case kind == "e":
				c.kind = failed
			case kind == "s":
				i, err := strconv.Atoi(value)
				if err != nil || i < 0 || i >= len(w.strings) {
					return c, errors.New("no such text")
				}
				c.text = w.strings[i]
			case kind == "" || kind == "n":
				if value != "" {
					c.kind = numeric
				}
			}
			return c, nil
		case xml.StartElement:
			switch e.Name.Local {
			case "f":
				formula = true
				err = d.Skip()
			case "v":
				has = true
				value, err = readValue(d)
			case "is":
				has = true
				value, err = readText(d)
			default:
				err = d.Skip()
			}
			if err != nil {
				return cell{}, err
			}
		}
	}
}

// readValue is the text of the element that has begun.
func readValue(d *xml.Decoder) (string, error) {
	var text string
	for {
		token, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.CharData:
			text += string(t[:min(len(t), mostText)])
		case xml.EndElement:
			return trim(text), nil
		case xml.StartElement:
			return "", fmt.Errorf("%s in a value", t.Name.Local)
		}
	}
}

// mergedCells are a rectangle, its corners included, counted from 0.
type mergedCells struct{ left, top, right, bottom int }

func parseMerged(ref string) (m mergedCells, ok bool) {
	a, b, ok1 := strings.Cut(ref, ":")
	left, top, ok2 := parseRef(a)
	right, bottom, ok3 := parseRef(b)
	return mergedCells{left, top, right, bottom}, ok1 && ok2 && ok3 && left <= right && top <= bottom && right < mostColumns
}

// parseRef reads where a cell is: B12 is column 1 of row 11, counted from 0.
func parseRef(ref string) (column, row int, ok bool) {
	i := 0
	for ; i < len(ref) && i < 3 && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		column = column*26 + int(ref[i]-'A') + 1
	}
	row, err := strconv.Atoi(ref[i:])
	return column - 1, row - 1, err == nil && i > 0 && row > 0
}

// mostSpread bounds what is done for merged cells: more than a sheet of MaxRows has.
const mostSpread = MaxRows * mostColumns

// spread gives the value of merged cells to every row that they cover and that has more
// of its own.
func (t *table) spread(merged []mergedCells) {
	at := map[int]*line{}
	for i := range t.lines {
		at[t.lines[i].n-1] = &t.lines[i]
	}
	left := mostSpread
	for _, m := range merged {
		first := at[m.top]
		if first == nil || m.left >= len(first.cells) {
			continue
		}
		lent := first.cells[m.left]
		lent.spread = true
		last := 0
		for row := m.top; row <= m.bottom && left > 0; row++ {
			left--
			l := at[row]
			for col := m.left; l != nil && col <= m.right; col++ {
				if row == m.top && col == m.left {
					continue
				}
				for len(l.cells) <= col {
					l.cells = append(l.cells, cell{})
				}
				l.cells[col], last = lent, l.n
				left--
			}
		}
		if last > 0 {
			t.merged = append(t.merged, last)
		}
	}
}
