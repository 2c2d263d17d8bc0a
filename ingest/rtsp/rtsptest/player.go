package rtsptest

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"
)

const (
	// batch bounds what is put into one write when a session starts or has
	// fallen behind.
	batch = 64 << 10
	// maxLate is how far a session may fall behind before it leaves frames out
	// up to the newest key frame: a camera's buffer is small.
	maxLate = 5 * time.Second
	// burst is how many UDP packets go out before a pause of 1 ms, so that the
	// frames at the start of a session fit a receiver's buffer.
	burst = 32
)

var buffers = sync.Pool{New: func() any { return new(output) }}

// output is what one write sends, with what has to be noted when it succeeded.
type output struct {
	b       []byte
	cuts    []int    // ends of the packets in b
	numbers []uint64 // frames that are whole in b
	packets int
	bytes   int
	head    []byte
}

// player sends one session's tracks on an absolute schedule.
type player struct {
	*session
	video, audio *track // nil: not set up

	slot    uint64 // next to leave
	fresh   uint64 // the slot that was newest at PLAY: before it a session is not late
	began   int64  // unix µs of PLAY
	waitKey bool   // frames are left out up to the next key frame
	sample  uint64 // next audio frame

	nextReport int64
	timer      *time.Timer
	sentUDP    int
}

func (s *session) newPlayer() *player {
	p := &player{session: s}
	for _, t := range s.tracks {
		switch t.control {
		case videoTrack:
			p.video = t
		case audioTrack:
			p.audio = t
		}
	}
	p.began = s.srv.Now()
	p.fresh = s.reel.newest(p.began - s.cam.phaseUS)
	if s.srv.cfg.StartAtNextKey {
		p.slot = s.reel.keyAfter(p.fresh)
	} else {
		p.slot = s.reel.keyAtOrBefore(p.fresh)
	}
	if p.audio != nil {
		_, n := s.reel.at(p.slot)
		p.sample = s.srv.sound.from(s.reel.TimeUS(n))
	}
	return p
}

// info is the RTP-Info header (RFC 2326 12.33).
func (p *player) info(uri string) string {
	var parts []string
	base := strings.TrimSuffix(uri, "/")
	if p.video != nil {
		_, n := p.reel.at(p.slot)
		parts = append(parts, fmt.Sprintf("url=%s/trackID=%d;seq=%d;rtptime=%d", base, videoTrack, p.video.seq,
			p.video.base+uint32(p.reel.Ticks(n))))
	}
	if p.audio != nil {
		parts = append(parts, fmt.Sprintf("url=%s/trackID=%d;seq=%d;rtptime=%d", base, audioTrack, p.audio.seq,
			p.audio.base+uint32(p.sample*uint64(p.srv.sound.FrameSamples))))
	}
	return "RTP-Info: " + strings.Join(parts, ",")
}

// run sends until ctx ends or a write fails.
func (p *player) run(ctx context.Context) error {
	p.timer = time.NewTimer(0)
	defer p.timer.Stop()
	for {
		now := p.srv.Now()
		if err := p.sendDue(ctx, now); err != nil {
			return err
		}
		next := now + 1_000_000
		if p.video != nil {
			next = p.reel.leavesUS(p.slot) + p.cam.phaseUS
		}
		if p.audio != nil {
			next = min(next, p.srv.sound.leavesUS(p.sample)+p.cam.phaseUS)
		}
		if !p.pause(ctx, next) {
			return nil
		}
	}
}

// pause waits for the cameras' clock to reach us; false when ctx ended first.
func (p *player) pause(ctx context.Context, us int64) bool {
	p.timer.Reset(time.Duration(us-p.srv.Now()) * time.Microsecond)
	select {
	case <-p.timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// sendDue sends what is to leave by now, in order of time.
func (p *player) sendDue(ctx context.Context, now int64) error {
	out, ok := buffers.Get().(*output)
	if !ok {
		out = new(output)
	}
	defer buffers.Put(out)
	due := now - p.cam.phaseUS
	if p.video != nil && p.slot > p.fresh && due-p.reel.leavesUS(p.slot) > maxLate.Microseconds() {
		p.srv.cfg.Log.Info("client too slow, frames left out", "camera", p.cam.name)
		p.slot, p.waitKey = p.reel.newest(due), true
		if p.audio != nil {
			p.sample = p.srv.sound.from(due)
		}
	}
	for ctx.Err() == nil {
		*out = output{b: out.b[:0], cuts: out.cuts[:0], numbers: out.numbers[:0], head: out.head[:0]}
		more := true
		for more && len(out.b) < batch {
			more = p.next(out, due)
		}
		if !more && now >= p.nextReport && p.srv.cfg.ReportEvery > 0 {
			p.report(out, now)
		}
		if len(out.b) > 0 {
			if err := p.conn.write(out.b, out.cuts); err != nil {
				return err
			}
		}
		if out.packets > 0 {
			p.cam.wrote(p.log, out.numbers, out.packets, out.bytes)
		}
		if !more {
			return nil
		}
	}
	return nil
}

// next adds the earliest frame that has to leave by due; false when there is
// none.
func (p *player) next(out *output, due int64) bool {
	video, audio := due+1, due+1
	if p.video != nil {
		video = p.reel.leavesUS(p.slot)
	}
	if p.audio != nil {
		audio = p.srv.sound.leavesUS(p.sample)
	}
	switch {
	case min(video, audio) > due:
		return false
	case video <= audio:
		e := p.effects(video)
		p.addVideo(out, &e)
	default:
		e := p.effects(audio)
		p.addAudio(out, &e)
	}
	return true
}

// effects returns what faults do to a frame that leaves at the time us. A frame
// is judged by its time and not by the moment of the write, so that the fault
// log can name it; one from before PLAY leaves with PLAY.
func (p *player) effects(us int64) effects {
	return p.cam.effects(p.session, max(us+p.cam.phaseUS, p.began))
}

func (p *player) addVideo(out *output, e *effects) {
	f, number := p.reel.at(p.slot)
	p.slot++
	if e.stalled != nil || e.noVideo {
		p.waitKey = true
		return
	}
	if p.waitKey && !f.key {
		return
	}
	p.waitKey = false
	ts := p.video.base + uint32(p.reel.Ticks(number))
	lost := 0
	out.head = p.reel.appendHead(out.head[:0], f, number)
	if len(out.head) > 0 && !p.add(out, p.video, out.head, ts, false, e) {
		lost++
	}
	for i, payload := range f.packets {
		if !p.add(out, p.video, payload, ts, i == len(f.packets)-1, e) {
			lost++
		}
	}
	if lost > 0 {
		p.cam.lose(e.lossBy, number, lost)
		return
	}
	out.numbers = append(out.numbers, number)
}

func (p *player) addAudio(out *output, e *effects) {
	sound := p.srv.sound
	n := p.sample
	p.sample++
	if e.stalled != nil || e.noAudio {
		return
	}
	ts := p.audio.base + uint32(n*uint64(sound.FrameSamples))
	// RFC 3640 marks every packet that ends an access unit; RFC 3551 and 7587
	// mark only the start of talk.
	marker := len(sound.Config) > 0
	p.add(out, p.audio, sound.packets[n%uint64(len(sound.packets))], ts, marker, e)
}

// add appends one RTP packet (RFC 3550 5.1), or sends it when the track goes
// over UDP. It returns false when the packet was left out.
func (p *player) add(out *output, t *track, payload []byte, ts uint32, marker bool, e *effects) bool {
	seq := t.seq
	t.seq++
	if e.lossPercent > 0 && p.dice.Float64()*100 < e.lossPercent {
		return false
	}
	t.packets++
	t.octets += uint32(len(payload))
	out.packets++
	out.bytes += len(payload)
	begin := len(out.b)
	if t.udp == nil {
		size := 12 + len(payload)
		out.b = append(out.b, '$', t.channel, byte(size>>8), byte(size))
	}
	pt := t.payload
	if marker {
		pt |= 0x80
	}
	out.b = append(out.b, 0x80, pt)
	out.b = binary.BigEndian.AppendUint16(out.b, seq)
	out.b = binary.BigEndian.AppendUint32(out.b, ts)
	out.b = binary.BigEndian.AppendUint32(out.b, t.ssrc)
	out.b = append(out.b, payload...)
	if t.udp == nil {
		out.cuts = append(out.cuts, len(out.b))
		return true
	}
	t.udp.send(out.b[begin:], false)
	out.b = out.b[:begin]
	if p.sentUDP++; p.sentUDP%burst == 0 {
		time.Sleep(time.Millisecond)
	}
	return true
}

// report adds a sender report for each track that sends.
func (p *player) report(out *output, now int64) {
	e := p.cam.effects(p.session, now)
	if e.stalled != nil {
		return
	}
	p.nextReport = now + p.srv.cfg.ReportEvery.Microseconds()
	for _, t := range []*track{p.video, p.audio} {
		if t == nil || t.packets == 0 {
			continue
		}
		rate := uint64(t.rate)
		ticks := uint64(now)/1_000_000*rate + uint64(now)%1_000_000*rate/1_000_000
		ntp := now + p.srv.cfg.ClockOffset.Microseconds() + e.clock.Microseconds()
		begin := len(out.b)
		if t.udp == nil {
			out.b = append(out.b, '$', t.channel+1, 0, 0)
		}
		body := len(out.b)
		out.b = appendReport(out.b, t.ssrc, ntp, t.base+uint32(ticks), t.packets, t.octets)
		if t.udp != nil {
			t.udp.send(out.b[body:], true)
			out.b = out.b[:begin]
			continue
		}
		binary.BigEndian.PutUint16(out.b[begin+2:], uint16(len(out.b)-body))
		out.cuts = append(out.cuts, len(out.b))
	}
}
