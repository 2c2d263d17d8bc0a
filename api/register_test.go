package api_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

type registered struct {
	Items []struct {
		Seq     uint64   `json:"seq"`
		Kind    string   `json:"kind"`
		Act     string   `json:"act"`
		Who     string   `json:"who"`
		Address string   `json:"address"`
		Viewing string   `json:"viewing"`
		Cameras []string `json:"cameras"`
		From    *string  `json:"from"`
		To      *string  `json:"to"`
		Note    string   `json:"note"`
	} `json:"items"`
	Next string `json:"next"`
}

// showing are the routes that show footage, by the document: what takes
// viewing= and is not the timeline alone.
func (s *site) showing() (paths []string) {
	s.t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Tags       []string `json:"tags"`
			Parameters []struct {
				Name string `json:"name"`
			} `json:"parameters"`
		} `json:"paths"`
	}
	s.json("/openapi.json", &doc)
	for path, methods := range doc.Paths {
		for _, p := range methods["get"].Parameters {
			if p.Name == "viewing" && methods["get"].Tags[0] == "footage" && !strings.HasSuffix(path, "/timeline") {
				paths = append(paths, path)
			}
		}
	}
	if len(paths) != 9 {
		s.t.Fatalf("%d routes show footage: %v", len(paths), paths)
	}
	return paths
}

// Every route that shows footage is in the register before its first byte; with
// a register that cannot be written it shows none.
func TestRegisteredBeforeTheFirstByte(t *testing.T) {
	t.Parallel()
	for _, path := range newSite(t, nil).showing() {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, nil)
			id := s.camera("local", "GATE", 104.9, 25.09)
			v := storagetest.NewVideo(t, storagetest.VideoSpec{})
			s.record(id, storagetest.Script{Runs: []storagetest.Run{{Pieces: piece(v, 60)}}})
			q := url.Values{
				"from": {begin.String()}, "to": {(begin + 10*timeline.Second).String()}, "at": {(begin + timeline.Second).String()},
				"near": {"104.9,25.09"}, "radius_m": {"500"},
			}
			s.registersFirst(path, strings.Replace(path, "{id}", string(id), 1)+"?"+q.Encode(), string(id))
		})
	}
}

// registersFirst wants an entry for what is shown at an address, and nothing to
// be shown without.
func (s *site) registersFirst(path, address, id string) {
	s.t.Helper()
	s.breakRegister()
	s.problem(address, http.StatusServiceUnavailable, "register_unavailable")
	s.problem("/readyz", http.StatusServiceUnavailable, "not_ready")
	s.disk.Heal()
	if strings.HasSuffix(path, "/live.mp4") {
		s.registersLive(address, id)
		return
	}
	if answer, b := s.do(http.MethodHead, address); answer.StatusCode >= 500 {
		s.t.Errorf("HEAD: %s %s", answer.Status, b)
	}
	if got := s.register(""); len(got.Items) != 0 {
		s.t.Errorf("HEAD is registered: %+v", got)
	}
	if answer, b := s.get(address); answer.StatusCode != http.StatusOK {
		s.t.Errorf("%s %.300s", answer.Status, b)
	}
	after := s.register("")
	if len(after.Items) != 1 {
		s.t.Fatalf("%d entries", len(after.Items))
	}
	e := after.Items[0]
	if e.Kind != "viewing.open" || e.Act == "" || e.Address != "127.0.0.1" || e.Viewing == "" || e.From == nil || e.To == nil {
		s.t.Errorf("%+v", e)
	}
	if strings.Contains(path, "{id}") != (len(e.Cameras) == 1 && e.Cameras[0] == id) {
		s.t.Errorf("cameras %v", e.Cameras)
	}
	search := path == "/api/v1/footage"
	if search && !strings.Contains(e.Note, "radius_m=500") {
		s.t.Errorf("note %q", e.Note)
	}
	// The same again costs no entry, but for a search.
	s.get(address)
	if again := s.register(""); (len(again.Items) != 1) != search {
		s.t.Errorf("again: %d entries", len(again.Items))
	}
}

// registersLive wants an entry before the first picture comes, which is never
// here.
func (s *site) registersLive(address, id string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+address, nil)
		if err == nil {
			var answer *http.Response
			if answer, err = http.DefaultClient.Do(r); err == nil {
				err = answer.Body.Close()
			}
		}
		done <- err
	}()
	var got registered
	for len(got.Items) == 0 && s.t.Context().Err() == nil {
		got = s.register("")
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		s.t.Errorf("live: %v", err)
	}
	if e := got.Items[0]; e.Act != "live.watch" || e.From == nil || e.To != nil || len(e.Cameras) != 1 || e.Cameras[0] != id {
		s.t.Errorf("%+v", e)
	}
}

// register asks for the whole register, or what a query names.
func (s *site) register(query string) (out registered) {
	s.t.Helper()
	s.json("/api/v1/register?limit=1000"+query, &out)
	return out
}

func TestRegisterPages(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	id := s.camera("local", "GATE", 104.9, 25.09)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	s.record(id, storagetest.Script{Runs: []storagetest.Run{{Pieces: piece(v, 60)}}})
	for n := range 5 {
		from := begin + timeline.Micros(n)*timeline.Second
		q := url.Values{"from": {from.String()}, "to": {(from + timeline.Second/2).String()}}
		if answer, b := s.get(fmt.Sprintf("/api/v1/cameras/%s/play.mp4?%s", id, q.Encode())); answer.StatusCode != http.StatusOK {
			t.Fatalf("%s %s", answer.Status, b)
		}
	}
	// What a client sends may look like a formula.
	q := url.Values{"from": {begin.String()}, "to": {(begin + timeline.Second).String()}, "near": {"104.9,25.09"}}
	if answer, b := s.get("/api/v1/footage?=1%2B1&" + q.Encode()); answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", answer.Status, b)
	}
	if got := s.register("&act=footage.find"); len(got.Items) != 1 || got.Items[0].Note[0] != '=' {
		t.Fatalf("%+v", got)
	}
	var page registered
	s.json("/api/v1/register?limit=2&act=footage.read", &page)
	if len(page.Items) != 2 || page.Next == "" {
		t.Fatalf("%+v", page)
	}
	n := len(page.Items)
	for page.Next != "" {
		next := page.Next
		page = registered{}
		s.json("/api/v1/register?limit=2&act=footage.read&after="+url.QueryEscape(next), &page)
		n += len(page.Items)
	}
	if n != 5 {
		t.Errorf("%d entries on all pages", n)
	}
	if got := s.register("&camera=" + url.QueryEscape("local:GATE")); len(got.Items) != 5 {
		t.Errorf("%d entries of the camera", len(got.Items))
	}
	if got := s.register("&to=" + url.QueryEscape("2020-01-01T00:00:00Z")); len(got.Items) != 0 {
		t.Errorf("%d entries of the past", len(got.Items))
	}
	answer, b := s.get("/api/v1/register.csv?kind=viewing.more")
	text, marked := strings.CutPrefix(string(b), "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || answer.StatusCode != http.StatusOK || len(rows) < 5 || rows[0][0] != "at" {
		t.Errorf("%s %v %d rows, %q", answer.Status, err, len(rows), text)
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
	for path, code := range map[string]string{
		"/api/v1/register?after=x":                                           "bad_parameter",
		"/api/v1/register?kind=dance":                                        "bad_parameter",
		"/api/v1/register?from=yesterday":                                    "bad_parameter",
		"/api/v1/register?camera=nobody":                                     "unknown_camera",
		"/api/v1/register.csv?from=yesterday":                                "bad_parameter",
		"/api/v1/register.csv?camera=nobody":                                 "unknown_camera",
		"/api/v1/register?to=1971-01-01T00:00:00Z&from=1972-01-01T00:00:00Z": "bad_parameter",
	} {
		_, b := s.get(path)
		if !strings.Contains(string(b), `"`+code+`"`) {
			t.Errorf("%s: %s", path, b)
		}
	}
	var said struct {
		Intact bool `json:"intact"`
		Chains []struct {
			Entries uint64 `json:"entries"`
			Own     bool   `json:"own"`
		} `json:"chains"`
	}
	s.json("/api/v1/register/verify?store=true", &said)
	if !said.Intact || len(said.Chains) != 1 || !said.Chains[0].Own || said.Chains[0].Entries < 5 {
		t.Errorf("%+v", said)
	}
}
