// Command qsbench measures what recording and retrieval cost, beside a floor
// that does the least that can be called recording, and prints tables.
//
// Every part runs in processes of its own, so that the operating system counts
// its CPU, memory and system calls: the simulated cameras, the recorder with
// everything on, and the floor. Cameras, recorder and floor run at the same time
// on the same machine; figures are ratios first and absolute times second.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"qianshao/registry/onboard"
)

// options are the command line.
type options struct {
	Record   recordBench  `cmd:"" help:"Recording N cameras beside the floor: CPU, memory, system calls, latency."`
	Many     manyBench    `cmd:"" help:"A thousand small cameras for ten minutes: what is lost, what is late, what memory does."`
	Crowd    crowdBench   `cmd:"" help:"What a 50 Mbit/s camera and one sending byte by byte do to fifty others."`
	Garbage  garbageBench `cmd:"" help:"What cameras that send garbage do to fifty others."`
	Clip     clipBench    `cmd:"" help:"Clips: first byte, throughput, CPU, beside http.ServeFile."`
	Soak     soakBench    `cmd:"" help:"A village of odd cameras for an hour, every frame held against what was sent (not in all)."`
	Index    indexBench   `cmd:"" help:"Look-ups in a time index of many rows."`
	Seal     sealBench    `cmd:"" help:"What encrypting footage in the store costs."`
	Places   placesBench  `cmd:"" help:"Places and footage found among many cameras."`
	Import   importBench  `cmd:"" help:"A carrier's list of cameras read, checked and entered."`
	All      allBench     `cmd:"" default:"1" help:"Everything, with windows short enough to watch (about 17 minutes)."`
	Cameras  camerasRole  `cmd:"" hidden:""`
	Recorder recorderRole `cmd:"" hidden:""`
	Floor    floorRole    `cmd:"" hidden:""`
	Clips    clipsRole    `cmd:"" hidden:""`
	Hostile  hostileRole  `cmd:"" hidden:""`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	cli := kong.Parse(&o, kong.Name("qsbench"), kong.Description("Measures recording and retrieval. All traffic stays on loopback."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err := cli.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "qsbench:", err)
		os.Exit(1)
	}
}

// allBench runs everything with its defaults.
type allBench struct {
	Seconds int  `default:"40" help:"Length of each recording window."`
	Rows    int  `default:"10000000" help:"Rows of the time index."`
	Strict  bool `help:"Fail where a bound of the search of places and footage is missed: on a machine that does nothing else."`
}

// Run implements the command.
func (a *allBench) Run(ctx context.Context) error {
	r := recordBench{N: []int{100, 200}, Window: time.Duration(a.Seconds) * time.Second, Sync: []string{"fragment", "group"}, Beside: []string{"tls", "udp", "s3"}}
	if err := r.Run(ctx); err != nil {
		return err
	}
	c := crowdBench{Pairs: 5, Window: 12 * time.Second, Others: 50}
	if err := c.Run(ctx); err != nil {
		return err
	}
	clip := clipBench{Requests: 200, Rounds: 5, Seconds: []int{10, 60, 300}}
	if err := clip.Run(ctx); err != nil {
		return err
	}
	places := placesBench{N: 100_000, Minutes: 10, Requests: 400, Strict: a.Strict}
	if err := places.Run(ctx); err != nil {
		return err
	}
	if err := (&sealBench{Segments: 40}).Run(ctx); err != nil {
		return err
	}
	if err := (&importBench{Rows: onboard.MaxRows, Outlines: "cmd/qianshao/counties.geojson"}).Run(ctx); err != nil {
		return err
	}
	return (&indexBench{Rows: a.Rows, Lookups: 5000}).Run(ctx)
}
