package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"qianshao/ingest/recorder"
	"qianshao/ingest/rtsp"
	"qianshao/ingest/timesync"
	"qianshao/registry"
	"qianshao/registry/dial"
	"qianshao/storage"
	"qianshao/storage/acts"
	"qianshao/storage/index"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// figuresEvery is how often fps, bitrate and the like are refreshed.
const figuresEvery = 2 * time.Second

// startTime is after how long what only the start needed is given back.
const startTime = 10 * time.Second

// Config of a Supervisor. Everything without "may be" is needed.
type Config struct {
	Registry *registry.Registry
	Archive  *storage.Archive
	Acts     *acts.Log
	Live     *live.Hub
	Wall     *timesync.Wall
	Dialer   *dial.Dialer
	Push     *rtsp.PushServer // where cameras publish; nil: nowhere

	Store [16]byte // the archive's id
	Epoch uint64   // 1 on one machine
	Boot  uint64   // of this process

	SegmentLength time.Duration // default 60 s
	Connect       time.Duration // default 10 s
	FirstFrame    time.Duration // default 10 s
	Stall         time.Duration // default 10 s
	MaxBitrate    int           // bits a second of a stream, default limit.Bitrate
	RetryMin      time.Duration // shortest wait between attempts, default 1 s
	RetryMax      time.Duration // longest, default 60 s

	// Durable is told, for every fragment, how long after its last unit's arrival
	// it was durable; may be nil.
	Durable  func(s media.StreamID, latency time.Duration)
	Unsynced func() bool       // the kernel calls the clock unsynchronised; may be nil
	Metrics  *recorder.Metrics // may be nil
	Log      *slog.Logger
}

// Supervisor keeps a slot for every stream of every active camera.
type Supervisor struct {
	cfg     Config
	journal *journal

	recheck time.Duration // until pauses begin or end; of the goroutine in Run; 0: there are none

	mu    sync.Mutex
	slots map[media.StreamID]*slot          // guarded by mu
	began timeline.Micros                   // when New was called: before anybody can say this node is alive
	all   sync.WaitGroup                    // every slot ever started
	seqs  map[media.StreamID]*atomic.Uint32 // of the goroutine in Run
}

// New prepares a Supervisor; Run starts it.
func New(cfg Config) *Supervisor {
	if cfg.RetryMin <= 0 {
		cfg.RetryMin = time.Second
	}
	if cfg.RetryMax <= 0 {
		cfg.RetryMax = time.Minute
	}
	return &Supervisor{
		cfg: cfg, journal: newJournal(cfg.Acts, cfg.Archive.Index, cfg.Log), began: cfg.Wall.Now().Wall,
		slots: map[media.StreamID]*slot{}, seqs: map[media.StreamID]*atomic.Uint32{},
	}
}

// Run follows the registry until ctx is done; then it stops all pulling, seals
// open segments and returns.
func (s *Supervisor) Run(ctx context.Context) error {
	if err := s.closeStale(ctx); err != nil {
		return err
	}
	journaling, stopJournal := context.WithCancel(context.Background())
	var journaled sync.WaitGroup
	journaled.Go(func() { s.journal.run(journaling) })
	defer func() {
		stopJournal()
		journaled.Wait()
	}()
	defer s.all.Wait()

	changes := s.cfg.Registry.Watch(ctx)
	tick := time.NewTicker(figuresEvery)
	defer tick.Stop()
	settled := time.NewTimer(startTime)
	defer settled.Stop()
	pauses := time.NewTimer(pauseCheck)
	defer pauses.Stop()
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				return nil
			}
			s.follow(ctx, pauses)
		case <-pauses.C:
			s.follow(ctx, pauses)
		case <-settled.C:
			if err := forgetStart(); err != nil {
				s.cfg.Log.Debug("pages of the start stay in memory", "err", err)
			}
		case now := <-tick.C:
			for _, r := range s.list() {
				r.figures(now)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// pauseCheck is how long it takes at most until a pause that has begun is noticed, were
// the clock to be set meanwhile.
const pauseCheck = 30 * time.Second

// follow does as the registry says now, and sets when it is to be asked again.
func (s *Supervisor) follow(ctx context.Context, pauses *time.Timer) {
	if err := s.reconcile(ctx); err != nil && ctx.Err() == nil {
		s.cfg.Log.Error("cameras not read, the present ones go on", "err", err)
		s.recheck = pauseCheck
	}
	if pauses.Stop(); s.recheck > 0 {
		pauses.Reset(s.recheck)
	}
}

// paused returns the cameras that a pause holds now, and sets recheck.
func (s *Supervisor) paused(ctx context.Context) (map[media.CameraID]bool, error) {
	list, err := s.cfg.Registry.Pauses(ctx, "")
	if err != nil {
		return nil, err
	}
	of := map[media.CameraID][]registry.Pause{}
	for _, p := range list {
		of[p.Camera] = append(of[p.Camera], p)
	}
	out := map[media.CameraID]bool{}
	now := s.cfg.Wall.Now().Wall
	next := now + timeline.Micros(pauseCheck.Microseconds())
	for camera, list := range of {
		holds, then := registry.PausedAt(list, now, registry.SiteZone)
		out[camera], next = holds, min(next, then)
	}
	if s.recheck = 0; len(of) > 0 {
		s.recheck = max(time.Duration(next-now)*time.Microsecond, time.Millisecond)
	}
	return out, nil
}

// closeStale ends the cause intervals that an earlier process left open: what
// they say holds no longer than that process did.
func (s *Supervisor) closeStale(ctx context.Context) error {
	open, err := s.cfg.Archive.Index.OpenCauses(ctx)
	if err != nil {
		return fmt.Errorf("causes left open: %w", err)
	}
	now := s.cfg.Wall.Now().Wall
	for _, c := range open {
		if c.Source != "ingest" {
			continue
		}
		s.journal.note(&acts.Act{
			ID: acts.NewID(), Kind: acts.Reason, Of: c.ID, Stream: c.Stream, Cause: c.Cause, Source: c.Source,
			Span: timeline.Span{From: c.Span.From, To: max(now, c.Span.From+1)}, At: now,
		})
	}
	return nil
}

// list is a copy of the slots.
func (s *Supervisor) list() []*slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]*slot, 0, len(s.slots))
	for _, r := range s.slots {
		out = append(out, r)
	}
	return out
}

// reconcile compares what is wanted with what runs.
func (s *Supervisor) reconcile(ctx context.Context) error {
	page, err := s.cfg.Registry.List(ctx, registry.Query{})
	if err != nil {
		return err
	}
	paused, err := s.paused(ctx)
	if err != nil {
		return err
	}
	want := map[media.StreamID]*spec{}
	for i := range page.Items {
		c := &page.Items[i]
		for _, st := range c.Streams {
			if st.URL == "" && st.Push.IsZero() || st.Locked {
				continue
			}
			in, err := inlet(c, &st)
			want[st.ID] = &spec{
				url: st.URL, username: st.Username, password: st.Password, transport: st.Transport,
				pin: st.TLSSHA256, carrier: c.Carrier, enrolled: c.EnrolledAt, push: in, broken: err, paused: paused[c.ID],
			}
		}
	}
	var gone []*slot
	s.mu.Lock()
	for id, r := range s.slots {
		if want[id] == nil {
			gone = append(gone, r)
			delete(s.slots, id)
		}
	}
	s.mu.Unlock()
	for _, r := range gone {
		r.set(nil)
	}
	for id, w := range want {
		s.mu.Lock()
		r := s.slots[id]
		s.mu.Unlock()
		if r != nil {
			r.set(w)
			continue
		}
		s.start(ctx, id, w)
	}
	return nil
}

// start makes a slot for a stream. Without the index it records all the same.
func (s *Supervisor) start(ctx context.Context, id media.StreamID, w *spec) {
	prev, end, err := s.newest(ctx, id)
	if err != nil {
		s.cfg.Log.Warn("the newest segment is not known, the chain of hashes begins anew", "stream", id, "err", err)
	}
	seq := s.seqs[id]
	if seq == nil {
		seq = &atomic.Uint32{}
		s.seqs[id] = seq
	}
	born := s.began
	if s.began-end < restart {
		born = end // the footage that was on its way when the process before stopped
	}
	log := s.cfg.Log.With("stream", string(id))
	now := func() timeline.Micros { return s.cfg.Wall.Now().Wall }
	sl := &slot{
		sup: s, stream: id, topic: s.cfg.Live.Topic(id), log: log, born: max(w.enrolled, born), want: w,
		causes: &causes{stream: id, note: s.journal.note, now: now},
	}
	cfg := recorder.Config{
		Stream: id, Spool: s.cfg.Archive.Spool, Archive: s.cfg.Archive, Topic: sl.topic, Wall: s.cfg.Wall,
		Store: s.cfg.Store, Epoch: s.cfg.Epoch, Boot: s.cfg.Boot, Length: s.cfg.SegmentLength, Prev: prev,
		NextSeq: func() uint32 { return seq.Add(1) - 1 }, Unsynced: s.cfg.Unsynced,
		Lost: sl.causes.lost, Placed: sl.placed, Metrics: s.cfg.Metrics, Log: log,
	}
	if s.cfg.Durable != nil {
		cfg.Durable = func(latency time.Duration) { s.cfg.Durable(id, latency) }
	}
	sl.rec = recorder.New(cfg)

	s.mu.Lock()
	s.slots[id] = sl
	s.mu.Unlock()
	s.all.Go(func() { sl.run(ctx) })
}

// restart is the longest time between the last footage of a process and the
// start of the next that counts as one hole.
const restart = 15 * timeline.Second

// newest is the SHA-256 of the stream's newest segment, for the chain, and where
// it ends; zero when there is none.
func (s *Supervisor) newest(ctx context.Context, id media.StreamID) (sha [32]byte, end timeline.Micros, err error) {
	db := s.cfg.Archive.Index
	late := timeline.Span{From: timeline.Forever - 1, To: timeline.Forever}
	before, _, err := db.Nearest(ctx, id, late)
	if err != nil || before == nil {
		return sha, 0, err
	}
	rows, err := db.Rows(ctx, id, *before, 0)
	if err != nil {
		return sha, 0, err
	}
	var last *index.Row
	for i := range rows {
		r := &rows[i]
		if last == nil || r.Boot > last.Boot || r.Boot == last.Boot && r.Seq > last.Seq {
			last = r
		}
	}
	if last != nil {
		sha, end = last.SHA256, last.Span.To
	}
	return sha, end, nil
}
