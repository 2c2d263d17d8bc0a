package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"qianshao/ingest/rtsp/rtsptest/odd"
)

// garbageBench measures what cameras that send garbage as fast as they can do to
// ordinary ones.
type garbageBench struct {
	For    time.Duration `default:"1m" help:"Measured time of each run."`
	Others int           `default:"50" help:"Ordinary cameras."`
	Rate   int           `name:"bitrate" default:"2000000" help:"Of each of them, bits a second."`
	Beside []int         `default:"0,1,10" help:"Cameras that send garbage."`
}

// Run implements the command.
func (b *garbageBench) Run(ctx context.Context) error {
	fmt.Printf("\nGarbage: %d cameras, alone and beside some that play for a moment and then send random bytes as fast as the socket takes them, for %s\n", b.Others, b.For)
	fmt.Printf("%8s  %10s  %12s  %24s  %12s\n", "garbage", "CPU-s", "MiB", "durable p50 / p99 / max ms", "frames lost")
	for _, n := range b.Beside {
		f, err := b.run(ctx, n)
		if err != nil {
			return err
		}
		lost := "unknown"
		if f.Lost >= 0 {
			lost = strconv.FormatInt(int64(f.Lost)*25/1_000_000, 10) // at 25 a second
		}
		fmt.Printf("%8d  %10.1f  %12.1f  %24s  %12s\n", n, f.CPU, float64(f.Memory)/(1<<20),
			fmt.Sprintf("%.0f / %.0f / %.0f", 1000*quantile(f.Latency, .5), 1000*quantile(f.Latency, .99), 1000*quantile(f.Latency, 1)), lost)
	}
	return nil
}

func (b *garbageBench) run(ctx context.Context, hostile int) (f figures, err error) {
	dir, err := os.MkdirTemp(".", ".qsbench-")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover is visible and harmless
	if dir, err = filepath.Abs(dir); err != nil {
		return f, err
	}
	cams, url, _, err := startCameras(ctx, b.Others, "--bitrate", strconv.Itoa(b.Rate))
	if err != nil {
		return f, err
	}
	defer cams.stop()
	args := []string{"recorder", "--url", url, "--n", strconv.Itoa(b.Others), "--dir", filepath.Join(dir, "rec")}
	if hostile > 0 {
		c, err := spawn(ctx, "hostile", "--n", strconv.Itoa(hostile))
		if err != nil {
			return f, err
		}
		defer c.stop()
		urls, err := c.line()
		if err != nil {
			return f, err
		}
		args = append(args, "--hostile", urls)
	}
	rec, err := spawn(ctx, args...)
	if err != nil {
		return f, err
	}
	defer rec.stop()
	got, err := window(ctx, b.For, rec)
	if err != nil {
		return f, err
	}
	return got[0], nil
}

// hostileRole is cameras that send garbage.
type hostileRole struct {
	N int `required:""`
}

// Run implements the command.
func (r *hostileRole) Run(ctx context.Context) error {
	garbage := make([]byte, 64<<10)
	_, _ = rand.Read(garbage) // never fails (Go 1.24)
	var urls []string
	var wg sync.WaitGroup
	for range r.N {
		cam, err := odd.Start(ctx, odd.Camera{Write: func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
			if f.I < 10 {
				return p.Send(packets...)
			}
			for {
				if err := p.Conn.Write(garbage); err != nil {
					return err
				}
			}
		}})
		if err != nil {
			return err
		}
		wg.Go(cam.Wait)
		urls = append(urls, cam.URL())
	}
	fmt.Println(strings.Join(urls, ","))
	wg.Wait()
	return nil
}
