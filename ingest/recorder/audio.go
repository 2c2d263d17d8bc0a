package recorder

import (
	"time"

	"qianshao/ingest/timesync"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// silent is how long an audio track must have sent nothing to count as gone.
const silent = 5 * time.Second

// audio takes one audio frame. It is held until the next one tells how long it
// lasts; frames before the first picture are let go.
func (r *Recorder) audio(t *track, u media.Unit) {
	tick := t.clock.Tick(u.RTP, u.At)
	if r.run == nil {
		t.hasHeld = false
		t.skip(u.Pos + int64(u.Len))
		return
	}
	if !t.seen {
		t.seen = true
		if s := r.seg; s != nil && s.placed && s.cut == 0 {
			s.cut = segment.EndChange // the next segment will carry the track
		}
	}
	if t.hasHeld {
		if tick <= t.heldTick {
			tick = t.heldTick + 1
		}
		dur := tick - t.heldTick
		if usual := int64(t.held.Dur); usual > 0 && dur > usual+int64(t.src.Rate)/4 {
			// A hole. A sample stretched over it would be played early by some:
			// the fragment ends here, if it can, and the next begins behind it.
			r.addAudio(t, uint32(usual))
			if r.seg != nil && r.order.clean() {
				r.closeFragment(u.At)
			}
			if n := len(t.run.Durs); n > 0 {
				t.run.Durs[n-1] += uint32(dur - usual)
			}
		} else {
			r.addAudio(t, uint32(dur))
		}
	}
	t.held, t.heldTick, t.hasHeld = u, tick, true
}

// addAudio gathers the held frame.
func (r *Recorder) addAudio(t *track, dur uint32) {
	t.hasHeld = false
	if r.seg == nil || r.seg.placed && !r.seg.carries(r.indexOf(t)) {
		t.skip(t.held.Pos + int64(t.held.Len))
		return
	}
	t.add(t.heldTick, &t.held, dur, 0, false)
	if r.cfg.Topic.Wanted() && t.placed {
		// The live axis is the video's run axis.
		tick := t.heldTick + t.base - int64(t.src.Rate) + r.seg.start*int64(t.src.Rate)/int64(r.tracks[0].src.Rate)
		r.publish(r.indexOf(t), tick, 0, dur, &t.held)
	}
}

func (r *Recorder) indexOf(t *track) int {
	for i, x := range r.tracks {
		if x == t {
			return i
		}
	}
	return -1
}

// flushAudio gathers the last frame of a run.
func (r *Recorder) flushAudio(t *track) {
	if t.hasHeld {
		r.addAudio(t, max(t.held.Dur, 1))
	}
	t.placed = false
}

// leave takes a track that has fallen silent out of the segment that begins now,
// so that no player waits for it. When it comes back a new segment begins.
func (t *track) leave(now time.Duration) {
	if !t.seen || now-t.held.At < silent {
		return
	}
	if t.hasHeld {
		t.hasHeld = false
		t.skip(t.held.Pos + int64(t.held.Len))
	}
	t.seen, t.placed = false, false
}

// skipGathered lets go of gathered frames that no segment will carry.
func (t *track) skipGathered() {
	if len(t.run.Sizes) == 0 {
		return
	}
	upto := t.upto
	t.run.Sizes, t.run.Durs, t.bytes = t.run.Sizes[:0], t.run.Durs[:0], 0
	t.skip(upto)
}

// settleAudio adds an audio track to the head. Its frames are placed by their
// own clock: continuous with the segment before within a run, drifting apart
// from the video's placement by no more than the slew allows.
func (r *Recorder) settleAudio(t *track, h *segment.Head, now timesync.Reading) {
	rate := int64(t.src.Rate)
	ref := t.heldTick
	var prev timeline.Micros
	if t.placed && !h.NewRun {
		prev = t.m.Wall(ref+t.base, t.src.Rate)
	}
	p := t.clock.Place(ref, now, prev, r.cfg.Length)
	if prev != 0 && p.Strayed() {
		p.Start = p.Want
	}
	// Wall(tick) = Start at tick Tick0 = one second, as for the video.
	m := segment.TimeMap{Tick0: rate, US0: h.Start, PPB: p.PPB}
	t.base = rate + int64(p.Start-h.Start)*rate/1_000_000 - ref
	t.m, t.placed = m, true
	x := *t.next
	x.ID = uint32(len(h.Tracks) + 1)
	h.Tracks = append(h.Tracks, x)
	h.Maps = append(h.Maps, m)
}
