package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// crowdBench measures how much two difficult cameras disturb ordinary ones.
type crowdBench struct {
	Pairs  int           `default:"5" help:"Paired runs: without and with."`
	Window time.Duration `default:"12s" help:"Measured time of each run."`
	Others int           `default:"50" help:"Ordinary cameras."`
}

// Run implements the command.
func (b *crowdBench) Run(ctx context.Context) error {
	fmt.Printf("\nNeighbours: p99 fragment-to-durable of %d cameras, alone and beside a 50 Mbit/s camera and one sending byte by byte\n", b.Others)
	fmt.Printf("%6s  %12s  %12s  %12s\n", "pair", "alone ms", "beside ms", "difference")
	var diffs, rel []float64
	for i := range b.Pairs {
		alone, err := b.run(ctx, false)
		if err != nil {
			return err
		}
		beside, err := b.run(ctx, true)
		if err != nil {
			return err
		}
		diffs, rel = append(diffs, beside-alone), append(rel, beside/alone-1)
		fmt.Printf("%6d  %12.0f  %12.0f  %+11.0f\n", i+1, 1000*alone, 1000*beside, 1000*(beside-alone))
	}
	fmt.Printf("median: %+.0f ms, %+.0f %% (wanted: at most 20 ms or 20 %%)\n", 1000*quantile(diffs, .5), 100*quantile(rel, .5))
	return nil
}

func (b *crowdBench) run(ctx context.Context, beside bool) (p99 float64, err error) {
	dir, err := os.MkdirTemp(".", ".qsbench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover is visible and harmless
	if dir, err = filepath.Abs(dir); err != nil {
		return 0, err
	}
	cams, url, _, err := startCameras(ctx, b.Others)
	if err != nil {
		return 0, err
	}
	defer cams.stop()
	args := []string{"recorder", "--url", url, "--n", strconv.Itoa(b.Others), "--dir", filepath.Join(dir, "rec")}
	if beside {
		for _, more := range [][]string{{"--bitrate", "50000000"}, {"--bytes"}} {
			c, u, _, err := startCameras(ctx, 1, more...)
			if err != nil {
				return 0, err
			}
			defer c.stop()
			args = append(args, "--extra", u)
		}
	}
	rec, err := spawn(ctx, args...)
	if err != nil {
		return 0, err
	}
	defer rec.stop()
	got, err := window(ctx, b.Window, rec)
	if err != nil {
		return 0, err
	}
	return quantile(got[0].Latency, .99), nil
}
