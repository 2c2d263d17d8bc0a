package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/registry/receipt"
	"qianshao/storage/timeline"
)

// A household withdraws while its camera is recorded, its footage uploaded and watched,
// and the server is killed at once, twice: in the end nothing of it is left in spool,
// store and caches, its keys are destroyed, a receipt that anybody can check says so, and
// a rebuilt index brings nothing back. The neighbour's footage is untouched.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("records for half a minute")
	}
	srv := camtest.Start(t, rtsptest.Config{Cameras: 2, NoSub: true, Width: 320, Height: 184, GOP: 1, Bitrate: 200_000, StartAtNextKey: true})
	dir := filepath.Join(t.TempDir(), "data")
	settings := settingsFile(t, "storage: {encrypt: on}\nsegment: {length: 10s}\nretention: {min_free: 0}\n")
	args := []string{"serve", "--config", settings, "--listen", "127.0.0.1:0", "--data", dir}
	run := func(args ...string) string {
		t.Helper()
		out, errs, code := qianshao(t, append(args, "--config", settings, "--data", dir)...)
		if code != exitOK {
			t.Fatalf("%v: exit %d\n%s%s", args, code, out, errs)
		}
		return out
	}
	for i, name := range []string{"LEAVES", "STAYS"} {
		run("camera", "add", name, srv.URL(i+1))
	}
	leaves, stays := cameraID(t, dir, "LEAVES", "--config", settings), cameraID(t, dir, "STAYS", "--config", settings)
	of := func(id string) (files []string) { return filesOf(t, dir, id) }
	p := start(t, args...)
	until2 := func(what string, done func() bool) {
		t.Helper()
		if err := until(t.Context(), what, func(context.Context) (bool, error) { return done(), nil }); err != nil {
			t.Fatal(err)
		}
	}
	until2("stored segments of both", func() bool {
		return len(matching(of(leaves), ".s1")) >= 2 && len(matching(of(stays), ".s1")) >= 2
	})
	// A picture in the cache, and somebody who watches.
	window := recordedWindow(t, p.url, "LEAVES")
	window.To = min(window.To, recordedWindow(t, p.url, "STAYS").To)
	window.From = max(window.From, recordedWindow(t, p.url, "STAYS").From)
	q := url.Values{"from": {window.From.String()}, "to": {window.To.String()}}.Encode()
	clip := footagePath("LEAVES", "clip.mp4") + "?" + q
	if code := get(t, p.url+clip, nil); code != http.StatusOK {
		t.Errorf("clip before: %d", code)
	}
	picture := footagePath("LEAVES", "snapshot.jpg") + "?" + url.Values{"at": {(window.From + timeline.Second).String()}}.Encode()
	if code := get(t, p.url+picture, nil); code != http.StatusOK {
		t.Errorf("picture before: %d", code)
	}
	watching := watch(t, p.url+footagePath("LEAVES", "live.mp4"))

	run("camera", "withdraw", "LEAVES", "--yes", "--reason", "搬家")
	withdrawn := time.Now()
	for _, path := range []string{clip, picture, footagePath("LEAVES", "live.mp4")} {
		var problem struct{ Code string }
		if code := get(t, p.url+path, &problem); code != http.StatusGone || problem.Code != "consent_withdrawn" {
			t.Errorf("%s after: %d %q", path, code, problem.Code)
		}
	}
	p.kill9(t)
	p = start(t, args...)
	p.kill9(t)
	p = start(t, args...)
	var l life
	lifeOf := func() *life {
		t.Helper()
		l = life{}
		if err := json.Unmarshal([]byte(run("camera", "life", "LEAVES", "--json")), &l); err != nil {
			t.Fatal(err)
		}
		return &l
	}
	until2("the end of the deletion", func() bool { return lifeOf().Withdrawals[0].State == "done" })
	select {
	case <-watching: // at the latest with the server that it watched
	case <-time.After(time.Minute):
		t.Error("who watched live still does")
	}
	if left := of(leaves); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if l.Camera.Lifecycle != "withdrawn" || l.Steps[len(l.Steps)-1].Reason != "搬家" {
		t.Errorf("life: %+v", l.Steps)
	}
	until2("the pull to stop", func() bool {
		s := srv.Sessions(1)
		return s[len(s)-1].ToUS > 0
	})
	if late := time.Since(withdrawn); late > time.Minute {
		t.Errorf("the pull stopped after %s", late)
	}
	r, err := receipt.Verify(l.Withdrawals[0].Receipt)
	if err != nil || r.Segments < 2 || r.Bytes == 0 || r.Held != 0 || len(r.Keys) == 0 || r.Span.From >= window.To || string(r.Camera) != leaves {
		t.Errorf("receipt %+v, %v", r, err)
	}
	file := filepath.Join(t.TempDir(), "receipt.json")
	if err := os.WriteFile(file, l.Withdrawals[0].Receipt, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := qianshao(t, "receipt", "verify", file); code != exitOK || !strings.Contains(out, leaves) || !strings.Contains(out, r.Root) {
		t.Errorf("receipt verify: exit %d\n%s%s", code, out, errs)
	}
	gaps := timelineOf(t, p.url, "LEAVES", window)
	for _, g := range gaps {
		if g.Cause != "consent_withdrawn" {
			t.Errorf("gap of %s", g.Cause)
		}
	}
	if len(gaps) != 1 {
		t.Errorf("gaps %+v", gaps)
	}
	wantWindow(t, "the neighbour's clip", srv, window, clipNumbers(t, p.url, "STAYS", window))
	p.terminate(t)

	// The databases are lost. The store brings nothing back.
	for _, name := range []string{"index.db", "registry.db"} {
		for _, part := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(filepath.Join(dir, name+part)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
	}
	run("reindex")
	run("check", "--deep")
	if left := of(leaves); len(left) > 0 {
		t.Errorf("after a rebuilt index: %v", left)
	}
	p = start(t, args...)
	if code := get(t, p.url+"/api/v1/cameras/"+leaves+"/clip.mp4?"+q, nil); code != http.StatusGone && code != http.StatusNotFound {
		t.Errorf("clip after a rebuilt index: %d", code)
	}
	wantWindow(t, "the neighbour's clip after it", srv, window, clipNumbers(t, p.url, stays, window))
	p.terminate(t)
}

// filesOf lists all footage of a camera in a data folder: spool, store, kept feet.
func filesOf(t *testing.T, dir, id string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone while looking
		}
		rel, rerr := filepath.Rel(dir, path)
		if err == nil && rerr == nil && !e.IsDir() && strings.Contains(rel, id) && !strings.Contains(rel, "v1/acts/") &&
			!strings.Contains(rel, "v1/receipts/") && !strings.HasSuffix(rel, "-destroyed") {
			files = append(files, rel)
		}
		return errors.Join(err, rerr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func matching(files []string, suffix string) (out []string) {
	for _, f := range files {
		if strings.HasSuffix(f, suffix) {
			out = append(out, f)
		}
	}
	return out
}

// watch reads an address in the background; the channel is closed when that has ended.
func watch(t *testing.T, address string) <-chan struct{} {
	t.Helper()
	resp, err := http.Get(address) //nolint:bodyclose // below, by who reads it
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, resp.Body) // it ends when the server ends it, however
		_ = resp.Body.Close()
	}()
	return ended
}

// recordedWindow is five seconds of what was recorded first of a camera.
func recordedWindow(t *testing.T, address, camera string) timeline.Span {
	t.Helper()
	var body struct {
		Covered []timeline.Span `json:"covered"`
	}
	now := timeline.FromTime(time.Now())
	q := url.Values{"from": {(now - timeline.Hour).String()}, "to": {now.String()}}
	if code := get(t, address+footagePath(camera, "timeline")+"?"+q.Encode(), &body); code != http.StatusOK || len(body.Covered) == 0 {
		t.Fatalf("timeline: %d, %v", code, body.Covered)
	}
	from := body.Covered[0].From + timeline.Second
	return timeline.Span{From: from, To: from + 5*timeline.Second}
}

// kill9 ends the process without a warning.
func (p *process) kill9(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-p.done; err == nil {
		t.Error("it was killed, and ended well")
	}
}

// timelineOf is the gaps of a camera in a window, as the API tells them.
func timelineOf(t *testing.T, address, camera string, window timeline.Span) []timeline.Gap {
	t.Helper()
	var body struct {
		Gaps []timeline.Gap `json:"gaps"`
	}
	q := url.Values{"from": {window.From.String()}, "to": {window.To.String()}}
	if code := get(t, address+footagePath(camera, "timeline")+"?"+q.Encode(), &body); code != http.StatusOK {
		t.Errorf("timeline: %d", code)
	}
	return body.Gaps
}
