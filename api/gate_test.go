package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"qianshao/api"
	"qianshao/registry/access"
	"qianshao/registry/account"
	"qianshao/registry/oidc"
	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// What the gate is asked before each route is answered. A route that is added, or
// asks for something else, is written down here by whoever means it.
const gateTable = `
DELETE /api/v1/cameras/{id}/pauses/{pause}: camera.decide
DELETE /api/v1/imports/{job}: camera.add
DELETE /api/v1/session: open to all
DELETE /api/v1/viewings/{viewing}: viewing.open
GET    /api/v1/cameras/{id}/clip.mp4: footage.read
GET    /api/v1/cameras/{id}/life: camera.life
GET    /api/v1/cameras/{id}/live.mp4: live.watch
GET    /api/v1/cameras/{id}/play.mp4: footage.read
GET    /api/v1/cameras/{id}/playlist.m3u8: footage.read
GET    /api/v1/cameras/{id}/preview.mp4: footage.read
GET    /api/v1/cameras/{id}/snapshot.jpg: picture.read
GET    /api/v1/cameras/{id}/sprite.jpg: picture.read
GET    /api/v1/cameras/{id}/still.jpg: picture.read
GET    /api/v1/cameras/{id}/timeline: timeline.read
GET    /api/v1/cameras/{id}/viewings: viewing.list
GET    /api/v1/cameras/{id}: camera.read
GET    /api/v1/cameras.csv: camera.add
GET    /api/v1/cameras.xlsx: camera.add
GET    /api/v1/cameras: camera.list
GET    /api/v1/cases/{case}/viewings: case.read
GET    /api/v1/cases/{case}: case.read
GET    /api/v1/cases: case.list
GET    /api/v1/emergencies: register.read
GET    /api/v1/footage: footage.find
GET    /api/v1/imports/template.xlsx: camera.add
GET    /api/v1/imports/{job}/errors.xlsx: camera.add
GET    /api/v1/imports/{job}/events: camera.add
GET    /api/v1/imports/{job}: camera.add
GET    /api/v1/imports: camera.add
GET    /api/v1/maps: camera.list
GET    /api/v1/names: camera.list
GET    /api/v1/outlines: camera.list
GET    /api/v1/places: camera.list
GET    /api/v1/register.csv: register.read
GET    /api/v1/register/verify: register.read
GET    /api/v1/register: register.read
GET    /api/v1/session/directory/callback: open to all
GET    /api/v1/session/directory: open to all
GET    /api/v1/session/ways: open to all
GET    /api/v1/session: open to all
GET    /api/v1/viewings/{viewing}: viewing.open
GET    /app/{file...}: open to all
GET    /audit: open to all
GET    /camera/{camera}: open to all
GET    /cameras: open to all
GET    /cases: open to all
GET    /downloads: open to all
GET    /healthz: open to all
GET    /icon.svg: open to all
GET    /me: open to all
GET    /metrics: system.operate
GET    /openapi.json: open to all
GET    /readyz: open to all
GET    /settings: open to all
GET    /sign-in: open to all
GET    /tiles/{source}/{z}/{x}/{y}: camera.list
GET    /trace: open to all
GET    /{$}: open to all
POST   /api/v1/cameras/{id}/pauses: camera.decide
POST   /api/v1/cameras/{id}/withdrawal: camera.decide
GET    /api/v1/subsidies: camera.reconcile
POST   /api/v1/addresses: camera.add
POST   /api/v1/reconciliations: camera.reconcile
POST   /api/v1/cases/{case}/adoption: case.work
POST   /api/v1/cases/{case}/approval: case.approve
POST   /api/v1/cases/{case}/closing: case.work
POST   /api/v1/cases/{case}/hops: case.work
POST   /api/v1/cases/{case}/reviews: case.review
POST   /api/v1/cases: case.open
POST   /api/v1/imports: camera.add
POST   /api/v1/links: open to all
POST   /api/v1/session/second-factor: open to all
POST   /api/v1/session: open to all
POST   /api/v1/viewings/{viewing}/shares: viewing.open
POST   /api/v1/viewings: viewing.open
PUT    /api/v1/cases/{case}/members: case.work
PUT    /api/v1/session/password: open to all
PUT    /api/v1/session/second-factor: open to all
`

// directed gives a site a directory to sign in through, which nobody asks: its routes
// are there.
func directed(t *testing.T) func(*api.Config) {
	return func(cfg *api.Config) {
		var err error
		cfg.Directory, err = oidc.New(oidc.Config{Issuer: "https://sso.example", ClientID: "q", Redirect: "https://q.example", Key: cfg.Registry.Sealer()})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestGateTable(t *testing.T) {
	t.Parallel()
	p := newPeople(t, directed(t))
	var have []string
	for _, rt := range p.handler.(*api.Handler).Routes() {
		action := rt.Action
		if action == "" {
			action = "open to all"
		}
		have = append(have, fmt.Sprintf("%-6s %s: %s", rt.Method, rt.Path, action))
	}
	want := strings.Split(strings.TrimSpace(gateTable), "\n")
	slices.Sort(have)
	slices.Sort(want)
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("routes and what the gate is asked (-want +got):\n%s", diff)
	}
}

// Each list of cameras holds those that one may know of, and tells of no others: it
// does not count them either.
func TestWhoListsWhichCameras(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	all := map[string]media.CameraID{}
	for _, ref := range []string{"unicom:GATE", "unicom:ROAD", "telecom:YARD", "telecom:BARN"} {
		carrier, device, _ := strings.Cut(ref, ":")
		all[ref] = p.camera(carrier, device, 104.9, 25.09)
	}
	p.house = []media.CameraID{all["telecom:BARN"]}
	roles := p.everyone()
	p.file("investigator-1", "A1", "telecom:YARD", "unicom:GATE")
	p.file("investigator-1", "A2", string(all["unicom:ROAD"]))
	p.file("somebody", "T1", "unicom:ROAD") // of the token
	unicom := []string{"unicom:GATE", "unicom:ROAD"}
	for role, want := range map[string][]string{
		"investigator": {"telecom:YARD", "unicom:GATE", "unicom:ROAD"}, "investigator token": {"unicom:ROAD"},
		"carrier": unicom, "carrier token": unicom, "household": {"telecom:BARN"}, "auditor": nil, "auditor token": nil,
		"admin": {"telecom:BARN", "telecom:YARD", "unicom:GATE", "unicom:ROAD"},
	} {
		for path, more := range map[string]int{
			"/api/v1/cameras": 0, "/api/v1/cameras?state=all": 0, "/api/v1/cameras?near=104.9,25.09": 0, "/api/v1/places?limit=50&q=" + url.QueryEscape("院坝"): 0,
			"/api/v1/cameras?near=104.9,25.09&limit=1": len(want) - 1,
		} {
			resp, b := roles[role].send("GET", path, nil)
			if want == nil {
				if resp.StatusCode != http.StatusForbidden {
					t.Errorf("%s as %s: %s %s", path, role, resp.Status, b)
				}
				continue
			}
			var list struct {
				Items []struct {
					Carrier  string   `json:"carrier"`
					DeviceID string   `json:"carrier_device_id"`
					Kind     string   `json:"kind"`
					Also     []string `json:"also"`
				} `json:"items"`
				More int `json:"more"`
			}
			if err := json.Unmarshal(b, &list); err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("%s as %s: %s %s", path, role, resp.Status, b)
			}
			var got []string
			for _, x := range list.Items {
				if x.Kind == "camera" {
					got = append(got, x.Also[0])
				} else {
					got = append(got, x.Carrier+":"+x.DeviceID)
				}
			}
			slices.Sort(got)
			if list.More != more || more == 0 && !slices.Equal(got, want) {
				t.Errorf("%s as %s: %q and %d more, want %q and %d", path, role, got, list.More, want, more)
			}
		}
	}
}

// What changes a case asks for just that: who may read it as its second officer or
// as an auditor may not do the rest, and an officer of an unrelated unit, or of one
// below, does not know of it.
func TestWhoDoesWhatWithACase(t *testing.T) {
	t.Parallel()
	p, own, _ := filmed(t, nil)
	li, wang, sun, auditor := officers(p)
	zhou := p.officerOf("zhou", "AL")
	far := func(who *person, number string) string {
		return text(who.send1(201, "POST", "/api/v1/cases", body{
			"number": number, "class": "盗窃", "reason": "x", "area": body{"cameras": []string{own}}, "from": begin, "to": begin + 30*timeline.Hour, "growth": true,
			"expires": begin + timeline.Day,
		}), "id")
	}
	waiting, above := far(li, "A1"), far(sun, "B1")
	emergency := text(li.send1(201, "POST", "/api/v1/cases", body{"emergency": true, "reason": "走失老人"}), "id")
	li.send1(200, "POST", "/api/v1/cases/"+emergency+"/closing", body{})

	changes := 0
	for _, rt := range p.handler.(*api.Handler).Routes() {
		if !strings.Contains(rt.Path, "{case}") {
			continue
		}
		do := func(who *person, id string, status int, want string) {
			t.Helper()
			who.want(status, want, rt.Method, strings.Replace(rt.Path, "{case}", id, 1), body{})
		}
		do(zhou, waiting, 404, `"unknown_case"`)
		do(zhou, emergency, 404, `"unknown_case"`)
		do(wang, emergency, 404, `"unknown_case"`) // no second officer is asked for
		do(li, above, 404, `"unknown_case"`)
		if rt.Method == http.MethodGet {
			do(sun, waiting, 200, "")
			do(wang, waiting, 200, "")
			do(auditor, waiting, 200, "")
			continue
		}
		changes++
		if rt.Action != "case.approve" {
			do(sun, waiting, 403, `"forbidden"`)
			do(wang, waiting, 403, `"forbidden"`)
		}
		switch rt.Action {
		case "case.review": // of one's own emergency
			do(li, emergency, 403, `"forbidden"`)
		case "case.approve":
			do(li, waiting, 403, `"forbidden"`)
			do(auditor, waiting, 403, `"forbidden"`)
		default:
			do(auditor, waiting, 403, `"forbidden"`)
			do(auditor, emergency, 403, `"forbidden"`)
		}
	}
	if changes < 6 {
		t.Errorf("only %d routes change a case", changes)
	}
	zhou.want(200, `"items":[]`, "GET", "/api/v1/cases", nil)
	zhou.want(404, `"unknown_case"`, "POST", "/api/v1/cases/A1/approval", body{"approve": true})

	// The second officer reads the case, and knows the camera by one of their own; a
	// viewing in it is for those who work on it.
	sun.want(200, `"state":"open"`, "POST", "/api/v1/cases/A1/approval", body{"approve": true})
	sun.send1(201, "POST", "/api/v1/cases", body{
		"number": "S1", "class": "盗窃", "reason": "x", "area": body{"cameras": []string{own}}, "from": begin, "to": begin + timeline.Hour, "expires": begin + timeline.Day,
	})
	look := body{"case": "A1", "cameras": []string{own}, "from": begin, "to": begin + 1}
	sun.want(200, own, "GET", "/api/v1/cameras/"+own, nil)
	sun.want(403, `"forbidden"`, "POST", "/api/v1/viewings", look)
	auditor.want(403, `"forbidden"`, "POST", "/api/v1/viewings", look)
	li.want(201, `"case":"A1"`, "POST", "/api/v1/viewings", look)
}

// officerOf is an investigator of a unit, signed in.
func (p *people) officerOf(login, unit string) *person {
	p.t.Helper()
	p.add(login, "", account.Investigator)
	x, err := p.book.Get(p.t.Context(), login)
	if err != nil {
		p.t.Fatal(err)
	}
	x.Unit = unit
	if err := p.book.Change(p.t.Context(), x); err != nil {
		p.t.Fatal(err)
	}
	return p.signedIn(login)
}

// A case or a camera that a body names is as little told of as one in the address:
// word for word, and on the same beat.
func TestNamedInABody(t *testing.T) {
	t.Parallel()
	const even = 40 * time.Millisecond
	p, own, foreign := filmed(t, func(cfg *api.Config) { cfg.Even = even })
	li, _, _, _ := officers(p)
	mine, theirs := p.file("li", "A1", own), p.file("somebody", "B1", foreign)
	const noCase, noCamera = "k_zzzzzzzzzzzzzzzz", "c_zzzzzzzzzzzzzzzz"
	look := func(file, camera string) body {
		return body{"case": file, "cameras": []string{camera}, "from": begin, "to": begin + 1}
	}
	names := strings.NewReplacer(noCase, theirs.ID, noCamera, foreign)
	for name, x := range map[string]struct {
		path            string
		theirs, nothing body
	}{
		"case of a viewing":   {"/api/v1/viewings", look(theirs.ID, own), look(noCase, own)},
		"camera of a viewing": {"/api/v1/viewings", look(mine.ID, foreign), look(mine.ID, noCamera)},
		"camera of a hop":     {"/api/v1/cases/" + mine.ID + "/hops", body{"camera": foreign, "at": begin}, body{"camera": noCamera, "at": begin}},
	} {
		ask := func(in body) (answer string) {
			began := time.Now()
			resp, b := li.send("POST", x.path, in)
			// No answer can come before the first beat.
			if took := time.Since(began); resp.StatusCode != http.StatusNotFound || took < even {
				t.Errorf("%s: %s %s after %v: want 404 on a beat of %v", name, resp.Status, b, took, even)
			}
			return names.Replace(string(b))
		}
		if one, other := ask(x.theirs), ask(x.nothing); one != other {
			t.Errorf("%s: %s, of one that there is not: %s", name, one, other)
		}
	}
}

// A viewing ends with its case, also where another case of its officer reaches the
// same camera.
func TestViewingOfAClosedCase(t *testing.T) {
	t.Parallel()
	p, own, _ := filmed(t, nil)
	li, _, _, _ := officers(p)
	closed, other := p.file("li", "A1", own), p.file("li", "A2", own)
	v, w := li.viewing(closed.ID, own), li.viewing(other.ID, own)
	showing := func(viewing string, status int, text string) {
		t.Helper()
		seen := 0
		for _, rt := range p.handler.(*api.Handler).Routes() {
			if !access.Action(rt.Action).Shows() {
				continue
			}
			seen++
			path := strings.Replace(rt.Path, "{id}", own, 1) + "?near=104.9,25.09&at=" + begin.String() + "&" + span2 + "&viewing=" + viewing
			if status == 200 && !strings.Contains(path, "clip.mp4") && !strings.Contains(path, "/footage") {
				continue // some need ffmpeg, some have no end
			}
			if strings.Contains(path, "live.mp4") { // the present is not this case's time
				continue
			}
			li.want(status, text, "GET", path, nil)
		}
		if seen < 9 {
			t.Errorf("only %d routes show footage", seen)
		}
	}
	showing(v, 200, "")
	li.send1(200, "POST", "/api/v1/cases/A1/closing", body{})
	li.want(200, own, "GET", "/api/v1/cameras/"+own, nil)
	showing(v, 403, `"viewing_needed"`)
	showing(w, 200, "")
}

// What stands in the register and on pages has no characters that order others
// about, or that nobody sees.
func TestReasonOfAViewing(t *testing.T) {
	t.Parallel()
	p, own, _ := filmed(t, nil)
	li, _, _, auditor := officers(p)
	p.file("li", "A1", own)
	for _, reason := range []string{"看\u202e一下", "看一下\u0007x", "\u2066x", "a\nb", "\u007f"} {
		li.want(422, "reason: not possible: it has a control character", "POST", "/api/v1/viewings",
			body{"case": "A1", "cameras": []string{own}, "from": begin, "to": begin + 1, "reason": reason})
		li.want(422, "not possible: it has a control character", "POST", "/api/v1/cases/A1/closing", body{"note": reason})
		li.want(422, "reason: not possible: it has a control character", "POST", "/api/v1/cases", body{"emergency": true, "reason": reason})
	}
	auditor.want(200, `"items":[]`, "GET", "/api/v1/register?kind=viewing.open", nil)
	li.want(201, `"reason":"看一下"`, "POST", "/api/v1/viewings", body{"case": "A1", "cameras": []string{own}, "from": begin, "to": begin + 1, "reason": "看一下"})
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name, In string
				Schema   struct{ Pattern string }
			}
		}
	}
	p.json("/openapi.json", &doc)
	for path, methods := range doc.Paths {
		for _, op := range methods {
			for _, x := range op.Parameters {
				if x.Name == "case" && x.In == "path" && x.Schema.Pattern == "" {
					t.Errorf("%s: any text is taken for a case's id", path)
				}
			}
		}
	}
}

// A password and a second factor are changed by who proves to be the account's
// owner, and the register has it, before it counts.
func TestOwnAccount(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	p.add("li", "", account.Investigator)
	li := p.signedIn("li")
	acts := func(act string, want int) {
		t.Helper()
		page, err := p.entries.List(t.Context(), register.Query{Act: act, Who: "li", Limit: 100})
		if err != nil || len(page.Items) != want || want > 0 && page.Items[0].Address == "" {
			t.Errorf("%s: %+v, %v; want %d entries", act, page.Items, err, want)
		}
	}
	const password, factor, better = "/api/v1/session/password", "/api/v1/session/second-factor", "another long password"
	li.want(401, `"denied"`, "PUT", password, body{"password": "wrong password", "new": better})
	li.want(401, `"denied"`, "POST", factor, body{"password": "wrong password"})
	acts("account.password", 0)
	p.breakRegister()
	li.want(503, `"register_unavailable"`, "PUT", password, body{"password": right, "new": better})
	p.disk.Heal()
	other := p.signedIn("li")
	li.want(204, "", "PUT", password, body{"password": right, "new": better})
	acts("account.password", 1)
	li.want(200, `"login":"li"`, "GET", "/api/v1/session", nil)
	other.want(401, `"sign_in"`, "GET", "/api/v1/session", nil)
	other.want(401, `"denied"`, "POST", "/api/v1/session", signIn{"li", right})
	other.want(200, `"login":"li"`, "POST", "/api/v1/session", signIn{"li", better})

	address := text(li.send1(200, "POST", factor, body{"password": better}), "url")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(u.Query().Get("secret"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	acts("account.second-factor", 0)
	p.breakRegister()
	li.want(503, `"register_unavailable"`, "PUT", factor, body{"url": address, "code": code})
	p.disk.Heal()
	li.want(200, `"totp":false`, "GET", "/api/v1/session", nil)
	li.want(204, "", "PUT", factor, body{"url": address, "code": code})
	acts("account.second-factor", 1)
	li.want(401, `"need_code"`, "PUT", password, body{"password": better, "new": right})
	li.want(401, `"need_code"`, "POST", factor, body{"password": better})
	acts("account.password", 1)
}

// Who receives a long answer is asked about again within a minute, if nobody says
// how often.
func TestAskedAgain(t *testing.T) {
	t.Parallel()
	h := newPeople(t, nil).handler.(*api.Handler)
	synctest.Test(t, func(t *testing.T) {
		cut := make(chan struct{})
		began := time.Now()
		// Its session has ended meanwhile.
		defer h.Watch(t.Context(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/register.csv", nil), func() { close(cut) })()
		select {
		case <-cut:
			if after := time.Since(began); after == 0 {
				t.Error("at once")
			}
		case <-time.After(time.Minute):
			t.Error("not within a minute")
		}
	})
}

// The register as a table ends too when its reader is signed out, and does not look
// whole then.
func TestSignedOutInMidTable(t *testing.T) {
	t.Parallel()
	p := newPeople(t, func(cfg *api.Config) { cfg.AskAgain = 20 * time.Millisecond })
	entries := make([]*register.Entry, 8000)
	for i := range entries {
		entries[i] = &register.Entry{Kind: register.Admin, Who: "operator", Act: "test", Note: strings.Repeat("x", 1000)}
	}
	if err := p.entries.Append(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
	a := p.add("qian", "", account.Auditor)
	auditor := p.signedIn("qian")
	server, serving := p.smallBuffers()
	conn, resp := readHead(t, server, "/api/v1/register.csv", "Cookie: "+auditor.cookie()+"\r\n")
	defer conn.Close() //nolint:errcheck // read to its end
	if serving.Load() != 1 {
		t.Fatal("the answer is sent already: the test shows nothing")
	}
	if err := p.book.EndSessions(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	if err := waitFor(t.Context(), func() bool { return serving.Load() == 0 }); err != nil {
		t.Error("still served")
	}
	if n, err := io.Copy(io.Discard, resp.Body); err == nil || n > int64(len(entries))*1000 {
		t.Errorf("%d bytes came, %v", n, err)
	}
}

// Whatever stands in a query, no route breaks. FuzzWhoAsks ends at the gate; here it
// is open.
func FuzzQuery(f *testing.F) {
	s := newSite(f, nil)
	id := string(s.camera("local", "GATE", 104.9, 25.09))
	v := storagetest.NewVideo(f, storagetest.VideoSpec{})
	s.record(media.CameraID(id), storagetest.Script{Runs: []storagetest.Run{{Pieces: piece(v, 4)}}})
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name, In string
				Example  any
				Schema   schema
			}
		}
	}
	s.json("/openapi.json", &doc)
	type target struct{ method, path string }
	var targets []target
	fill := strings.NewReplacer("{id}", id, "{$}", "", "{file...}", "x.js", "{source}", "base", "{z}", "12", "{x}", "3241", "{y}", "1753", "{camera}", id)
	for _, rt := range s.handler.(*api.Handler).Routes() {
		if rt.Method != http.MethodGet {
			continue
		}
		// Pictures need ffmpeg and live has no end: HEAD reads the same query.
		method, query := http.MethodGet, url.Values{}
		if access.Action(rt.Action).Shows() && strings.Contains(rt.Path, "{id}") {
			method = http.MethodHead
		}
		for _, x := range doc.Paths[rt.Path]["get"].Parameters {
			if x.In != "query" {
				continue
			}
			value := x.Example
			for _, from := range [][]any{x.Schema.Examples, x.Schema.Enum, {x.Schema.Default}} {
				if value == nil && len(from) > 0 {
					value = from[0]
				}
			}
			query.Set(x.Name, fmt.Sprint(value))
		}
		n := uint8(len(targets))
		targets = append(targets, target{method, fill.Replace(rt.Path)})
		f.Add(n, query.Encode())
		if len(query) == 0 {
			continue
		}
		query.Set("from", begin.String())
		query.Set("to", (begin + 2*timeline.Second).String())
		f.Add(n, query.Encode())
		for _, odd := range []string{ // the first value of a name counts
			"from=%ff&to=%00", "%zz&;=&=", "near=NaN,1e400&radius_m=NaN", "limit=-9223372036854775808&after=%00", "n=9999999999999999999&width=0x10",
			"from=9998-12-31T23:59:59.9999999Z&to=1970-01-01T00:00:00%2B24:00", "as_of=9999999999999999999&viewing=%ff", "stream=%e2%80%ae&trim=&gaps=x",
		} {
			f.Add(n, odd+"&"+query.Encode())
		}
	}
	if len(targets) < 20 {
		f.Fatalf("only %d routes", len(targets))
	}
	f.Fuzz(func(t *testing.T, n uint8, query string) {
		x := targets[int(n)%len(targets)]
		r := httptest.NewRequestWithContext(t.Context(), x.method, x.path, nil)
		r.URL.RawQuery = query
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code == http.StatusInternalServerError {
			t.Errorf("%s %s?%q: %d %.300s", x.method, x.path, query, w.Code, w.Body)
		}
	})
}
