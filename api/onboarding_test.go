package api_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"qianshao/api"
	"qianshao/registry"
	guarded "qianshao/registry/dial"
	"qianshao/registry/onboard"
	"qianshao/registry/register"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// networked says where unicom's cameras may stand.
func networked(cfg *api.Config) {
	cfg.Dialer = guarded.New(guarded.Config{Networks: func(carrier string) []netip.Prefix {
		if carrier == "unicom" {
			return []netip.Prefix{netip.MustParsePrefix("10.8.0.0/16")}
		}
		return nil
	}})
}

// A carrier tells the addresses of its own cameras, item by item, and the register has it
// before it counts.
func TestAddresses(t *testing.T) {
	t.Parallel()
	p := newPeople(t, networked)
	own, foreign := p.camera("unicom", "GATE", 104.9, 25.09), p.camera("telecom", "YARD", 104.91, 25.09)
	p.house = []media.CameraID{own}
	roles := p.everyone()
	const path = "/api/v1/addresses"
	item := func(device, host string, port int) onboard.Address {
		return onboard.Address{DeviceID: device, Host: host, Port: port}
	}
	items := func(list ...onboard.Address) body { return body{"items": list} }
	for role, status := range map[string]int{"nobody": 401, "investigator": 403, "investigator token": 403, "auditor": 403, "auditor token": 403, "household": 403} {
		roles[role].want(status, "", "POST", path, items(item("GATE", "10.8.0.9", 0)))
	}
	roles["carrier token"].want(403, `"forbidden"`, "POST", path+"?carrier=telecom", items(item("YARD", "10.8.0.9", 0)))
	roles["carrier token"].want(400, `"bad_parameter"`, "POST", path, body{"items": []int{}})

	var got struct {
		Items                      []onboard.AddressAnswer
		Changed, Unchanged, Failed int
	}
	p.breakRegister()
	roles["carrier token"].want(503, `"register_unavailable"`, "POST", path, items(item("GATE", "10.8.0.9", 0)))
	p.disk.Heal()
	url := func(id media.CameraID) string {
		t.Helper()
		cam, err := p.reg.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return cam.Streams[0].URL
	}
	if u := url(own); u != "rtsp://192.0.2.1/GATE" {
		t.Errorf("it changed without an entry: %s", u)
	}
	resp, b := roles["carrier token"].send("POST", path, items(
		item("GATE", "10.8.3.21", 8554), item("YARD", "10.8.3.22", 0), item("GATE", "10.9.0.1", 0), item("GATE", "camera.example", 0),
		item("GATE", "127.0.0.1", 0), item("GATE", "fe80::1%eth0", 0), item("GATE", "10.8.3.21", 70000), item("", "10.8.3.21", 0), item("GATE", "::ffff:10.8.3.21", 0),
	))
	if err := json.Unmarshal(b, &got); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", resp.Status, b)
	}
	want := []string{
		"changed ", "error unknown_device", "error address_not_allowed", "error bad_address", "error address_not_allowed", "error bad_address",
		"error out_of_range", "error bad_device", "unchanged ",
	}
	for i, a := range got.Items {
		if s := string(a.Status) + " " + a.Code; s != want[i] || a.Index != i || (a.Message == nil) != (a.Code == "") || a.Message != nil && (a.Message.ZH == "" || a.Message.EN == "") {
			t.Errorf("%d: %+v, want %s", i, a, want[i])
		}
	}
	if len(got.Items) != len(want) || got.Changed != 1 || got.Unchanged != 1 || got.Failed != 7 {
		t.Errorf("%s", b)
	}
	if u := url(own); u != "rtsp://10.8.3.21:8554/GATE" {
		t.Errorf("it is at %s", u)
	}
	if u := url(foreign); u != "rtsp://192.0.2.1/YARD" {
		t.Errorf("another carrier's camera is at %s", u)
	}
	page, err := p.entries.List(t.Context(), register.Query{Act: "camera.address", Limit: 10})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%+v, %v", page.Items, err)
	}
	if e := page.Items[0]; len(e.Cameras) != 1 || e.Cameras[0] != own || !strings.HasPrefix(e.Note, "3 addresses of unicom: GATE YARD GATE") || !strings.HasPrefix(e.Who, "t_") {
		t.Errorf("%+v", e)
	}

	// An admin names the carrier; what nobody could do is in no register.
	roles["admin"].want(200, `"changed":1`, "POST", path+"?carrier=telecom", items(item("YARD", "8.8.8.8", 0)))
	roles["admin"].want(200, `"unknown_device"`, "POST", path, items(item("YARD", "8.8.8.8", 0)))
	roles["carrier"].want(200, `"failed":1`, "POST", path, items(item("GATE", "10.9.0.1", 0)))
	if page, err := p.entries.List(t.Context(), register.Query{Act: "camera.address", Limit: 10}); err != nil || len(page.Items) != 3 {
		t.Errorf("%d entries, %v", len(page.Items), err)
	}
}

// post sends a file.
func (p *person) post(path, text string) (int, []byte) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+path, strings.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "text/csv")
	if p.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+p.bearer)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.documented(http.MethodPost, path, resp.StatusCode)
	return resp.StatusCode, b
}

func TestReconciliations(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	own := p.camera("unicom", "GATE", 104.9, 25.09)
	p.camera("unicom", "ROAD", 104.91, 25.09)
	p.camera("telecom", "YARD", 104.92, 25.09)
	p.reg.SetState(registry.State{Stream: own.Stream(0), Phase: registry.Streaming, Since: begin})
	p.house = []media.CameraID{own}
	roles := p.everyone()
	const path, list = "/api/v1/reconciliations", "carrier_device_id,name,rtsp_url\nGATE,=1+1,rtsp://10.8.0.1/x\nNEW,新,\nYARD,,\n"
	for role, status := range map[string]int{"nobody": 401, "investigator": 403, "auditor": 403, "household": 403, "auditor token": 403} {
		if got, b := roles[role].post(path, list); got != status {
			t.Errorf("%s: %d %s", role, got, b)
		}
	}
	if got, b := roles["carrier"].post(path+"?carrier=telecom", list); got != 403 {
		t.Errorf("of another carrier: %d %s", got, b)
	}
	if got, b := roles["carrier"].post(path, "%PDF"); got != 422 || !bytes.Contains(b, []byte(`"code":"no_`)) {
		t.Errorf("no list: %d %s", got, b)
	}
	if got, b := roles["carrier"].post(path+"?format=pdf", list); got != 400 {
		t.Errorf("no format: %d %s", got, b)
	}
	for _, who := range []string{"carrier", "carrier token", "admin"} {
		var found onboard.Reconciliation
		status, b := roles[who].post(path+"?carrier=unicom", list)
		if err := json.Unmarshal(b, &found); err != nil || status != 200 {
			t.Fatalf("%s: %d %s", who, status, b)
		}
		if want := (onboard.Tally{Theirs: 3, Ours: 2, Both: 1, OnlyTheirs: 2, OnlyOurs: 1, Streaming: 1, Offline: 1, Differing: 1}); found.Tally != want || len(found.Items) != 4 {
			t.Errorf("%s: %+v", who, found.Tally)
		}
		if bytes.Contains(b, []byte("rtsp://")) || bytes.Contains(b, []byte("telecom")) {
			t.Errorf("%s: it tells too much: %s", who, b)
		}
	}
	_, b := roles["carrier"].post(path+"?format=csv", list)
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff")))).ReadAll()
	if err != nil || len(rows) != 5 || rows[1][11] != "name: =1+1 ≠ 院坝 GATE; rtsp_url" || rows[1][5] != "是" {
		t.Errorf("%q, %v", rows, err)
	}
	_, b = roles["carrier"].post(path+"?format=xlsx", list)
	if book, err := excelize.OpenReader(bytes.NewReader(b)); err != nil {
		t.Error(err)
	} else if rows, err := book.GetRows(book.GetSheetName(0)); err != nil || len(rows) != 5 || rows[4][1] != "ROAD" {
		t.Errorf("%q, %v", rows, err)
	}
}

// Days are counted from an index that was made by hand: what was recorded and what has
// expired count, what was not owed does not.
func TestSubsidies(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	local := func(day, hour int) timeline.Micros {
		return begin + timeline.Micros(day-23)*timeline.Day + timeline.Micros(hour-9)*timeline.Hour
	}
	gate := p.cameraAt("unicom", "GATE", local(10, 13)) // the 10th is not due
	p.cameraAt("telecom", "YARD", local(15, 0))
	p.mu.Lock()
	p.joined = local(20, 11) // neither is the 20th
	p.mu.Unlock()
	if _, err := p.reg.Move(t.Context(), registry.Suspended, registry.By{}, gate); err != nil {
		t.Fatal(err)
	}
	seq := uint32(0)
	for _, s := range []timeline.Span{
		{From: local(11, 0), To: local(11, 12)},                                         // just enough
		{From: local(12, 3), To: local(12, 15) - 1},                                     // not quite
		{From: local(13, 18), To: local(14, 12)},                                        // the 14th
		{From: local(16, 0), To: local(16, 7)}, {From: local(16, 9), To: local(16, 15)}, // in parts
		{From: local(21, 0), To: local(21, 20)}, // it was suspended
	} {
		seq++
		row := index.Row{Span: s, Rev: 0, Bytes: 1, Codecs: "h264"}
		row.Stream, row.Epoch, row.Boot, row.Seq = gate.Stream(0), 1, 1, seq
		if _, err := p.archive.Index.Add(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.archive.Index.AppendCauses(t.Context(), index.CauseInterval{
		ID: "x", Stream: gate.Stream(0), Span: timeline.Span{From: local(17, 1), To: local(17, 22)}, Cause: timeline.Expired, Source: "upkeep",
	}); err != nil {
		t.Fatal(err)
	}
	p.house = []media.CameraID{gate}
	roles := p.everyone()
	const path = "/api/v1/subsidies?month=2026-11"
	for role, status := range map[string]int{"nobody": 401, "investigator": 403, "auditor": 403, "household": 403} {
		roles[role].want(status, "", "GET", path, nil)
	}
	roles["carrier"].want(403, `"forbidden"`, "GET", path+"&carrier=telecom", nil)
	for _, bad := range []string{"/api/v1/subsidies", "/api/v1/subsidies?month=2026-13", path + "&min_days=0", path + "&format=pdf", path + "&carrier=A"} {
		roles["admin"].want(400, `"bad_parameter"`, "GET", bad, nil)
	}
	var got struct {
		Month    string
		DayHours float64 `json:"day_hours"`
		MinDays  int     `json:"min_days"`
		Items    []onboard.Subsidy
		Cameras  int
		Enough   int
	}
	_, b := roles["carrier token"].send("GET", path+"&min_days=4", nil)
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	if got.Month != "2026-11" || got.DayHours != 12 || got.MinDays != 4 || got.Cameras != 1 || got.Enough != 1 || len(got.Items) != 1 {
		t.Fatalf("%s", b)
	}
	if s := got.Items[0]; s.DeviceID != "GATE" || s.DueDays != 9 || s.OnlineDays != 4 || !s.Enough {
		t.Errorf("%+v", s)
	}
	_, b = roles["admin"].send("GET", path+"&format=csv", nil)
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\ufeff")))).ReadAll()
	if err != nil || len(rows) != 3 || fmt.Sprint(rows[1][6:], rows[2][6:]) != "[8 0 否] [9 4 否]" {
		t.Errorf("%q, %v", rows, err)
	}
	_, b = roles["admin"].send("GET", path+"&format=xlsx&carrier=unicom", nil)
	if book, err := excelize.OpenReader(bytes.NewReader(b)); err != nil {
		t.Error(err)
	} else if rows, err := book.GetRows(book.GetSheetName(0)); err != nil || len(rows) != 2 || rows[1][7] != "4" {
		t.Errorf("%q, %v", rows, err)
	}
	roles["admin"].want(200, `"items":[],"cameras":0`, "GET", "/api/v1/subsidies?month=2026-12", nil)
}
