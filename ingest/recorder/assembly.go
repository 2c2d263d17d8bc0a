package recorder

import (
	"time"

	"qianshao/ingest/rtsp/limit"
	"qianshao/ingest/timesync"
	"qianshao/storage/fmp4"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
)

// assembly is the segment being gathered.
type assembly struct {
	start  int64        // presentation tick of its first picture, run axis
	base   int64        // file tick = run tick + base, video
	video  media.Track  // with the reorder delay
	coding *media.Track // what the camera said, to notice changes
	bytes  int64
	most   int64             // of these, bytes of the largest picture
	at     time.Duration     // when its first picture came
	end    int64             // presentation tick at which the pictures gathered so far end
	cut    segment.EndReason // why it must end at the next key frame; 0: it need not

	placed bool // head is set, fragments may go to the writer
	begin  timesync.Placement
	loss   Loss // of the session when the segment began
	head   *segment.Head
	audio  []int // indexes of the audio tracks that belong to it, once placed
	ready  []*job
}

// place takes a picture whose decode time is final. Here fragments and segments
// are cut.
func (r *Recorder) place(p placed) {
	t := r.tracks[0]
	key := p.unit.Sync != media.NoSync
	if s := r.seg; s != nil && p.cut {
		if reason := r.segmentEnd(p, key); reason != 0 {
			r.closeSegment(reason)
		} else if r.fragmentEnd(p, key) {
			r.closeFragment(r.run.lastAt)
		}
	}
	if r.seg == nil {
		if !key && !r.run.has {
			t.skip(p.unit.Pos + int64(p.unit.Len))
			return
		}
		r.openSegment(p)
	}
	s := r.seg
	if p.unit.Track != s.coding && !s.coding.SameCoding(p.unit.Track) && s.cut == 0 {
		s.cut = segment.EndChange // came where nothing could be cut
	}
	dts := p.dts - r.order.delay
	t.add(dts+s.base, &p.unit, uint32(p.dur), uint32(p.tick-dts), r.order.delay > 0)
	s.bytes += int64(p.unit.Len)
	s.most = max(s.most, int64(p.unit.Len))
	s.end = p.dts + p.dur
	if r.order.grew && s.cut == 0 {
		s.cut = segment.EndChange
	}
	if !s.placed && s.much() {
		r.release(r.run.lastAt) // before the next picture needs the room
	}
	if r.cfg.Topic.Wanted() {
		r.publish(0, dts, uint32(p.tick-dts), uint32(p.dur), &p.unit)
	}
}

// segmentEnd says whether the segment ends before p, and why.
func (r *Recorder) segmentEnd(p placed, key bool) segment.EndReason {
	s := r.seg
	rate := float64(r.tracks[0].src.Rate)
	age := time.Duration(float64(p.dts-s.start) / rate * float64(time.Second))
	if !key {
		if age >= maxSegment || s.bytes >= maxSegmentBytes {
			return segment.EndForced
		}
		return 0
	}
	if p.unit.Track != s.coding && !s.coding.SameCoding(p.unit.Track) {
		return segment.EndChange
	}
	if s.cut != 0 {
		return s.cut
	}
	if !s.placed && !r.settled(s, r.run.lastAt) {
		return 0 // how long it is is not known yet
	}
	most := r.length
	if p.unit.Sync == media.OpenKeyFrame {
		most += most / 2 // wait a while for one that needs nothing before it
	}
	if age >= most || age >= maxSegment || s.bytes >= maxSegmentBytes {
		return segment.EndLength
	}
	return 0
}

// fragmentEnd says whether the fragment ends before p.
func (r *Recorder) fragmentEnd(p placed, key bool) bool {
	t := r.tracks[0]
	if len(t.run.Sizes) == 0 {
		return false
	}
	first := t.run.FirstTick - r.seg.base + r.order.delay
	age := time.Duration(float64(p.dts-first) / float64(t.src.Rate) * float64(time.Second))
	bytes := 0
	for _, x := range r.tracks {
		bytes += x.bytes
	}
	return key && age >= minFragment || age >= maxFragment || bytes >= maxFragmentBytes
}

// openSegment begins a segment at p.
func (r *Recorder) openSegment(p placed) {
	t := r.tracks[0]
	if r.order.grew { // the new segment may carry a larger delay
		r.order.deepen()
	}
	for _, x := range r.tracks[1:] {
		x.leave(p.unit.At)
	}
	s := &assembly{start: p.dts, at: p.unit.At, base: int64(t.src.Rate) - p.dts, coding: p.unit.Track, video: *p.unit.Track, loss: r.loss}
	s.video.ID = 1
	s.video.ReorderDelay = uint32(r.order.delay)
	r.seg = s
	if r.overran { // the next run lies before the end of this one: where, is found out anew
		r.run.has = false
		t.clock.Reopen()
	}
	if r.run.has || t.clock.Settled(r.run.lastAt) {
		r.settle()
	}
}

// settled reports whether s can get its place.
func (r *Recorder) settled(s *assembly, at time.Duration) bool {
	return r.tracks[0].clock.Settled(at) || s.much() && (s.bytes >= s.most+maxBeside || at-s.at >= maxBehind)
}

// much reports whether s should not wait much longer for its place: another
// picture like the largest may find no room.
func (s *assembly) much() bool {
	return s.bytes >= maxHeld || s.bytes+s.most > limit.Media-maxBeside
}

// closeFragment hands what is gathered to the writer. at is the present moment.
func (r *Recorder) closeFragment(at time.Duration) {
	s, t := r.seg, r.tracks[0]
	if len(t.run.Sizes) == 0 {
		return
	}
	j := newJob(jobFragment)
	j.fragment = newFragment(len(r.tracks))
	j.captured = r.run.lastAt
	for i, x := range r.tracks {
		if i > 0 && (!x.seen || s.placed && !s.carries(i)) {
			x.skipGathered()
			continue
		}
		x.take(&j.fragment.Runs[i], &j.fragment.Parts[i])
	}
	s.ready = append(s.ready, j)
	r.release(at)
	if s.placed && s.cut == 0 {
		now := r.cfg.Wall.Now()
		there := s.head.Maps[0].Wall(s.end+s.base, t.src.Rate)
		switch {
		case now.Steps != r.steps:
			s.cut = segment.EndClock
		default:
			p := t.clock.Place(s.end, now, there, r.cfg.Length)
			if p.Straying(s.begin) {
				s.cut = segment.EndRTP
			}
			r.overran = p.Overrun()
		}
	}
}

// release sends what is ready, once the segment can get its place.
func (r *Recorder) release(at time.Duration) {
	if s := r.seg; !s.placed && r.settled(s, at) {
		r.settle()
	}
	r.dispatch()
}

// carries reports whether track i belongs to the segment.
func (s *assembly) carries(i int) bool {
	for _, k := range s.audio {
		if k == i {
			return true
		}
	}
	return i == 0
}

// dispatch sends ready fragments of a placed segment, audio ticks moved to the
// segment's axis and tracks it does not carry taken out.
func (r *Recorder) dispatch() {
	s := r.seg
	if !s.placed {
		return
	}
	for _, j := range s.ready {
		fr := j.fragment
		n := 1
		for i := 1; i < len(fr.Runs); i++ {
			if !s.carries(i) {
				fr.Parts[i].Release()
				continue
			}
			fr.Runs[n], fr.Runs[i] = fr.Runs[i], fr.Runs[n]
			fr.Parts[n], fr.Parts[i] = fr.Parts[i], fr.Parts[n]
			fr.Runs[n].FirstTick += r.tracks[i].base
			if fr.Runs[n].FirstTick < 0 { // more than a second before the picture it came with
				fr.Runs[n] = fmp4.Run{Sizes: fr.Runs[n].Sizes[:0], Durs: fr.Runs[n].Durs[:0]}
				fr.Parts[n].Release()
			}
			n++
		}
		fr.Runs, fr.Parts = fr.Runs[:n], fr.Parts[:n]
		for i := range fr.Runs {
			fr.Runs[i].TrackID = s.head.Tracks[i].ID
		}
		r.w.push(j)
	}
	clear(s.ready)
	s.ready = s.ready[:0]
}

// settle gives the segment its place in time and sends its head.
func (r *Recorder) settle() {
	s, t := r.seg, r.tracks[0]
	now := r.cfg.Wall.Now()
	h := &segment.Head{Created: now.Wall}
	h.Stream, h.Epoch, h.Boot, h.Store = r.cfg.Stream, r.cfg.Epoch, r.cfg.Boot, r.cfg.Store
	if r.cfg.Unsynced() {
		h.Clock |= segment.ClockUnsynced
	}
	stepped := now.Steps != r.steps
	var prev timeline.Micros
	if r.run.has && !stepped {
		prev = r.run.prevMap.Wall(s.start+r.run.prevBase, t.src.Rate)
	}
	p := t.clock.Place(s.start, now, prev, r.cfg.Length)
	h.Start, h.NewRun = p.Start, prev == 0 || p.Strayed()
	var cause timeline.Cause // of the hole before a new run, "" if it is not ours to name
	switch {
	case r.end != 0 && now.Steps != r.endSteps:
		// The clock was stepped since the last footage: what lies between, or
		// lies twice, is nobody's fault.
		h.Clock |= segment.ClockStepped
		h.Start, h.NewRun = p.Want, true
		cause = timeline.ClockUncertain
	case prev != 0 && p.Strayed():
		h.Start = max(p.Want, r.end)
		cause = timeline.ClockUncertain
	case r.overran:
		h.Start = p.Want
	case prev == 0:
		h.Start = max(p.Want, r.end)
		if r.broke {
			cause = timeline.Stalled
			if r.loss.Packets > r.lostAt {
				cause = timeline.PacketLoss
			}
		}
	}
	if cause != "" && r.end != 0 && r.end < h.Start {
		r.cfg.Lost(timeline.Span{From: r.end, To: h.Start}, cause)
	}
	p.Start, p.Stray = h.Start, int64(p.Want-h.Start)
	s.begin, r.steps = p, now.Steps
	if h.NewRun {
		r.cfg.Placed(h.Start)
	}
	h.Tracks = []media.Track{s.video}
	h.Maps = []segment.TimeMap{{Tick0: int64(t.src.Rate), US0: h.Start, PPB: p.PPB}}
	for i, x := range r.tracks {
		if i > 0 && x.seen {
			r.settleAudio(x, h, now)
			s.audio = append(s.audio, i)
		}
	}
	r.run.prevMap, r.run.prevBase, r.run.has, r.overran = h.Maps[0], s.base, true, false
	s.head, s.placed = h, true
	j := newJob(jobHead)
	j.head = h
	r.w.push(j)
}

// closeSegment sends the last fragment and the order to seal.
func (r *Recorder) closeSegment(reason segment.EndReason) {
	r.closeFragment(r.run.lastAt)
	s := r.seg
	for _, t := range r.tracks[1:] {
		t.skipGathered() // sound without pictures: there is no fragment for it
	}
	if !s.placed {
		r.settle()
	}
	r.dispatch()
	j := newJob(jobSeal)
	j.end = spool.End{
		Reason: reason, Report: r.report, ClockUnc: -1,
		LostPkts: r.loss.Packets - s.loss.Packets, Reordered: r.loss.Reordered - s.loss.Reordered,
		Damaged: r.loss.Damaged - s.loss.Damaged,
	}
	if r.hasSR {
		j.end.ClockOff, j.end.ClockUnc = r.offset.Micros, r.offset.Uncertainty
	}
	r.hasSR, r.report = false, segment.SenderReport{} // the next segment's offset is measured in it, or unknown
	r.w.push(j)
	r.end, r.endSteps = r.run.prevMap.Wall(s.end+s.base, r.tracks[0].src.Rate), r.steps
	r.seg = nil
	r.length = r.cfg.Length
}

// publish hands a unit to the live listeners.
func (r *Recorder) publish(i int, tick int64, cts, dur uint32, u *media.Unit) {
	if r.run.session == nil || r.run.session.Tracks[0].ReorderDelay != uint32(r.order.delay) {
		r.run.session = r.liveSession()
	}
	t := r.tracks[i]
	n := -1
	for k, x := range r.run.session.Tracks {
		if int(x.ID) == i+1 {
			n = k
		}
	}
	if n < 0 || u.Pos < t.src.Chain.Taken() {
		return
	}
	now := r.cfg.Wall.Now()
	r.cfg.Topic.Publish(live.Sample{
		Session: r.run.session, Track: n, Tick: tick, CTS: cts, Dur: dur, Sync: u.Sync,
		Wall: now.Wall + timeline.Micros((u.At - now.Mono).Microseconds()),
		Data: t.src.Chain.AppendTo(make([]byte, 0, u.Len), u.Pos, u.Pos+int64(u.Len)),
	})
}

func (r *Recorder) liveSession() *live.Session {
	s := &live.Session{}
	for i, t := range r.tracks {
		if t.next == nil || i > 0 && !t.seen {
			continue
		}
		x := *t.next
		x.ID = uint32(i + 1)
		if i == 0 {
			x.ReorderDelay = uint32(r.order.delay)
		}
		s.Tracks = append(s.Tracks, x)
	}
	return s
}
