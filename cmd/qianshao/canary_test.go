package main

import (
	"bytes"
	"context"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/camtest"
	"qianshao/storage/timeline"
)

// A camera's password is in no log, answer, metric, file, report or core, while
// it records, while a wrong one is refused, and when it is typed where it does
// not belong.
func TestCanary(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: a whole server, searched")
	}
	const canary = "Kanari-9vQx_zw3"
	dir, settings := t.TempDir(), settingsFile(t, "log: {level: debug}")
	var said bytes.Buffer // everything that is shown to anybody
	cam := camtest.Start(t, rtsptest.Config{Username: "admin", Password: canary, Width: 320, Height: 184, Bitrate: 300_000, NoSub: true})
	other := camtest.Start(t, rtsptest.Config{Username: "admin", Password: "another", Width: 320, Height: 184, Bitrate: 300_000, NoSub: true})

	p := launch(t, "serve", "--config", settings, "--listen", "127.0.0.1:0", "--data", dir)
	p.cmd.Dir = t.TempDir() // where a core would be written
	p.cmd.Env = append(os.Environ(), "GOTRACEBACK=crash")
	if err := p.ready(); err != nil {
		t.Fatal(err)
	}
	with := func(address string) string { return strings.Replace(address, "rtsp://", "rtsp://admin:"+canary+"@", 1) }
	run := func(want int, args ...string) {
		t.Helper()
		out, errs, code := qianshao(t, append(args, "--data", dir)...)
		if code != want {
			t.Errorf("%v: exit %d, want %d: %s%s", args[:2], code, want, out, errs)
		}
		said.WriteString(out + errs)
	}
	run(exitOK, "camera", "add", "GOOD", with(cam.URL(1)))
	run(exitOK, "camera", "add", "REFUSED", with(other.URL(1)))
	run(exitFailed, "camera", "add", "WRONG", "http://admin:"+canary+"@127.0.0.1/a")
	run(exitFailed, "camera", "add", "WRONG", "rtsp://admin:x/"+canary+"@127.0.0.1/a")
	if err := waitRecorded(t.Context(), dir, "GOOD", 3*timeline.Second); err != nil {
		t.Fatal(err)
	}
	err := until(t.Context(), "the refusal", func(context.Context) (bool, error) {
		out, _, _ := qianshao(t, "camera", "list", "--data", dir)
		return strings.Contains(out, "waiting"), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	run(exitOK, "camera", "list", "--json", "--state", "all")
	run(exitOK, "check", "--deep")
	run(exitOK, "register", "list", "--json")
	run(exitOK, "register", "list", "--csv")
	out, errs, _ := qianshao(t, "doctor", "--data", dir) // it may have something to say of this machine
	said.WriteString(out + errs)
	for _, path := range []string{"/api/v1/cameras", "/api/v1/cameras/GOOD", "/api/v1/cameras/REFUSED", "/metrics", "/readyz", "/openapi.json", "/api/v1/register", "/"} {
		said.Write(body(t, p.url+path))
	}
	run(exitOK, "secret", "rotate")
	if err := waitRecorded(t.Context(), dir, "GOOD", 5*timeline.Second); err != nil {
		t.Fatal(err)
	}

	// The process dies as one with a fault does.
	if err := p.cmd.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	if err := <-p.done; err == nil {
		t.Error("SIGABRT left exit code 0")
	}
	log, err := os.ReadFile(p.log.Name())
	if err != nil || !bytes.Contains(log, []byte("SIGABRT")) {
		t.Errorf("the log has no trace: %v", err)
	}
	said.Write(log)
	if bytes.Contains(said.Bytes(), []byte(canary)) {
		at := bytes.Index(said.Bytes(), []byte(canary))
		t.Errorf("shown: …%s…", said.Bytes()[max(0, at-200):min(said.Len(), at+100)])
	}
	if cores, err := os.ReadDir(p.cmd.Dir); err != nil || len(cores) > 0 {
		t.Errorf("left behind: %v, %v", cores, err)
	}
	inFiles(t, dir, canary)
}

// inFiles fails for every file of a folder that has a text in it.
func inFiles(t *testing.T, dir, text string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		if bytes.Contains(b, []byte(text)) {
			t.Errorf("%s has it", path)
		}
		return nil
	})
	if err != nil || files < 5 {
		t.Errorf("%d files, %v", files, err)
	}
}

// body is what an address answers.
func body(t *testing.T, address string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil || resp.StatusCode != http.StatusOK || b.Len() == 0 {
		t.Fatalf("%s: %s, %d bytes, %v", address, resp.Status, b.Len(), err)
	}
	return b.Bytes()
}

// This machine writes cores where a program lets it: else TestCanary would see
// none whatever we do.
func TestCoresAreForbidden(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shell := exec.CommandContext(t.Context(), "bash", "-c", "ulimit -c unlimited && kill -ABRT $$")
	shell.Dir = dir
	_ = shell.Run() // it dies
	cores, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(cores) == 0 {
		t.Skip("no cores are written here, of no program")
	}
	if err := os.RemoveAll(filepath.Join(dir, cores[0].Name())); err != nil {
		t.Fatal(err)
	}
	server := exec.CommandContext(t.Context(), "bash", "-c", "ulimit -c unlimited && exec qianshao serve --listen 127.0.0.1:0 --data "+t.TempDir())
	server.Dir, server.Env = dir, append(os.Environ(), "GOTRACEBACK=crash")
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 1)); err != nil { // ready
		t.Error(err)
	}
	if err := server.Process.Signal(syscall.SIGABRT); err != nil {
		t.Error(err)
	}
	if err := server.Wait(); err == nil {
		t.Error("SIGABRT left exit code 0")
	}
	if cores, err := os.ReadDir(dir); err != nil || len(cores) > 0 {
		t.Errorf("left behind: %v, %v", cores, err)
	}
}
