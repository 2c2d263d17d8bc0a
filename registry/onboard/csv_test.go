package onboard

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"qianshao/registry"
)

func read(t *testing.T, text string) *List {
	t.Helper()
	list, err := Read(strings.NewReader(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// said is what is wrong with rows, as ROW FIELD CODE.
func said(rows []Row) (out []string) {
	for i := range rows {
		for _, p := range rows[i].Problems {
			out = append(out, fmt.Sprint(p.Row, " ", p.Field, " ", p.Code))
		}
	}
	return out
}

func answered(answers []Answer) (out []string) {
	for i := range answers {
		for _, p := range answers[i].Problems {
			out = append(out, fmt.Sprint(p.Row, " ", p.Field, " ", p.Code))
		}
	}
	return out
}

func warned(l *List) (out []string) {
	for _, w := range l.Warnings {
		out = append(out, w.Code)
	}
	return out
}

// enter enters text, and returns the cameras by device id.
func enter(t *testing.T, r *registry.Registry, text string) map[string]registry.Camera {
	t.Helper()
	answers, err := Enter(t.Context(), Deps{Registry: r}, read(t, text), false, r.Upsert)
	if err != nil || Count(answers)[registry.Rejected] > 0 {
		t.Fatalf("%q, %v", answered(answers), err)
	}
	page, err := r.List(t.Context(), registry.Query{})
	if err != nil {
		t.Fatal(err)
	}
	cams := map[string]registry.Camera{}
	for _, c := range page.Items {
		cams[c.DeviceID] = c
	}
	return cams
}

func open(t *testing.T) *registry.Registry {
	t.Helper()
	r, err := registry.Open(t.Context(), registry.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestAListIsEntered(t *testing.T) {
	t.Parallel()
	r := open(t)
	cams := enter(t, r, "\ufeffcarrier_device_id,name,rtsp_url,lon,lat\r\n"+
		"yard-1,村口东,rtsp://admin:pw@10.0.0.1:554/a,104.9,25.1\r\n"+
		"yard-2,\"Lane, north\",rtsp://10.0.0.2/a,,\r\n\r\n,,,,\r\n")
	a := cams["yard-1"]
	if a.Carrier != "local" || a.Name != "村口东" || a.Place == nil || a.Place.Lat != 25.1 ||
		a.Streams[0].URL != "rtsp://10.0.0.1:554/a" || a.Streams[0].Password.Reveal() != "pw" {
		t.Errorf("%+v", a)
	}
	if b := cams["yard-2"]; b.Name != "Lane, north" || b.Place != nil {
		t.Errorf("%+v", b)
	}

	// Another order, other columns: what is missing or empty stays, - clears.
	cams = enter(t, r, "LAT, Lon ,retention_days,carrier_device_id,sub_rtsp_url,name,password,transport,azimuth_deg,fov_deg,range_m,username,tls_sha256,carrier\n"+
		"25.2,,60,yard-1,rtsp://10.0.0.1/sub,,new,UDP,90,70.5,30,,"+strings.Repeat("ab", 32)+",local\n"+
		"-,-,,yard-2,,-,,,,,,,,\n")
	a = cams["yard-1"]
	if a.Place.Lat != 25.2 || a.Place.Lon != 104.9 || *a.Place.FOV != 70.5 || a.RetentionDays != 60 || a.Name != "村口东" ||
		len(a.Streams) != 2 || a.Streams[1].Username != "admin" || a.Streams[1].Password.Reveal() != "new" ||
		a.Streams[0].Transport != registry.UDP || a.Streams[0].TLSSHA256 == "" {
		t.Errorf("%+v", a)
	}
	if cams["yard-2"].Name != "" {
		t.Errorf("%+v", cams["yard-2"])
	}
	cams = enter(t, r, "carrier_device_id,retention_days,sub_rtsp_url,password,username,tls_sha256,azimuth_deg\nyard-1,-,-,-,-,-,-\n")
	a = cams["yard-1"]
	if a.RetentionDays != 0 || len(a.Streams) != 1 || !a.Streams[0].Password.IsZero() || a.Streams[0].Username != "" ||
		a.Streams[0].TLSSHA256 != "" || a.Place.Azimuth != nil || a.Place.FOV == nil {
		t.Errorf("%+v", a)
	}
}

func TestBadRowsAreReported(t *testing.T) {
	t.Parallel()
	list := read(t, `carrier_device_id,name,rtsp_url,lon,lat,retention_days,colour,phone,consent_id,install_date
a,ok,,,,,red
,empty,,,,,
b c,,,,,,
d,,,x,y,,
e,,,,,1.5,
a,again,,,,,
f,bad "quote,,,,,
g,ok,,,,,,,,,,
h,too,,,,,,,,,many
i,ok,,,,7,
j,#N/A,,,,,,1.38E+10,-,45983
-,,,,,,
k,,,0,0,,,522301103205.0
`)
	want := []string{
		"3 carrier_device_id required", "4 carrier_device_id bad_device", "5 lon not_a_number", "5 lat not_a_number", "6 retention_days not_whole",
		"7 carrier_device_id duplicate_row", "8  bad_csv", "10  too_many_cells", "12 phone digits_lost", "12 consent_id cannot_clear", "13 carrier_device_id cannot_clear",
	}
	if d := cmp.Diff(want, said(list.Rows)); d != "" {
		t.Error(d)
	}
	for i := range list.Rows {
		for _, p := range list.Rows[i].Problems {
			if p.Message.ZH == "" || p.Message.EN == "" || p.Row != list.Rows[i].Line {
				t.Errorf("%+v", p)
			}
		}
	}
	if d := cmp.Diff([]string{codeUnknownColumn}, warned(list)); d != "" || !strings.Contains(list.Warnings[0].Message.ZH, "“colour”") {
		t.Error(d, list.Warnings)
	}
	if last := list.Rows[len(list.Rows)-1]; last.Line != 14 || len(last.Problems) != 0 {
		t.Errorf("%+v", last)
	}
}

func TestBadFilesAreRefusedWithAdvice(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("x\n", MaxRows+1)
	for name, c := range map[string]struct{ text, code, want string }{
		"empty":        {"", codeEmptyFile, "begin with the line"},
		"nothing":      {"carrier_device_id,name\n\n", codeNoRows, "below the header"},
		"binary":       {"carrier_device_id,name\na,\xff\xff\xff\n", codeNotText, "line 2 is neither"},
		"workbook":     {"PK\x03\x04abc", codeBrokenBook, "save it as .xlsx again"},
		"old workbook": {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", codeOldWorkbook, "save it as .xlsx"},
		"web page":     {"\n<html><table><tr><td>carrier_device_id", codeWebPage, "web page"},
		"no device":    {"name,lon\na,1\n", codeNoDevice, "carrier_device_id"},
		"no header":    {"a,b\nc,d\n", codeNoHeader, "carrier_device_id"},
		"twice":        {"carrier_device_id,name,Name\n", codeColumnTwice, "twice"},
		"twice over":   {"设备编号,设备名称,点位名称\n", codeColumnTwice, `as "设备名称" and "点位名称"`},
		"open quote":   {"carrier_device_id,name\na,\"kanari\nb,c\n", codeOpenQuote, "double a quote"},
		"zeros":        {"carrier_device_id\x00\n", codeNotText, "line 1"},
		"too many":     {"carrier_device_id\n" + many, codeTooManyRows, "split the file"},
		"too large":    {strings.Repeat("x", MaxBytes+1), codeTooLarge, "split the file"},
	} {
		_, err := Read(strings.NewReader(c.text), Options{})
		fe := (*FileError)(nil)
		if !errors.Is(err, ErrBadFile) || !errors.As(err, &fe) || fe.Code != c.code || fe.Message.ZH == "" || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "kanari") {
			t.Errorf("%s: %v", name, err)
		}
	}
	boom := errors.New("boom")
	if _, err := Read(iotest.ErrReader(boom), Options{}); !errors.Is(err, boom) {
		t.Errorf("reader's error: %v", err)
	}
}

// Whatever a spreadsheet makes of a CSV is read: separators, encodings, titles above the
// header, the header printed again, and the names that carriers use.
func TestOddFilesAreRead(t *testing.T) {
	t.Parallel()
	plain := "某县摄像机登记表,,\n运营商,设备编号,点位名称\n联通,A-1,鮎川桥头\n运营商,设备编号,点位名称\n中国移动,A-2,村口\n"
	encode := func(e interface{ Bytes([]byte) ([]byte, error) }, text string) string {
		b, err := e.Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, c := range map[string]struct {
		text  string
		warns []string
	}{
		"UTF-8":      {plain, nil},
		"BOM":        {"\ufeff" + plain, nil},
		"GBK":        {encode(simplifiedchinese.GBK.NewEncoder(), plain), []string{codeGBK}},
		"GB18030":    {encode(simplifiedchinese.GB18030.NewEncoder(), plain), []string{codeGBK}},
		"UTF-16 LE":  {encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder(), plain), nil},
		"UTF-16 BE":  {encode(unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder(), plain), nil},
		"semicolons": {strings.ReplaceAll(plain, ",", ";"), nil},
		"tabs":       {strings.ReplaceAll(plain, ",", "\t"), nil},
		"CRLF":       {strings.ReplaceAll(plain, "\n", "\r\n"), nil},
	} {
		list := read(t, c.text)
		var got []string
		for _, r := range list.Rows {
			got = append(got, fmt.Sprint(r.Line, " ", r.Draft.Carrier, " ", r.Draft.DeviceID, " ", r.Problems))
		}
		want := []string{"3 unicom A-1 []", "5 mobile A-2 []"}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		warns := append(c.warns, codeMissingColumn)
		if d := cmp.Diff(warns, warned(list)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"carrier_device_id": "carrier_device_id", " Carrier Device ID* ": "carrier_device_id", "设备编号\ncarrier_device_id": "carrier_device_id", "设备编码/设备ID": "carrier_device_id",
		"ＲＴＳＰ地址": "rtsp_url", "经 度": "lon", "经度(WGS84)": "lon", "*纬度（必填）": "lat", "可视距离(米)": "range_m", "宽带/套餐账号": "package_account", "国标id": "gb_id",
		"摄像机监控方位": "azimuth_deg", "户主": "household_ref", "colour": "", "": "", "备注": "",
	} {
		got := ""
		if c := columnOf(text); c != nil {
			got = c.name
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"rtsp_ulr": "rtsp_url", "carier": "carrier", "点位名": "name", "所属运营商公司": "carrier", "longitud": "lon", "colour": "", "备注": "", "xyz": ""} {
		got := ""
		if c := nearest(plainName(text)); c != nil {
			got = c.name
		}
		if got != want {
			t.Errorf("%q is near %q, want %q", text, got, want)
		}
	}
	// 设备编码 is the carrier's id, unless another column is: then it is the national one.
	if l := read(t, "设备编码,x\nA-1,\n"); l.Rows[0].Draft.DeviceID != "A-1" {
		t.Errorf("%+v", l.Rows)
	}
	if l := read(t, "设备编码,原设备编码\n52230100001320000001,A-1\n"); l.Rows[0].Draft.DeviceID != "A-1" || fmt.Sprint(l.Rows[0].Draft.Texts["gb_id"]) != "set" {
		t.Errorf("%+v", l.Rows)
	}
	l := read(t, "carrier_device_id,rtsp_ulr\na,b\n")
	if d := cmp.Diff([]string{codeDidYouMean}, warned(l)); d != "" || !strings.Contains(l.Warnings[0].Message.EN, "did you mean 主码流地址 (rtsp_url)?") {
		t.Error(d, l.Warnings)
	}
}

// A list of one carrier has no cameras of another, and needs no column for it.
func TestWhoseListItIs(t *testing.T) {
	t.Parallel()
	l, err := Read(strings.NewReader("carrier,carrier_device_id\n,a\n电信,b\nunicom,c\n"), Options{Carrier: "telecom"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"4 carrier other_carrier"}, said(l.Rows)); d != "" || l.Rows[0].Draft.Carrier != "telecom" {
		t.Error(d)
	}
}

func TestConsents(t *testing.T) {
	t.Parallel()
	l := read(t, "carrier_device_id,consent_id,consent_version,consent_signed_at\n"+
		"a,TY-1,2026-01,2026-11-20 10:30\nb,TY-2,v2,2026/3/5\nc,,,\nd,x,y,46000.5\ne,x,y,2026-11-20T10:30:00Z\nf,x,y,2026-13-01\ng,x,y,2026-11-20 25:61\nh,x,y,20261120\n")
	var got []string
	for _, r := range l.Rows {
		got = append(got, fmt.Sprint(r.Consent.Ref, " ", r.Consent.Version, " ", r.Consent.Signed.Time().UTC().Format(time.RFC3339), len(r.Problems)))
	}
	want := []string{
		"TY-1 2026-01 2026-11-20T02:30:00Z0", "TY-2 v2 2026-03-04T16:00:00Z0", "  1970-01-01T00:00:00Z0", "x y 2025-12-09T04:00:00Z0", "x y 2026-11-20T10:30:00Z0",
		"x y 1970-01-01T00:00:00Z1", "x y 1970-01-01T00:00:00Z1", "x y 2026-11-19T16:00:00Z0",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A carrier's whole list: 10,000 rows are read and entered in a few seconds.
func TestTenThousandRows(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("a few seconds")
	}
	r := open(t)
	var b bytes.Buffer
	b.WriteString("carrier_device_id,name,rtsp_url,sub_rtsp_url,lon,lat\n")
	for i := range MaxRows {
		fmt.Fprintf(&b, "dev-%05d,Camera %d,rtsp://admin:pw%d@10.%d.%d.1/main,rtsp://10.%d.%d.1/sub,%f,%f\n", i, i, i, i/256, i%256, i/256, i%256, 104+float64(i)/1e4, 25.0)
	}
	start := time.Now()
	list := read(t, b.String())
	out, err := Enter(t.Context(), Deps{Registry: r}, list, false, r.UpsertDry)
	if err != nil || Count(out)[registry.Created] != MaxRows {
		t.Fatalf("%v, %v", Count(out), err)
	}
	dry := time.Since(start)
	start = time.Now()
	if out, err = Enter(t.Context(), Deps{Registry: r}, list, false, r.Upsert); err != nil || Count(out)[registry.Created] != MaxRows {
		t.Fatalf("%v, %v", Count(out), err)
	}
	first := time.Since(start)
	start = time.Now()
	if out, err = Enter(t.Context(), Deps{Registry: r}, list, false, r.Upsert); err != nil || Count(out)[registry.Unchanged] != MaxRows {
		t.Fatalf("%v, %v", Count(out), err)
	}
	t.Logf("tried in %v, entered in %v, again in %v", dry, first, time.Since(start))
}

func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{
		"carrier_device_id,name,rtsp_url,lon,lat\na,b,rtsp://u:p@h/x,1,2\n", "\ufeffcarrier_device_id\r\na\r\n-\r\n",
		"lat,carrier_device_id,password\n-,a,\"x\"\"y\"\n", "carrier_device_id,\"a\nb\"\nx,\"", "carrier_device_id,a\nx,b\"c\ny,d\n",
		"设备编号;点位名称\nA;'=x\n", "\xff\xfec\x00a\x00", "carrier_device_id\tphone\n1\t1.38E+10\n", "t\n运营商,设备编码,原设备编码,授权签署时间\n电信,1,2,46000.5\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !bytes.HasPrefix(raw, []byte("PK\x03\x04")) {
			holds(t, raw)
		}
	})
}

// holds checks what is true of every list that is read.
func holds(t *testing.T, raw []byte) {
	list, err := Read(bytes.NewReader(raw), Options{})
	if err != nil {
		if fe := (*FileError)(nil); !errors.As(err, &fe) || fe.Message.ZH == "" || fe.Message.EN == "" {
			t.Fatal(err)
		}
		return
	}
	last, seen := 0, map[string]bool{}
	for i := range list.Rows {
		r := &list.Rows[i]
		if r.Line < last || r.Draft.Row != r.Line {
			t.Fatalf("row %d behind %d", r.Line, last)
		}
		last = r.Line
		for _, p := range r.Problems {
			if p.Row != r.Line || p.Code == "" || p.Message.ZH == "" || p.Message.EN == "" || strings.Contains(p.Message.EN+p.Message.ZH, "%!") {
				t.Fatalf("%+v", p)
			}
		}
		if len(r.Problems) > 0 {
			continue
		}
		ref := r.Draft.Carrier + ":" + r.Draft.DeviceID
		if registry.CheckRef(r.Draft.Carrier, r.Draft.DeviceID) != nil || seen[ref] {
			t.Fatalf("row %d: %s", r.Line, ref)
		}
		seen[ref] = true
	}
}
