package onboard

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"qianshao/registry"
	"qianshao/registry/place"
	"qianshao/registry/secret"
)

// draw is a camera as lists may make it.
func draw(t *rapid.T, n int) registry.Draft {
	maybe := func(name string, g *rapid.Generator[string]) registry.Field[string] {
		switch rapid.IntRange(0, 3).Draw(t, name+" mode") {
		case 0:
			return registry.Field[string]{}
		default:
			return registry.Set(g.Draw(t, name))
		}
	}
	label := rapid.StringMatching(`[='+@"<&;, a-zA-Z0-9\-村口桥，（）]{0,20}`)
	degrees := func(name string, low, high float64) registry.Field[float64] {
		return registry.Set(rapid.Float64Range(low, high).Draw(t, name))
	}
	d := registry.Draft{
		Carrier: "telecom", DeviceID: fmt.Sprintf("D-%d", n), Name: maybe("name", label), CommonName: maybe("common", label), Landmark: maybe("landmark", label),
		Username: maybe("user", rapid.StringMatching(`[=+@'a-z]{1,8}`)), Password: registry.Set(secret.New("kanarienvogel")),
		Transport: registry.Set(rapid.SampledFrom([]registry.Transport{registry.TCP, registry.UDP, registry.HTTP, registry.Auto}).Draw(t, "transport")),
		Texts:     map[string]registry.Field[string]{},
	}
	if rapid.Bool().Draw(t, "pulled") {
		d.URL = registry.Set(fmt.Sprintf("rtsp://10.8.0.%d/main?a=1,2&password={password}", n))
		if rapid.Bool().Draw(t, "two") {
			d.SubURL = registry.Set(fmt.Sprintf("rtsps://[2001:db8::%d]:8554/sub", n))
		}
	}
	if rapid.Bool().Draw(t, "placed") {
		d.Lon, d.Lat = degrees("lon", 104, 106), degrees("lat", 24.5, 26)
		d.System = registry.Set(rapid.SampledFrom(systems).Draw(t, "system"))
		if rapid.Bool().Draw(t, "looks") {
			d.Azimuth, d.FOV, d.Range = degrees("azimuth", 0, 359.9), degrees("fov", 0, 360), degrees("range", 0, 10_000)
		}
	}
	if rapid.Bool().Draw(t, "kept") {
		d.RetentionDays = registry.Set(rapid.IntRange(1, 3650).Draw(t, "days"))
	}
	if rapid.Bool().Draw(t, "phone") {
		d.Phone = registry.Set(secret.New(rapid.StringMatching(`\+?[0-9][0-9 -]{4,12}[0-9]`).Draw(t, "number")))
	}
	if rapid.Bool().Draw(t, "high") {
		d.Height = degrees("height", 0, 200)
	}
	for name, g := range map[string]*rapid.Generator[string]{
		"household_ref": rapid.StringMatching(`[户a-z]?[0-9]{1,12}`), "package_account": rapid.StringMatching(`0?[0-9]{1,18}`), "package_name": label, "address": label,
		"resolution": label, "codec": label, "installer": label, "site_class": rapid.SampledFrom([]string{"yard", "巷道"}), "notice_sign": rapid.SampledFrom([]string{"是", "no"}),
		"install_date": rapid.SampledFrom([]string{"2026-11-20", "20260102"}),
	} {
		d.Texts[name] = maybe(name, g)
	}
	if rapid.Bool().Draw(t, "national") {
		d.Texts["gb_id"] = registry.Set(fmt.Sprintf("522301000013200%05d", n))
	}
	return d
}

// A carrier's cameras, exported and imported again, are unchanged, every one; passwords
// never leave; nothing that is exported is run by a spreadsheet.
func TestWhatIsExportedComesBack(t *testing.T) {
	t.Parallel()
	r := open(t)
	rapid.Check(t, func(t *rapid.T) {
		drafts := make([]registry.Draft, 5)
		for i := range drafts {
			drafts[i] = draw(t, i)
		}
		if _, err := r.Upsert(t.Context(), drafts); err != nil { // some cannot be, and stay as they were
			t.Fatal(err)
		}
		page, err := r.List(t.Context(), registry.Query{Carrier: "telecom"})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) == 0 {
			return
		}
		for name, export := range map[string]func(io.Writer, []registry.Camera) error{"CSV": ExportCSV, "XLSX": ExportXLSX} {
			var b bytes.Buffer
			if err := export(&b, page.Items); err != nil {
				t.Fatal(err)
			}
			l, err := Read(bytes.NewReader(b.Bytes()), Options{Carrier: "telecom"})
			if err != nil || len(l.Warnings) > 0 {
				t.Fatal(name, err, l.Warnings)
			}
			out, err := r.UpsertDry(t.Context(), l.Drafts(make([]Answer, len(l.Rows)), false))
			if err != nil || len(out) != len(page.Items) || len(said(l.Rows)) > 0 {
				t.Fatal(name, len(out), said(l.Rows), err)
			}
			for i, o := range out {
				if o.Status != registry.Unchanged {
					t.Fatalf("%s: %+v of %+v", name, o, page.Items[i])
				}
			}
			if text := b.String(); name == "CSV" && strings.Contains(text, "kanarienvogel") {
				t.Fatal("a password is exported")
			}
		}
	})
}

// A text of a workbook is a text whatever it begins with, and in CSV it is kept from
// being run.
func TestNothingExportedIsRun(t *testing.T) {
	t.Parallel()
	r := open(t)
	if _, err := r.Upsert(t.Context(), []registry.Draft{{Carrier: "telecom", DeviceID: "a", Name: registry.Set("=HYPERLINK(1)"), Landmark: registry.Set("@x"), Lon: registry.Set(-104.9), Lat: registry.Set(-25.1), Phone: registry.Set(secret.New("+86 13800000000")), Password: registry.Set(secret.New("kanarienvogel"))}}); err != nil {
		t.Fatal(err)
	}
	page, err := r.List(t.Context(), registry.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var text, sheet bytes.Buffer
	if err := ExportCSV(&text, page.Items); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{",'=HYPERLINK(1),", ",'@x,", ",'+86 13800000000,", ",-104.9,-25.1,"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%s is not in %s", want, text.String())
		}
	}
	if err := ExportXLSX(&sheet, page.Items); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&sheet)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.GetRows(camerasSheet)
	if err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	for i := range rows[1] {
		at, err := excelize.CoordinatesToCellName(i+1, 2)
		if err != nil {
			t.Fatal(err)
		}
		if run, err := f.GetCellFormula(camerasSheet, at); err != nil || run != "" || strings.Contains(rows[1][i], "kanarienvogel") {
			t.Errorf("%s: %s %s, %v", at, run, rows[1][i], err)
		}
	}
}

// The sheet of errors has the bad rows, or all, with the bad cells coloured and why beside
// them; its own columns do not pile up.
func TestErrorSheet(t *testing.T) {
	t.Parallel()
	l := read(t, "carrier_device_id,备注,lon,phone\na,x,one,1.38E+10\nb,y,,\nc,z,,'=1\n")
	answers, err := Check(t.Context(), Deps{Registry: open(t)}, l)
	if err != nil {
		t.Fatal(err)
	}
	for _, all := range []bool{false, true} {
		var b bytes.Buffer
		if err := ErrorSheet(&b, l, answers, all); err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(b.Bytes()), Options{})
		if err != nil || len(again.Warnings) != 1 {
			t.Fatal(err, again.Warnings)
		}
		var twice bytes.Buffer
		if err := ErrorSheet(&twice, again, make([]Answer, len(again.Rows)), true); err != nil {
			t.Fatal(err)
		}
		for _, sheet := range []*bytes.Buffer{&b, &twice} {
			f, err := excelize.OpenReader(sheet)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := f.GetRows(camerasSheet)
			if err != nil || len(rows) != map[bool]int{false: 3, true: 4}[all] || strings.Join(rows[0], "|") != "错误说明|Error|carrier_device_id|备注|lon|phone" {
				t.Fatalf("%q, %v", rows, err)
			}
			if sheet == &twice {
				continue
			}
			if !strings.HasPrefix(rows[1][0], "经度：不是数字") || !strings.Contains(rows[1][0], "；联系电话：") || !strings.Contains(rows[1][1], "lon: the cell is not a number") || rows[1][2] != "a" {
				t.Errorf("%q", rows[1])
			}
			plain, err1 := f.GetCellStyle(camerasSheet, "C2")
			lon, err2 := f.GetCellStyle(camerasSheet, "E2")
			phone, err3 := f.GetCellStyle(camerasSheet, "F2")
			if err1 != nil || err2 != nil || err3 != nil || lon == plain || lon != phone {
				t.Errorf("styles %d %d %d", plain, lon, phone)
			}
		}
	}
}

var systems = []place.System{place.WGS84, place.GCJ02, place.BD09}
