package depacket

import (
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"qianshao/storage/media"
)

// latmFormat is RFC 6416 with the configuration in the description
// (cpresent=0): one program, one layer, a frame a timestamp, over one or more
// packets. Before each frame stands its length in bytes of 255 and a last one
// (ISO/IEC 14496-3 1.7.3.1, PayloadLengthInfo).
type latmFormat struct {
	out   *output
	frame uint32 // ticks a frame
	part  []byte // of a frame over several packets
	clock audioClock
}

func newLATM(out *output, p Params) (format, error) {
	var c mpeg4audio.AudioSpecificConfig
	if err := c.Unmarshal(p.Config); err != nil {
		return nil, fmt.Errorf("LATM configuration: %w", err)
	}
	rate := p.Rate
	if rate == 0 {
		rate = uint32(c.SampleRate)
	}
	out.track = &media.Track{
		Codec: media.AAC, Timescale: rate, SampleRate: c.SampleRate, Channels: aacChannels(c.ChannelConfig, p.Channels), Config: p.Config,
	}
	return &latmFormat{out: out, frame: aacTicks(&c, rate), clock: audioClock{n: &out.n}}, nil
}

func (f *latmFormat) flush() { f.part = f.part[:0] }

func (f *latmFormat) packet(h *rtp.Header, b []byte, at time.Duration, gap bool) {
	if gap && len(f.part) > 0 {
		f.part = f.part[:0]
		f.out.n.Damaged++
	}
	f.part = append(f.part, b...)
	if !h.Marker && len(f.part) < 1<<16 {
		if frame, rest := latmFrame(f.part); frame == nil || len(rest) > 0 {
			return // more is to come
		}
	}
	b = f.part
	f.part = f.part[:0]
	frame, rest := latmFrame(b)
	if frame == nil || len(rest) > 0 {
		f.out.n.Damaged++
		return
	}
	f.out.begin(f.clock.fix(h.Timestamp, f.frame, gap), at)
	f.out.chain.Append(frame)
	f.out.end(f.frame)
}

// latmFrame takes the frame at the front of b; nil when it is not all there.
func latmFrame(b []byte) (frame, rest []byte) {
	n := 0
	for i, v := range b {
		n += int(v)
		if v != 255 {
			if b = b[i+1:]; n == 0 || n > len(b) {
				return nil, nil
			}
			return b[:n], b[n:]
		}
	}
	return nil, nil
}
