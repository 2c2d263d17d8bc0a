package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qianshao/api"
	"qianshao/registry"
	"qianshao/registry/account"
	"qianshao/storage/timeline"
)

type body map[string]any

// send1 sends a body, wants a status, and returns the answer.
func (p *person) send1(status int, method, path string, in any) (out body) {
	p.t.Helper()
	resp, b := p.send(method, path, in)
	if resp.StatusCode != status {
		p.t.Fatalf("%s %s: %s %.400s, want %d", method, path, resp.Status, b, status)
	}
	if len(b) > 0 {
		if err := json.Unmarshal(b, &out); err != nil {
			p.t.Fatalf("%s %s: %v in %s", method, path, err, b)
		}
	}
	return out
}

func text(b body, key string) string { s, _ := b[key].(string); return s }

// officers are li and wang of the county, sun of the bureau above it, and an
// auditor.
func officers(p *people) (li, wang, sun, auditor *person) {
	p.t.Helper()
	p.add("li", "", account.Investigator)
	p.add("wang", "", account.Investigator)
	p.add("sun", "", account.Investigator)
	p.add("qian", "", account.Auditor)
	x, err := p.book.Get(p.t.Context(), "sun")
	if err != nil {
		p.t.Fatal(err)
	}
	x.Unit = "QXN"
	if err := p.book.Change(p.t.Context(), x); err != nil {
		p.t.Fatal(err)
	}
	return p.signedIn("li"), p.signedIn("wang"), p.signedIn("sun"), p.signedIn("qian")
}

// A case as its people live it: opened, looked at, shared, closed.
func TestACase(t *testing.T) {
	t.Parallel()
	p, own, foreign := filmed(t, nil)
	li, wang, _, auditor := officers(p)
	open := body{
		"number": "A522301-17", "class": "盗窃", "reason": "三头黄牛被盗", "area": body{"cameras": []string{own}}, "from": begin, "to": begin + 2*timeline.Hour,
		"expires": begin + timeline.Day,
	}
	li.want(422, `"no_investigator"`, "POST", "/api/v1/cases", body{"members": []string{"qian"}})
	li.want(422, "area: not possible", "POST", "/api/v1/cases", body{"number": "A1", "class": "盗窃", "reason": "x", "from": begin, "to": begin + 1})
	file := li.send1(201, "POST", "/api/v1/cases", open)
	id := text(file, "id")
	if text(file, "state") != "open" || text(file, "by") != "li" || text(file, "unit") != "XY" {
		t.Fatalf("%v", file)
	}
	li.want(409, `"case_taken"`, "POST", "/api/v1/cases", open)

	// A colleague who does not work on it sees neither case nor camera.
	wang.want(200, `"items":[]`, "GET", "/api/v1/cases", nil)
	wang.want(404, `"unknown_case"`, "GET", "/api/v1/cases/"+id, nil)
	wang.want(404, `"unknown_camera"`, "GET", "/api/v1/cameras/"+own, nil)
	wang.want(404, `"unknown_case"`, "POST", "/api/v1/viewings", body{"case": id, "cameras": []string{own}, "from": begin, "to": begin + 1})

	look := func(case_, camera string, from, to timeline.Micros) body {
		return body{"case": case_, "cameras": []string{camera}, "from": from, "to": to}
	}
	li.want(404, `"unknown_camera"`, "POST", "/api/v1/viewings", look(id, foreign, begin, begin+timeline.Hour))
	li.want(403, `"outside_case"`, "POST", "/api/v1/viewings", look(id, own, begin-1, begin+timeline.Hour))
	li.want(400, "a time after from", "POST", "/api/v1/viewings", look(id, own, begin, begin))
	got := li.send1(201, "POST", "/api/v1/viewings", look("A522301-17", own, begin, begin+timeline.Minute))
	v := "&viewing=" + text(got, "viewing")
	if text(got, "reason") != "三头黄牛被盗" || text(got, "case") != "A522301-17" {
		t.Errorf("%v", got)
	}
	camera := "/api/v1/cameras/" + own
	for _, path := range []string{"/clip.mp4?", "/play.mp4?", "/playlist.m3u8?"} {
		li.want(200, "", "GET", camera+path+span2+v, nil)
		li.want(403, `"viewing_needed"`, "GET", camera+path+span2, nil)
		li.want(403, `"viewing_needed"`, "GET", camera+path+span(begin, begin+2*timeline.Minute)+v, nil)
		wang.want(404, `"unknown_camera"`, "GET", camera+path+span2+v, nil)
	}
	near := "/api/v1/footage?near=104.9,25.09&" + span2
	li.want(403, `"viewing_needed"`, "GET", near, nil)
	if resp, b := li.send("GET", near+v, nil); resp.StatusCode != 200 || !strings.Contains(string(b), own) || strings.Contains(string(b), foreign) {
		t.Errorf("the search found %s %s", resp.Status, b)
	}

	// Shared with a member; not with others.
	share := "/api/v1/viewings/" + text(got, "viewing")
	li.want(422, `"no_member"`, "POST", share+"/shares", body{"login": "wang"})
	li.send1(200, "PUT", "/api/v1/cases/"+id+"/members", body{"members": []string{"wang"}})
	wang.want(404, `"unknown_viewing"`, "GET", share, nil)
	wang.want(403, `"viewing_needed"`, "GET", camera+"/clip.mp4?"+span2+v, nil)
	li.want(200, `"shared":["wang"]`, "POST", share+"/shares", body{"login": "wang"})
	wang.want(200, `"who":"li"`, "GET", share, nil)
	wang.want(200, "ftyp", "GET", camera+"/clip.mp4?"+span2+v, nil)
	wang.want(404, `"unknown_viewing"`, "DELETE", share, nil)

	// Who saw what is known within the case, and to the auditor.
	seen := wang.send1(200, "GET", "/api/v1/cases/"+id+"/viewings", nil)
	items, _ := seen["items"].([]any)
	var who []string
	for _, x := range items {
		e := body(x.(map[string]any))
		who = append(who, text(e, "kind")+" "+text(e, "who")+" "+text(e, "act"))
	}
	// Many requests, one entry a viewing; a search has one of its own.
	if want := "viewing.more wang footage.read,admin li viewing.share,viewing.more li footage.find,viewing.open li "; strings.Join(who, ",") != want {
		t.Errorf("seen: %q, want %q", who, want)
	}
	auditor.want(200, `"members":["li","wang"]`, "GET", "/api/v1/cases/"+id, nil)
	auditor.want(403, `"forbidden"`, "POST", "/api/v1/cases/"+id+"/closing", body{})

	// A program of the case.
	bearer, token, err := p.book.IssueToken(t.Context(), account.Token{Name: "script", Role: account.Investigator, Case: "A522301-17", Expires: timeline.FromTime(time.Now().Add(time.Hour))})
	if err != nil {
		t.Fatal(err)
	}
	script := p.browser()
	script.bearer = bearer.Reveal()
	script.want(200, own, "GET", "/api/v1/cameras", nil)
	script.want(404, `"unknown_camera"`, "GET", "/api/v1/cameras/"+foreign, nil)
	script.want(403, `"forbidden"`, "POST", "/api/v1/cases", open)
	sv := script.viewing("A522301-17", own)
	script.want(200, "ftyp", "GET", camera+"/clip.mp4?"+span2+"&viewing="+sv, nil)
	li.want(403, `"viewing_needed"`, "GET", camera+"/clip.mp4?"+span2+"&viewing="+sv, nil)
	auditor.want(200, `"who":"`+token.ID+`","unit":"XY"`, "GET", "/api/v1/register?kind=viewing.open&unit=XY&who="+token.ID, nil)

	// Closed: what was a viewing is none.
	li.send1(200, "POST", "/api/v1/cases/"+id+"/closing", body{"note": "破案"})
	li.want(404, `"unknown_camera"`, "GET", camera+"/clip.mp4?"+span2+v, nil)
	li.want(409, `"case_state"`, "POST", "/api/v1/viewings", look(id, own, begin, begin+1))
	li.want(204, "", "DELETE", share, nil)
	auditor.want(200, `"bytes":`, "GET", "/api/v1/register?kind=viewing.close&case=A522301-17", nil)
	script.want(404, `"unknown_camera"`, "GET", camera, nil)
}

// Emergencies, their count, and the second officer of a case that reaches far.
func TestEmergencyAndApproval(t *testing.T) {
	t.Parallel()
	p, own, _ := filmed(t, nil)
	li, wang, sun, auditor := officers(p)
	now := begin + timeline.Hour
	e := li.send1(201, "POST", "/api/v1/cases", body{"emergency": true, "reason": "走失老人"})
	id := text(e, "id")
	if text(e, "state") != "open" || text(e, "number") != "" {
		t.Fatalf("%v", e)
	}
	v := li.send1(201, "POST", "/api/v1/viewings", body{"case": id, "cameras": []string{own}, "from": begin, "to": begin + timeline.Minute})
	li.want(200, "ftyp", "GET", "/api/v1/cameras/"+own+"/clip.mp4?"+span2+"&viewing="+text(v, "viewing"), nil)
	auditor.want(200, `{"login":"li","unit":"XY","opened":1,"adopted":0,"due_for_review":0,"reviewed":0}`, "GET", "/api/v1/emergencies", nil)
	li.want(403, `"forbidden"`, "GET", "/api/v1/emergencies", nil)

	adopt := body{"number": "A1", "class": "走失", "area": body{"divisions": []string{"5223"}}, "from": now - 30*timeline.Hour, "to": now, "expires": now + timeline.Day}
	c := li.send1(200, "POST", "/api/v1/cases/"+id+"/adoption", adopt)
	if text(c, "state") != "waiting" || text(c, "number") != "A1" {
		t.Fatalf("30 hours for one officer: %v", c)
	}
	li.want(404, `"unknown_camera"`, "GET", "/api/v1/cameras/"+own, nil)
	li.want(403, `"forbidden"`, "POST", "/api/v1/cases/"+id+"/approval", body{"approve": true})
	sun.want(200, `"approve":true`, "GET", "/api/v1/cases?state=waiting", nil)
	wang.want(200, `"approve":true`, "GET", "/api/v1/cases/A1", nil)
	c = sun.send1(200, "POST", "/api/v1/cases/A1/approval", body{"approve": true, "note": "同意"})
	if text(c, "state") != "open" {
		t.Errorf("%v", c)
	}
	wang.want(409, `"case_state"`, "POST", "/api/v1/cases/A1/approval", body{"approve": true})
	auditor.want(200, `"who":"sun"`, "GET", "/api/v1/register?act=case.approve", nil)
	auditor.want(200, `"area_names":["黔西南布依族苗族自治州"]`, "GET", "/api/v1/cases/A1", nil)
	auditor.want(200, `"adopted":1`, "GET", "/api/v1/emergencies?from=2026-11-01T00:00:00Z", nil)

	second := text(li.send1(201, "POST", "/api/v1/cases", body{"emergency": true, "reason": "又一次"}), "id")
	li.send1(200, "POST", "/api/v1/cases/"+second+"/closing", body{})
	auditor.want(200, second, "GET", "/api/v1/cases?state=due", nil)
	auditor.want(422, "", "POST", "/api/v1/cases/"+second+"/reviews", body{})
	auditor.want(200, `"note":"属实"`, "POST", "/api/v1/cases/"+second+"/reviews", body{"note": "属实"})
	auditor.want(200, `"items":[]`, "GET", "/api/v1/cases?state=due", nil)
}

func TestFollowARoute(t *testing.T) {
	t.Parallel()
	p, own, foreign := filmed(t, nil)
	li, _, _, _ := officers(p)
	p.camera("unicom", "FAR", 104.95, 25.09) // 5 km on
	c := text(li.send1(201, "POST", "/api/v1/cases", body{
		"number": "A1", "class": "盗窃", "reason": "x", "area": body{"cameras": []string{own}}, "from": begin, "to": begin + timeline.Minute, "growth": true, "expires": begin + timeline.Day,
	}), "id")
	hop := func(camera string, at timeline.Micros) body { return body{"camera": camera, "at": at} }
	li.want(404, `"unknown_camera"`, "POST", "/api/v1/cases/"+c+"/hops", hop(foreign, begin))
	li.want(403, `"outside_case"`, "POST", "/api/v1/cases/"+c+"/hops", hop(own, begin+timeline.Hour))
	li.want(200, `"due_for_review":true`, "POST", "/api/v1/cases/"+c+"/hops", hop(own, begin))
	li.want(200, foreign, "GET", "/api/v1/cameras/"+foreign, nil)
	li.want(404, `"unknown_camera"`, "GET", "/api/v1/cameras/FAR", nil)
	v := li.send1(201, "POST", "/api/v1/viewings", body{"case": c, "cameras": []string{foreign}, "from": begin, "to": begin + 30*timeline.Minute})
	li.want(200, "ftyp", "GET", "/api/v1/cameras/"+foreign+"/clip.mp4?"+span2+"&viewing="+text(v, "viewing"), nil)
	li.want(403, `"outside_case"`, "POST", "/api/v1/viewings", body{"case": c, "cameras": []string{foreign}, "from": begin, "to": begin + 31*timeline.Minute})
}

// What cannot be registered is not shown.
func TestNoViewingWithoutTheRegister(t *testing.T) {
	t.Parallel()
	p, own, _ := filmed(t, nil)
	li, _, _, _ := officers(p)
	file := p.file("li", "A1", own)
	p.breakRegister()
	li.want(503, `"register_unavailable"`, "POST", "/api/v1/viewings", body{"case": file.ID, "cameras": []string{own}, "from": begin, "to": begin + 1})
	li.want(503, `"register_unavailable"`, "POST", "/api/v1/cases/"+file.ID+"/closing", body{})
}

// An answer that there is nothing comes on a beat, however long it took to find out.
func TestEven(t *testing.T) {
	t.Parallel()
	p := newPeople(t, func(cfg *api.Config) { cfg.Even = 25 * time.Millisecond })
	h := p.handler.(*api.Handler)
	synctest.Test(t, func(t *testing.T) {
		for took, want := range map[time.Duration]time.Duration{0: 25, 3: 25, 24: 25, 26: 50, 70: 75} {
			began := time.Now()
			time.Sleep(took * time.Millisecond)
			h.Even(t.Context(), began, registry.ErrUnknown)
			if got := time.Since(began); got != want*time.Millisecond {
				t.Errorf("after %d ms it came at %v", took, got)
			}
			began = time.Now()
			h.Even(t.Context(), began, http.ErrNotSupported)
			if time.Since(began) != 0 {
				t.Error("another error is held back")
			}
		}
	})
}
