package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"qianshao/storage/timeline"
)

// TestMain makes the test binary the program as well: as "qianshao" in PATH, for
// scripts and for tests that need a process of its own to kill.
func TestMain(m *testing.M) {
	testscript.Main(withoutLeaks{m}, map[string]func(){"qianshao": main})
}

type withoutLeaks struct{ *testing.M }

// Run fails when goroutines are left.
func (m withoutLeaks) Run() int {
	flag.Parse()
	// Most of these tests wait, for a film or for a server.
	if err := flag.Set("test.parallel", "4"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	code := m.M.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines left:", err)
			code = 1
		}
	}
	return code
}

// TestScripts runs the commands as a user does.
func TestScripts(t *testing.T) {
	t.Parallel()
	scripts := "*.txtar"
	if testing.Short() {
		scripts = "record.txtar" // with a server; the others are commands alone
	}
	files, err := filepath.Glob(filepath.Join("testdata", "script", scripts))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scripts: %v", len(files), err)
	}
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"ready": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(waitReady(context.Background(), ts.MkAbs(args[0])))
			},
			// recorded DIR CAMERA SECONDS
			"recorded": func(ts *testscript.TestScript, _ bool, args []string) {
				n, err := strconv.Atoi(args[2])
				ts.Check(err)
				ts.Check(waitRecorded(context.Background(), ts.MkAbs(args[0]), args[1], timeline.Micros(n)*timeline.Second))
			},
		},
		RequireExplicitExec: false,
		RequireUniqueNames:  true,
	})
}

// patience is how long a test waits for what takes a second or two on an idle
// machine.
const patience = 60 * time.Second

// until asks again and again until done says so, or patience ends.
func until(ctx context.Context, what string, done func(ctx context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := done(ctx)
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("waiting for %s", what), ctx.Err(), err)
		}
	}
}

// waitReady waits until the server of a folder answers.
func waitReady(ctx context.Context, dir string) error {
	c := serverClient(dir)
	err := until(ctx, "the server of "+dir, func(ctx context.Context) (bool, error) {
		var s status
		_, err := c.call(ctx, "GET", "/control/v1/status", nil, nil, &s)
		return err == nil && s.Serving, err
	})
	return errors.Join(err, c.close())
}

// waitRecorded waits until so much of a camera is recorded and answered.
func waitRecorded(ctx context.Context, dir, camera string, much timeline.Micros) error {
	c := serverClient(dir)
	err := until(ctx, "footage of "+camera, func(ctx context.Context) (bool, error) {
		got, err := askTimeline(ctx, c, camera)
		return err == nil && timeline.Total(got.Covered) >= much, err
	})
	return errors.Join(err, c.close())
}

// askTimeline asks for everything up to now.
func askTimeline(ctx context.Context, c *client, camera string) (got covering, err error) {
	now := timeline.FromTime(time.Now())
	q := url.Values{"from": {(now - timeline.Day).String()}, "to": {(now + timeline.Minute).String()}}
	_, err = c.call(ctx, "GET", footagePath(camera, "timeline"), q, nil, &got)
	return got, err
}

// settingsFile writes settings.
func settingsFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "qianshao.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// process is a running qianshao.
type process struct {
	cmd   *exec.Cmd
	url   string // of its ready line
	out   string // what it printed up to there, or up to waits
	waits string // what ready waits for, too
	log   *logFile
	done  chan error // of Wait
}

// logFile shows what a process logged when the test fails.
type logFile struct {
	*os.File
	t *testing.T
}

// start runs the program and waits for its address.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := launch(t, args...)
	if err := p.ready(); err != nil {
		t.Fatal(err)
	}
	return p
}

// launch runs the program, a server without accounts. It is killed, at the latest,
// with the test.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	if args[0] == "serve" {
		args = append([]string{"serve", "--no-auth"}, args[1:]...)
	}
	return program(t, args...)
}

// program is launch for arguments as they are.
func program(t *testing.T, args ...string) *process {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command("qianshao", args...), log: &logFile{f, t}, done: make(chan error, 1)}
	p.cmd.Stderr = f
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return p
}

var siteURL = regexp.MustCompile(`https?://\S+`)

// ready starts the process and reads its output up to the address.
func (p *process) ready() error {
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.log.t.Cleanup(p.stop)
	r := bufio.NewReader(stdout)
	for p.url == "" || !strings.Contains(p.out, p.waits) {
		line, err := r.ReadString('\n')
		if err != nil {
			return errors.Join(fmt.Errorf("not ready: %w", err), p.cmd.Wait())
		}
		p.out += line
		if p.url == "" {
			p.url = siteURL.FindString(line)
		}
	}
	go func() {
		_, err := io.Copy(io.Discard, r)
		p.done <- errors.Join(err, p.cmd.Wait())
	}()
	return nil
}

// stop ends a process that a failed test left, and shows its log then.
func (p *process) stop() {
	_ = p.cmd.Process.Kill() // it may be gone
	if p.log.t.Failed() {
		text, err := os.ReadFile(p.log.Name())
		p.log.t.Logf("log of %v (%v):\n%s", p.cmd.Args, err, text)
	}
	_ = p.log.Close() // the process wrote it
}

// terminate asks the process to stop and waits for it.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.done:
		if err != nil {
			t.Errorf("SIGTERM: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("SIGTERM: still running")
	}
}

// qianshao runs a command to its end.
func qianshao(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "qianshao", args...)
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// get asks the server over TCP.
func get(t *testing.T, address string, v any) int {
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
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if v != nil && (resp.StatusCode == http.StatusOK || resp.Header.Get("Content-Type") == "application/problem+json") {
		if err := json.Unmarshal(body, v); err != nil {
			t.Fatalf("%s: %v in %s", address, err, body)
		}
	}
	return resp.StatusCode
}
