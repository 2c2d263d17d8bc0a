// Camsim serves simulated RTSP cameras: a loop of coded pictures with a frame
// counter that machines can read. See package rtsptest for what they send.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"qianshao/ingest/rtsp/rtsptest"
)

const about = `Simulated RTSP cameras at /cam0001, /cam0002, … each with a sub-stream at /cam0001/sub.

Every frame carries its number and time, in an SEI message and as black and white cells along the top edge. At any moment all cameras send the same frame: floor(unix time × fps), in a loop that begins at multiples of its length.

A fault is written [camera:]kind[=value]@T[+D], T seconds after the start, for D seconds: stall@30+10, cut=rst@20, 3:loss=2.5@10+60, reboot@60+15, clock=-3600@5, silent=video@40+5.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	kong.Parse(&o, kong.Name("camsim"), kong.Description(about), kong.UsageOnError())
	if err := run(ctx, &o, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "camsim:", err)
		stop()
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, o *options, stdout, stderr io.Writer) (err error) {
	level := slog.LevelInfo
	if o.Verbose {
		level = slog.LevelDebug
	}
	cfg, pin, err := o.config()
	if err != nil {
		return err
	}
	cfg.Log = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	if o.FaultLog != "" {
		f, err := os.OpenFile(o.FaultLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			return fmt.Errorf("fault log: %w", err)
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		cfg.FaultLog = f
	}
	if err := rtsptest.Prepare(ctx, cfg); err != nil {
		return err
	}
	srv, err := rtsptest.New(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	if o.CSV != "" {
		if err := writeCSV(o.CSV, srv, o); err != nil {
			return err
		}
	}
	lines := srv.URL(1) + "\n"
	if srv.Cameras() > 1 {
		lines += srv.URL(srv.Cameras()) + "\n"
	}
	if pin != "" {
		lines += "certificate sha256 " + pin + "\n"
	}
	if _, err := fmt.Fprintf(stdout, "%sready: %d cameras on %s\n", lines, srv.Cameras(), srv.Addr()); err != nil {
		return err
	}
	return srv.Run(ctx)
}
