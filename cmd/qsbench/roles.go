package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
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
	"qianshao/storage/blob"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/blob/s3blob"
	"qianshao/storage/index"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
	"qianshao/storage/vfs"
)

// camerasRole serves simulated cameras: 1080p25 H.264, 2 Mbit/s, GOP 2 s.
type camerasRole struct {
	N       int  `required:""`
	Bitrate int  `default:"2000000"`
	Bytes   bool `help:"write byte by byte"`
	TLS     bool `help:"RTSPS with a certificate of their own"`
	Quiet   bool `help:"small pictures, for very many cameras"`
	Count   bool `help:"say at the end how many pictures were sent"`
}

func (r *camerasRole) config() rtsptest.Config {
	c := rtsptest.Config{
		Cameras: r.N, Codec: loop.H264, Width: 1920, Height: 1080, FPS: 25, GOP: 2, Bitrate: r.Bitrate, NoSub: true, SpreadGOP: true,
	}
	if r.Bytes {
		c.Write = rtsptest.WriteBytes
	}
	if r.Quiet {
		c.Width, c.Height = 640, 360
	}
	return c
}

// Run implements the command.
func (r *camerasRole) Run(ctx context.Context) error {
	if err := rtsptest.Prepare(ctx, r.config()); err != nil {
		return err
	}
	cfg, pin := r.config(), ""
	if r.TLS {
		var err error
		if cfg.TLS, pin, err = rtsptest.SelfSigned(); err != nil {
			return err
		}
	}
	s, err := rtsptest.New(cfg)
	if err != nil {
		return err
	}
	fmt.Println(s.URL(1), pin)
	if err := s.Run(ctx); err != nil || !r.Count {
		return err
	}
	sent := make([]uint64, r.N)
	for i := range sent {
		for _, x := range s.Sent(i + 1) {
			sent[i] += x.Len()
		}
	}
	return json.NewEncoder(os.Stdout).Encode(sent)
}

// recorderRole records with everything on: the supervisor, hashes, sync, index,
// upload into a file store.
type recorderRole struct {
	URL   string   `required:""`
	N     int      `required:""`
	Dir   string   `required:""`
	Sync  string   `default:"fragment"`
	Extra []string `help:"URLs of further cameras whose latency is not counted"`
	// Hostile cameras are not waited for.
	Hostile []string `help:"URLs of cameras that send garbage"`
	// CPUProfile is written over the measured window, to see where time goes.
	CPUProfile string `name:"cpuprofile"`
	// Heap is written at the end of the window.
	Heap string `name:"heapprofile"`

	Pin string `help:"SHA-256 of the cameras' certificate"`
	UDP bool
	S3  string `name:"s3" help:"Endpoint of an S3 server to store in; the keys are in the environment."`
	// Count waits for a third line, and then seals everything and says how many
	// pictures of each camera are recorded.
	Count  bool
	Sample time.Duration `help:"Note memory and goroutines this often."`
}

// Run implements the command.
func (r *recorderRole) Run(ctx context.Context) error {
	ingest.SetTimerSlack()
	ingest.SetMemory()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	fsys, err := vfs.Dir(r.Dir)
	if err != nil {
		return err
	}
	store, err := openStore(fsys, r.Dir, r.S3)
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
	defer cancel()
	samples := &looks{}
	var wg sync.WaitGroup
	wg.Go(func() { _ = sup.Run(ctx) })
	wg.Go(func() { _ = archive.Run(ctx) })
	wg.Go(func() { _ = sp.Run(ctx) })
	wg.Go(func() {
		_ = archive.StampAlive(ctx, "bench", 1, func() timeline.Micros { return wall.Now().Wall })
	})
	var from timeline.Micros
	err = serveChild(func() error {
		select {
		case <-meter.all:
			return nil
		case <-time.After(120 * time.Second):
			return fmt.Errorf("only %d of %d cameras record", meter.count(), meter.want)
		case <-ctx.Done():
			return ctx.Err()
		}
	}, func() {
		meter.begin()
		r.profile()
		from = wall.Now().Wall
		if r.Sample > 0 {
			go samples.run(ctx, r.Sample)
		}
	}, func(f *figures) {
		pprof.StopCPUProfile()
		meter.end(f)
		f.Parts, f.Looks = memoryParts(), samples.list()
		r.heap()
		// What is still on its way to the disk is not lost.
		lost, err := uncovered(ctx, archive, reg, counted, timeline.Span{From: from, To: wall.Now().Wall - 3*timeline.Second})
		if err != nil {
			fmt.Fprintln(os.Stderr, "gaps not known:", err)
			lost = -1
		}
		f.Lost = lost
	})
	if err == nil && r.Count {
		_, err = bufio.NewReader(os.Stdin).ReadString('\n')
	}
	cancel()
	wg.Wait()
	if err == nil && r.Count {
		err = r.count(counted)
	}
	return err
}

// uncovered is how much of a span is not recorded, of all streams together.
func uncovered(ctx context.Context, archive *storage.Archive, reg *registry.Registry, streams map[media.StreamID]int, span timeline.Span) (lost timeline.Micros, err error) {
	for id := range streams {
		enrolled, err := reg.Enrolled(ctx, id)
		if err != nil {
			return 0, err
		}
		var open []timeline.Span
		for _, f := range archive.Spool.OpenFiles(id) {
			if foot := f.Snapshot(); foot != nil {
				open = append(open, foot.Span())
			}
		}
		_, gaps, err := archive.Index.Gaps(ctx, id, enrolled, span, open...)
		if err != nil {
			return 0, err
		}
		for _, g := range gaps {
			lost += g.To - g.From
		}
	}
	return lost, nil
}

// openStore opens a folder, or a bucket of a server beside.
func openStore(fsys vfs.FS, dir, s3 string) (blob.Store, error) {
	if s3 == "" {
		return fileblob.Open(fileblob.Config{FS: fsys, Root: dir})
	}
	return s3blob.New(s3blob.Config{
		Endpoint: s3, Bucket: s3Bucket, AccessKey: s3Key, SecretKey: s3blob.Secret(s3Secret), PathStyle: true,
	})
}

// count prints how many pictures of each camera stand in sealed segments, by
// their feet.
func (r *recorderRole) count(streams map[media.StreamID]int) error {
	frames := make([]uint64, len(streams))
	err := filepath.WalkDir(r.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".mp4" {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // only read
		info, err := f.Stat()
		if err != nil {
			return err
		}
		var foot segment.Foot
		if err := segment.ReadFoot(f, info.Size(), 0, &foot); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		frames[streams[foot.Stream]] += uint64(len(foot.Samples[0].Sizes))
		return nil
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(frames)
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

// heap writes a heap profile when one is asked for. The collection before it
// comes after memory was measured.
func (r *recorderRole) heap() {
	if r.Heap == "" {
		return
	}
	f, err := os.Create(r.Heap)
	if err == nil {
		runtime.GC()
		err = errors.Join(pprof.WriteHeapProfile(f), f.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "no profile:", err)
	}
}

// enrol adds the cameras and returns the streams whose latency counts, with
// their numbers.
func (r *recorderRole) enrol(ctx context.Context, reg *registry.Registry) (map[media.StreamID]int, error) {
	var drafts []registry.Draft
	for i := range r.N {
		d := registry.Draft{DeviceID: fmt.Sprintf("cam%04d", i+1), URL: registry.Set(cameraURL(r.URL, i+1))}
		if r.Pin != "" {
			d.TLSSHA256 = registry.Set(r.Pin)
		}
		if r.UDP {
			d.Transport = registry.Set(registry.UDP)
		}
		drafts = append(drafts, d)
	}
	for i, u := range r.Extra {
		drafts = append(drafts, registry.Draft{DeviceID: fmt.Sprintf("extra%d", i+1), URL: registry.Set(u)})
	}
	for i, u := range r.Hostile {
		drafts = append(drafts, registry.Draft{DeviceID: fmt.Sprintf("hostile%d", i+1), URL: registry.Set(u)})
	}
	out, err := reg.Upsert(ctx, drafts)
	if err != nil {
		return nil, err
	}
	counted := map[media.StreamID]int{}
	for i, o := range out {
		if o.Status == registry.Rejected {
			return nil, fmt.Errorf("camera %s: %s", o.DeviceID, o.Message)
		}
		if i < r.N {
			counted[o.Camera.Stream(0)] = i
		}
	}
	return counted, nil
}

// latencies collects fragment-to-durable times.
type latencies struct {
	counted map[media.StreamID]int // the cameras that count, by their number
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
	if _, ok := l.counted[s]; ok && l.on.Load() {
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
