package rtsptest

import (
	"context"
	"fmt"

	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/packet"
	"qianshao/ingest/rtsp/rtsptest/stamp"
)

// reel is a video loop cut into payloads, shared by all cameras.
type reel struct {
	*loop.Video
	frames []frame // in decode order
	sets   [][]byte
	sdp    ParamSets
}

type frame struct {
	key     bool
	display int
	packets [][]byte // payloads, without the stamp and parameter sets
	bytes   int
}

func newReel(v *loop.Video, cfg Config) (*reel, error) {
	r := &reel{Video: v, sdp: cfg.ParamSets}
	if cfg.ParamSets != SetsSDP {
		r.sets = append(append(append(r.sets, v.VPS...), v.SPS...), v.PPS...)
	}
	for i, u := range v.Units {
		f := frame{key: u.Key, display: u.Display}
		switch v.Codec {
		case loop.H264:
			f.packets = packet.H264(u.NALs, cfg.MaxPayload)
		case loop.H265:
			f.packets = packet.H265(u.NALs, cfg.MaxPayload)
		case loop.MJPEG:
			for _, picture := range u.NALs {
				p, err := packet.JPEG(picture, cfg.MaxPayload)
				if err != nil {
					return nil, fmt.Errorf("picture %d: %w", i, err)
				}
				f.packets = append(f.packets, p...)
			}
		}
		for _, p := range f.packets {
			f.bytes += len(p)
		}
		r.frames = append(r.frames, f)
	}
	return r, nil
}

// at returns the unit of the global decode slot and the number of its frame.
func (r *reel) at(slot uint64) (*frame, uint64) {
	n := uint64(len(r.frames))
	f := &r.frames[slot%n]
	return f, slot/n*n + uint64(f.display)
}

// leavesUS returns when the slot is sent: when the last picture it refers to
// has been taken.
func (r *reel) leavesUS(slot uint64) int64 { return r.TimeUS(slot + uint64(r.Delay)) }

// newest returns the last slot that has left at the time us.
func (r *reel) newest(us int64) uint64 {
	n, d := r.Number(us), uint64(r.Delay)
	if n < d {
		return 0
	}
	return n - d
}

// keyAtOrBefore returns the last slot up to slot that holds a key frame; every
// loop begins with one.
func (r *reel) keyAtOrBefore(slot uint64) uint64 {
	for {
		if f, _ := r.at(slot); f.key {
			return slot
		}
		slot--
	}
}

func (r *reel) keyAfter(slot uint64) uint64 {
	for slot++; ; slot++ {
		if f, _ := r.at(slot); f.key {
			return slot
		}
	}
}

// appendHead appends the payload that opens the frame: its stamp, and at a key
// frame the parameter sets in the same packet. It returns dst itself when there
// is none.
func (r *reel) appendHead(dst []byte, f *frame, number uint64) []byte {
	s := stamp.Stamp{Number: number, TimeUS: r.TimeUS(number)}
	switch r.Codec {
	case loop.H264:
		if f.key && len(r.sets) > 0 {
			return packet.AppendSTAPA(dst, append(r.sets[:len(r.sets):len(r.sets)], stamp.AppendH264(nil, s))...)
		}
		return stamp.AppendH264(dst, s)
	case loop.H265:
		if f.key && len(r.sets) > 0 {
			return packet.AppendAP(dst, append(r.sets[:len(r.sets):len(r.sets)], stamp.AppendH265(nil, s))...)
		}
		return stamp.AppendH265(dst, s)
	}
	return dst
}

// soundtrack is an audio loop cut into payloads, shared by all cameras.
type soundtrack struct {
	*loop.Audio
	packets [][]byte
}

func newSoundtrack(a *loop.Audio) (*soundtrack, error) {
	if a == nil {
		return nil, nil
	}
	s := &soundtrack{Audio: a}
	for _, f := range a.Frames {
		p, err := packet.Audio(a, f)
		if err != nil {
			return nil, err
		}
		s.packets = append(s.packets, p)
	}
	return s, nil
}

// leavesUS returns when audio frame n is sent: when its last sample was taken.
func (s *soundtrack) leavesUS(n uint64) int64 {
	samples := (n + 1) * uint64(s.FrameSamples)
	rate := uint64(s.Rate)
	return int64(samples/rate*1_000_000 + samples%rate*1_000_000/rate)
}

// from returns the first audio frame that begins at or after the unix time us.
func (s *soundtrack) from(us int64) uint64 {
	rate := uint64(s.Rate)
	samples := uint64(us)/1_000_000*rate + uint64(us)%1_000_000*rate/1_000_000
	return (samples + uint64(s.FrameSamples) - 1) / uint64(s.FrameSamples)
}

// loadSub makes the sub-stream's reel when it is first asked for.
func loadSub(ctx context.Context, cfg Config) (*reel, error) {
	v, err := loop.Load(ctx, loop.SubStream(cfg.params()))
	if err != nil {
		return nil, err
	}
	return newReel(v, cfg)
}
