package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qianshao/registry"
	"qianshao/registry/account"
	dialer "qianshao/registry/dial"
	"qianshao/registry/jobs"
	"qianshao/registry/onboard"
	"qianshao/registry/onboard/onboardtest"
	"qianshao/registry/place"
	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/vfs/errfs"
)

const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// imports are the jobs of a site, which run.
func (s *site) imports() *jobs.Book {
	s.t.Helper()
	book, err := jobs.Open(s.t.Context(), jobs.Config{Dir: s.t.TempDir(), Key: s.reg.Sealer(), Now: s.now})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	im := &onboard.Importer{Registry: s.reg, Register: s.entries, Rules: s.rules, NoRoom: func() string { return "" }, Wait: time.Minute}
	go func() { ended <- book.Run(ctx, map[string]jobs.Runner{onboard.ImportKind: im.Run}) }()
	s.t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, book.Close()); err != nil {
			s.t.Error(err)
		}
	})
	return book
}

// rules are those of a site with the borders of the counties.
func (s *site) rules(context.Context) (onboard.Deps, error) {
	text, err := os.ReadFile("../cmd/qianshao/counties.geojson")
	if err != nil {
		return onboard.Deps{}, err
	}
	outlines, err := onboard.ReadPlaces(bytes.NewReader(text), registry.Outline, place.WGS84)
	networks := []netip.Prefix{netip.MustParsePrefix("10.8.0.0/13")}
	return onboard.Deps{
		Registry: s.reg, Outlines: outlines, Now: s.now,
		Dialer: dialer.New(dialer.Config{Networks: func(string) []netip.Prefix { return networks }}),
	}, err
}

type importTold struct {
	ID, State, Carrier, By string
	Total, Done            int
	Counts                 map[string]int
	DryRun                 bool `json:"dry_run"`
	Sheet                  bool `json:"errors_sheet"`
	Answers                []onboard.Answer
	Next                   int
	Failure                *struct {
		Code    string
		Message onboard.Text
	}
}

// upload sends a list, and wants an answer.
func (p *person) upload(status int, query string, list []byte, head ...string) (out importTold) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), "POST", p.url+"/api/v1/imports"+query, bytes.NewReader(list))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/octet-stream")
	if p.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+p.bearer)
	}
	for i := 0; i+1 < len(head); i += 2 {
		req.Header.Set(head[i], head[i+1])
	}
	resp, err := p.http.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	p.documented("POST", "/api/v1/imports", resp.StatusCode)
	if err != nil || resp.StatusCode != status {
		p.t.Fatalf("upload%s: %s %s, want %d", query, resp.Status, b, status)
	}
	if status >= 300 {
		return out
	}
	if err := json.Unmarshal(b, &out); err != nil {
		p.t.Fatalf("%v in %s", err, b)
	}
	return out
}

// events are those of an import, to its end.
func (p *person) events(id string) (names []string, told []importTold) {
	p.t.Helper()
	resp, b := p.send("GET", "/api/v1/imports/"+id+"/events", nil)
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || kind != "text/event-stream" {
		p.t.Fatalf("%s %s %s", resp.Status, kind, b)
	}
	for text := range strings.SplitSeq(strings.TrimSuffix(string(b), "\n\n"), "\n\n") {
		name, data, ok := strings.Cut(text, "\ndata: ")
		var x importTold
		if err := json.Unmarshal([]byte(data), &x); err != nil || !ok {
			p.t.Fatalf("event %q: %v", text, err)
		}
		names, told = append(names, strings.TrimPrefix(name, "event: ")), append(told, x)
	}
	return names, told
}

// result is an import after its end.
func (p *person) result(id, query string) (out importTold) {
	p.t.Helper()
	p.events(id)
	resp, b := p.send("GET", "/api/v1/imports/"+id+query, nil)
	if err := json.Unmarshal(b, &out); err != nil || resp.StatusCode != 200 {
		p.t.Fatalf("%s %s, %v", resp.Status, b, err)
	}
	return out
}

func messy(t *testing.T, c onboardtest.Config) ([]byte, []onboardtest.Problem) {
	t.Helper()
	list, want, err := onboardtest.Messy(c)
	if err != nil {
		t.Fatal(err)
	}
	return list, want
}

func TestACarrierImportsAList(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	p.add("wang", "telecom", account.Carrier)
	wang := p.signedIn("wang")
	list, want := messy(t, onboardtest.Config{Rows: 400})

	dry := wang.result(wang.upload(202, "?dry_run=true", list).ID, "?status=error&limit=1000")
	if dry.State != "done" || !dry.DryRun || dry.Counts["created"]+dry.Counts["error"] != 400 || dry.Done != 400 || dry.Carrier != "telecom" || dry.By != "wang" {
		t.Errorf("%+v", dry)
	}
	var said []onboardtest.Problem
	for _, a := range dry.Answers {
		for _, x := range a.Problems {
			said = append(said, onboardtest.Problem{Row: a.Row, Field: x.Field, Code: x.Code})
			if x.Message.ZH == "" || x.Message.EN == "" {
				t.Errorf("%+v says nothing", x)
			}
		}
	}
	slices.SortFunc(want, byRow)
	slices.SortFunc(said, byRow)
	if d := cmp.Diff(want, said); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
	wang.want(200, `"items":[]`, "GET", "/api/v1/cameras?state=all", nil)

	begun := wang.upload(202, "", list)
	names, told := wang.events(begun.ID)
	for i, x := range told {
		if end := i == len(told)-1; (names[i] == "end") != end || i > 0 && x.Done < told[i-1].Done || x.ID != begun.ID {
			t.Errorf("event %d of %d: %s %+v", i, len(told), names[i], x)
		}
	}
	done := wang.result(begun.ID, "?limit=10")
	if done.State != "done" || !cmp.Equal(done.Counts, dry.Counts) || !done.Sheet || len(done.Answers) != 10 || done.Next != done.Answers[9].Row {
		t.Errorf("%+v", done)
	}
	if e := p.acts("camera.import", "wang"); len(e) != 2 || e[0].Result != register.Done || e[1].Address == "" || e[1].Unit != "XY" { // not the dry run
		t.Errorf("%+v", e)
	}
	page, err := p.reg.List(t.Context(), registry.Query{Lifecycle: []registry.Lifecycle{registry.Imported}})
	if err != nil || len(page.Items) != done.Counts["created"] {
		t.Errorf("%d cameras are imported, want %d, %v", len(page.Items), done.Counts["created"], err)
	}

	// The sheet can be imported again, as can what was exported: it changes nothing.
	resp, sheet := wang.send("GET", "/api/v1/imports/"+begun.ID+"/errors.xlsx", nil)
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != xlsx || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%s %v", resp.Status, resp.Header)
	}
	if again := wang.result(wang.upload(202, "", sheet, "Content-Type", xlsx).ID, ""); again.Counts["error"] == 0 || again.Counts["created"] > 5 {
		t.Errorf("the bad rows again: %+v", again.Counts)
	}
	for path, kind := range map[string]string{"/api/v1/cameras.xlsx": xlsx, "/api/v1/cameras.csv": "text/csv"} {
		_, own := wang.send("GET", path, nil)
		same := wang.result(wang.upload(202, "", own, "Content-Type", kind).ID, "?status=error")
		if same.Counts["unchanged"] < done.Counts["created"] || same.Counts["created"]+same.Counts["updated"]+same.Counts["error"] > 0 {
			t.Errorf("%s: %+v %+v", path, same.Counts, same.Answers)
		}
	}
	_, template := wang.send("GET", "/api/v1/imports/template.xlsx", nil)
	if empty := wang.result(wang.upload(202, "", template).ID, ""); empty.State != "failed" || empty.Failure.Code != "no_rows" || empty.Failure.Message.ZH == "" || empty.Failure.Message.EN == "" {
		t.Errorf("%+v", empty)
	}
}

func byRow(a, b onboardtest.Problem) int {
	if a.Row != b.Row {
		return a.Row - b.Row
	}
	return strings.Compare(a.Field+a.Code, b.Field+b.Code)
}

// Each may import for themselves, and knows of their own imports alone.
func TestWhoImportsWhat(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	p.house = []media.CameraID{p.camera("mobile", "BARN", 104.9, 25.09)}
	roles := p.everyone() // the carrier is unicom
	list, _ := messy(t, onboardtest.Config{Rows: 4, Carrier: "unicom", Clean: true})
	foreign, _ := messy(t, onboardtest.Config{Rows: 8, Carrier: "telecom", Clean: true}) // 4 of them are there
	for role, who := range roles {
		if strings.HasPrefix(role, "carrier") || strings.HasPrefix(role, "admin") {
			continue
		}
		status := 403
		if role == "nobody" {
			status = 401
		}
		who.upload(status, "", list)
		for _, path := range []string{"/api/v1/imports", "/api/v1/imports/template.xlsx", "/api/v1/cameras.csv"} {
			who.want(status, "", "GET", path, nil)
		}
	}
	carrier, token, admin := roles["carrier"], roles["carrier token"], roles["admin"]
	carrier.upload(403, "?accept=true", list)
	carrier.upload(400, "?dry_run=maybe", list)
	mine := carrier.result(token.upload(202, "", list).ID, "") // a program's, and its carrier's
	if mine.Counts["created"] != 4 {
		t.Errorf("%+v", mine)
	}
	// A row of another carrier is refused, and not the file.
	mixed := carrier.result(carrier.upload(202, "", foreign).ID, "")
	if mixed.State != "done" || mixed.Counts["error"] != 8 || mixed.Answers[0].Problems[0].Code != "other_carrier" {
		t.Errorf("%+v", mixed)
	}
	carrier.want(200, "PK", "GET", "/api/v1/imports/"+mixed.ID+"/errors.xlsx", nil)
	admin.want(403, "passwords", "GET", "/api/v1/imports/"+mixed.ID+"/errors.xlsx", nil)
	carrier.want(404, `"no_sheet"`, "GET", "/api/v1/imports/"+mine.ID+"/errors.xlsx", nil)

	theirs := admin.result(admin.upload(202, "?accept=true", foreign).ID, "")
	if theirs.Counts["created"] != 4 || theirs.Counts["error"] != 4 || theirs.Carrier != "" {
		t.Errorf("%+v", theirs)
	}
	admin.want(200, "PK", "GET", "/api/v1/imports/"+theirs.ID+"/errors.xlsx", nil)
	for _, path := range []string{"", "/events", "/errors.xlsx"} {
		carrier.want(404, `"unknown_import"`, "GET", "/api/v1/imports/"+theirs.ID+path, nil)
	}
	carrier.want(404, `"unknown_import"`, "DELETE", "/api/v1/imports/"+theirs.ID, nil)
	admin.want(409, `"ended"`, "DELETE", "/api/v1/imports/"+theirs.ID, nil)
	for who, want := range map[*person]int{carrier: 2, admin: 3} {
		_, b := who.send("GET", "/api/v1/imports", nil)
		if n := strings.Count(string(b), `"id":"j_`); n != want {
			t.Errorf("%d imports, want %d: %s", n, want, b)
		}
	}
	_, own := carrier.send("GET", "/api/v1/cameras.csv", nil)
	_, all := admin.send("GET", "/api/v1/cameras.csv", nil)
	if bytes.Contains(own, []byte("telecom")) || !bytes.Contains(all, []byte("telecom")) || !bytes.Contains(own, []byte("unicom")) {
		t.Errorf("%s\n%s", own, all)
	}
	page, err := p.reg.List(t.Context(), registry.Query{Carrier: "telecom"})
	if err != nil || len(page.Items) != 4 {
		t.Errorf("%d of those that were accepted are active, %v", len(page.Items), err)
	}
}

func TestAnImportAgain(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	p.add("wang", "telecom", account.Carrier)
	wang := p.signedIn("wang")
	list, _ := messy(t, onboardtest.Config{Rows: 3, Clean: true})
	other, _ := messy(t, onboardtest.Config{Rows: 4, Clean: true})
	first := wang.upload(202, "", list, "Idempotency-Key", "1")
	if again := wang.upload(200, "", list, "Idempotency-Key", "1"); again.ID != first.ID {
		t.Errorf("%s, then %s", first.ID, again.ID)
	}
	form := new(bytes.Buffer)
	w := multipart.NewWriter(form)
	part, err := w.CreateFormFile("file", "telecom.xlsx")
	if err == nil {
		_, err = part.Write(list)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	if again := wang.upload(200, "", form.Bytes(), "Idempotency-Key", "1", "Content-Type", w.FormDataContentType()); again.ID != first.ID {
		t.Errorf("as a form: %s, then %s", first.ID, again.ID)
	}
	wang.upload(409, "", other, "Idempotency-Key", "1")
	wang.upload(409, "?dry_run=true", list, "Idempotency-Key", "1")
	wang.upload(400, "", list, "Idempotency-Key", strings.Repeat("x", 200))
	wang.upload(415, "", list, "Content-Type", "application/json")
	wang.upload(415, "", []byte("--x--\r\n"), "Content-Type", "multipart/form-data; boundary=x")
	wang.upload(413, "", make([]byte, onboard.MaxBytes+1<<20))
	if done := wang.result(first.ID, ""); done.Counts["created"] != 3 {
		t.Errorf("%+v", done)
	}
	if e := p.acts("camera.import", "wang"); len(e) != 2 {
		t.Errorf("it happened more than once: %+v", e)
	}
}

// Nothing is imported where the register cannot be written.
func TestAnImportIsRegisteredFirst(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	p.add("wang", "telecom", account.Carrier)
	wang := p.signedIn("wang")
	list, _ := messy(t, onboardtest.Config{Rows: 3, Clean: true})
	p.disk.FailAll(errfs.Datasync, "", errors.New("input/output error"))
	done := wang.result(wang.upload(202, "", list).ID, "")
	if done.State != "failed" || done.Failure.Code != "register_unavailable" {
		t.Errorf("%+v", done)
	}
	if page, err := p.reg.List(t.Context(), registry.Query{State: registry.QueryAll}); err != nil || len(page.Items) != 0 {
		t.Errorf("%+v, %v", page.Items, err)
	}
}
