package recorder

import (
	"context"
	"hash/fnv"
	"log/slog"
	"time"

	"qianshao/ingest/rtsp/limit"
	"qianshao/ingest/timesync"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
)

const (
	// A fragment closes at a key frame when it is minFragment old, at
	// maxFragment, or at maxFragmentBytes.
	minFragment      = 500 * time.Millisecond
	maxFragment      = time.Second
	maxFragmentBytes = 4 << 20
	// A segment ends without a key frame at these limits.
	maxSegment      = 300 * time.Second
	maxSegmentBytes = 256 << 20
	// maxHeld is how much waits in memory for its place on the timeline, while it
	// is found out how old the first pictures were. Beyond it they get the place
	// that is most likely. A large key frame, which takes its time to arrive, says
	// little of when it was: so much may come after it, and so long.
	maxHeld   = limit.Media / 2
	maxBeside = 2 << 20
	maxBehind = 400 * time.Millisecond
	// silence is the shortest hole in the media time that ends a run.
	silence = 2 * time.Second
)

// Archive is where sealed segments go.
type Archive interface {
	// Sealed makes a sealed segment known to readers, after which the file may
	// be forgotten by the spool. It must not fail: an index that is away is
	// made up for later.
	Sealed(ctx context.Context, f *spool.File, v *spool.Sealed)
}

// Config of a Recorder.
type Config struct {
	Stream  media.StreamID
	Spool   *spool.Spool
	Archive Archive
	Topic   *live.Topic
	Wall    *timesync.Wall
	Store   [16]byte      // the archive's id
	Epoch   uint64        // 1 on one machine
	Boot    uint64        // of this process
	Length  time.Duration // of a segment; default 60 s
	Prev    [32]byte      // SHA-256 of the stream's last segment, zero if there is none
	// NextSeq numbers the stream's segments within the boot: 0, 1, 2, … also
	// across several Recorders of the stream.
	NextSeq func() uint32
	// Unsynced reports whether the kernel calls the clock unsynchronised.
	Unsynced func() bool
	// Lost is told of footage that came but could not be kept, and of holes
	// that the stream itself made. It must not block.
	Lost func(span timeline.Span, cause timeline.Cause)
	// Placed is told where a run begins on the timeline, once its first segment
	// is placed: footage is there from start on. It must not block.
	Placed func(start timeline.Micros)
	// Durable is told how long after the arrival of its last unit a fragment was
	// durable; may be nil.
	Durable func(latency time.Duration)
	Metrics *Metrics // may be nil
	Log     *slog.Logger
}

// Recorder records one stream. Begin, Unit, Report, Idle and End belong to one
// goroutine at a time; Stats may be called by any.
type Recorder struct {
	cfg    Config
	w      *writer
	length time.Duration // of the next segment: the first is shortened to stagger the streams

	tracks []*track // of the session; tracks[0] is the video
	order  *order
	run    *run
	seg    *assembly
	end    timeline.Micros // end of the last segment, to keep runs from overlapping
	// endSteps is how often the server's clock had been stepped then.
	endSteps uint32
	overran  bool   // footage lies so much too late that it must be recorded over
	broke    bool   // a run ended in this session: the hole before the next is the stream's
	lostAt   uint64 // packets lost when it ended
	steps    uint32 // of the server's clock when the run began
	// report is the first of the segment, offset by its last; hasSR tells whether
	// there was one.
	report segment.SenderReport
	offset timesync.Offset
	hasSR  bool
	loss   Loss
	jumped uint64 // timestamps not believed in sessions before
	stats  stats
}

// run is a stretch of media time without holes.
type run struct {
	firstAt  time.Duration
	lastAt   time.Duration
	lastTick int64 // highest presentation tick pushed
	prevMap  segment.TimeMap
	prevBase int64 // file tick = run tick + prevBase, of the segment before
	has      bool  // a segment of this run was placed
	session  *live.Session
}

// New prepares a recorder; Run must be running before units come.
func New(cfg Config) *Recorder {
	if cfg.Length == 0 {
		cfg.Length = time.Minute
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Lost == nil {
		cfg.Lost = func(timeline.Span, timeline.Cause) {}
	}
	if cfg.Placed == nil {
		cfg.Placed = func(timeline.Micros) {}
	}
	if cfg.Unsynced == nil {
		cfg.Unsynced = func() bool { return false }
	}
	if cfg.Topic == nil {
		cfg.Topic = &live.Topic{}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(cfg.Stream))
	first := cfg.Length/2 + cfg.Length/2*time.Duration(h.Sum32()%64)/64
	r := &Recorder{cfg: cfg, length: first}
	r.w = newWriter(&r.cfg, &r.stats)
	return r
}

// Run writes until ctx is done and everything queued has been handled.
func (r *Recorder) Run(ctx context.Context) error { return r.w.run(ctx) }

// Begin starts a session: the sources that will deliver units. The video is the
// first source with a video codec; without one nothing is recorded.
func (r *Recorder) Begin(sources []media.Source) {
	r.End()
	for _, s := range sources {
		r.tracks = append(r.tracks, newTrack(s))
	}
	r.broke, r.loss = false, Loss{}
	r.hasSR, r.offset, r.report = false, timesync.Offset{}, segment.SenderReport{}
}

// Unit takes one access unit of sources[i]. It never blocks.
func (r *Recorder) Unit(i int, u media.Unit) {
	if i >= len(r.tracks) {
		return // no session: after End
	}
	t := r.tracks[i]
	if u.Track != nil {
		t.next = u.Track
		t.clock.Relearn()
	}
	if t.next == nil { // no parameter sets yet: cannot be decoded by anyone
		t.skip(u.Pos + int64(u.Len))
		return
	}
	if t.src.Codec.IsVideo() {
		r.video(t, u)
	} else {
		r.audio(t, u)
	}
}

// Report takes an RTCP sender report of sources[i]. One without a time says nothing: a
// sender that has no clock gives 0 (RFC 3550, section 6.4.1).
func (r *Recorder) Report(i int, ntp uint64, rtp uint32, at time.Duration) {
	if i != 0 || ntp == 0 || len(r.tracks) == 0 || !r.tracks[0].clock.Started() {
		return
	}
	t := r.tracks[0]
	now := r.cfg.Wall.Now()
	r.offset, r.hasSR = t.clock.Offset(ntp, rtp, now), true
	if r.report.NTP == 0 {
		arrival := now.Wall + timeline.Micros((at - now.Mono).Microseconds())
		r.report = segment.SenderReport{NTP: ntp, RTP: rtp, Arrival: arrival}
	}
	r.stats.setOffset(r.offset)
}

// Loss tells the recorder how much the transport has lost so far in this
// session; the figures go into the foot.
type Loss struct{ Packets, Reordered, Damaged uint64 }

// LastEnd is where the last footage ends, 0 when nothing was recorded yet.
func (r *Recorder) LastEnd() timeline.Micros { return r.end }

// SetLoss updates the loss counters; they only grow within a session.
func (r *Recorder) SetLoss(l Loss) { r.loss = l }

// Idle is called about once a second while units may be missing: what is
// complete goes to the disk, so that a stall leaves no more than the pictures
// held back for their order in memory.
func (r *Recorder) Idle(at time.Duration) {
	if r.run != nil && r.seg != nil && at-r.run.lastAt > maxFragment && r.order.clean() {
		r.closeFragment(at)
	}
}

// End closes the session: all that is queued is written, the segment sealed, and
// the sources' chains given back. It may be called twice, and without a session.
func (r *Recorder) End() {
	r.endRun(segment.EndRun)
	for i, t := range r.tracks {
		t.src.Chain.Close()
		if i == 0 {
			r.jumped += t.clock.Jumps()
		}
	}
	clear(r.tracks)
	r.tracks = r.tracks[:0]
}

// video takes a picture.
func (r *Recorder) video(t *track, u media.Unit) {
	if r.run == nil && u.Sync == media.NoSync {
		t.skip(u.Pos + int64(u.Len))
		r.stats.skipped.Add(1)
		return
	}
	tick := t.clock.Tick(u.RTP, u.At)
	r.stats.jumps.Store(t.clock.Jumps() + r.jumped)
	if factor, ok := t.clock.Rescaled(); ok {
		r.rescale(factor)
	}
	if r.run != nil {
		hole := max(int64(silence.Seconds()*float64(t.src.Rate)), 3*r.order.interval)
		// Of a hole that is only guessed nothing is known but that the picture stood:
		// no picture is given up for it.
		if tick-r.run.lastTick > hole && (u.Sync != media.NoSync || !t.clock.Guessed()) {
			r.endRun(segment.EndRun)
			r.broke, r.lostAt = true, r.loss.Packets
			if u.Sync == media.NoSync {
				t.skip(u.Pos + int64(u.Len))
				r.stats.skipped.Add(1)
				return
			}
		}
	}
	if r.run == nil {
		r.run = &run{firstAt: u.At, lastTick: tick}
		r.order = newOrder(mayReorder(t.next), t.src.Rate)
		r.steps = r.cfg.Wall.Now().Steps
	}
	u.Track = t.next
	r.run.lastAt, r.run.lastTick = u.At, max(r.run.lastTick, tick)
	r.stats.frame(u)
	if r.order.push(picture{unit: u, tick: tick}, r.place); r.order.probe && r.order.bytes() > limit.Probe {
		r.order.learn()
	}
}

// endRun flushes what is held back and seals. It may be called without a run.
func (r *Recorder) endRun(reason segment.EndReason) {
	if r.run == nil {
		return
	}
	r.order.flush(r.place)
	for _, t := range r.tracks[1:] {
		r.flushAudio(t)
	}
	if r.seg != nil {
		r.closeSegment(reason)
	}
	r.run, r.order, r.overran = nil, nil, false
	r.length = r.cfg.Length
}
