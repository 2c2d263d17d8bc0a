package onboard

import (
	"encoding/csv"
	"io"
	"strings"

	"qianshao/registry"
	"qianshao/registry/label"
)

// ExportXLSX writes cameras as a list that can be imported again, which changes nothing.
// Passwords and consents are not in it: empty cells keep them. It has telephone numbers
// in it: it is for the carrier alone.
func ExportXLSX(to io.Writer, cameras []registry.Camera) error {
	heads, widths := headings()
	s, err := newSheet(widths...)
	if err != nil {
		return err
	}
	if err := s.freeze(); err != nil {
		return err
	}
	if err := s.row(heads, s.asHead); err != nil {
		return err
	}
	for i := range cameras {
		row := exported(&cameras[i])
		for n, text := range row { // a text of a workbook is not run
			if strings.HasPrefix(text, "'") {
				row[n] = label.Inert(text)
			}
		}
		if err := s.row(row, s.asText); err != nil {
			return err
		}
	}
	return s.write(to)
}

// ExportCSV is ExportXLSX as CSV: UTF-8 with a byte order mark, as spreadsheets want it.
// Texts that a spreadsheet would run begin with an apostrophe, which Read takes away.
func ExportCSV(to io.Writer, cameras []registry.Camera) error {
	if _, err := io.WriteString(to, "\ufeff"); err != nil {
		return err
	}
	w := csv.NewWriter(to)
	head := make([]string, len(columns))
	for i, c := range columns {
		head[i] = c.name
	}
	if err := w.Write(head); err != nil {
		return err
	}
	for i := range cameras {
		row := exported(&cameras[i])
		for n := range row {
			if columns[n].kind != isNumber {
				row[n] = label.Inert(row[n])
			}
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// exported is a camera as a row. What an import would take for "clear it" is left out.
func exported(c *registry.Camera) []string {
	row := make([]string, len(columns))
	for i, col := range columns {
		if col.of == nil {
			continue
		}
		if row[i] = col.of(c); row[i] == "-" {
			row[i] = ""
		}
	}
	return row
}

// common is what all streams of a camera have; empty, so that each keeps its own, where
// they differ.
func common(of func(s *registry.Stream) string) func(c *registry.Camera) string {
	return func(c *registry.Camera) string {
		text := of(&c.Streams[0])
		for i := range c.Streams {
			if of(&c.Streams[i]) != text {
				return ""
			}
		}
		return text
	}
}
