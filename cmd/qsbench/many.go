package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// manyBench records very many small cameras and compares what they sent with
// what stands in the sealed segments.
type manyBench struct {
	N       int           `default:"1000" help:"Number of cameras."`
	Bitrate int           `default:"256000" help:"Bits a second of each."`
	Window  time.Duration `default:"10m" help:"Measured time."`
	Sync    string        `default:"group" help:"spool.sync: fragment, group or off."`
	Late    time.Duration `default:"1200ms" help:"A fragment that takes longer from the arrival of its last picture until it is durable is late."`
}

// sampleEvery is how often memory is looked at.
const sampleEvery = 10 * time.Second

// Run implements the command.
func (b *manyBench) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp(".", ".qsbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover is visible and harmless
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	cams, url, _, err := startCameras(ctx, b.N, "--bitrate", strconv.Itoa(b.Bitrate), "--quiet", "--count")
	if err != nil {
		return err
	}
	defer cams.stop()
	rec, err := spawn(ctx, "recorder", "--url", url, "--n", strconv.Itoa(b.N), "--dir", dir, "--sync", b.Sync, "--count", "--sample", sampleEvery.String())
	if err != nil {
		return err
	}
	defer rec.stop()
	got, err := window(ctx, b.Window, rec)
	if err != nil {
		return err
	}
	// The cameras end first, so that all they have sent can be recorded.
	if err := cams.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	sent, err := cams.counts()
	if err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // the last bytes are on their way
	if err := rec.tell(); err != nil {
		return err
	}
	kept, err := rec.counts()
	if err != nil {
		return err
	}
	b.print(&got[0], sent, kept)
	return nil
}

func (b *manyBench) print(f *figures, sent, kept []uint64) {
	var all, missing, lacking uint64
	for i := range sent {
		all += sent[i]
		if kept[i] < sent[i] {
			missing += sent[i] - kept[i]
			lacking++
		}
	}
	late := 0
	for _, l := range f.Latency {
		if l > b.Late.Seconds() {
			late++
		}
	}
	n := float64(b.N)
	fmt.Printf("\nMany: %d cameras of %d kbit/s for %s, spool.sync: %s\n", b.N, b.Bitrate/1000, b.Window, b.Sync)
	fmt.Printf("  pictures sent %d, missing from the sealed segments %d (of %d cameras)\n", all, missing, lacking)
	fmt.Printf("  fragments %d, durable after p50 %.0f, p99 %.0f, max %.0f ms; later than %d ms: %d\n", len(f.Latency),
		1000*quantile(f.Latency, .5), 1000*quantile(f.Latency, .99), 1000*quantile(f.Latency, 1), b.Late.Milliseconds(), late)
	fmt.Printf("  CPU %.2f of a processor, %.2f CPU-seconds a camera-hour; %.2f MiB a camera\n", f.CPU/f.Seconds, f.CPU/f.Seconds*3600/n, float64(f.Memory)/n/(1<<20))
	top := int64(1)
	for _, s := range f.Looks {
		top = max(top, s.Memory)
	}
	fmt.Printf("%8s  %12s  %10s\n", "s", "MiB resident", "goroutines")
	for i, s := range f.Looks {
		if i%3 != 0 && i != len(f.Looks)-1 {
			continue
		}
		fmt.Printf("%8.0f  %12.1f  %10d  %s\n", s.Seconds, float64(s.Memory)/(1<<20), s.Goroutines, strings.Repeat("#", int(50*s.Memory/top)))
	}
}
