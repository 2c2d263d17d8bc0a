package onboard

import (
	"archive/zip"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"qianshao/registry"
)

// book is a workbook, each sheet as its XML within sheetData and behind it.
func book(t testing.TB, properties string, sheets ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	put := func(name, text string) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	var list, rels strings.Builder
	for i, s := range sheets {
		fmt.Fprintf(&list, `<sheet name="S%d" sheetId="%d" r:id="rId%d"/>`, i+1, i+1, i+1)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="worksheet" Target="worksheets/sheet%d.xml"/>`, i+1, i+1)
		put(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), `<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">`+s+`</worksheet>`)
	}
	put("xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">`+
		properties+`<sheets>`+list.String()+`</sheets></workbook>`)
	put("xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+rels.String()+`</Relationships>`)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rowsOf are rows of inline texts; a cell that begins with < is XML.
func rowsOf(rows ...[]string) string {
	var b strings.Builder
	b.WriteString("<sheetData>")
	for _, cells := range rows {
		b.WriteString("<row>")
		for _, c := range cells {
			switch {
			case strings.HasPrefix(c, "<"):
				b.WriteString(c)
			case c == "":
				b.WriteString("<c/>")
			default:
				b.WriteString(`<c t="inlineStr"><is><t>` + c + `</t></is></c>`)
			}
		}
		b.WriteString("</row>")
	}
	b.WriteString("</sheetData>")
	return b.String()
}

func numeral(v string) string { return "<c><v>" + v + "</v></c>" }

// Cells as programs write them: each becomes one text, or one problem.
func TestCellsOfAWorkbook(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ column, cell, want string }{
		"text":                {"package_account", "0859123", "0859123"},
		"number":              {"package_account", numeral("522301103205"), "522301103205"},
		"Java's number":       {"package_account", numeral("5.22301103205E11"), "522301103205"},
		"Java's round number": {"package_account", numeral("1.38E10"), "13800000000"},
		"pandas' number":      {"package_account", numeral("522301103205.0"), "522301103205"},
		"15 digits":           {"package_account", numeral("999999999999999"), "999999999999999"},
		"16 digits":           {"package_account", numeral("1000000000000000"), codeDigitsLost},
		"20 digits":           {"gb_id", numeral("5.2230110320132E+19"), codeDigitsLost},
		"a shown number":      {"package_account", "5.22E+11", codeDigitsLost},
		"a name with E":       {"household_ref", "5E10", "5E10"},
		"text with a point":   {"package_account", "522301103205.0", "522301103205"},
		"full width":          {"package_account", "０８５９", "0859"},
		"spaces":              {"address", "\u3000 兴义市\u00a0", "兴义市"},
		"an apostrophe":       {"address", "'=A1", "=A1"},
		"error value":         {"address", `<c t="e"><v>#N/A</v></c>`, codeCellError},
		"formula with error":  {"address", `<c t="e"><f>VLOOKUP(A1,B:C,2)</f><v>#REF!</v></c>`, codeCellError},
		"formula":             {"address", `<c t="str"><f>A1</f><v>兴义市</v></c>`, "兴义市"},
		"formula of a number": {"package_account", `<c><f>1+1</f><v>859123</v></c>`, "859123"},
		"formula, no value":   {"address", `<c><f>A1</f></c>`, codeNoValue},
		"yes":                 {"notice_sign", `<c t="b"><v>1</v></c>`, "yes"},
		"serial":              {"install_date", numeral("46000"), "2025-12-09"},
		"serial with time":    {"install_date", numeral("46000.75"), "2025-12-09"},
		"ISO date":            {"install_date", `<c t="d"><v>2025-12-09T00:00:00</v></c>`, "2025-12-09"},
		"rich text":           {"address", `<c t="inlineStr"><is><r><t>兴义</t></r><r><t>市</t></r><rPh><t>xing</t></rPh></is></c>`, "兴义市"},
		"clear":               {"address", "-", ""},
		"no such text":        {"address", `<c t="s"><v>7</v></c>`, codeBrokenBook},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			l, err := Read(bytes.NewReader(book(t, "", rowsOf([]string{"carrier_device_id", c.column}, []string{"a", c.cell}))), Options{})
			switch {
			case err != nil:
				got = err.(*FileError).Code
			case len(l.Rows[0].Problems) > 0:
				got = l.Rows[0].Problems[0].Code
			default:
				cam, bad := l.Rows[0].Draft.Merge(nil)
				if len(bad) > 0 {
					t.Fatal(bad[0])
				}
				for _, col := range columns {
					if col.name == c.column {
						got = col.of(cam)
					}
				}
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestDatesFrom1904(t *testing.T) {
	t.Parallel()
	sheet := rowsOf([]string{"carrier_device_id", "install_date"}, []string{"a", numeral("44538")})
	l, err := Read(bytes.NewReader(book(t, `<workbookPr date1904="1"/>`, sheet)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if cam, bad := l.Rows[0].Draft.Merge(nil); len(bad) > 0 || cam.Dossier.InstallDate != "2025-12-09" {
		t.Errorf("%+v, %v", cam, bad)
	}
}

// Titles, two rows of header, merged cells, hidden and other sheets, empty rows.
func TestSheetsAsPeopleMakeThem(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	set := func(sheet, at string, v any) {
		t.Helper()
		if err := f.SetCellValue(sheet, at, v); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"旧表", "汇总", "摄像机", "附件"} {
		if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
	}
	set("旧表", "A1", "设备编号")
	set("旧表", "A2", "OLD")
	set("汇总", "A1", "共 3 台")
	set("附件", "A1", "设备编号")
	set("附件", "A2", "MORE")
	for at, v := range map[string]any{
		"A1": "登记表", "A3": "设备编号", "B3": "村居代码", "C3": "坐标", "E3": "点位名称", "C4": "经度", "D4": "纬度",
		"A5": "A-1", "B5": 522301001001, "C5": 104.9, "D5": 25.1, "E5": "一",
		"A6": "A-2", "C6": 104.91, "D6": 25.11, "E6": "二", "A8": "A-3", "C8": 104.92, "D8": 25.12, "E8": "三", "A9": "A-4", "B9": "522301001002",
	} {
		set("摄像机", at, v)
	}
	for _, m := range [][2]string{{"A1", "E2"}, {"A3", "A4"}, {"B3", "B4"}, {"C3", "D3"}, {"E3", "E4"}, {"B5", "B8"}} {
		if err := f.MergeCell("摄像机", m[0], m[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SetSheetVisible("旧表", false); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	l, err := Read(bytes.NewReader(b.Bytes()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range l.Rows {
		cam, bad := r.Draft.Merge(nil)
		if len(bad)+len(r.Problems) > 0 {
			t.Fatal(bad, r.Problems)
		}
		got = append(got, fmt.Sprint(r.Line, " ", cam.DeviceID, " ", cam.Division, " ", cam.Name, " ", cam.Place != nil))
	}
	want := []string{"5 A-1 522301001001 一 true", "6 A-2 522301001001 二 true", "8 A-3 522301001001 三 true", "9 A-4 522301001002  false"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{codeOtherSheets, codeMerged}, warned(l)); d != "" || l.Sheet != "摄像机" ||
		!strings.Contains(l.Warnings[0].Message.ZH, "旧表") || !strings.Contains(l.Warnings[1].Message.EN, "1 merged cells") {
		t.Error(d, l.Sheet, l.Warnings)
	}
}

// What unpacks to far more than it is, or has rows without end, is refused before it takes
// memory.
func TestBombs(t *testing.T) {
	t.Parallel()
	row := "<row><c><v>1</v></c></row>"
	head := "<sheetData><row><c t=\"inlineStr\"><is><t>carrier_device_id</t></is></c></row>"
	for name, c := range map[string]struct {
		raw  []byte
		code string
	}{
		"rows":   {book(t, "", head+strings.Repeat(row, MaxRows+20)+"</sheetData>"), codeTooManyRows},
		"blanks": {book(t, "", head+strings.Repeat("<row/>", lastRow)+"</sheetData>"), codeTooManyRows},
		"spaces": {book(t, "", head+strings.Repeat(" ", mostPart)+"</sheetData>"), codeTooLarge},
		"cut":    {book(t, "", head+"<row><c><v>1"), codeBrokenBook},
		"merged": {book(t, "", head+row+"</sheetData><mergeCells>"+strings.Repeat(`<mergeCell ref="A1:IV999999"/>`, 40_000)+"</mergeCells>"), codeNoRows},
		"wide":   {book(t, "", head+`<row><c><v>1</v></c><c r="XFD2"><v>1</v></c></row></sheetData>`), ""},
	} {
		_, err := Read(bytes.NewReader(c.raw), Options{})
		code := ""
		if err != nil {
			code = err.(*FileError).Code
		}
		if code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
}

func FuzzReadXLSX(f *testing.F) {
	f.Add(book(f, "", rowsOf([]string{"carrier_device_id", "gb_id"}, []string{"a", numeral("5.2E19")})))
	f.Add(book(f, `<workbookPr date1904="1"/>`, rowsOf([]string{"x"}), rowsOf([]string{"设备编号", "授权签署时间"}, []string{"a", numeral("46000.5")}, []string{`<c t="e"><v>#N/A</v></c>`})+
		`<mergeCells><mergeCell ref="A1:B2"/></mergeCells>`))
	var template bytes.Buffer
	if err := Template(&template); err != nil {
		f.Fatal(err)
	}
	f.Add(template.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) < 1<<20 {
			holds(t, append([]byte("PK\x03\x04"), bytes.TrimPrefix(raw, []byte("PK\x03\x04"))...))
		}
	})
}

// FuzzSheet makes a sheet of what it is given: the packing around it hides it from
// FuzzReadXLSX.
func FuzzSheet(f *testing.F) {
	f.Add(rowsOf([]string{"carrier_device_id", "lon"}, []string{"a", numeral("104.9")}, []string{"b", `<c t="e"><v>#N/A</v></c>`}) + `<mergeCells><mergeCell ref="A2:B3"/></mergeCells>`)
	f.Add(`<sheetData><row r="3"><c r="B3" t="s"><v>0</v></c><c r="A3"><f/></c></row></sheetData>`)
	f.Fuzz(func(t *testing.T, sheet string) {
		holds(t, book(t, "", sheet))
	})
}

// An empty template has nothing in it that is read; its example is a camera that passes.
func TestTemplate(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Template(&b); err != nil {
		t.Fatal(err)
	}
	_, err := Read(bytes.NewReader(b.Bytes()), Options{})
	if err == nil || err.(*FileError).Code != codeNoRows {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.SetCellStr(camerasSheet, "B2", "DX-1"); err != nil {
		t.Fatal(err)
	}
	lists, err := f.GetDataValidations(camerasSheet)
	if err != nil || len(lists) != len(choices) {
		t.Errorf("%d lists to choose from, want %d, %v", len(lists), len(choices), err)
	}
	b.Reset()
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	l, err := Read(bytes.NewReader(b.Bytes()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Warnings) != 0 {
		t.Errorf("%+v", l.Warnings)
	}
	answers, err := Check(t.Context(), Deps{Registry: open(t)}, l)
	if err != nil || len(answers) != 1 || answers[0].Status == registry.Rejected {
		t.Errorf("%+v, %v", answers, err)
	}
	if slices.ContainsFunc(l.columns, func(c *column) bool { return c == nil }) || len(l.columns) != len(columns) {
		t.Error("the template has a column that is not read")
	}
}
