package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"qianshao/api"
	"qianshao/registry/account"
	"qianshao/registry/area"
	"qianshao/registry/cases"
	"qianshao/registry/register"
	"qianshao/registry/secret"
	"qianshao/registry/viewing"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

const right = "三头黄牛在山坡上 cow"

// people is a site with accounts.
type people struct {
	*site
	book  *account.Book
	cases *cases.Book
	house []media.CameraID // of the household
}

func newPeople(t *testing.T, change func(*api.Config)) *people {
	t.Helper()
	var p people
	p.site = newSite(t, func(cfg *api.Config) {
		book, err := account.Open(t.Context(), account.Config{Dir: t.TempDir(), Key: cfg.Registry.Sealer()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := book.Close(); err != nil {
				t.Error(err)
			}
		})
		p.book, cfg.Accounts, cfg.Even = book, book, time.Millisecond
		if change != nil {
			change(cfg)
		}
		files, err := cases.Open(t.Context(), cases.Config{
			Dir: t.TempDir(), Key: cfg.Registry.Sealer(), Register: cfg.Register, Spots: cfg.Registry.Spots, Now: cfg.Now,
			Limits: cases.Limits{Cameras: 20, Span: 24 * time.Hour},
			UnitArea: func(ctx context.Context, unit string) (area.Area, error) {
				units, err := book.Units(ctx)
				return account.AreaOf(units, unit), err
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := files.Close(); err != nil {
				t.Error(err)
			}
		})
		p.cases, cfg.Cases = files, files
	})
	for _, u := range []account.Unit{
		{ID: "QXN", Kind: account.Bureau, Name: "黔西南州公安局"},
		{ID: "XY", Parent: "QXN", Kind: account.County, Name: "兴义市公安局", Polygons: []area.Polygon{{{104.8, 25}, {105, 25}, {105, 25.2}, {104.8, 25.2}}}},
		{ID: "AL", Parent: "QXN", Kind: account.County, Name: "安龙县公安局", Areas: []string{"522328"}},
	} {
		if err := p.book.PutUnit(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	return &p
}

// add makes an account with a password.
func (p *people) add(login, carrier string, roles ...account.Role) account.Account {
	p.t.Helper()
	as := account.Account{Login: login, Name: login, Unit: "XY", Carrier: carrier, Roles: roles}
	if as.Has(account.Household) {
		as.Cameras = p.house
	}
	a, err := p.book.Add(p.t.Context(), as)
	if err != nil {
		p.t.Fatal(err)
	}
	link, err := p.book.NewLink(p.t.Context(), a.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	if a, err = p.book.UseLink(p.t.Context(), link, secret.New(right)); err != nil {
		p.t.Fatal(err)
	}
	return a
}

// file opens a case of somebody, of cameras and of the fixture's hour.
func (p *people) file(login, number string, cameras ...string) cases.Case {
	p.t.Helper()
	var of area.Area
	of.Cameras = append(of.Cameras, cameras...)
	c, err := p.cases.Begin(p.t.Context(), cases.By{Login: login, Unit: "XY"}, cases.Case{
		Number: number, Class: "盗窃", Reason: "三头黄牛", Area: of, Span: timeline.Span{From: begin, To: begin + 2*timeline.Hour}, Expires: begin + timeline.Day,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// viewing opens a viewing of a camera and of the fixture's hour.
func (p *person) viewing(file, camera string) string {
	p.t.Helper()
	body := map[string]any{"case": file, "cameras": []string{camera}, "from": begin, "to": begin + 2*timeline.Hour}
	resp, b := p.send("POST", "/api/v1/viewings", body)
	var out struct{ Viewing string }
	if err := json.Unmarshal(b, &out); err != nil || resp.StatusCode != http.StatusCreated {
		p.t.Fatalf("%s %s, %v", resp.Status, b, err)
	}
	return out.Viewing
}

// person is a browser of somebody.
type person struct {
	*people
	http   http.Client
	bearer string // of a program
}

func (p *people) browser() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return &person{people: p, http: http.Client{Jar: jar}}
}

// cookie is what the browser says of itself, for what is asked by other means.
func (p *person) cookie() string {
	p.t.Helper()
	at, err := url.Parse(p.url)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.http.Jar.Cookies(at)[0].String()
}

func (p *person) send(method, path string, body any, head ...string) (*http.Response, []byte) {
	p.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, bytes.NewReader(text))
	if err != nil {
		p.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
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
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.documented(method, path, resp.StatusCode)
	return resp, answer
}

// want sends a request and wants an answer with a status, and with a text in it.
func (p *person) want(status int, text, method, path string, body any, head ...string) *http.Response {
	p.t.Helper()
	resp, answer := p.send(method, path, body, head...)
	if resp.StatusCode != status || !strings.Contains(string(answer), text) {
		p.t.Errorf("%s %s: %s %.300s, want %d and %q", method, path, resp.Status, answer, status, text)
	}
	return resp
}

type signIn struct {
	Login    string `json:"login"`
	Password string `json:"password"`
}

func (p *people) signedIn(login string) *person {
	p.t.Helper()
	b := p.browser()
	b.want(200, `"login":"`+login+`"`, "POST", "/api/v1/session", signIn{login, right})
	return b
}

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	setup, err := p.book.Setup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := p.browser()
	b.want(401, `"sign_in"`, "GET", "/api/v1/cameras", nil)
	b.want(401, `"sign_in"`, "GET", "/api/v1/session", nil)
	b.want(401, `"denied"`, "POST", "/api/v1/session", signIn{"zhao", right})
	first := map[string]string{"link": setup.Reveal(), "login": "zhao", "name": "赵", "password": "short"}
	b.want(422, "at least 10 characters", "POST", "/api/v1/links", first)
	first["password"] = right
	b.want(200, `"roles":["admin"]`, "POST", "/api/v1/links", first)
	first["login"] = "zhao2"
	b.want(422, "accounts already", "POST", "/api/v1/links", first)
	b.want(401, `"denied"`, "POST", "/api/v1/session", signIn{"zhao", "wrong password"})
	resp := b.want(200, `"name":"赵"`, "POST", "/api/v1/session", signIn{"zhao", right})
	set := resp.Header.Get("Set-Cookie")
	if !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Strict") || strings.Contains(set, "Secure") || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%q, %v", set, resp.Header)
	}
	b.want(200, `"login":"zhao"`, "GET", "/api/v1/session", nil)
	b.want(200, `"items"`, "GET", "/api/v1/cameras", nil)

	// Another site's page cannot act in zhao's name.
	b.want(403, `"foreign_origin"`, "DELETE", "/api/v1/session", nil, "Origin", "http://evil.example")
	b.want(403, `"foreign_origin"`, "POST", "/api/v1/session", signIn{"zhao", right}, "Sec-Fetch-Site", "cross-site")
	b.want(204, "", "DELETE", "/api/v1/session", nil, "Origin", p.url)
	b.want(401, `"sign_in"`, "GET", "/api/v1/cameras", nil)
	b.want(204, "", "DELETE", "/api/v1/session", nil)

	// A link for a password, once.
	wang := p.add("wang", "unicom", account.Carrier)
	link, err := p.book.NewLink(t.Context(), wang.ID)
	if err != nil {
		t.Fatal(err)
	}
	again := map[string]string{"link": link.Reveal(), "password": "another long password"}
	b.want(200, `"login":"wang"`, "POST", "/api/v1/links", again)
	b.want(410, `"link_expired"`, "POST", "/api/v1/links", again)
	b.want(401, `"denied"`, "POST", "/api/v1/session", signIn{"wang", right})
	b.want(200, `"login":"wang"`, "POST", "/api/v1/session", signIn{"wang", "another long password"})
	if err := p.book.Disable(t.Context(), wang.ID); err != nil {
		t.Fatal(err)
	}
	b.want(401, `"sign_in"`, "GET", "/api/v1/cameras", nil)

	// The register has it.
	auditor := p.add("qian", "", account.Auditor)
	a := p.signedIn(auditor.Login)
	for act, who := range map[string]string{"session.begin": "zhao", "session.end": "zhao", "account.setup": "zhao", "account.password": "wang"} {
		a.want(200, `"who":"`+who+`"`, "GET", "/api/v1/register?who="+who+"&act="+act, nil)
	}
	if got := p.acts("account.setup", ""); len(got) != 1 {
		t.Errorf("what was refused looks as if it had happened: %+v", got)
	}
	if got := p.acts("account.password", "wang"); len(got) != 1 || got[0].Unit != "XY" {
		t.Errorf("%+v", got)
	}
}

// acts are the entries of an act, and of somebody, newest first.
func (p *people) acts(act, who string) []register.Entry {
	p.t.Helper()
	page, err := p.entries.List(p.t.Context(), register.Query{Act: act, Who: who})
	if err != nil {
		p.t.Fatal(err)
	}
	return page.Items
}

// Whoever is not let in, or asks for what is not theirs, stands in the register; a
// login that nobody has does not: it may be a password.
func TestWhoWasRefused(t *testing.T) {
	t.Parallel()
	p, own, foreign := filmed(t, nil)
	p.add("li", "", account.Investigator)
	p.add("wang", "unicom", account.Carrier)
	b := p.browser()
	for range 6 {
		b.want(401, `"denied"`, "POST", "/api/v1/session", signIn{"li", "not the password"})
	}
	b.want(401, `"denied"`, "POST", "/api/v1/session", signIn{"meinpasswort1", right})
	wang := p.signedIn("wang")
	clip := func(camera string) string { return "/api/v1/cameras/" + camera + "/clip.mp4?" + span2 }
	wang.want(404, `"unknown_camera"`, "GET", clip(foreign), nil)
	wang.want(403, `"forbidden"`, "GET", clip(own), nil)
	wang.want(404, `"unknown_camera"`, "GET", clip("c_aaaaaaaaaaaaaaaa"), nil) // there is none
	wang.want(401, `"denied"`, "PUT", "/api/v1/session/password", map[string]string{"password": "wrong password", "new": "another long password"})
	wang.want(422, "at least 10", "PUT", "/api/v1/session/password", map[string]string{"password": right, "new": "short"})
	wang.want(422, `"factor_not_drawn"`, "PUT", "/api/v1/session/second-factor", map[string]string{"url": "otpauth://x", "code": "123456"})

	if err := p.entries.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ act, who, unit, note string }{
		{"session.refused", "li", "XY", "4 times since "},
		{"session.locked", "li", "XY", "2 times since "},
		{"session.refused", "", "", "a login that nobody has; once, "},
		{"session.refused", "wang", "XY", "signed in, to change something of the account; once, "},
		{"footage.read", "wang", "XY", "2 times since "},
	} {
		entries := p.acts(tt.act, tt.who)
		entries = slices.DeleteFunc(entries, func(e register.Entry) bool { return e.Who != tt.who })
		if len(entries) != 1 || entries[0].Unit != tt.unit || !strings.HasPrefix(entries[0].Note, tt.note) || entries[0].Result != register.Refused || entries[0].Address == "" {
			t.Errorf("%s %q: %+v", tt.act, tt.who, entries)
		} else if tt.act == "footage.read" && len(entries[0].Cameras) != 2 {
			t.Errorf("%+v", entries[0].Cameras)
		}
	}
	all, err := p.entries.List(t.Context(), register.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all.Items {
		if text := fmt.Sprintf("%+v", e); strings.Contains(text, "meinpasswort1") || strings.HasPrefix(e.Act, "account.") {
			t.Errorf("the register has %s", text)
		}
	}
	// Whoever goes, goes, whatever the register's disk does; nothing else is done.
	p.breakRegister()
	wang.want(503, `"register_unavailable"`, "PUT", "/api/v1/session/password", map[string]string{"password": right, "new": "another long password"})
	wang.want(204, "", "DELETE", "/api/v1/session", nil)
	wang.want(401, `"sign_in"`, "GET", "/api/v1/session", nil)
	b.want(503, `"register_unavailable"`, "POST", "/api/v1/session", signIn{"wang", right})
	p.disk.Heal()
}

// Whoever has but a session neither turns a second factor on nor changes it: that
// takes the password, where one is set a code of it, and what was drawn then.
func TestSecondFactorTakesThePassword(t *testing.T) {
	t.Parallel()
	p := newPeople(t, nil)
	p.add("li", "unicom", account.Carrier)
	p.add("wang", "unicom", account.Carrier)
	li, wang := p.signedIn("li"), p.signedIn("wang")
	const path = "/api/v1/session/second-factor"
	type proof struct {
		Password string `json:"password"`
		Code     string `json:"code,omitempty"`
	}
	type factor struct {
		URL  string `json:"url"`
		Code string `json:"code"`
	}
	draw := func(who *person, by proof) string {
		t.Helper()
		var out struct{ URL string }
		resp, b := who.send("POST", path, by)
		if err := json.Unmarshal(b, &out); err != nil || resp.StatusCode != 200 || !strings.HasPrefix(out.URL, "otpauth://totp/") {
			t.Fatalf("%s %s, %v", resp.Status, b, err)
		}
		return out.URL
	}
	shown := func(address string, at time.Time) string {
		t.Helper()
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		code, err := totp.GenerateCode(u.Query().Get("secret"), at)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	const foreign = "otpauth://totp/qianshao:li?algorithm=SHA1&digits=6&issuer=qianshao&period=30&secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	refused := func(address string) {
		t.Helper()
		li.want(422, `"factor_not_drawn"`, "PUT", path, factor{address, shown(address, time.Now())})
	}
	refused(foreign)
	li.want(401, `"denied"`, "POST", path, proof{Password: "wrong password"})
	refused(foreign)
	refused(draw(wang, proof{Password: right}))
	first := draw(li, proof{Password: right})
	refused(foreign)
	li.want(422, `"not_possible"`, "PUT", path, factor{first, "000000"})
	used := time.Now()
	li.want(204, "", "PUT", path, factor{first, shown(first, used)})
	li.want(200, `"totp":true`, "GET", "/api/v1/session", nil)

	// One that is set is changed by whoever has it.
	refused(foreign)
	refused(first)
	li.want(401, `"need_code"`, "POST", path, proof{Password: right})
	li.want(401, `"denied"`, "POST", path, proof{Password: right, Code: shown(first, used)}) // each works once
	li.want(401, `"denied"`, "POST", path, proof{Password: "wrong password", Code: shown(first, used.Add(30*time.Second))})
	refused(foreign)
	next := draw(li, proof{Password: right, Code: shown(first, used.Add(30*time.Second))})
	li.want(204, "", "PUT", path, factor{next, shown(next, time.Now())})
	refused(first)
}

// span2 is two seconds of the footage that a person test records.
var span2 = span(begin+timeline.Second, begin+3*timeline.Second)

// filmed is a site with footage of two carriers' cameras.
func filmed(t *testing.T, change func(*api.Config)) (p *people, own, foreign string) {
	t.Helper()
	p = newPeople(t, change)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	mine, theirs := p.camera("unicom", "GATE", 104.9, 25.09), p.camera("telecom", "YARD", 104.9, 25.09)
	p.record(mine, storagetest.Script{Runs: []storagetest.Run{{Pieces: piece(v, 60)}}})
	p.record(theirs, storagetest.Script{Runs: []storagetest.Run{{Pieces: piece(v, 60)}}})
	return p, string(mine), string(theirs)
}

// everyone makes an account of every role, and a program of each that can be one's:
// "carrier token" has the role carrier.
func (p *people) everyone() map[string]*person {
	out := map[string]*person{"nobody": p.browser()}
	for role, carrier := range map[account.Role]string{
		account.Investigator: "", account.Carrier: "unicom", account.Admin: "", account.Auditor: "", account.Household: "",
	} {
		p.add(string(role)+"-1", carrier, role)
		out[string(role)] = p.signedIn(string(role) + "-1")
		if role == account.Household {
			continue
		}
		token := account.Token{Name: "script", Role: role, Carrier: carrier, Expires: timeline.FromTime(time.Now().Add(time.Hour))}
		if role == account.Investigator {
			token.Case = "T1"
		}
		bearer, _, err := p.book.IssueToken(p.t.Context(), token)
		if err != nil {
			p.t.Fatal(err)
		}
		program := p.browser()
		program.bearer = bearer.Reveal()
		out[string(role)+" token"] = program
	}
	return out
}

// Every route, as every role, on a camera of another carrier: what a role may do
// it can, a camera that it may not know of is answered word for word as one that
// there is not, and nobody gets anything without signing in.
func TestEveryRouteAsEveryRole(t *testing.T) {
	t.Parallel()
	const even = 15 * time.Millisecond
	p, own, foreign := filmed(t, func(cfg *api.Config) { cfg.Even = even })
	p.house = []media.CameraID{media.CameraID(own)}
	roles := p.everyone()
	h, ok := p.handler.(*api.Handler)
	if !ok {
		t.Fatalf("%T", p.handler)
	}
	theirs := p.file("somebody", "B1", foreign)
	granted, err := p.views.Grant(t.Context(), viewing.Grant{Who: "somebody", CaseID: theirs.ID, Cameras: []media.CameraID{media.CameraID(foreign)}, Span: theirs.Span})
	if err != nil {
		t.Fatal(err)
	}
	open := []string{
		"/cases", "/healthz", "/readyz", "/openapi.json", "/sign-in", "/me", "/api/v1/session/password", "/api/v1/session/second-factor", "/{$}", "/trace", "/camera/{camera}", "/downloads", "/audit", "/settings", "/cameras", "/app/{file...}", "/icon.svg", "/api/v1/session", "/api/v1/session/ways", "/api/v1/links",
	}
	may := map[string][]string{
		"investigator": {"camera.list", "case.list", "case.open", "viewing.open"},
		"carrier":      {"camera.list", "camera.add", "camera.reconcile"},
		"admin":        {"camera.list", "camera.add", "camera.reconcile", "camera.read", "camera.life", "timeline.read", "system.operate"},
		"auditor":      {"camera.read", "viewing.list", "register.read", "case.list", "case.read", "case.review"},
		"household":    {"camera.list"},

		"investigator token": {"camera.list", "viewing.open"},
	}
	for _, role := range []string{"carrier", "admin", "auditor"} {
		may[role+" token"] = may[role]
	}
	seen := 0
	for _, rt := range h.Routes() {
		if rt.Action == "" {
			if !slices.Contains(open, rt.Path) {
				t.Errorf("%s is open to all", rt.Path)
			}
			continue
		}
		seen++
		path := func(id string) string {
			out := strings.ReplaceAll(strings.ReplaceAll(rt.Path, "{id}", id), "{viewing}", granted.ID)
			if id == foreign {
				id = theirs.ID
			}
			return strings.ReplaceAll(out, "{case}", strings.Replace(id, "c_", "k_", 1)) + "?" + span2 + "&at=" + begin.String() + "&viewing=" + granted.ID
		}
		for role, who := range roles {
			// HEAD shows nothing, so that it needs no end where an answer has none.
			method := rt.Method
			if strings.Contains(rt.Path, "live.mp4") || strings.Contains(rt.Path, "snapshot") || strings.Contains(rt.Path, "sprite") {
				method = http.MethodHead
			}
			began := time.Now()
			resp, b := who.send(method, path(foreign), nil)
			took := time.Since(began)
			what := fmt.Sprintf("%s as %s: %s %.200s", rt.Path, role, resp.Status, b)
			knowsAll := strings.HasPrefix(role, "auditor")
			switch {
			case role == "nobody":
				if resp.StatusCode != http.StatusUnauthorized || method != http.MethodHead && !strings.Contains(string(b), `"sign_in"`) {
					t.Error(what)
				}
			case slices.Contains(may[role], rt.Action):
				if resp.StatusCode == 401 || resp.StatusCode == 403 || resp.StatusCode >= 500 && !strings.Contains(rt.Path, "live") && !strings.Contains(rt.Path, "snapshot") {
					t.Error(what)
				}
			case strings.Contains(rt.Path, "{id}") && !knowsAll && !strings.HasPrefix(role, "admin"), strings.Contains(rt.Path, "{case}") && !knowsAll:
				began = time.Now()
				none, answer := who.send(method, path("c_zzzzzzzzzzzzzzzz"), nil)
				// Both wait for a beat: no answer can come before the first.
				if without := time.Since(began); took < even || without < even {
					t.Errorf("%s: after %v, of one that there is not after %v: not on a beat of %v", what, took, without, even)
				}
				text := strings.NewReplacer("c_zzzzzzzzzzzzzzzz", foreign, "k_zzzzzzzzzzzzzzzz", theirs.ID).Replace(string(answer))
				if resp.StatusCode != http.StatusNotFound || none.StatusCode != http.StatusNotFound || text != string(b) {
					t.Errorf("%s, and of one that there is not: %s %s", what, none.Status, answer)
				}
			default:
				if resp.StatusCode != http.StatusForbidden {
					t.Error(what)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d routes are guarded", seen)
	}

	// A carrier sees its own camera, by its short name too, and no footage of it.
	c := roles["carrier"]
	c.want(200, own, "GET", "/api/v1/cameras/GATE", nil)
	c.want(200, `"covered"`, "GET", "/api/v1/cameras/"+own+"/timeline?"+span2, nil)
	c.want(403, `"forbidden"`, "GET", "/api/v1/cameras/"+own+"/clip.mp4?"+span2, nil)
	p.camera("telecom", "GATE", 104.9, 25.09)
	c.want(200, own, "GET", "/api/v1/cameras/GATE", nil)
	// A short name that only others use is one that there is not.
	p.camera("mobile", "YARD", 104.9, 25.09)
	for _, role := range []string{"carrier", "household", "investigator"} {
		roles[role].want(404, `camera \"YARD\": no such camera`, "GET", "/api/v1/cameras/YARD", nil)
	}
	if resp, b := c.send("GET", "/api/v1/cameras", nil); resp.StatusCode != 200 || !bytes.Contains(b, []byte(own)) || bytes.Contains(b, []byte("telecom")) {
		t.Errorf("its list: %s %s", resp.Status, b)
	}
	roles["admin"].want(409, `"ambiguous_camera"`, "GET", "/api/v1/cameras/GATE", nil)
	// An investigator sees the cameras of a case, and footage of them in a viewing.
	li := roles["investigator"]
	li.want(200, `"items":[]`, "GET", "/api/v1/cameras", nil)
	file := p.file("investigator-1", "A1", own)
	li.want(200, own, "GET", "/api/v1/cameras/GATE", nil)
	li.want(403, `"viewing_needed"`, "GET", "/api/v1/cameras/GATE/clip.mp4?"+span2, nil)
	id := li.viewing(file.ID, "GATE")
	li.want(200, "ftyp", "GET", "/api/v1/cameras/GATE/clip.mp4?"+span2+"&viewing="+id, nil)
	// A household sees its camera, and who looked at it when the case is over.
	wu := roles["household"]
	wu.want(200, own, "GET", "/api/v1/cameras", nil)
	wu.want(200, `"covered"`, "GET", "/api/v1/cameras/"+own+"/timeline?"+span2, nil)
	wu.want(403, `"forbidden"`, "GET", "/api/v1/cameras/"+own+"/clip.mp4?"+span2, nil)
	wu.want(200, `"items":[],"later":1`, "GET", "/api/v1/cameras/"+own+"/viewings", nil)
	if _, err := p.cases.End(t.Context(), cases.By{Login: "investigator-1"}, file.ID, ""); err != nil {
		t.Fatal(err)
	}
	resp, b := wu.send("GET", "/api/v1/cameras/"+own+"/viewings", nil)
	if text := string(b); resp.StatusCode != 200 || !strings.Contains(text, `"unit":"XY","class":"盗窃"`) || strings.Contains(text, "investigator") || strings.Contains(text, "黄牛") {
		t.Errorf("%s %s", resp.Status, b)
	}
	// What an investigator saw stands in the register under their name and unit.
	roles["auditor"].want(200, `"who":"investigator-1","unit":"XY","case":"A1","reason":"三头黄牛"`, "GET", "/api/v1/register?kind=viewing.open", nil)
}

func TestTokens(t *testing.T) {
	t.Parallel()
	p, own, foreign := filmed(t, nil)
	bearer, token, err := p.book.IssueToken(t.Context(), account.Token{
		Name: "onboarding", Role: account.Carrier, Carrier: "unicom", Expires: timeline.FromTime(time.Now().Add(time.Hour)),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := p.browser()
	c.bearer = bearer.Reveal()
	c.want(200, own, "GET", "/api/v1/cameras", nil)
	c.want(404, `"unknown_camera"`, "GET", "/api/v1/cameras/"+foreign, nil)
	c.want(401, `"sign_in"`, "GET", "/api/v1/session", nil)
	if err := p.book.RevokeToken(t.Context(), token.ID); err != nil {
		t.Fatal(err)
	}
	c.want(401, `"bad_token"`, "GET", "/api/v1/cameras", nil)
}

// Who is signed out, or moved, sees no more, in the middle of an answer too; nor does who has
// closed the viewing, or whose case has ended.
func TestSignedOutInMidStream(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(p *people, login account.Account, file cases.Case, viewing string) error{
		"signed out": func(p *people, who account.Account, _ cases.Case, _ string) error {
			return p.book.EndSessions(context.Background(), who.ID)
		},
		"moved": func(p *people, who account.Account, _ cases.Case, _ string) error {
			who.Roles = []account.Role{account.Auditor}
			return p.book.Change(context.Background(), who)
		},
		"the case is closed": func(p *people, who account.Account, file cases.Case, _ string) error {
			_, err := p.cases.End(context.Background(), cases.By{Login: who.Login}, file.ID, "")
			return err
		},
		"the viewing is closed": func(p *people, _ account.Account, _ cases.Case, viewing string) error {
			return p.views.End(context.Background(), viewing)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			brokenOff(t, end)
		})
	}
}

func brokenOff(t *testing.T, end func(p *people, who account.Account, file cases.Case, viewing string) error) {
	t.Helper()
	p := newPeople(t, func(cfg *api.Config) { cfg.AskAgain = 20 * time.Millisecond })
	id := p.camera("unicom", "GATE", 104.9, 25.09)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	p.record(id, storagetest.Script{Runs: []storagetest.Run{{Pieces: piece(v, 300)}}})
	a := p.add("li", "", account.Investigator)
	file := p.file("li", "A1", string(id))
	viewing := p.signedIn("li").viewing(file.ID, "GATE")
	bearer, _, err := p.book.SignIn(t.Context(), "li", secret.New(right), "", "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	server, serving := p.smallBuffers()
	conn, resp := readHead(t, server, "/api/v1/cameras/GATE/clip.mp4?"+span(begin, begin+300*timeline.Second)+"&viewing="+viewing, "Cookie: qianshao_session="+bearer.Reveal()+"\r\n")
	defer conn.Close() //nolint:errcheck // read to its end
	if serving.Load() != 1 {
		t.Fatal("the answer is sent already: the test shows nothing")
	}
	if err := end(p, a, file, viewing); err != nil {
		t.Fatal(err)
	}
	if err := waitFor(t.Context(), func() bool { return serving.Load() == 0 }); err != nil {
		t.Error("still served")
	}
	if n, err := io.Copy(io.Discard, resp.Body); err == nil && n == resp.ContentLength {
		t.Errorf("all %d bytes came", n)
	}
}

// One account does not take everything, refusals included: it is told to wait, and
// others are served.
func TestTooMany(t *testing.T) {
	t.Parallel()
	p := newPeople(t, func(cfg *api.Config) { cfg.PerAccount = api.Limit{Rate: 0.001, Burst: 5, AtOnce: 5} })
	tooMany := func(t *testing.T, who *person, status int, text, method, path string) {
		t.Helper()
		for range 5 {
			who.want(status, text, method, path, nil)
		}
		if resp := who.want(429, `"too_many"`, method, path, nil); resp.Header.Get("Retry-After") == "" {
			t.Error("it does not say when to ask again")
		}
	}
	for login, asks := range map[string]struct {
		status             int
		text, method, path string
	}{
		"li":    {200, `"items"`, "GET", "/api/v1/cameras"},
		"zhao":  {404, `"unknown_camera"`, "GET", "/api/v1/cameras/c_zzzzzzzzzzzzzzzz"},
		"qian":  {404, `"unknown_case"`, "GET", "/api/v1/cases/B1"},
		"sun":   {403, `"forbidden"`, "GET", "/api/v1/register"},
		"zhou":  {403, `"forbidden"`, "GET", "/metrics"},
		"zheng": {400, `"bad_parameter"`, "GET", "/api/v1/footage"},
		"wu":    {404, `"unknown_case"`, "POST", "/api/v1/cases/B1/closing"},
	} {
		p.add(login, "", account.Investigator)
		tooMany(t, p.signedIn(login), asks.status, asks.text, asks.method, asks.path)
	}
	p.house = []media.CameraID{p.camera("unicom", "GATE", 104.9, 25.09)}
	program := p.everyone()["carrier token"]
	tooMany(t, program, 404, `"unknown_camera"`, "GET", "/api/v1/cameras/c_zzzzzzzzzzzzzzzz")
	p.add("wang", "", account.Investigator)
	p.signedIn("wang").want(200, `"items"`, "GET", "/api/v1/cameras", nil)
}

// One address does not take everything either, whoever asks from there and whatever
// for.
func TestTooManyOfAnAddress(t *testing.T) {
	t.Parallel()
	p := newPeople(t, func(cfg *api.Config) {
		cfg.PerAddress = api.Limit{Rate: 0.001, Burst: 5, AtOnce: 5}
		cfg.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	p.add("li", "", account.Investigator)
	b := p.browser()
	of := func(address string) []string {
		return []string{"X-Forwarded-Proto", "https", "X-Forwarded-For", address}
	}
	here, there := of("192.0.2.1"), of("192.0.2.2")
	b.want(200, "", "GET", "/sign-in", nil, here...)
	b.want(401, `"sign_in"`, "GET", "/api/v1/cameras", nil, here...)
	b.want(404, `"no_such_route"`, "GET", "/nothing", nil, here...)
	b.want(401, `"denied"`, "POST", "/api/v1/session", signIn{"li", "wrong password"}, here...)
	b.want(403, `"foreign_origin"`, "POST", "/api/v1/session", signIn{"li", right}, append(here, "Origin", "https://evil.example")...)
	for _, path := range []string{"/api/v1/cameras", "/sign-in", "/nothing"} {
		if resp := b.want(429, `"too_many"`, "GET", path, nil, here...); resp.Header.Get("Retry-After") == "" {
			t.Error("it does not say when to ask again")
		}
	}
	b.want(429, `"too_many"`, "POST", "/api/v1/session", signIn{"li", right}, here...)
	b.want(200, `"login":"li"`, "POST", "/api/v1/session", signIn{"li", right}, there...)
}

// Whatever stands in the headers that say who asks, nobody is let in by chance and
// nothing breaks.
func FuzzWhoAsks(f *testing.F) {
	book, err := account.Open(f.Context(), account.Config{Dir: f.TempDir(), Key: noSealer{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = book.Close() })
	s := newSite(f, func(cfg *api.Config) {
		files, err := cases.Open(f.Context(), cases.Config{
			Dir: f.TempDir(), Key: noSealer{}, Register: cfg.Register, Spots: cfg.Registry.Spots,
			UnitArea: func(context.Context, string) (area.Area, error) { return area.Area{}, nil },
		})
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { _ = files.Close() })
		cfg.Accounts, cfg.Cases, cfg.PerAddress = book, files, api.Limit{Rate: 1e9, Burst: 1e9, AtOnce: 1e6}
	})
	f.Add("Bearer q_aaaa", "qianshao_session=s_aaaa", "from=2026-11-23T01:00:00Z&to=2026-11-23T01:00:01Z")
	f.Add("Basic eDp5", "qianshao_session=; qianshao_session=\"x\"", "viewing=%ff&from=")
	f.Add("bearer", "=;=", "%zz")
	f.Fuzz(func(t *testing.T, authorization, cookie, query string) {
		for _, path := range []string{"/api/v1/cameras", "/api/v1/cameras/GATE/clip.mp4", "/api/v1/session"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			r.Header["Authorization"], r.Header["Cookie"] = []string{authorization}, []string{cookie}
			r.URL.RawQuery = query
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized {
				t.Errorf("%s: %d %.300s", path, w.Code, w.Body)
			}
		}
	})
}

// noSealer is for books without second factors.
type noSealer struct{}

func (noSealer) Seal(plain []byte, _ string) []byte        { return plain }
func (noSealer) Open(box []byte, _ string) ([]byte, error) { return box, nil }
