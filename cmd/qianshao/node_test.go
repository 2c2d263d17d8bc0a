package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/storage/timeline"
)

// A user tries the demo, imports a camera, looks, saves a clip, stops and starts
// again.
func TestDemo(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demo")
	began := time.Now()
	p := start(t, "demo", "--cameras", "3", "--listen", "127.0.0.1:0", "--data", dir)
	t.Logf("ready after %v", time.Since(began).Round(time.Millisecond))
	ctx := t.Context()
	if err := waitRecorded(ctx, dir, "QXN-0001", 5*timeline.Second); err != nil {
		t.Fatal(err)
	}

	// A camera that is imported while the server runs is recorded at once.
	srv := camtest.Start(t, rtsptest.Config{NoSub: true, StartAtNextKey: true})
	list := filepath.Join(t.TempDir(), "list.csv")
	text := "carrier_device_id,name,rtsp_url,lon,lat\nGATE,大门," + srv.URL(1) + ",104.9,25.09\nBAD DEVICE,x,rtsp://127.0.0.1/,,\n"
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	out, errs, code := qianshao(t, "import", list, "--data", dir)
	if code != exitFailed || !strings.Contains(out, "row 2    created   local:GATE") || !strings.Contains(out, "row 3    error") ||
		!strings.Contains(out, "1 created, 0 updated, 0 unchanged, 1 failed") {
		t.Errorf("import: exit %d\n%s%s", code, out, errs)
	}
	if err := srv.WaitSent(ctx, 1, 0); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("imported camera was pulled after %v", took)
	}
	if err := waitRecorded(ctx, dir, "GATE", 3*timeline.Second); err != nil {
		t.Fatal(err)
	}
	var list1 struct {
		Items []struct {
			Name  string `json:"name"`
			State string `json:"state"`
		} `json:"items"`
	}
	if code := get(t, p.url+"/api/v1/cameras", &list1); code != 200 || len(list1.Items) != 4 {
		t.Errorf("HTTP %d: %+v", code, list1)
	}
	if code := get(t, p.url+"/control/v1/status", nil); code != 404 {
		t.Errorf("control routes answer over TCP: HTTP %d", code)
	}
	if code := get(t, p.url+"/readyz", nil); code != 200 {
		t.Errorf("readyz: HTTP %d", code)
	}

	err := until(ctx, "the metrics", func(ctx context.Context) (bool, error) {
		text, err := scrape(ctx, p.url)
		return strings.Contains(text, "qianshao_streams{state=\"streaming\"} 7\n") && strings.Contains(text, "qianshao_spool_pending_segments ") &&
			strings.Contains(text, "qianshao_segment_sealed_bytes_total"), errors.Join(err, errors.New(text))
	})
	if err != nil {
		t.Error(err)
	}
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	if out, errs, code := qianshao(t, "clip", "QXN-0001", "--data", dir, "-o", clip); code != exitOK || !strings.Contains(out, "clip.mp4") {
		t.Fatalf("clip: exit %d\n%s%s", code, out, errs)
	}
	complaints, err := audit.Decode(ctx, clip)
	if err != nil || complaints != "" {
		t.Errorf("clip: %v %s", err, complaints)
	}

	first, err := covered(t, dir, "GATE")
	if err != nil {
		t.Fatal(err)
	}
	p.terminate(t)
	// What was open is sealed and stored, nothing is left behind.
	left, err := filepath.Glob(filepath.Join(dir, "spool", "*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left in the spool: %v %v", left, err)
	}
	if out, errs, code := qianshao(t, "check", "--data", dir); code != exitOK {
		t.Errorf("check: exit %d\n%s%s", code, out, errs)
	}

	// A larger demo over the same data goes on, with other camera addresses.
	p = start(t, "demo", "--cameras", "4", "--listen", "127.0.0.1:0", "--data", dir)
	if !strings.Contains(p.out, "qianshao demo: 4 simulated cameras") || !strings.Contains(p.out, "goes on from the last demo") {
		t.Errorf("banner %q", p.out)
	}
	if err := waitRecorded(ctx, dir, "GATE", first+3*timeline.Second); err != nil {
		t.Fatal(err)
	}
	if err := waitRecorded(ctx, dir, "QXN-0004", timeline.Second); err != nil {
		t.Fatal(err)
	}
	got, err := askAll(t, dir, "GATE")
	if err != nil {
		t.Fatal(err)
	}
	causes := map[timeline.Cause]bool{}
	for _, g := range got.Gaps {
		causes[g.Cause] = true
	}
	if !causes[timeline.NodeDown] || causes[timeline.Unknown] {
		t.Errorf("gaps %+v", got.Gaps)
	}
	p.terminate(t)

	// A smaller demo takes the others out; their footage stays.
	p = start(t, "demo", "--cameras", "1", "--listen", "127.0.0.1:0", "--data", dir)
	out, _, _ = qianshao(t, "camera", "list", "--data", dir)
	if strings.Contains(out, "QXN-0002") || !strings.Contains(out, "QXN-0001") || !strings.Contains(out, "GATE") {
		t.Errorf("cameras:\n%s", out)
	}
	p.terminate(t)
}

// scrape reads the metrics.
func scrape(ctx context.Context, address string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/metrics", nil)
	if err != nil {
		return "", err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(resp.Body)
	return string(b), errors.Join(err, resp.Body.Close())
}

func covered(t *testing.T, dir, camera string) (timeline.Micros, error) {
	got, err := askAll(t, dir, camera)
	return timeline.Total(got.Covered), err
}

func askAll(t *testing.T, dir, camera string) (covering, error) {
	t.Helper()
	c := serverClient(dir)
	defer func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	}()
	return askTimeline(t.Context(), c, camera)
}

// SIGHUP takes over what can change, and names what needs a restart.
func TestReload(t *testing.T) {
	t.Parallel()
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "qianshao.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("retention: {days: 30}\n")
	p := start(t, "serve", "--config", file, "--listen", "127.0.0.1:0", "--data", dir)
	write("retention: {days: 7, max_bytes: 1GB}\nsegment: {length: 30s}\n")
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	c := serverClient(dir)
	err := until(t.Context(), "the new retention", func(ctx context.Context) (bool, error) {
		var k kept
		_, err := c.call(ctx, "GET", "/control/v1/retention", nil, nil, &k)
		return k.Days == 7 && k.MaxBytes == 1e9, err
	})
	if err != nil {
		t.Error(err)
	}
	// The same by the socket, which also tells; nothing changed but what waits.
	var r reloaded
	if _, err := c.call(t.Context(), "POST", "/control/v1/reload", nil, nil, &r); err != nil ||
		len(r.Changed) != 0 || fmt.Sprint(r.Restart) != "[segment.length]" {
		t.Errorf("%+v %v", r, err)
	}
	write("retention: {days: none}\n")
	if _, err := c.call(t.Context(), "POST", "/control/v1/reload", nil, nil, &r); err == nil || !strings.Contains(err.Error(), "retention.days") {
		t.Errorf("bad settings: %v", err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
	p.terminate(t)
}

// A stop that comes while the server still begins is an orderly one.
func TestStopAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	times := 10
	if testing.Short() {
		times = 3
	}
	for range times {
		start(t, "serve", "--listen", "127.0.0.1:0", "--data", dir).terminate(t)
	}
}

// A folder with a long name has its socket too.
func TestLongFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), strings.Repeat("深", 40), strings.Repeat("x", 60))
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	if err := waitReady(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := qianshao(t, "camera", "add", "A", "rtsp://camera.invalid/", "--data", dir); code != exitOK || strings.Contains(out, "No server") {
		t.Errorf("exit %d %s%s", code, out, errs)
	}
	p.terminate(t)
	if _, err := os.Lstat(filepath.Join(dir, socketName)); err == nil {
		t.Error("the socket was left")
	}
}
