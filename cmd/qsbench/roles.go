package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"qianshao/ingest"
	"qianshao/ingest/rtsp/rtsptest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/timesync"
	"qianshao/registry"
	"qianshao/registry/dial"
	"qianshao/storage"
	"qianshao/storage/acts"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/index"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// camerasRole serves simulated cameras: 1080p25 H.264, 2 Mbit/s, GOP 2 s.
type camerasRole struct {
	N       int  `required:""`
	Bitrate int  `default:"2000000"`
	Bytes   bool `help:"write byte by byte"`
}

func (r *camerasRole) config() rtsptest.Config {
	c := rtsptest.Config{
		Cameras: r.N, Codec: loop.H264, Width: 1920, Height: 1080, FPS: 25, GOP: 2, Bitrate: r.Bitrate, NoSub: true, Spread: true,
	}
	if r.Bytes {
		c.Write = rtsptest.WriteBytes
	}
	return c
}

// Run implements the command.
func (r *camerasRole) Run(ctx context.Context) error {
	if err := rtsptest.Prepare(ctx, r.config()); err != nil {
		return err
	}
	s, err := rtsptest.New(r.config())
	if err != nil {
		return err
	}
	fmt.Println(s.URL(1))
	return s.Run(ctx)
}

// recorderRole records with everything on: the supervisor, hashes, sync, index,
// upload into a file store.
type recorderRole struct {
	URL   string   `required:""`
	N     int      `required:""`
	Dir   string   `required:""`
	Sync  string   `default:"fragment"`
	Extra []string `help:"URLs of further cameras whose latency is not counted"`
	// CPUProfile is written over the measured window, to see where time goes.
	CPUProfile string `name:"cpuprofile"`
}

// Run implements the command.
func (r *recorderRole) Run(ctx context.Context) error {
	ingest.SetMemory()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	fsys, err := vfs.Dir(r.Dir)
	if err != nil {
		return err
	}
	store, err := fileblob.Open(fileblob.Config{FS: fsys, Root: r.Dir})
	if err != nil {
		return err
	}
	al, err := acts.Open(ctx, acts.Config{FS: fsys, Store: store, Log: log})
	if err != nil {
		return err
	}
	db, err := index.Open(ctx, index.Config{Path: filepath.Join(r.Dir, "index.db"), Log: log})
	if err != nil {
		return err
	}
	reg, err := registry.Open(ctx, registry.Config{Dir: r.Dir, Log: log})
	if err != nil {
		return err
	}
	sp, err := spool.Open(spool.Config{FS: fsys, Sync: spool.SyncMode(r.Sync), Log: log})
	if err != nil {
		return err
	}
	counted, err := r.enrol(ctx, reg)
	if err != nil {
		return err
	}
	archive := &storage.Archive{Spool: sp, Store: store, Index: db, Log: log}
	meter := &latencies{counted: counted, first: map[media.StreamID]bool{}, all: make(chan struct{}), want: r.N + len(r.Extra)}
	wall := timesync.NewWall(timesync.System())
	sup := ingest.New(ingest.Config{
		Registry: reg, Archive: archive, Acts: al, Live: &live.Hub{}, Wall: wall,
		Dialer: dial.New(dial.Config{AllowLoopback: true}), Epoch: 1, Boot: 1, Log: log, Durable: meter.observe,
	})
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = sup.Run(ctx) })
	wg.Go(func() { _ = archive.Run(ctx) })
	wg.Go(func() { _ = sp.Run(ctx) })
	wg.Go(func() {
		_ = archive.StampAlive(ctx, "bench", 1, func() timeline.Micros { return wall.Now().Wall })
	})
	err = serveChild(func() error {
		select {
		case <-meter.all:
			return nil
		case <-time.After(60 * time.Second):
			return fmt.Errorf("only %d of %d cameras record", meter.count(), meter.want)
		case <-ctx.Done():
			return ctx.Err()
		}
	}, func() {
		meter.begin()
		r.profile()
	}, func(f *figures) {
		pprof.StopCPUProfile()
		meter.end(f)
	})
	cancel()
	wg.Wait()
	return err
}

// profile starts a CPU profile when one is asked for.
func (r *recorderRole) profile() {
	if r.CPUProfile == "" {
		return
	}
	f, err := os.Create(r.CPUProfile)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "no profile:", err)
	}
}

// enrol adds the cameras and returns the streams whose latency counts.
func (r *recorderRole) enrol(ctx context.Context, reg *registry.Registry) (map[media.StreamID]bool, error) {
	var drafts []registry.Draft
	for i := range r.N {
		drafts = append(drafts, registry.Draft{DeviceID: fmt.Sprintf("cam%04d", i+1), URL: registry.Set(cameraURL(r.URL, i+1))})
	}
	for i, u := range r.Extra {
		drafts = append(drafts, registry.Draft{DeviceID: fmt.Sprintf("extra%d", i+1), URL: registry.Set(u)})
	}
	out, err := reg.Upsert(ctx, drafts)
	if err != nil {
		return nil, err
	}
	counted := map[media.StreamID]bool{}
	for i, o := range out {
		if o.Status == registry.Rejected {
			return nil, fmt.Errorf("camera %s: %s", o.DeviceID, o.Message)
		}
		if i < r.N {
			counted[o.Camera.Stream(0)] = true
		}
	}
	return counted, nil
}

// latencies collects fragment-to-durable times.
type latencies struct {
	counted map[media.StreamID]bool
	on      atomic.Bool
	want    int
	all     chan struct{}

	mu    sync.Mutex
	first map[media.StreamID]bool // guarded by mu
	list  []float64               // guarded by mu
}

func (l *latencies) observe(s media.StreamID, d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.first[s] {
		l.first[s] = true
		if len(l.first) == l.want {
			close(l.all)
		}
	}
	if l.on.Load() && l.counted[s] {
		l.list = append(l.list, d.Seconds())
	}
}

func (l *latencies) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.first)
}

func (l *latencies) begin() { l.on.Store(true) }

func (l *latencies) end(f *figures) {
	l.on.Store(false)
	l.mu.Lock()
	defer l.mu.Unlock()
	f.Latency = l.list
}
