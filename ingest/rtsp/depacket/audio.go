package depacket

import (
	"fmt"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/pion/rtp"

	"qianshao/storage/media"
)

// plainFormat is a payload that is one unit as it stands: G.711 (RFC 3551
// 4.5.14) and Opus (RFC 7587).
type plainFormat struct {
	out *output
	p   Params
}

func newPlain(out *output, p Params) format {
	t := &media.Track{Codec: p.Codec, Timescale: p.Rate, SampleRate: int(p.Rate), Channels: max(p.Channels, 1)}
	out.track = t
	return &plainFormat{out: out, p: p}
}

func (f *plainFormat) flush() {}

func (f *plainFormat) packet(h *rtp.Header, b []byte, at time.Duration, _ bool) {
	dur := uint32(len(b) / max(f.p.Channels, 1)) // one octet a sample
	if f.p.Codec == media.Opus {
		if dur = opusTicks(b); dur == 0 {
			f.out.n.Damaged++
			return
		}
	}
	f.out.begin(h.Timestamp, at)
	f.out.chain.Append(b)
	f.out.end(dur)
}

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
	switch b[0] & 3 {
	case 0:
		return frame
	case 1, 2:
		return 2 * frame
	}
	if len(b) < 2 {
		return 0
	}
	return uint32(b[1]&0x3f) * frame
}

// aacFormat is RFC 3640 in its AAC modes: AU headers, several frames a packet,
// one frame over several packets.
type aacFormat struct {
	out   *output
	p     Params
	frame uint32 // ticks an AU
	sizes []int  // of the packet's AUs; reused
	// A frame spread over packets.
	part bool
	rtp  uint32
	want int
}

func newAAC(out *output, p Params) (format, error) {
	var c mpeg4audio.AudioSpecificConfig
	if err := c.Unmarshal(p.Config); err != nil {
		return nil, fmt.Errorf("AAC configuration: %w", err)
	}
	if p.SizeLength <= 0 || p.SizeLength > 16 {
		return nil, fmt.Errorf("AAC sizeLength %d: %w", p.SizeLength, ErrUnsupported)
	}
	out.track = &media.Track{
		Codec: media.AAC, Timescale: p.Rate, SampleRate: c.SampleRate, Channels: aacChannels(c.ChannelConfig, p.Channels), Config: p.Config,
	}
	frame := uint32(1024)
	if c.FrameLengthFlag {
		frame = 960
	}
	if c.SampleRate > 0 && c.SampleRate != int(p.Rate) {
		frame = uint32(uint64(frame) * uint64(p.Rate) / uint64(c.SampleRate))
	}
	return &aacFormat{out: out, p: p, frame: frame}, nil
}

func (f *aacFormat) flush() { f.out.drop() }

func (f *aacFormat) packet(h *rtp.Header, b []byte, at time.Duration, gap bool) {
	if f.part && (gap || h.Timestamp != f.rtp) {
		f.out.drop()
		f.part = false
	}
	sizes, data, ok := f.headers(b)
	if !ok {
		f.out.n.Damaged++
		return
	}
	if len(sizes) == 1 && (f.part || sizes[0] > len(data)) {
		f.fragment(h, sizes[0], data, at)
		return
	}
	for i, n := range sizes {
		if n > len(data) {
			f.out.n.Damaged++
			return
		}
		f.out.begin(h.Timestamp+uint32(i)*f.frame, at)
		f.out.chain.Append(data[:n])
		f.out.end(f.frame)
		data = data[n:]
	}
}

// fragment takes a part of a frame that is larger than a packet.
func (f *aacFormat) fragment(h *rtp.Header, size int, data []byte, at time.Duration) {
	if !f.part {
		f.out.begin(h.Timestamp, at)
		f.part, f.rtp, f.want = true, h.Timestamp, size
	}
	f.out.chain.Append(data)
	have := int(f.out.chain.End() - f.out.start)
	if have < f.want && !h.Marker {
		return
	}
	f.part = false
	if have != f.want {
		f.out.drop()
		return
	}
	f.out.end(f.frame)
}

// headers reads the AU header section (RFC 3640 3.2.1). sizes is reused memory.
func (f *aacFormat) headers(b []byte) (sizes []int, data []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	bits := int(b[0])<<8 | int(b[1])
	bytes := (bits + 7) / 8
	if bits == 0 || bytes > len(b)-2 {
		return nil, nil, false
	}
	head, data := b[2:2+bytes], b[2+bytes:]
	sizes = f.sizes[:0]
	for at := 0; at < bits; {
		index := f.p.IndexDeltaLength
		if at == 0 {
			index = f.p.IndexLength
		}
		if at+f.p.SizeLength+index > bits {
			return nil, nil, false
		}
		n := 0
		for i := range f.p.SizeLength {
			n = n<<1 | int(head[(at+i)/8]>>(7-(at+i)%8)&1)
		}
		sizes = append(sizes, n)
		at += f.p.SizeLength + index
	}
	f.sizes = sizes
	return sizes, data, true
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
