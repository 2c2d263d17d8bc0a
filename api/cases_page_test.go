package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"qianshao/api"
	"qianshao/api/web/webtest"
	"qianshao/registry/account"
	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// An investigator in a browser: an emergency, footage and live of it, and what the
// register has then; a colleague who approves a case that reaches far.
func TestCasesPage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: drives a browser")
	}
	p := newPeople(t, func(cfg *api.Config) { cfg.LoopbackOnly, cfg.Now = true, time.Now })
	p.now = time.Now
	start := timeline.FromTime(time.Now()) - 20*timeline.Minute
	id := p.cameraAt("local", "QX-1", start-timeline.Hour)
	v := storagetest.NewVideo(t, storagetest.VideoSpec{})
	p.record(id, storagetest.Script{Start: start, Segment: 60, Runs: []storagetest.Run{{Pieces: piece(v, 10*60)}}})
	p.broadcast(id, v)
	p.streaming(id, "h264")
	p.cameraAt("local", "QX-2", start)
	for _, login := range []string{"li", "wang"} {
		p.add(login, "", account.Investigator)
	}
	p.add("qian", "", account.Auditor)
	p.house = []media.CameraID{id}
	p.add("zhou", "", account.Household)

	b := webtest.OpenApp(t, p.url+"/sign-in", 1280, 1000)
	as := func(login string) {
		t.Helper()
		b.Fill("#login", login, "#password", right)
		b.Follow("[data-test=go]")
		b.Until(login+" is signed in", "location.pathname !== '/sign-in' && document.body.innerText.length > 0")
	}
	others := func(login string) {
		t.Helper()
		b.Follow("[data-test=sign-out]")
		as(login)
	}
	as("li")
	b.Go(p.url + "/cameras")
	b.Until("that there is no case", "document.querySelector('[data-test=no-case]') && !document.querySelector('main table')")
	if webtest.Ask[bool](b, "document.querySelector('nav a[href=\"/audit\"]') !== null") {
		t.Error("an investigator is shown the register")
	}
	b.Do(chromedp.Click(`nav a[href="/cases"]`))
	b.Until("an empty page", "document.querySelector('[data-test=none]')?.innerText.includes('还没有案件')")
	b.Shot("empty")
	b.Do(chromedp.Click("[data-test=emergency]"))
	b.Fill("#emergency-reason", "走失老人，查找去向")
	b.Do(chromedp.Click("dialog [data-test=done]"))
	b.Until("the emergency", "document.querySelector('[data-state=open]')?.innerText.includes('走失老人') && !document.querySelector('dialog')")
	b.Shot("emergency")
	b.Do(chromedp.Click("[data-test=look]"))
	b.Until("the workbench, for this case", "location.pathname === '/' && document.querySelector('#case').selectedOptions[0].textContent.includes('走失老人')")
	b.Go(p.url + "/cameras")
	b.Until("its cameras", "document.querySelectorAll('main tbody tr').length === 2")
	b.Do(chromedp.Click(`main a[href="/camera/` + string(id) + `"]`))
	b.Do(chromedp.Click("[data-test=watch]"))
	const plays = "document.querySelector('.tile video')?.currentTime > 0.5"
	b.Until("live", plays)
	b.Go(p.url + "/camera/" + string(id) + "?at=" + (start + 2*timeline.Minute).Time().UTC().Format(time.RFC3339))
	b.Do(chromedp.Click("[data-test=play]"))
	b.Until("the recording", plays)
	b.Shot("playing")
	entries, err := p.entries.List(t.Context(), register.Query{Kind: register.ViewingOpen, Limit: 10})
	if err != nil || len(entries.Items) == 0 {
		t.Fatalf("%+v, %v", entries, err)
	}
	alone := 0
	for _, e := range entries.Items {
		// What leads to the footage searches the case's area: both of its cameras.
		if e.Who != "li" || e.Unit != "XY" || !strings.HasPrefix(e.Case, "k_") || e.Reason != "走失老人，查找去向" || !slices.Contains(e.Cameras, id) || len(e.Cameras) > 2 {
			t.Errorf("%+v", e)
		}
		if len(e.Cameras) == 1 {
			alone++
		}
	}
	if alone == 0 {
		t.Errorf("no viewing of the one camera that was looked at: %+v", entries.Items)
	}

	// It becomes a case; a second one reaches further than one officer may.
	b.Do(chromedp.Click(`nav a[href="/cases"]`))
	b.Until("the case", "document.querySelectorAll('[data-case]').length === 1")
	b.Press("转为案件")
	b.Fill("#adopt-number", "A522301-1", "#adopt-class", "走失人员")
	b.Do(chromedp.Click("dialog [data-test=done]"))
	b.Until("its number", "document.querySelector('[data-case] h2').textContent.includes('A522301-1') && !document.querySelector('dialog')")
	b.Press("谁看过")
	b.Until("what was seen", "document.querySelector('[data-test=seen] tbody')?.innerText.includes('li')")
	b.Shot("case")
	b.Do(chromedp.Click("[data-test=new]"))
	b.Fill("#case-number", "A522301-2", "#case-class", "盗窃", "#case-reason", "三头黄牛", "#case-from", "2026-11-01 00:00", "#case-to", "2026-11-03 00:00",
		"#case-cameras", "local:QX-1，local:QX-2")
	b.Do(chromedp.SendKeys("#place", "104.9,25.09"))
	b.Until("the place", "document.querySelector('[role=option]')")
	b.Do(chromedp.Click("[role=option]"))
	b.Until("that it is taken", "document.querySelector('[data-test=case-form] fieldset > ul > li')?.innerText.includes('500')")
	b.Do(chromedp.Click("[data-test=open]"))
	b.Until("that it waits", "document.querySelector('[data-state=waiting]')?.innerText.includes('录像 48 小时')")
	others("wang")
	b.Go(p.url + "/cases")
	b.Until("what waits for wang", "document.querySelectorAll('[data-case]').length === 2 && document.querySelectorAll('[data-state=waiting]').length === 1")
	b.Press("同意")
	b.Do(chromedp.Click("dialog [data-test=done]"))
	b.Until("that it is open", "document.querySelectorAll('[data-state=open]').length === 2")
	b.Press("English")
	b.Until("English", "document.querySelector('main').innerText.includes('Approved')")
	b.Shot("approved")
	// The household: its camera, and that somebody looked.
	others("zhou")
	b.Until("its camera", "location.pathname === '/me' && /QX-1[^]*told when their case is over/.test(document.querySelector('[data-test=own]')?.innerText)")
	b.Shot("household")
	// The auditor: every case, and the emergency is none any more.
	others("qian")
	b.Until("the register", "location.pathname === '/audit' && document.querySelector('tbody')?.innerText.includes('A522301-1')")
	b.Shot("register")
	b.Do(chromedp.Click(`nav a[href="/cases"]`))
	b.Until("the count", "[...document.querySelectorAll('[data-test=count] td')].map((td) => td.textContent).join() === 'li,XY,1,1,0,0'")
	if wide := webtest.Ask[int](b, "document.documentElement.scrollWidth"); wide > 1280 {
		t.Errorf("the page is %d pixels wide", wide)
	}
	if bad := b.Complaints("404"); len(bad) > 0 {
		t.Errorf("the console says %q", bad)
	}
}
