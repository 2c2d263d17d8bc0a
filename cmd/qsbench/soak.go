package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/odd"
	"qianshao/ingest/rtsp/rtsptest/odd/herd"
	"qianshao/storage/media"
)

// soakBench records a village of odd cameras for a long time with the program
// as it is shipped, and then holds every frame that the cameras sent against
// what lies in the archive.
type soakBench struct {
	N       int           `default:"200" help:"Cameras; every kind has its share."`
	For     time.Duration `default:"1h" help:"How long they film."`
	Bitrate int           `default:"256000" help:"Of each, bits a second."`
	Program string        `default:"bin/qianshao" help:"The server (make build)."`
	Dir     string        `help:"Where to record; default a folder here that is removed."`
	SVG     string        `name:"svg" help:"Draw memory and goroutines here."`
	Probe   int           `default:"50" help:"Hold every so many-th segment against ffprobe, too; 0: none."`
}

// soakCamera is one camera with what it sent.
type soakCamera struct {
	kind   herd.Kind
	run    *odd.Running
	stream media.StreamID

	mu    sync.Mutex
	shots []shot // guarded by mu
}

// shot is an odd.Shot in 24 bytes: an hour of 200 cameras has eleven million.
type shot struct {
	timeUS      int64
	afterUS     int32
	slices      uint32
	lost, maybe bool
}

func (c *soakCamera) take(s odd.Shot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shots = append(c.shots, shot{s.TimeUS, int32(s.After.Microseconds()), s.Slices, s.Lost, s.Maybe})
}

// Run implements the command.
func (b *soakBench) Run(ctx context.Context) error {
	program, err := filepath.Abs(b.Program)
	if err != nil {
		return err
	}
	dir := b.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp(".", ".qsbench-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // a leftover is visible and harmless
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	filming, stop := context.WithCancel(ctx)
	defer stop()
	cams, rows, err := b.cast(filming)
	if err != nil {
		return err
	}
	srv, err := startServer(ctx, program, dir)
	if err != nil {
		return err
	}
	defer srv.stop()
	if err := srv.enrol(ctx, rows, cams); err != nil {
		return err
	}
	fmt.Printf("\nSoak: %d cameras of %d kinds at %d kbit/s for %s, the program as it is shipped, file store\n", len(cams), min(len(cams), len(b.kinds(nil))), b.Bitrate/1000, b.For)
	samples, err := b.watch(ctx, srv, cams)
	if err != nil {
		return err
	}
	for _, c := range cams {
		c.run.Stop()
	}
	if err := sleep(ctx, 15*time.Second); err != nil { // what was sent becomes durable
		return err
	}
	unknown, err := srv.unexplained(ctx, cams)
	if err != nil {
		return err
	}
	srv.stop()
	stop()
	for _, c := range cams {
		c.run.Wait()
	}
	verdicts, err := judge(ctx, dir, cams, b.Probe)
	if err != nil {
		return err
	}
	return b.report(samples, verdicts, unknown)
}

func (b *soakBench) kinds(certificate *tls.Config) []herd.Kind {
	return herd.Kinds(b.Bitrate, certificate)
}

// cast starts the cameras and lists them as a carrier would.
func (b *soakBench) cast(ctx context.Context) ([]*soakCamera, [][]string, error) {
	certificate, pin, err := rtsptest.SelfSigned()
	if err != nil {
		return nil, nil, err
	}
	kinds := b.kinds(certificate)
	rows := [][]string{{"carrier_device_id", "name", "rtsp_url", "username", "password", "transport", "tls_sha256"}}
	var cams []*soakCamera
	for i := range b.N {
		c := &soakCamera{kind: kinds[i%len(kinds)]}
		cam := c.kind.Make()
		cam.Taken = c.take
		if c.run, err = odd.Start(ctx, cam); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", c.kind.Name, err)
		}
		row := []string{fmt.Sprintf("cam%04d", i+1), c.kind.Name, c.run.URL(), "", "", c.kind.Transport, ""}
		if cam.Guard != nil {
			row[3], row[4] = herd.User, herd.Password
		}
		if cam.TLS != nil {
			row[6] = pin
		}
		cams, rows = append(cams, c), append(rows, row)
	}
	return cams, rows, nil
}

// sample is how the server stood at a moment.
type sample struct {
	at         time.Duration
	memory     int64 // resident, bytes
	goroutines int
	cpu        float64 // seconds so far
	streaming  int
}

// watch samples the server until the time is over.
func (b *soakBench) watch(ctx context.Context, srv *server, cams []*soakCamera) ([]sample, error) {
	fmt.Printf("%8s  %10s  %10s  %10s  %12s  %10s\n", "minute", "streaming", "MiB", "goroutines", "CPU %", "frames")
	var out []sample
	began, said := time.Now(), -1
	for {
		s, err := srv.sample()
		if err != nil {
			return nil, err
		}
		s.at = time.Since(began)
		out = append(out, s)
		if minute := int(s.at.Minutes()); minute/5 != said || s.at >= b.For {
			said = minute / 5
			busy := 0.0
			if n := len(out); n > 30 {
				busy = 100 * (s.cpu - out[n-31].cpu) / (s.at - out[n-31].at).Seconds()
			}
			fmt.Printf("%8d  %10d  %10.1f  %10d  %12.1f  %10d\n", minute, s.streaming, float64(s.memory)/(1<<20), s.goroutines, busy, frames(cams))
		}
		if s.at >= b.For {
			return out, nil
		}
		if err := sleep(ctx, min(10*time.Second, b.For/20)); err != nil {
			return nil, err
		}
	}
}

func frames(cams []*soakCamera) int {
	n := 0
	for _, c := range cams {
		c.mu.Lock()
		n += len(c.shots)
		c.mu.Unlock()
	}
	return n
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// server is a qianshao process.
type server struct {
	cmd  *exec.Cmd
	dir  string
	http *http.Client
	once sync.Once
}

func startServer(ctx context.Context, program, dir string) (*server, error) {
	s := &server{dir: dir}
	s.http = &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", filepath.Join(dir, "control.sock"))
		},
	}}
	log, err := os.Create(dir + ".log")
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the process has its own
	s.cmd = exec.CommandContext(ctx, program, "serve", "--no-auth", "--data", dir, "--listen", "127.0.0.1:0")
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = time.Minute
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for range 300 {
		if _, err = s.get("/control/v1/status"); err == nil {
			return s, nil
		}
		if serr := sleep(ctx, 100*time.Millisecond); serr != nil {
			err = serr
			break
		}
	}
	s.stop()
	return nil, fmt.Errorf("the server does not answer, see %s.log: %w", dir, err)
}

// stop ends the server in order and waits.
func (s *server) stop() {
	s.once.Do(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		if err := s.cmd.Wait(); err != nil {
			fmt.Fprintln(os.Stderr, "qsbench: the server ended:", err)
		}
	})
}

// get asks the control socket.
func (s *server) get(path string) ([]byte, error) {
	r, err := s.http.Get("http://control" + path)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close() // it was read
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, r.Status, bytes.TrimSpace(body))
	}
	return body, err
}

// enrol imports the cameras and learns their ids.
func (s *server) enrol(ctx context.Context, rows [][]string, cams []*soakCamera) error {
	var list bytes.Buffer
	if err := csv.NewWriter(&list).WriteAll(rows); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, s.cmd.Path, "import", "-", "--data", s.dir)
	cmd.Stdin = &list
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("import: %w: %s", err, out)
	}
	ids := map[string]string{}
	for after := ""; ; {
		b, err := s.get("/api/v1/cameras?limit=100&after=" + url.QueryEscape(after))
		if err != nil {
			return err
		}
		var page struct {
			Items []struct {
				ID     string `json:"id"`
				Device string `json:"carrier_device_id"`
			} `json:"items"`
			Next string `json:"next"`
		}
		if err := json.Unmarshal(b, &page); err != nil {
			return err
		}
		for _, c := range page.Items {
			ids[c.Device] = c.ID
		}
		if after = page.Next; after == "" {
			break
		}
	}
	for i, c := range cams {
		id := ids[rows[i+1][0]]
		if id == "" {
			return fmt.Errorf("%s was not imported", rows[i+1][0])
		}
		c.stream = media.StreamID(id + ".0")
	}
	return nil
}

// sample reads how the server stands.
func (s *server) sample() (sample, error) {
	var out sample
	b, err := s.get("/metrics")
	if err != nil {
		return out, err
	}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue
		}
		switch name {
		case "go_goroutines":
			out.goroutines = int(v)
		case "process_resident_memory_bytes":
			out.memory = int64(v)
		case "process_cpu_seconds_total":
			out.cpu = v
		case `qianshao_streams{state="streaming"}`:
			out.streaming = int(v)
		}
	}
	if out.goroutines == 0 || out.memory == 0 {
		return out, fmt.Errorf("no figures among the metrics")
	}
	return out, nil
}

// unexplained is how much of the cameras' time is a gap that nobody explains.
func (s *server) unexplained(_ context.Context, cams []*soakCamera) (time.Duration, error) {
	var sum time.Duration
	for _, c := range cams {
		from, to := time.Now().Add(-25*time.Hour), time.Now().Add(-20*time.Second)
		q := url.Values{"from": {from.UTC().Format(time.RFC3339)}, "to": {to.UTC().Format(time.RFC3339)}}
		b, err := s.get("/api/v1/cameras/" + string(c.stream.Camera()) + "/timeline?" + q.Encode())
		if err != nil {
			return 0, err
		}
		var line struct {
			Gaps []struct {
				From, To time.Time
				Cause    string
			}
		}
		if err := json.Unmarshal(b, &line); err != nil {
			return 0, err
		}
		for _, g := range line.Gaps {
			if g.Cause == "unknown" {
				sum += g.To.Sub(g.From)
			}
		}
	}
	return sum, nil
}
