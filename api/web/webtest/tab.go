// Package webtest drives Chromium on our pages, for tests.
package webtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"qianshao/api/web"
)

const chromium = "/usr/bin/chromium"

// Tab is a browser tab. What its console says is kept.
type Tab struct {
	*testing.T
	ctx context.Context
	mu  sync.Mutex
	bad []string
}

// Open opens a page in a window of so many pixels, in a browser that ends with
// the test. Without Chromium the test is skipped, but not in CI.
func Open(t *testing.T, url string, width, height int64) *Tab {
	t.Helper()
	if _, err := os.Stat(chromium); err != nil {
		lacking(t, "no "+chromium+": install the package chromium")
	}
	opts := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	for _, f := range []string{"no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		opts = append(opts, chromedp.Flag(f, true))
	}
	opts = append(opts, chromedp.ExecPath(chromium), chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	p := &Tab{T: t, ctx: ctx}
	p.Do(chromedp.EmulateViewport(width, height))
	console := chromedp.Console(ctx)
	listening := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		close(listening)
		for m, err := range console {
			if err != nil {
				return
			}
			if m.IsException() || m.Type == "error" {
				p.mu.Lock()
				p.bad = append(p.bad, m.String())
				p.mu.Unlock()
			}
		}
	})
	<-listening
	t.Cleanup(func() { stop(); done.Wait() })
	p.Go(url)
	return p
}

// OpenApp is Open for a page of the app. Where that was not built the test is
// skipped, but not in CI.
func OpenApp(t *testing.T, url string, width, height int64) *Tab {
	t.Helper()
	pages, err := web.New()
	if err != nil {
		t.Fatal(err)
	}
	if !pages.Built() {
		lacking(t, "the web app was not built (make web)")
	}
	return Open(t, url, width, height)
}

// lacking skips a test that lacks something; in CI, where all is there, it fails.
func lacking(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// Go opens another page.
func (p *Tab) Go(url string) {
	p.Helper()
	if _, err := chromedp.Run(p.ctx, chromedp.Navigate(url)); err != nil {
		p.Fatalf("open %s: %v", url, err)
	}
}

// Do takes some steps.
func (p *Tab) Do(steps ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	if err := chromedp.Do(p.ctx, steps...); err != nil {
		p.Fatal(err)
	}
}

// Follow clicks on a link and waits for the page it leads to.
func (p *Tab) Follow(link string) {
	p.Helper()
	if _, err := chromedp.RunResponse(p.ctx, chromedp.Click(link)); err != nil {
		p.Fatalf("follow %s: %v", link, err)
	}
}

// Ask evaluates an expression of JavaScript, awaits it and decodes its value.
func Ask[T any](p *Tab, format string, args ...any) T {
	p.Helper()
	expr := fmt.Sprintf(format, args...)
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T]("(async () => "+expr+")()", chromedp.EvalAwaitPromise))
	if err != nil {
		p.Fatalf("%s: %v", expr, err)
	}
	return v
}

// Until waits, picture by picture, until an expression is true.
func (p *Tab) Until(what, format string, args ...any) {
	p.Helper()
	expr := fmt.Sprintf(format, args...)
	ok := Ask[bool](p, `{
		const until = performance.now() + 20000;
		while (performance.now() < until) {
			if (%s) return true;
			await new Promise((ok) => setTimeout(ok, 40));
		}
		return false;
	}`, expr)
	if !ok {
		p.Shot("failed")
		p.Fatalf("%s: not within 20 s; the page says: %s", what, Ask[string](p, "document.body.innerText"))
	}
}

// Complaints returns what the console said, without what is meant to fail.
func (p *Tab) Complaints(but ...string) (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
next:
	for _, s := range p.bad {
		for _, b := range but {
			if strings.Contains(s, b) {
				continue next
			}
		}
		out = append(out, s)
	}
	return out
}

// Shot keeps a screenshot where QIANSHAO_SHOTS says.
func (p *Tab) Shot(name string) {
	p.Helper()
	dir := os.Getenv("QIANSHAO_SHOTS")
	if dir == "" {
		return
	}
	b, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, p.Name()+"_"+name+".png"), b, 0o600); err != nil {
		p.Fatal(err)
	}
}

// Fill puts texts into fields, each after its selector, as if they were typed.
func (p *Tab) Fill(fields ...string) {
	p.Helper()
	for i := 0; i+1 < len(fields); i += 2 {
		p.Until("a field "+fields[i], "document.querySelector(%q)", fields[i])
		Ask[any](p, `{
			const e = document.querySelector(%q);
			e.focus(); e.value = %q;
			for (const name of ['input', 'change']) e.dispatchEvent(new Event(name, {bubbles: true}));
		}`, fields[i], fields[i+1])
	}
}

// Press clicks the first button with a text on it.
func (p *Tab) Press(text string) {
	p.Helper()
	p.Until("a button "+text, "[...document.querySelectorAll('button')].some((b) => b.textContent === '%s')", text)
	Ask[any](p, "[...document.querySelectorAll('button')].find((b) => b.textContent === '%s').click()", text)
}
