package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"qianshao/storage/timeline"
)

// usage is what a process has used.
type usage struct {
	CPU   float64 // seconds, user and system
	User  float64 // of them, in the program itself
	Calls int64   // read and write system calls (/proc/self/io)
	Bytes int64   // given to write calls
	At    time.Time
}

func ownUsage() (usage, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return usage{}, err
	}
	u := usage{At: time.Now(), CPU: float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9, User: float64(r.Utime.Nano()) / 1e9}
	io, err := procFields("/proc/self/io")
	if err != nil {
		return usage{}, err
	}
	u.Calls = io["syscr"] + io["syscw"]
	u.Bytes = io["wchar"]
	return u, nil
}

// ownMemory is the resident memory in bytes.
func ownMemory() (int64, error) {
	f, err := procFields("/proc/self/status")
	return f["VmRSS"] * 1024, err
}

// parts are what resident memory consists of, in bytes.
type parts struct {
	Anon, File          int64 // RssAnon, RssFile: the program's own pages, and those of its file
	Heap                int64 // spans in use
	Idle                int64 // heap spans free and not returned
	Stacks              int64
	Runtime             int64 // what the runtime keeps for itself
	Goroutines          int64
	Collections, Target int64 // GC cycles since the start; the next begins at this heap
}

func memoryParts() *parts {
	f, err := procFields("/proc/self/status")
	if err != nil {
		return nil
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return &parts{
		Anon: f["RssAnon"] * 1024, File: f["RssFile"] * 1024,
		Heap: int64(m.HeapInuse), Idle: int64(m.HeapIdle - m.HeapReleased), Stacks: int64(m.StackInuse),
		Runtime: int64(m.MSpanInuse + m.MCacheInuse + m.GCSys + m.OtherSys + m.BuckHashSys), Goroutines: int64(runtime.NumGoroutine()),
		Collections: int64(m.NumGC), Target: int64(m.NextGC),
	}
}

func procFields(path string) (map[string]int64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for line := range strings.Lines(string(b)) {
		name, value, ok := strings.Cut(line, ":")
		f := strings.Fields(value)
		if !ok || len(f) == 0 {
			continue
		}
		if n, err := strconv.ParseInt(f[0], 10, 64); err == nil {
			out[name] = n
		}
	}
	return out, nil
}

// figures are what a child reports of its window.
type figures struct {
	Seconds float64
	CPU     float64
	User    float64 // of CPU, in the program itself
	Calls   int64
	Bytes   int64
	Memory  int64
	Latency []float64 `json:",omitempty"` // fragment to durable, seconds
	// Lost is the time that is not recorded, of all cameras that count together;
	// -1 when it is not known.
	Lost  timeline.Micros `json:",omitempty"`
	Parts *parts          `json:",omitempty"` // of Memory, where the child knows them
	Looks []look          `json:",omitempty"` // of memory over the window
}

// serveChild is a child's side: ready, then a window between two lines on
// standard input, then the figures.
func serveChild(ready func() error, begin func(), end func(*figures)) error {
	if err := ready(); err != nil {
		return err
	}
	fmt.Println("ready")
	in := bufio.NewScanner(os.Stdin)
	if !in.Scan() {
		return errors.New("parent went away")
	}
	begin()
	from, err := ownUsage()
	if err != nil {
		return err
	}
	if !in.Scan() {
		return errors.New("parent went away")
	}
	to, err := ownUsage()
	if err != nil {
		return err
	}
	f := figures{Seconds: to.At.Sub(from.At).Seconds(), CPU: to.CPU - from.CPU, User: to.User - from.User, Calls: to.Calls - from.Calls, Bytes: to.Bytes - from.Bytes}
	if f.Memory, err = ownMemory(); err != nil {
		return err
	}
	end(&f)
	return json.NewEncoder(os.Stdout).Encode(f)
}

// look is what a process is at a moment.
type look struct {
	Seconds    float64 // since the window began
	Memory     int64   // resident, bytes
	Goroutines int
}

// looks are taken at its own process now and then.
type looks struct {
	mu  sync.Mutex
	all []look // guarded by mu
}

func (s *looks) run(ctx context.Context, every time.Duration) {
	began := time.Now()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		mem, err := ownMemory()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.all = append(s.all, look{Seconds: time.Since(began).Seconds(), Memory: mem, Goroutines: runtime.NumGoroutine()})
		s.mu.Unlock()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (s *looks) list() []look {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// child is the parent's side.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// spawn starts this program in another role.
func spawn(ctx context.Context, args ...string) (*child, error) {
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	c.out.Buffer(nil, 64<<20)
	return c, nil
}

// line reads the child's next line.
func (c *child) line() (string, error) {
	if !c.out.Scan() {
		return "", errors.Join(errors.New("a child process ended early"), c.out.Err())
	}
	return c.out.Text(), nil
}

func (c *child) waitReady() error {
	l, err := c.line()
	if err == nil && l != "ready" {
		err = fmt.Errorf("child says %q", l)
	}
	return err
}

func (c *child) tell() error {
	_, err := io.WriteString(c.in, "\n")
	return err
}

func (c *child) figures() (f figures, err error) {
	l, err := c.line()
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal([]byte(l), &f)
}

// counts reads a list of numbers.
func (c *child) counts() (list []uint64, err error) {
	l, err := c.line()
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal([]byte(l), &list)
}

// stop ends a child by closing its input and asking it to terminate.
func (c *child) stop() {
	_ = c.in.Close()
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	_ = c.cmd.Wait()
}
