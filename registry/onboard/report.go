package onboard

import (
	"encoding/csv"
	"io"

	"qianshao/registry/label"
)

// The forms of a Report.
const (
	CSV  = "csv"
	XLSX = "xlsx"
)

// Report writes a table for spreadsheets, row by row. No cell is run as a formula.
type Report struct {
	to   io.Writer
	csv  *csv.Writer  // one of these two
	book *sheetWriter // keeps its rows in a file until Close
}

// NewReport begins one with its header, in the form CSV or XLSX.
func NewReport(to io.Writer, form string, columns []Column) (*Report, error) {
	names, heads, widths := make([]string, len(columns)), make([]string, len(columns)), make([]float64, len(columns))
	for i, c := range columns {
		names[i], heads[i], widths[i] = c.Name, c.ZH+"\n"+c.Name, width(c.Name)
	}
	if form == CSV {
		r := &Report{to: to, csv: csv.NewWriter(to)}
		if _, err := io.WriteString(to, "\ufeff"); err != nil { // spreadsheets take it for UTF-8
			return nil, err
		}
		return r, r.csv.Write(names)
	}
	s, err := newSheet(widths...)
	if err != nil {
		return nil, err
	}
	if err := s.freeze(); err != nil {
		return nil, err
	}
	return &Report{to: to, book: s}, s.row(heads, s.asHead)
}

// Row writes one row.
func (r *Report) Row(cells ...string) error {
	for i, text := range cells {
		cells[i] = label.Inert(text)
	}
	if r.csv != nil {
		return r.csv.Write(cells)
	}
	return r.book.row(cells, r.book.asText)
}

// Close writes what is left.
func (r *Report) Close() error {
	if r.csv != nil {
		r.csv.Flush()
		return r.csv.Error()
	}
	return r.book.write(r.to)
}
