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

	"qianshao/registry"
)

func read(t *testing.T, text string) List {
	t.Helper()
	list, err := ReadCSV(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// enter reads text and enters it, and returns the cameras by device id.
func enter(t *testing.T, r *registry.Registry, text string) map[string]registry.Camera {
	t.Helper()
	list := read(t, text)
	out, err := r.Upsert(t.Context(), list.Drafts)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range append(out, list.Rejected...) {
		if o.Status == registry.Rejected {
			t.Fatalf("%+v", o)
		}
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
	list := read(t, `carrier_device_id,name,rtsp_url,lon,lat,retention_days,colour
a,ok,,,,,red
,empty,,,,,
b c,,,,,,
d,,,x,1,,
e,,,,,1.5,
a,again,,,,,
f,bad "quote,,,,,
g,ok,,,,,,,,
h,too,,,,,,many
i,ok,,,,7,
`)
	var got []string
	for _, o := range list.Rejected {
		if o.Message == "" || o.Status != registry.Rejected {
			t.Errorf("%+v", o)
		}
		got = append(got, fmt.Sprint(o.Row, " ", o.Field, " ", o.Code))
	}
	want := []string{
		"3 carrier_device_id bad_device", "4 carrier_device_id bad_device", "5 lon not_a_number", "6 retention_days not_a_number",
		"7 carrier_device_id duplicate_row", "8  bad_csv", "10  too_many_cells",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	var rows []int
	for _, d := range list.Drafts {
		rows = append(rows, d.Row)
	}
	if d := cmp.Diff([]int{2, 9, 11}, rows); d != "" {
		t.Error(d)
	}
	if len(list.Warnings) != 1 || !strings.Contains(list.Warnings[0], `"colour"`) {
		t.Errorf("%q", list.Warnings)
	}
}

func TestBadFilesAreRefusedWithAdvice(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("x\n", MaxRows+1)
	for name, c := range map[string]struct{ text, want string }{
		"empty":        {"", "begin with the line"},
		"GBK":          {"carrier_device_id,name\na,\xb4\xe5\xbf\xda\n", "line 2 is not UTF-8, probably GBK"},
		"UTF-16":       {"\xff\xfec\x00", "UTF-16"},
		"workbook":     {"PK\x03\x04abc", "Excel workbook"},
		"no device":    {"name,lon\na,1\n", "carrier_device_id"},
		"twice":        {"carrier_device_id,name,Name\n", "twice"},
		"open quote":   {"carrier_device_id,name\na,\"kanari\nb,c\n", "close the quote"},
		"zeros":        {"carrier_device_id\x00\n", "zero bytes"},
		"too many":     {"carrier_device_id\n" + many, "split the file"},
		"header quote": {"carrier_device_id,a\"b\n", "quote"},
	} {
		_, err := ReadCSV(strings.NewReader(c.text))
		if !errors.Is(err, ErrBadFile) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "kanari") {
			t.Errorf("%s: %v", name, err)
		}
	}
	boom := errors.New("boom")
	if _, err := ReadCSV(iotest.ErrReader(boom)); !errors.Is(err, boom) {
		t.Errorf("reader's error: %v", err)
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
		fmt.Fprintf(&b, "dev-%05d,Camera %d,rtsp://admin:pw%d@10.%d.%d.1/main,rtsp://10.0.0.1/sub,%f,%f\n", i, i, i, i/256, i%256, 104+float64(i)/1e5, 25.0)
	}
	start := time.Now()
	list := read(t, b.String())
	out, err := r.Upsert(t.Context(), list.Drafts)
	if err != nil || len(out) != MaxRows || out[MaxRows-1].Status != registry.Created {
		t.Fatalf("%d outcomes, %v", len(out), err)
	}
	first := time.Since(start)
	start = time.Now()
	if out, err = r.Upsert(t.Context(), list.Drafts); err != nil || out[0].Status != registry.Unchanged {
		t.Fatalf("%+v, %v", out[0], err)
	}
	again := time.Since(start)
	start = time.Now()
	if page, err := r.List(t.Context(), registry.Query{}); err != nil || len(page.Items) != MaxRows {
		t.Fatalf("%d, %v", len(page.Items), err)
	}
	t.Logf("entered in %v, again in %v, listed in %v", first, again, time.Since(start))
}

func FuzzReadCSV(f *testing.F) {
	for _, s := range []string{
		"carrier_device_id,name,rtsp_url,lon,lat\na,b,rtsp://u:p@h/x,1,2\n", "\ufeffcarrier_device_id\r\na\r\n-\r\n",
		"lat,carrier_device_id,password\n-,a,\"x\"\"y\"\n", "carrier_device_id,\"a\nb\"\nx,\"", "carrier_device_id,a\nx,b\"c\ny,d\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, err := ReadCSV(bytes.NewReader(raw))
		if err != nil {
			if !errors.Is(err, ErrBadFile) {
				t.Fatal(err)
			}
			return
		}
		last, seen := 1, map[string]bool{}
		for _, d := range list.Drafts {
			ref := d.Carrier + ":" + d.DeviceID
			if d.Row <= last && d.Row != last || registry.CheckRef(d.Carrier, d.DeviceID) != nil || seen[ref] {
				t.Fatalf("row %d: %s", d.Row, ref)
			}
			last, seen[ref] = d.Row, true
		}
		for _, o := range list.Rejected {
			if o.Row < 1 || o.Code == "" || o.Message == "" || o.Status != registry.Rejected {
				t.Fatalf("%+v", o)
			}
		}
	})
}
