package api_test

import (
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

	b := webtest.Open(t, p.url+"/sign-in", 1280, 1000)
	as := func(login string) {
		t.Helper()
		b.Do(chromedp.SetValue("#login", login), chromedp.SetValue("#password", right))
		b.Follow("#go")
		b.Until(login+" is signed in", "location.pathname !== '/sign-in' && document.body.innerText.length > 0")
	}
	as("li")
	b.Go(p.url + "/cameras")
	b.Until("that there is no case", "!document.querySelector('#case-none').hidden && document.querySelectorAll('#list button').length === 0")
	if webtest.Ask[bool](b, "!document.querySelector('#to-register').hidden") {
		t.Error("an investigator is shown the register")
	}
	b.Follow("#to-cases")
	b.Until("an empty page", "document.querySelector('#note').innerText.includes('还没有案件')")
	b.Shot("empty")
	b.Do(chromedp.Click("#emergency-box summary"), chromedp.SendKeys("#emergency [name=reason]", "走失老人，查找去向"), chromedp.Click("#emergency button"))
	b.Until("the emergency", "document.querySelector('#files').innerText.includes('走失老人') && document.querySelector('.st-open') && document.querySelector('#note.good')")
	b.Shot("emergency")
	b.Follow("#files a.primary")
	b.Until("the workbench, for this case", "location.pathname === '/' && location.search.startsWith('?case=k_')")
	b.Go(p.url + "/cameras#case=" + webtest.Ask[string](b, "new URLSearchParams(location.search).get('case')"))
	b.Until("its cameras", "document.querySelectorAll('#list button').length === 2 && document.querySelector('#case').selectedOptions[0].textContent.includes('走失老人')")
	b.Pick("QX-1")
	b.Until("live", "document.querySelector('#video').currentTime > 0.5 && document.querySelector('#message').hidden")
	b.Go(p.url + "/cameras?again#c=" + string(id) + "&t=" + (start + 2*timeline.Minute).Time().Format(time.RFC3339))
	b.Until("the recording", "document.querySelector('#mode')?.textContent === '回放' && document.querySelector('#video').currentTime > 0.5 && document.querySelector('#message').hidden")
	b.Shot("playing")
	entries, err := p.entries.List(t.Context(), register.Query{Kind: register.ViewingOpen, Limit: 10})
	if err != nil || len(entries.Items) == 0 {
		t.Fatalf("%+v, %v", entries, err)
	}
	for _, e := range entries.Items {
		if e.Who != "li" || e.Unit != "XY" || !strings.HasPrefix(e.Case, "k_") || e.Reason != "走失老人，查找去向" || len(e.Cameras) != 1 || e.Cameras[0] != id {
			t.Errorf("%+v", e)
		}
	}

	// It becomes a case; a second one reaches further than one officer may.
	b.Follow("#to-cases")
	b.Until("the case", "document.querySelectorAll('#files .card').length === 1")
	webtest.Ask[any](b, "{ const a = ['A522301-1', '走失人员']; window.prompt = () => a.shift(); }")
	b.Press("转为案件")
	b.Until("its number", "document.querySelector('#files h3').textContent.includes('A522301-1')")
	b.Press("谁看过")
	b.Until("what was seen", "document.querySelector('#files table')?.innerText.includes('我')")
	b.Shot("case")
	b.Do(chromedp.Click("#new-box summary"))
	webtest.Ask[any](b, `{ const f = document.querySelector('#new').elements;
		f.number.value = 'A522301-2'; f.class.value = '盗窃'; f.reason.value = '三头黄牛'; f.from.value = '2026-11-01T00:00'; f.to.value = '2026-11-03T00:00';
		f.divisions.value = '5223'; f.circle.value = '104.9,25.09,800'; f.cameras.value = 'local:QX-1，local:QX-2'; document.querySelector('#new').requestSubmit(); }`)
	b.Until("that it waits", "document.querySelector('#files .st-waiting') && document.querySelector('#files').innerText.includes('录像小时数 48')")
	b.Follow("#sign-out")
	b.Until("the sign-in", "location.pathname === '/sign-in' && document.querySelector('#login')")
	as("wang")
	b.Go(p.url + "/cases")
	b.Until("what waits for wang", "document.querySelectorAll('#files .card').length === 2 && document.querySelectorAll('#files .st-waiting').length === 1")
	b.Press("同意")
	b.Until("that it is open", "document.querySelectorAll('#files .st-waiting').length === 0")
	b.Do(chromedp.Click("#lang"))
	b.Until("English", "document.querySelector('#files').innerText.includes('Approved')")
	b.Shot("approved")
	// The household: its camera, and that somebody looked.
	b.Follow("#sign-out")
	b.Until("the sign-in again", "location.pathname === '/sign-in' && document.querySelector('#login')")
	as("zhou")
	b.Until("its camera", "location.pathname === '/me' && document.querySelector('#own-list').innerText.includes('QX-1') && document.querySelector('#own-list').innerText.includes('told when their case is over')")
	b.Shot("household")
	// The auditor: every case, and the emergency is none any more.
	b.Follow("#sign-out")
	b.Until("the sign-in once more", "location.pathname === '/sign-in' && document.querySelector('#login')")
	as("qian")
	b.Until("the register", "location.pathname === '/register' && document.querySelector('#rows').innerText.includes('A522301-1')")
	b.Shot("register")
	b.Follow("#to-cases")
	b.Until("the count", "!document.querySelector('#count-box').hidden && document.querySelector('#count tbody').innerHTML.includes('<td>li</td><td>XY</td><td>1</td><td>1</td>')")
	if wide := webtest.Ask[int](b, "document.documentElement.scrollWidth"); wide > 1280 {
		t.Errorf("the page is %d pixels wide", wide)
	}
	if bad := b.Complaints("404"); len(bad) > 0 {
		t.Errorf("the console says %q", bad)
	}
}
