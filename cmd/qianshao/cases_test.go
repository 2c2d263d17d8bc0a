package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/registry/register"
	"qianshao/storage/timeline"
)

// desk is a person's browser, on whatever server runs at the moment.
type desk struct {
	t    *testing.T
	http http.Client
	base func() string
}

// ask sends a request and wants an answer.
func (d *desk) ask(status int, text, method, path string, in any) map[string]any {
	d.t.Helper()
	got, b, err := d.send(d.t.Context(), method, path, in)
	if err != nil {
		d.t.Fatal(err)
	}
	if got != status || !strings.Contains(string(b), text) {
		d.t.Fatalf("%s %s: %d %.300s, want %d and %q", method, path, got, b, status, text)
	}
	out := map[string]any{}
	_ = json.Unmarshal(b, &out) // footage is none
	return out
}

func (d *desk) send(ctx context.Context, method, path string, in any) (int, []byte, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return 0, nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.base()+path, body)
	if err != nil {
		return 0, nil, err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := d.http.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if len(b) > 0 {
		err = nil // a byte that came was seen, whatever came of the rest
	}
	return resp.StatusCode, b, err
}

// An investigation with real processes: what each role may do works, what it may not
// looks as if it did not exist; whoever saw a byte is in the register with the case,
// however the server is killed; cases come back from the store.
func TestInvestigation(t *testing.T) {
	t.Parallel()
	kills := 20
	if testing.Short() {
		kills = 2
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 7))
	dir := t.TempDir()
	command := func(want string, args ...string) string {
		t.Helper()
		out, errs, code := qianshao(t, append(args, "--data", dir)...)
		if code != exitOK || !strings.Contains(out, want) {
			t.Fatalf("%q: exit %d\n%s%s", args, code, out, errs)
		}
		return out
	}
	// With accounts no camera may stand on this machine: it is recorded before.
	srv := camtest.Start(t, rtsptest.Config{Width: 320, Height: 184, Bitrate: 300_000, NoSub: true})
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	command("created", "camera", "add", "GATE", srv.URL(1))
	if err := waitRecorded(t.Context(), dir, "GATE", 4*timeline.Second); err != nil {
		t.Fatal(err)
	}
	got, err := askAll(t, dir, "GATE")
	if err != nil {
		t.Fatal(err)
	}
	footage := got.Covered[0]
	p.terminate(t)

	// It carries on at the same address, so that browsers keep their sessions.
	address := "127.0.0.1:0"
	serve := func() *process {
		t.Helper()
		p := program(t, "serve", "--listen", address, "--data", dir)
		if err := p.ready(); err != nil {
			t.Fatal(err)
		}
		address = strings.TrimPrefix(p.url, "http://")
		return p
	}
	p = serve()
	command("unit QXN", "account", "unit", "QXN", "--name", "黔西南州公安局", "--kind", "bureau")
	command("unit XY", "account", "unit", "XY", "--name", "兴义市公安局", "--kind", "county", "--parent", "QXN", "--polygon", "104,25 105,25 105,26", "--area", "522301")
	person := func(login string, args ...string) *desk {
		t.Helper()
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		d := &desk{t: t, http: http.Client{Jar: jar}, base: func() string { return "http://" + address }}
		link := regexp.MustCompile(`l_\S+`).FindString(command("added", append([]string{"account", "add", login, "--name", login}, args...)...))
		const password = "correct horse battery"
		d.ask(200, login, "POST", "/api/v1/links", map[string]string{"link": link, "password": password})
		d.ask(200, login, "POST", "/api/v1/session", map[string]string{"login": login, "password": password})
		return d
	}
	li := person("li", "--role", "investigator", "--unit", "XY")
	wang := person("wang", "--role", "investigator", "--unit", "XY")
	zhao := person("zhao", "--role", "admin")
	sun := person("sun", "--role", "carrier", "--carrier", "unicom")
	qian := person("qian", "--role", "auditor")
	wu := person("wu", "--role", "household", "--camera", "local:GATE")

	span := func(from, to timeline.Micros) string { return "?from=" + from.String() + "&to=" + to.String() }
	clip := "/api/v1/cameras/GATE/clip.mp4" + span(footage.From, footage.To)
	zhao.ask(200, "GATE", "GET", "/api/v1/cameras", nil)
	zhao.ask(403, `"forbidden"`, "GET", clip, nil)
	zhao.ask(403, `"forbidden"`, "GET", "/api/v1/register", nil)
	for _, d := range []*desk{li, sun} {
		d.ask(404, `"unknown_camera"`, "GET", clip, nil)
	}
	wu.ask(403, `"forbidden"`, "GET", clip, nil)
	sun.ask(200, `"items":[]`, "GET", "/api/v1/cameras", nil)
	wu.ask(200, "GATE", "GET", "/api/v1/cameras", nil)
	qian.ask(200, "account.add", "GET", "/api/v1/register", nil)
	qian.ask(403, `"forbidden"`, "GET", clip, nil)

	file := map[string]any{
		"number": "A1", "class": "盗窃", "reason": "三头黄牛", "area": map[string]any{"cameras": []string{"local:GATE"}},
		"from": footage.From - timeline.Minute, "to": footage.To + timeline.Minute,
	}
	id, _ := li.ask(201, `"state":"open"`, "POST", "/api/v1/cases", file)["id"].(string)
	for _, d := range []*desk{wang, zhao, sun, wu} {
		d.ask(404, `"unknown_case"`, "GET", "/api/v1/cases/"+id, nil)
	}
	qian.ask(200, "三头黄牛", "GET", "/api/v1/cases/A1", nil)
	li.ask(403, `"viewing_needed"`, "GET", clip, nil)
	open := func(ctx context.Context, to timeline.Micros) string {
		in := map[string]any{"case": id, "cameras": []string{"GATE"}, "from": footage.From, "to": to}
		_, b, err := li.send(ctx, "POST", "/api/v1/viewings", in)
		var out struct{ Viewing string }
		if err != nil || json.Unmarshal(b, &out) != nil {
			return ""
		}
		return out.Viewing
	}
	v := open(t.Context(), footage.To)
	li.ask(200, "ftyp", "GET", clip+"&viewing="+v, nil)
	wang.ask(404, `"unknown_camera"`, "GET", clip+"&viewing="+v, nil)
	bearer := regexp.MustCompile(`q_\S+`).FindString(command("told once", "token", "issue", "--name", "script", "--role", "investigator", "--case", "A1"))
	if _, errs, code := qianshao(t, "token", "issue", "--name", "x", "--role", "investigator", "--case", "A2", "--data", dir); code == exitOK || !strings.Contains(errs, "there is no case of this number") {
		t.Errorf("a token for no case: exit %d, %s", code, errs)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/api/v1/cameras", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bearer)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.Body.Close() != nil || !strings.Contains(string(b), "GATE") {
		t.Errorf("a program of the case: %s %s, %v", resp.Status, b, err)
	}

	// Killed again and again while viewings are opened and looked through.
	var mu sync.Mutex
	seen := map[string]timeline.Micros{} // viewing → to
	var grown atomic.Int64
	p = killAgain(t, kills, random, p, serve, func(ctx context.Context, _ *process, _ int) bool {
		to := footage.From + timeline.Second + timeline.Micros(grown.Add(100))
		v := open(ctx, to)
		if v == "" {
			return false
		}
		status, b, err := li.send(ctx, "GET", "/api/v1/cameras/GATE/clip.mp4"+span(footage.From, to)+"&viewing="+v, nil)
		if err != nil || status != http.StatusOK || len(b) == 0 {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		seen[v] = to
		return true
	})
	if len(seen) < kills {
		t.Fatalf("seed %d: %d viewings in %d lives", seed, len(seen), kills)
	}
	registered := map[string]timeline.Micros{}
	for after := ""; ; {
		var page struct {
			Items []struct {
				Viewing, Case, Reason, Who string
				Cameras                    []string
				To                         timeline.Micros
			}
			Next string
		}
		_, b, err := qian.send(t.Context(), "GET", "/api/v1/register?limit=1000&kind="+string(register.ViewingOpen)+"&after="+after, nil)
		if err != nil || json.Unmarshal(b, &page) != nil {
			t.Fatalf("%s, %v", b, err)
		}
		for _, e := range page.Items {
			if e.Case == "A1" && e.Reason == "三头黄牛" && e.Who == "li" && len(e.Cameras) == 1 {
				registered[e.Viewing] = e.To
			}
		}
		if after = page.Next; after == "" {
			break
		}
	}
	for v, to := range seen {
		if registered[v] != to {
			t.Errorf("seed %d: viewing %s up to %v was seen, and is registered up to %v", seed, v, to, registered[v])
		}
	}
	t.Logf("%d viewings seen in %d lives, %d registered", len(seen), kills, len(registered))
	qian.ask(200, `"intact":true`, "GET", "/api/v1/register/verify", nil)

	if out := command("A1", "case", "list", "--state", "open"); !regexp.MustCompile(`(?m)^A1 +open +XY +盗窃 `).MatchString(out) {
		t.Errorf("case list:\n%s", out)
	}
	li.ask(201, `"state":"open"`, "POST", "/api/v1/cases", map[string]any{"emergency": true, "reason": "走失老人"})
	emergency := regexp.MustCompile(`k_[a-z2-7]{16}`).FindString(command("emergency", "case"))
	command("is closed", "case", "close", emergency, "--note", "误报")
	command("due", "case", "list", "--state", "due")
	qian.ask(200, `"who":"operator","case":"`+emergency, "GET", "/api/v1/register?act=case.close", nil)

	// Closed; and, lost with the machine, back from the store.
	li.ask(200, `"state":"closed"`, "POST", "/api/v1/cases/A1/closing", map[string]string{"note": "破案"})
	li.ask(404, `"unknown_camera"`, "GET", clip, nil)
	wu.ask(200, `"unit":"XY","class":"盗窃"`, "GET", "/api/v1/cameras/GATE/viewings", nil)
	p.terminate(t)
	for _, name := range []string{"cases.db", "cases.db-wal", "cases.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	command("2 cases restored", "reindex")
	p = serve()
	qian.ask(200, `"state":"closed"`, "GET", "/api/v1/cases/A1", nil)
	p.terminate(t)
}
