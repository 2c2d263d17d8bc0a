package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// table is text in columns. Chinese characters take two cells of a terminal, so
// text/tabwriter, which counts characters, would not line up.
type table struct {
	head []string
	rows [][]string
}

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// write leaves out columns without any text below the head.
func (t *table) write(w io.Writer) error {
	width := make([]int, len(t.head))
	for _, row := range t.rows {
		for i, c := range row {
			if c != "" {
				width[i] = max(width[i], cells(c), cells(t.head[i]))
			}
		}
	}
	var b strings.Builder
	for _, row := range append([][]string{t.head}, t.rows...) {
		line := ""
		for i, c := range row {
			if width[i] > 0 {
				line += c + strings.Repeat(" ", width[i]-cells(c)+2)
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cells is the width of a text on a terminal.
func cells(s string) (n int) {
	for _, r := range s {
		n++
		if r >= 0x1100 && r <= 0x115F || r >= 0x2E80 && r <= 0xA4CF || r >= 0xAC00 && r <= 0xD7A3 ||
			r >= 0xF900 && r <= 0xFAFF || r >= 0xFE30 && r <= 0xFE6F || r >= 0xFF00 && r <= 0xFF60 || r >= 0x20000 && r <= 0x3FFFD {
			n++
		}
	}
	return n
}

// bytesText writes a number of bytes for people.
func bytesText(n int64) string {
	switch {
	case n >= 1e12:
		return fmt.Sprintf("%.1f TB", float64(n)/1e12)
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%d bytes", n)
}

func printJSON(w io.Writer, v any) error {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(body, '\n'))
	return err
}
