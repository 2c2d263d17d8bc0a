package onboard

import (
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"qianshao/registry"
)

// The columns that an error sheet has besides those of the list. A list that is read
// again passes them over.
const (
	errorZH = "错误说明"
	errorEN = "Error"
)

// camerasSheet is the sheet of cameras in workbooks that are written here.
const camerasSheet = "摄像机 Cameras"

// sheetWriter writes a workbook with one sheet, row by row.
type sheetWriter struct {
	file *excelize.File
	rows *excelize.StreamWriter
	n    int
	text int // style of cells: text, so that no digit is lost
	bad  int // of cells that are wrong
	head int
}

func newSheet(widths ...float64) (s *sheetWriter, err error) {
	s = &sheetWriter{file: excelize.NewFile()}
	if err := s.file.SetSheetName("Sheet1", camerasSheet); err != nil {
		return nil, err
	}
	for at, style := range map[*int]*excelize.Style{
		&s.text: {NumFmt: textFormat},
		&s.bad:  {NumFmt: textFormat, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFC7CE"}}},
		&s.head: {
			Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "center"},
			Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"DDEBF7"}},
		},
	} {
		if *at, err = s.file.NewStyle(style); err != nil {
			return nil, err
		}
	}
	if s.rows, err = s.file.NewStreamWriter(camerasSheet); err != nil {
		return nil, err
	}
	for i, width := range widths {
		if err := s.rows.SetColStyle(i+1, i+1, s.text); err != nil {
			return nil, err
		}
		if err := s.rows.SetColWidth(i+1, i+1, width); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// textFormat is the number format of cells that are text (ECMA-376 18.8.30: @).
const textFormat = 49

// row writes a row of texts; a text of a workbook is never run as a formula.
func (s *sheetWriter) row(cells []string, style func(i int) int) error {
	values := make([]any, len(cells))
	for i, text := range cells {
		values[i] = excelize.Cell{StyleID: style(i), Value: text}
	}
	s.n++
	at, err := excelize.CoordinatesToCellName(1, s.n)
	if err != nil {
		return err
	}
	return s.rows.SetRow(at, values)
}

func (s *sheetWriter) asHead(int) int { return s.head }
func (s *sheetWriter) asText(int) int { return s.text }

// write ends the sheet and writes the workbook. The header stays in sight.
func (s *sheetWriter) write(to io.Writer) error {
	if err := s.rows.Flush(); err != nil {
		return err
	}
	return s.file.Write(to)
}

// freeze keeps the first row in sight; before the first row.
func (s *sheetWriter) freeze() error {
	return s.rows.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
}

// width is a column's width for its name, in characters.
func width(name string) float64 { return max(12, float64(len(name))*0.9) }

// ErrorSheet writes a list as a workbook with what is wrong with it: bad cells are
// coloured, and two columns say why, in Chinese and English. The rows are those that are
// bad, or with all every one. It can be corrected and imported again; it holds what was
// uploaded, passwords too.
func ErrorSheet(to io.Writer, l *List, answers []Answer, all bool) error {
	heads, widths := []string{errorZH, errorEN}, []float64{50, 50}
	var shown []int // columns of the list; not those of an error sheet before
	for i, head := range l.heads {
		if head != errorZH && head != errorEN {
			heads, widths, shown = append(heads, head), append(widths, width(head)), append(shown, i)
		}
	}
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
	for i := range l.Rows {
		a := &answers[i]
		if a.Status != registry.Rejected && !all {
			continue
		}
		zh, en := explained(a)
		row, styles := []string{zh, en}, []int{s.text, s.text}
		for _, n := range shown {
			text, style := "", s.text
			if n < len(l.Rows[i].cells) {
				text = l.Rows[i].cells[n]
			}
			if col := l.columns[n]; col != nil && slices.ContainsFunc(a.Problems, func(p Problem) bool { return p.Field == col.name }) {
				style = s.bad
			}
			row, styles = append(row, text), append(styles, style)
		}
		if err := s.row(row, func(i int) int { return styles[i] }); err != nil {
			return err
		}
	}
	return s.write(to)
}

// explained is all that is wrong with a row, in both languages.
func explained(a *Answer) (string, string) {
	var zh, en []string
	for _, p := range a.Problems {
		col := known()[plainName(p.Field)]
		if col == nil {
			zh, en = append(zh, p.Message.ZH), append(en, p.Message.EN)
			continue
		}
		zh, en = append(zh, col.zh+"："+p.Message.ZH), append(en, col.name+": "+p.Message.EN)
	}
	return strings.Join(zh, "；"), strings.Join(en, "; ")
}
