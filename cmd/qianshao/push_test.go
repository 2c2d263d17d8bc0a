package main

import (
	"context"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"qianshao/configs"
	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/registry/secret"
	"qianshao/storage/timeline"
)

var publishURL = regexp.MustCompile(`(?m)^rtsps?://\S+$`)

// ffmpeg publishes what a camera sends until the test ends.
func ffmpeg(t *testing.T, from, to string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "ffmpeg", "-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", from, "-c", "copy",
		"-f", "rtsp", "-rtsp_transport", "tcp", to)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var out strings.Builder
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("ffmpeg says:\n%s", out.String())
		}
	})
}

// A camera behind NAT: its URL is printed once, it publishes, and its footage is
// found and cut like any other's.
func TestPush(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("needs ffmpeg")
	}
	dir := t.TempDir()
	p := start(t, "serve", "--config", settingsFile(t, "push: {listen: \"127.0.0.1:0\"}\n"), "--listen", "127.0.0.1:0", "--data", dir)
	if !strings.Contains(p.out, "  push rtsp://127.0.0.1:") {
		t.Errorf("ready line %q", p.out)
	}
	out, errs, code := qianshao(t, "camera", "add", "GATE", "--push", "--name", "大门", "--data", dir)
	to := publishURL.FindString(out)
	u, err := url.Parse(to)
	if code != exitOK || err != nil || u.User == nil || !strings.HasPrefix(u.Path, "/push/c_") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	key, _ := u.User.Password()
	if again, _, code := qianshao(t, "camera", "add", "GATE", "--push", "--data", dir); code != exitOK || !strings.Contains(again, "keeps its key") {
		t.Errorf("once more: exit %d\n%s", code, again)
	}
	if list, _, _ := qianshao(t, "camera", "list", "--data", dir); !strings.Contains(list, "awaiting") || !strings.Contains(list, "publishes to "+u.Path) ||
		strings.Contains(list, key) {
		t.Errorf("before it publishes:\n%s", list)
	}

	srv := camtest.Start(t, rtsptest.Config{NoSub: true, StartAtNextKey: true})
	ffmpeg(t, srv.URL(1), to)
	if err := waitRecorded(t.Context(), dir, "GATE", 5*timeline.Second); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := qianshao(t, "timeline", "GATE", "--data", dir); code != exitOK || !strings.Contains(out, "recorded") {
		t.Errorf("timeline: exit %d\n%s%s", code, out, errs)
	}
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	if out, errs, code := qianshao(t, "clip", "GATE", "--data", dir, "-o", clip); code != exitOK {
		t.Fatalf("clip: exit %d\n%s%s", code, out, errs)
	}
	frames, err := audit.Presented(t.Context(), clip)
	if err != nil || len(frames) < 60 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	runs, twice := audit.Runs(frames)
	if len(runs) != 1 || len(twice) > 0 {
		t.Errorf("frames %v, twice %v", runs, twice)
	}
	if complaints, err := audit.Decode(t.Context(), clip); err != nil || complaints != "" {
		t.Errorf("clip: %v %s", err, complaints)
	}

	// A new key ends what is published with the old one.
	out, errs, code = qianshao(t, "camera", "push-key", "GATE", "--data", dir)
	if fresh := publishURL.FindString(out); code != exitOK || fresh == to || !strings.HasPrefix(fresh, "rtsp://c_") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	err = until(t.Context(), "the end of the session", func(ctx context.Context) (bool, error) {
		list, _, _ := qianshao(t, "camera", "list", "--data", dir)
		return strings.Contains(list, "awaiting"), nil
	})
	if err != nil {
		t.Error(err)
	}
	p.terminate(t)
	if out, errs, code := qianshao(t, "check", "--data", dir); code != exitOK {
		t.Errorf("check: exit %d\n%s%s", code, out, errs)
	}
}

// Where the server does not listen for it, that is what the camera's state says.
func TestPushOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--data", dir)
	out, errs, code := qianshao(t, "camera", "add", "GATE", "--push", "--data", dir)
	if code != exitOK || !strings.Contains(out, "Nothing listens for it yet: set push.listen") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	err := until(t.Context(), "the camera's state", func(context.Context) (bool, error) {
		list, _, _ := qianshao(t, "camera", "list", "--data", dir)
		return strings.Contains(list, "waiting") && strings.Contains(list, "set push.listen and start it again"), nil
	})
	if err != nil {
		t.Error(err)
	}
	p.terminate(t)
}

// The URL names what cameras reach.
func TestPublishURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		listen, address, listening, cert, want string
	}{
		{":8554", "", "[::]:8554", "", "rtsp://c_a:k@SERVER:8554/push/c_a"},
		{"203.0.113.5:554", "", "", "", "rtsp://c_a:k@203.0.113.5:554/push/c_a"},
		{":0", "cams.example.org", "0.0.0.0:4321", "", "rtsp://c_a:k@cams.example.org:4321/push/c_a"},
		{":8554", "cams.example.org:322", "", "x.pem", "rtsps://c_a:k@cams.example.org:322/push/c_a"},
		{"[2001:db8::1]:8554", "", "", "", "rtsp://c_a:k@[2001:db8::1]:8554/push/c_a"},
		{"", "", "", "", "rtsp://c_a:k@SERVER:8554/push/c_a"},
	} {
		got := pushURL(configs.Push{Listen: c.listen, Address: c.address, TLSCert: c.cert}, c.listening, "c_a", secret.New("k"))
		if got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
