package main

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/registry/register"
	"qianshao/storage/timeline"
)

// shown is a window of which bytes of footage arrived, in one life of the
// process.
type shown struct {
	life int
	span timeline.Span
}

// However the process is killed, whoever saw a byte of footage is in the access
// register with its window, and the register is intact.
func TestNoViewingWithoutItsEntry(t *testing.T) {
	t.Parallel()
	kills := 20
	if testing.Short() {
		kills = 3
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 4))
	dir := t.TempDir()
	srv := camtest.Start(t, rtsptest.Config{Width: 320, Height: 184, Bitrate: 300_000, NoSub: true})
	args := []string{"serve", "--listen", "127.0.0.1:0", "--data", dir}
	p := start(t, args...)
	if out, errs, code := qianshao(t, "camera", "add", "GATE", srv.URL(1), "--data", dir); code != exitOK {
		t.Fatalf("camera add: exit %d\n%s%s", code, out, errs)
	}
	if err := waitRecorded(t.Context(), dir, "GATE", 4*timeline.Second); err != nil {
		t.Fatal(err)
	}
	got, err := askAll(t, dir, "GATE")
	if err != nil {
		t.Fatal(err)
	}
	footage := got.Covered[0]

	var mu sync.Mutex
	seen := map[shown]bool{}
	// Always a little more than was registered before.
	var grown atomic.Int64
	p = killAgain(t, kills, random, p, func() *process { return start(t, args...) }, func(ctx context.Context, p *process, life int) bool {
		w := shown{life, timeline.Span{From: footage.From, To: footage.From + timeline.Second + timeline.Micros(grown.Add(100))}}
		q := url.Values{"from": {w.span.From.String()}, "to": {w.span.To.String()}}
		if !firstByte(ctx, p.url+footagePath("GATE", "clip.mp4")+"?"+q.Encode()) {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		seen[w] = true
		return true
	})
	if len(seen) < kills {
		t.Fatalf("seed %d: %d windows seen in %d lives", seed, len(seen), kills)
	}
	lives := [][]timeline.Span{} // what the register has of each, the last first
	var life []timeline.Span
	after := ""
	for {
		var page struct {
			Items []struct {
				Kind register.Kind   `json:"kind"`
				From timeline.Micros `json:"from"`
				To   timeline.Micros `json:"to"`
			} `json:"items"`
			Next string `json:"next"`
		}
		q := url.Values{"limit": {"1000"}, "after": {after}}
		if code := get(t, p.url+"/api/v1/register?"+q.Encode(), &page); code != http.StatusOK {
			t.Fatalf("register: %d", code)
		}
		for _, e := range page.Items {
			if e.Kind == register.Start {
				lives, life = append(lives, life), nil
			} else if e.From != 0 {
				life = append(life, timeline.Span{From: e.From, To: e.To})
			}
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if len(lives) != kills+1 {
		t.Fatalf("seed %d: the register has %d starts, want %d", seed, len(lives), kills+1)
	}
	slices.Reverse(lives)
	entries := 0
	for _, spans := range lives {
		entries += len(spans)
	}
	t.Logf("%d windows seen in %d lives, %d entries", len(seen), kills, entries)
	for w := range seen {
		if len(timeline.Subtract([]timeline.Span{w.span}, lives[w.life])) > 0 {
			t.Errorf("seed %d: %v was seen in life %d and is not in the register", seed, w.span, w.life)
		}
	}
	out, errs, code := qianshao(t, "register", "verify", "--data", dir)
	if code != exitOK || !strings.Contains(out, "intact") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	p.terminate(t)

	// An entry that somebody changed is named, by a server and without one.
	files, err := filepath.Glob(filepath.Join(dir, "register", "r_*", "*.jsonl"))
	if err != nil || len(files) < 2 {
		t.Fatal(err, files)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(b), `"address":"127.0.0.1"`, `"address":"127.0.0.9"`, 1)
	if changed == string(b) {
		t.Fatalf("no address in %s", files[0])
	}
	if err := os.WriteFile(files[0], []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	out, errs, code = qianshao(t, "register", "verify", "--data", dir)
	if code != exitFailed || !strings.Contains(out, "IS ALTERED") {
		t.Errorf("altered: exit %d\n%s%s", code, out, errs)
	}
	out, errs, code = qianshao(t, "register", "--kind", string(register.Start), "--data", dir)
	if code != exitOK || strings.Count(out, "start") != kills+1 {
		t.Errorf("starts: exit %d, want %d of them\n%s%s", code, kills+1, out, errs)
	}
	if out, _, code = qianshao(t, "register", "list", "--csv", "--kind", "admin", "--data", dir); code != exitOK || !strings.Contains(out, "camera.import") {
		t.Errorf("csv: exit %d\n%s", code, out)
	}
	if out, _, code = qianshao(t, "register", "list", "--limit", strconv.Itoa(2), "--data", dir); code != exitOK || !strings.Contains(out, "older") {
		t.Errorf("list: exit %d\n%s", code, out)
	}
}

// firstByte asks for footage and reports whether a byte of it came.
func firstByte(ctx context.Context, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return false
	}
	_, err = io.ReadFull(resp.Body, make([]byte, 1))
	return err == nil || errors.Is(err, io.ErrUnexpectedEOF)
}
