package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A server's threads let the kernel gather their wake-ups, the first of them,
// too, and its process is the one that was started.
func TestServeHasTimerSlack(t *testing.T) {
	t.Parallel()
	p := start(t, "serve", "--listen", "127.0.0.1:0", "--data", t.TempDir())
	defer p.terminate(t)
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", p.cmd.Process.Pid))
	if err != nil || len(threads) < 2 {
		t.Fatalf("threads %v, %v", threads, err)
	}
	for _, dir := range threads {
		b, err := os.ReadFile(filepath.Join("/proc", filepath.Base(dir), "timerslack_ns"))
		if errors.Is(err, fs.ErrPermission) {
			t.Skip("only CAP_SYS_NICE may look at another process's slack")
		}
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // the thread has ended
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(string(b)); got != "10000000" {
			t.Errorf("thread %s: %s ns", filepath.Base(dir), got)
		}
	}
}
