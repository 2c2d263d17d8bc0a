package depacket

import (
	"time"

	"github.com/pion/rtp"

	"qianshao/storage/media"
)

// plainFormat is a payload that is one unit as it stands: G.711 (RFC 3551
// 4.5.14) and Opus (RFC 7587).
type plainFormat struct {
	out   *output
	p     Params
	clock audioClock
}

func newPlain(out *output, p Params) format {
	t := &media.Track{Codec: p.Codec, Timescale: p.Rate, SampleRate: int(p.Rate), Channels: max(p.Channels, 1)}
	out.track = t
	return &plainFormat{out: out, p: p, clock: audioClock{n: &out.n}}
}

func (f *plainFormat) flush() {}

func (f *plainFormat) packet(h *rtp.Header, b []byte, at time.Duration, gap bool) {
	dur := uint32(len(b) / max(f.p.Channels, 1)) // one octet a sample
	if f.p.Codec == media.Opus {
		if dur = opusTicks(b); dur == 0 {
			f.out.n.Damaged++
			return
		}
	}
	f.out.begin(f.clock.fix(h.Timestamp, dur, gap), at)
	f.out.chain.Append(b)
	f.out.end(dur)
}

// opusMost is the longest an Opus packet may be: 120 ms at 48 kHz.
const opusMost = 5760

// opusTicks is the duration of an Opus packet at 48 kHz (RFC 6716 3.1), 0 for a
// malformed one.
func opusTicks(b []byte) uint32 {
	config := b[0] >> 3
	var frame uint32
	switch {
	case config < 12: // SILK: 10, 20, 40, 60 ms
		frame = []uint32{480, 960, 1920, 2880}[config&3]
	case config < 16: // hybrid: 10, 20 ms
		frame = []uint32{480, 960}[config&1]
	default: // CELT: 2.5, 5, 10, 20 ms
		frame = []uint32{120, 240, 480, 960}[config&3]
	}
	frames := uint32(2)
	switch b[0] & 3 {
	case 0:
		frames = 1
	case 3:
		if len(b) < 2 {
			return 0
		}
		frames = uint32(b[1] & 0x3f)
	}
	if frames*frame > opusMost {
		return 0
	}
	return frames * frame
}
