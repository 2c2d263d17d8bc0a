package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// recordBench compares recording with the floor on the same cameras at the same
// time.
type recordBench struct {
	N      []int         `default:"25,100,200" help:"Numbers of cameras."`
	Window time.Duration `default:"40s" help:"Measured time for each number."`
	Sync   string        `default:"fragment" help:"spool.sync: fragment, group or off."`
	Alone  bool          `help:"Without the floor beside it."`
	// CPUProfile is of the recorder, over the last window.
	CPUProfile string `name:"cpuprofile" help:"Write the recorder's CPU profile here."`
}

// Run implements the command.
func (b *recordBench) Run(ctx context.Context) error {
	fmt.Printf("\nRecording: 1080p25 H.264 2 Mbit/s, GOP 2 s, RTSP over TCP on loopback; everything on (hash, spool.sync: %s, index, store)\n", b.Sync)
	fmt.Printf("%8s  %10s  %14s  %10s  %12s  %12s  %10s  %s\n", "cameras", "who", "CPU-s/cam-h", "x floor", "MiB/camera", "calls/s/cam", "MB/s disk", "durable p50 / p99 / max ms")
	for _, n := range b.N {
		if err := b.one(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (b *recordBench) one(ctx context.Context, n int) error {
	dir, err := os.MkdirTemp(".", ".qsbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover is visible and harmless
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	cams, url, err := startCameras(ctx, n)
	if err != nil {
		return err
	}
	defer cams.stop()
	rec, err := spawn(ctx, "recorder", "--url", url, "--n", strconv.Itoa(n), "--dir", filepath.Join(dir, "rec"), "--sync", b.Sync, "--cpuprofile", b.CPUProfile)
	if err != nil {
		return err
	}
	defer rec.stop()
	who := []*child{rec}
	if !b.Alone {
		floor, err := spawn(ctx, "floor", "--url", url, "--n", strconv.Itoa(n), "--dir", dir)
		if err != nil {
			return err
		}
		defer floor.stop()
		who = append(who, floor)
	}
	got, err := window(ctx, b.Window, who...)
	if err != nil {
		return err
	}
	perHour := func(f figures) float64 { return f.CPU / f.Seconds * 3600 / float64(n) }
	ratio := "-"
	if len(got) > 1 {
		ratio = fmt.Sprintf("%.2f", perHour(got[0])/perHour(got[1]))
	}
	for i, f := range got {
		name, lat := "qianshao", fmt.Sprintf("%.0f / %.0f / %.0f", 1000*quantile(f.Latency, .5), 1000*quantile(f.Latency, .99), 1000*quantile(f.Latency, 1))
		if i > 0 {
			name, lat, ratio = "floor", "-", "1"
		}
		fmt.Printf("%8d  %10s  %14.2f  %10s  %12.2f  %12.1f  %10.1f  %s\n", n, name, perHour(f), ratio,
			float64(f.Memory)/float64(n)/(1<<20), float64(f.Calls)/f.Seconds/float64(n), float64(f.Bytes)/f.Seconds/1e6, lat)
	}
	return nil
}

// startCameras starts simulated cameras in a process and returns the first URL.
func startCameras(ctx context.Context, n int, more ...string) (*child, string, error) {
	c, err := spawn(ctx, append([]string{"cameras", "--n", strconv.Itoa(n)}, more...)...)
	if err != nil {
		return nil, "", err
	}
	url, err := c.line()
	if err != nil {
		c.stop()
		return nil, "", err
	}
	return c, url, nil
}

// window waits until all are ready and measures them over the same time. What a
// start costs is given five seconds to pass.
func window(ctx context.Context, d time.Duration, who ...*child) ([]figures, error) {
	for _, c := range who {
		if err := c.waitReady(); err != nil {
			return nil, err
		}
	}
	for _, wait := range []time.Duration{5 * time.Second, d} {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		for _, c := range who {
			if err := c.tell(); err != nil {
				return nil, err
			}
		}
	}
	out := make([]figures, len(who))
	for i, c := range who {
		f, err := c.figures()
		if err != nil {
			return nil, err
		}
		out[i] = f
	}
	return out, nil
}

// quantile of unsorted values; 0 without any.
func quantile(v []float64, q float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Clone(v)
	slices.Sort(s)
	return s[min(int(q*float64(len(s))), len(s)-1)]
}
