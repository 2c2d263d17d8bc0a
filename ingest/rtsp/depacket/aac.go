package depacket

import (
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"qianshao/ingest/rtsp/limit"
	"qianshao/storage/media"
)

// aacFormat is RFC 3640 in its AAC modes: AU headers, several frames a packet,
// one frame over several packets. Interleaved frames are left out.
type aacFormat struct {
	out   *output
	p     Params
	frame uint32 // ticks an AU
	sizes []int  // of the packet's AUs; reused
	// A frame spread over packets. want is its size; 0 when each packet's header
	// tells the size of its own part, as some senders have it.
	want  int
	raw   uint32 // its timestamp as it came
	clock audioClock
}

func newAAC(out *output, p Params) (format, error) {
	if p.LATM {
		return newLATM(out, p)
	}
	var c mpeg4audio.AudioSpecificConfig
	if err := c.Unmarshal(p.Config); err != nil {
		return nil, fmt.Errorf("AAC configuration: %w", err)
	}
	if p.SizeLength <= 0 || p.SizeLength > 16 || p.IndexLength < 0 || p.IndexLength > 16 || p.IndexDeltaLength < 0 || p.IndexDeltaLength > 16 {
		return nil, fmt.Errorf("AAC AU headers of %d, %d, %d bits: %w", p.SizeLength, p.IndexLength, p.IndexDeltaLength, ErrUnsupported)
	}
	f := &aacFormat{out: out, p: p, frame: aacTicks(&c, p.Rate), clock: audioClock{n: &out.n}}
	out.track = &media.Track{
		Codec: media.AAC, Timescale: p.Rate, SampleRate: c.SampleRate, Channels: aacChannels(c.ChannelConfig, p.Channels), Config: p.Config,
	}
	return f, nil
}

// aacTicks is the duration of a frame on the RTP clock.
func aacTicks(c *mpeg4audio.AudioSpecificConfig, rate uint32) uint32 {
	frame := uint32(1024)
	if c.FrameLengthFlag {
		frame = 960
	}
	if c.SampleRate > 0 && c.SampleRate != int(rate) {
		frame = uint32(uint64(frame) * uint64(rate) / uint64(c.SampleRate))
	}
	return frame
}

func (f *aacFormat) flush() { f.settle(false) }

func (f *aacFormat) packet(h *rtp.Header, b []byte, at time.Duration, gap bool) {
	if f.out.open && (gap || h.Timestamp != f.raw) {
		f.settle(gap)
	}
	if frames := adts(b); frames != nil { // without AU headers
		f.frames(h, frames, at, gap)
		return
	}
	sizes, data, ok := f.headers(b)
	if !ok {
		f.malformed()
		return
	}
	if len(sizes) == 1 && (f.out.open || sizes[0] > len(data) || sizes[0] == len(data) && !h.Marker) {
		f.fragment(h, sizes[0], data, at, gap)
		return
	}
	if f.out.open { // whole frames at the time of one that is not whole
		f.malformed()
	}
	ts := f.clock.fix(h.Timestamp, uint32(len(sizes))*f.frame, gap)
	for i, n := range sizes {
		if n > len(data) {
			f.out.n.Damaged++
			return
		}
		f.out.begin(ts+uint32(i)*f.frame, at)
		unit := data[:n]
		if inner := adts(unit); len(inner) == 1 { // an ADTS header where none belongs
			unit = inner[0]
		}
		f.out.chain.Append(unit)
		f.out.end(f.frame)
		data = data[n:]
	}
}

// frames takes whole frames.
func (f *aacFormat) frames(h *rtp.Header, frames [][]byte, at time.Duration, gap bool) {
	if f.out.open {
		f.malformed()
	}
	ts := f.clock.fix(h.Timestamp, uint32(len(frames))*f.frame, gap)
	for i, b := range frames {
		f.out.begin(ts+uint32(i)*f.frame, at)
		f.out.chain.Append(b)
		f.out.end(f.frame)
	}
}

// adts cuts ADTS frames (ISO/IEC 13818-7 6.2) that fill b exactly into raw ones;
// nil when b is anything else.
func adts(b []byte) (frames [][]byte) {
	for len(b) > 0 {
		if len(b) < 7 || b[0] != 0xff || b[1]&0xf6 != 0xf0 {
			return nil
		}
		head := 7
		if b[1]&1 == 0 {
			head = 9 // with a checksum
		}
		n := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
		if n <= head || n > len(b) {
			return nil
		}
		frames = append(frames, b[head:n])
		b = b[n:]
	}
	return frames
}

// fragment takes a part of a frame that is larger than a packet, or a packet
// without a marker, of which only the next tells whether it was whole.
func (f *aacFormat) fragment(h *rtp.Header, size int, data []byte, at time.Duration, gap bool) {
	if !f.out.open {
		f.raw = h.Timestamp
		f.out.begin(f.clock.fix(h.Timestamp, f.frame, gap), at)
		f.want = 0
		if size > len(data) {
			f.want = size
		}
	}
	f.out.at = at
	f.out.chain.Append(data)
	have := f.have()
	switch {
	case have > f.p.maxAU() || f.want > 0 && have > f.want:
		f.out.drop()
	case f.want > 0 && have == f.want, f.want == 0 && h.Marker:
		f.out.end(f.frame)
	case h.Marker:
		f.out.drop()
	}
}

// settle ends a frame that waits for more when there is no more.
func (f *aacFormat) settle(gap bool) {
	if gap || f.want > 0 {
		f.out.drop()
		return
	}
	f.out.end(f.frame)
}

// malformed leaves out a packet and the frame it may have been a part of.
func (f *aacFormat) malformed() {
	if f.out.open {
		f.out.drop()
		return
	}
	f.out.n.Damaged++
}

// have is the size of the frame so far.
func (f *aacFormat) have() int { return int(f.out.chain.End() - f.out.start) }

// maxAU is the largest frame that its headers can tell of.
func (p *Params) maxAU() int { return 1<<p.SizeLength - 1 }

// headers reads the AU header section (RFC 3640 3.2.1). sizes is reused memory.
func (f *aacFormat) headers(b []byte) (sizes []int, data []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(b[0])<<8 | int(b[1])
	bytes := (n + 7) / 8
	if n == 0 || bytes > len(b)-2 {
		return nil, nil, false
	}
	head, data := b[2:2+bytes], b[2+bytes:]
	sizes = f.sizes[:0]
	for at := 0; at < n; {
		index := f.p.IndexDeltaLength
		if at == 0 {
			index = f.p.IndexLength
		}
		if at+f.p.SizeLength+index > n || len(sizes) == limit.AUs {
			return nil, nil, false
		}
		sizes = append(sizes, bits(head, at, f.p.SizeLength))
		at += f.p.SizeLength
		if bits(head, at, index) != 0 {
			return nil, nil, false // interleaved (RFC 3640 3.2.3.2)
		}
		at += index
	}
	f.sizes = sizes
	return sizes, data, true
}

// bits reads n bits of b from the bit position at.
func bits(b []byte, at, n int) int {
	v := 0
	for i := at; i < at+n; i++ {
		v = v<<1 | int(b[i/8]>>(7-i%8)&1)
	}
	return v
}

// aacChannels is how many channels a channelConfiguration stands for (ISO/IEC
// 14496-3 1.6.3.5); 0 leaves it to the stream, then the SDP's word counts.
func aacChannels(config uint8, sdp int) int {
	switch {
	case config == 7:
		return 8
	case config > 0 && config < 7:
		return int(config)
	}
	return max(sdp, 1)
}
