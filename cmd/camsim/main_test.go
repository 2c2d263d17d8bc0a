package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func parse(t *testing.T, args ...string) (*options, error) {
	t.Helper()
	var o options
	k, err := kong.New(&o, kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(args)
	return &o, err
}

func TestServesUntilTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	list, log := filepath.Join(dir, "cameras.csv"), filepath.Join(dir, "faults.jsonl")
	o, err := parse(t, "--cameras", "3", "--listen", "127.0.0.1:0", "--username", "admin", "--password", "a,b",
		"--fault", "cut@0,2:stall@0+1", "--fault-log", log, "--csv", list, "--tls", "--audio", "aac")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, o, in, io.Discard)
		_ = in.Close() // cannot fail
	}()
	var lines []string
	for sc := bufio.NewScanner(out); sc.Scan(); {
		lines = append(lines, sc.Text())
		if strings.HasPrefix(sc.Text(), "ready") {
			break
		}
	}
	if len(lines) != 4 || !strings.HasSuffix(lines[0], "/cam0001") || !strings.HasSuffix(lines[1], "/cam0003") ||
		!strings.HasPrefix(lines[0], "rtsps://127.0.0.1:") || !strings.HasPrefix(lines[2], "certificate sha256 ") {
		t.Fatalf("printed %q", lines)
	}
	u, err := url.Parse(lines[0])
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(list)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(f).ReadAll()
	if cerr := f.Close(); err != nil || cerr != nil {
		t.Fatal(err, cerr)
	}
	if len(rows) != 4 || strings.Join(rows[0], ",") != "carrier_device_id,name,rtsp_url,lon,lat,username,password" {
		t.Fatalf("list %q", rows)
	}
	for i, row := range rows[1:] {
		lon, err1 := strconv.ParseFloat(row[3], 64)
		lat, err2 := strconv.ParseFloat(row[4], 64)
		if err1 != nil || err2 != nil || lon < 104.9 || lon > 105.1 || lat < 25 || lat > 25.2 || row[6] != "a,b" ||
			!strings.HasSuffix(row[2], "/cam000"+strconv.Itoa(i+1)) {
			t.Errorf("row %q", row)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(log); err != nil {
		t.Error(err)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	o, err := parse(t, "--size", "1920x1080", "--bitrate", "2.5M", "--bframes", "--clock-offset=-90s", "--fault", "silent=video@1+2", "--fault-session")
	if err != nil {
		t.Fatal(err)
	}
	cfg, _, err := o.config()
	if err != nil || cfg.Width != 1920 || cfg.Height != 1080 || cfg.Bitrate != 2_500_000 || cfg.BFrames != 2 ||
		cfg.ClockOffset.Seconds() != -90 || len(cfg.Faults) != 1 || !cfg.Faults[0].FromPlay || cfg.Listen != ":8654" {
		t.Errorf("%+v, %v", cfg, err)
	}
	for _, args := range [][]string{{"--codec", "vp8"}, {"--audio", "mp3"}, {"--media", "/nonexistent"}, {"--write", "slowly"}, {"extra"}} {
		if _, err := parse(t, args...); err == nil {
			t.Errorf("%q passed", args)
		}
	}
	for _, args := range [][]string{{"--size", "big"}, {"--size", "10"}, {"--bitrate", "fast"}, {"--bitrate", ""}, {"--fault", "fire@1"}, {"--clock-offset", "soon"}} {
		o, err := parse(t, args...)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := o.config(); err == nil {
			t.Errorf("%q passed", args)
		}
	}
}
