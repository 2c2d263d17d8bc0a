package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// recordBench compares recording with the floor on the same cameras at the same
// time.
type recordBench struct {
	N      []int         `default:"100,200" help:"Numbers of cameras."`
	Window time.Duration `default:"40s" help:"Measured time for each line."`
	Sync   []string      `default:"fragment,group" help:"spool.sync: fragment, group or off; one window each."`
	Beside []string      `help:"Ways that are measured beside with the first number of cameras: tls, udp, s3."`
	Alone  bool          `help:"Without the floor beside it."`
	// The profiles are of the recorder, over the last window.
	CPUProfile string `name:"cpuprofile" help:"Write the recorder's CPU profile here."`
	Heap       string `name:"heapprofile" help:"Write the recorder's heap profile here."`
}

// Run implements the command.
func (b *recordBench) Run(ctx context.Context) error {
	fmt.Println("\nRecording: 1080p25 H.264 2 Mbit/s, GOP 2 s, RTSP on loopback; everything on (hash, index, store), the floor of the same minute beside")
	fmt.Printf("%8s  %-14s  %12s  %8s  %6s  %6s  %10s  %12s  %9s  %s\n", "cameras", "who", "CPU-s/cam-h", "x floor", "kernel", "MiB/cam",
		"floor MiB", "reads+writes", "MB/s disk", "durable p50 / p99 / max ms")
	for _, n := range b.N {
		for _, sync := range b.Sync {
			if err := b.one(ctx, n, sync, ""); err != nil {
				return err
			}
		}
	}
	for _, way := range b.Beside {
		if err := b.one(ctx, b.N[0], b.Sync[0], way); err != nil {
			return err
		}
	}
	return nil
}

// one measures n cameras over one window. way is "", tls, udp or s3.
func (b *recordBench) one(ctx context.Context, n int, sync, way string) error {
	dir, err := os.MkdirTemp(".", ".qsbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover is visible and harmless
	dir, err = filepath.Abs(dir)
	if err != nil {
		return err
	}
	args := []string{"recorder", "--n", strconv.Itoa(n), "--dir", filepath.Join(dir, "rec"), "--sync", sync, "--cpuprofile", b.CPUProfile, "--heapprofile", b.Heap}
	plain, url, _, err := startCameras(ctx, n)
	if err != nil {
		return err
	}
	defer plain.stop()
	switch way {
	case "tls": // the floor speaks no TLS: it has cameras of its own
		cams, secure, pin, err := startCameras(ctx, n, "--tls")
		if err != nil {
			return err
		}
		defer cams.stop()
		args = append(args, "--url", secure, "--pin", pin)
	case "udp":
		args = append(args, "--url", url, "--udp")
	case "s3":
		s3, err := startS3(ctx, filepath.Join(dir, "s3"))
		if err != nil {
			return err
		}
		defer s3.stop()
		args = append(args, "--url", url, "--s3", s3.endpoint)
	default:
		args = append(args, "--url", url)
	}
	rec, err := spawn(ctx, args...)
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
	b.print(n, strings.TrimSpace(sync+" "+way), got)
	return nil
}

// print prints a line, and what memory consists of below it.
func (b *recordBench) print(n int, name string, got []figures) {
	perHour := func(f figures) float64 { return f.CPU / f.Seconds * 3600 / float64(n) }
	each := func(v int64) float64 { return float64(v) / float64(n) / (1 << 20) }
	f, ratio, floor := got[0], "-", "-"
	if len(got) > 1 {
		ratio, floor = fmt.Sprintf("%.2f", perHour(f)/perHour(got[1])), fmt.Sprintf("%.2f", each(got[1].Memory))
	}
	fmt.Printf("%8d  %-14s  %12.2f  %8s  %4.0f %%  %7.2f  %10s  %12.1f  %9.1f  %.0f / %.0f / %.0f\n", n, name, perHour(f), ratio, 100*(1-f.User/f.CPU),
		each(f.Memory), floor, float64(f.Calls)/f.Seconds/float64(n), float64(f.Bytes)/f.Seconds/1e6,
		1000*quantile(f.Latency, .5), 1000*quantile(f.Latency, .99), 1000*quantile(f.Latency, 1))
	if p := f.Parts; p != nil {
		mib := func(v int64) float64 { return float64(v) / (1 << 20) }
		fmt.Printf("%8s  MiB: anonymous %.1f (heap %.1f and %.1f free, stacks %.1f, runtime %.1f, the rest media), pages of the program %.1f; %d goroutines\n", "",
			mib(p.Anon), mib(p.Heap), mib(p.Idle), mib(p.Stacks), mib(p.Runtime), mib(p.File), p.Goroutines)
	}
}

// startCameras starts simulated cameras in a process and returns the first URL,
// and the pin of their certificate if they have one.
func startCameras(ctx context.Context, n int, more ...string) (c *child, url, pin string, err error) {
	c, err = spawn(ctx, append([]string{"cameras", "--n", strconv.Itoa(n)}, more...)...)
	if err != nil {
		return nil, "", "", err
	}
	line, err := c.line()
	if err != nil {
		c.stop()
		return nil, "", "", err
	}
	url, pin, _ = strings.Cut(line, " ")
	return c, url, pin, nil
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
