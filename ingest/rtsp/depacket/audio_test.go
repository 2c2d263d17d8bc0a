package depacket_test

import (
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpmpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/opus"
	"pgregory.net/rapid"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/storage/media"
)

func aacParams() depacket.Params {
	return depacket.Params{Codec: media.AAC, Rate: 48000, Config: []byte{0x11, 0x90}, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3}
}

func TestAAC(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit     func(*depacket.Params)
		payloads [][]byte // of one timestamp, the marker on the last
		want     []string
		damaged  uint64
	}{
		"one frame":                    {payloads: [][]byte{{0, 16, 0, 3 << 3, 1, 2, 3}}, want: []string{"\x01\x02\x03"}},
		"two frames":                   {payloads: [][]byte{{0, 32, 0, 1 << 3, 0, 2 << 3, 1, 2, 3}}, want: []string{"\x01", "\x02\x03"}},
		"fragments, size of the whole": {payloads: [][]byte{{0, 16, 0, 3 << 3, 1, 2}, {0, 16, 0, 3 << 3, 3}}, want: []string{"\x01\x02\x03"}},
		"fragments, size of the part":  {payloads: [][]byte{{0, 16, 0, 2 << 3, 1, 2}, {0, 16, 0, 1 << 3, 3}}, want: []string{"\x01\x02\x03"}},
		"fragments that lack an end":   {payloads: [][]byte{{0, 16, 0, 9 << 3, 1, 2}, {0, 16, 0, 9 << 3, 3}}, damaged: 1},
		"no headers":                   {payloads: [][]byte{{0, 0, 1, 2, 3}}, damaged: 1},
		"headers cut off":              {payloads: [][]byte{{0, 64, 1}}, damaged: 1},
		"interleaved":                  {payloads: [][]byte{{0, 32, 0, 1 << 3, 0, 1<<3 | 2, 1, 2}}, damaged: 1},
		"second frame cut off":         {payloads: [][]byte{{0, 32, 0, 1 << 3, 0, 9 << 3, 1, 2}}, want: []string{"\x01"}, damaged: 1},
		"low bit rate, 6+2 bits": {
			edit:     func(p *depacket.Params) { p.SizeLength, p.IndexLength, p.IndexDeltaLength = 6, 2, 2 },
			payloads: [][]byte{{0, 16, 2 << 2, 1 << 2, 1, 2, 3}}, want: []string{"\x01\x02", "\x03"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := aacParams()
			if c.edit != nil {
				c.edit(&p)
			}
			w := newWire(t, p)
			w.send(4096, c.payloads...)
			var want [][]byte
			for _, s := range c.want {
				want = append(want, []byte(s))
			}
			w.same(want...)
			for i, u := range w.units {
				if u.RTP != 4096+uint32(i)*1024 || u.Dur != 1024 {
					t.Errorf("unit %d: %+v", i, u.Unit)
				}
			}
			if got := w.s.Counters().Damaged; got != c.damaged {
				t.Errorf("%d damaged, want %d", got, c.damaged)
			}
		})
	}
}

// TestAACWithoutMarkers: a frame is whole when the next has another time, and
// not when a packet is missing between them.
func TestAACWithoutMarkers(t *testing.T) {
	t.Parallel()
	w := newWire(t, aacParams())
	for i, seq := range []uint16{1, 2, 4} {
		w.s.Packet(rtpPacket(seq, uint32(i)*1024, false, []byte{0, 16, 0, 1 << 3, byte(i)}), 0)
	}
	w.s.Flush()
	w.same([]byte{0}, []byte{2})
}

// TestAACOfAnother takes what another packetizer makes.
func TestAACOfAnother(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		e := &rtpmpeg4audio.Encoder{PayloadType: 96, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3, PayloadMaxSize: 300}
		if err := e.Init(); err != nil {
			r.Fatal(err)
		}
		frames := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 900), 1, 6).Draw(r, "frames")
		packets, err := e.Encode(frames)
		if err != nil {
			r.Fatal(err)
		}
		w := newWire(t, aacParams())
		for _, p := range packets {
			w.s.Payload(&p.Header, p.Payload, 0)
		}
		w.same(frames...)
	})
}

func TestG711(t *testing.T) {
	t.Parallel()
	for _, codec := range []media.Codec{media.PCMA, media.PCMU} {
		for channels := 1; channels <= 2; channels++ {
			w := newWire(t, depacket.Params{Codec: codec, Rate: 8000, Channels: channels})
			b := fill(nil, 160)
			w.send(160, b)
			w.same(b)
			if u := w.units[0]; u.Dur != uint32(160/channels) || u.RTP != 160 || u.Track == nil || u.Track.Channels != channels {
				t.Errorf("%+v", u.Unit)
			}
		}
	}
}

// TestOpusDurations tries every first byte and count against another reader.
func TestOpusDurations(t *testing.T) {
	t.Parallel()
	for toc := range 256 {
		for count := range 64 {
			b := []byte{byte(toc), byte(count), 0, 0}
			w := newWire(t, depacket.Params{Codec: media.Opus, Rate: 48000, Channels: 2})
			w.send(0, b)
			want := opus.PacketDuration2(b)
			if want == 0 || want > 5760 {
				if len(w.units) != 0 || w.s.Counters().Damaged != 1 {
					t.Fatalf("% x taken", b)
				}
			} else if len(w.units) != 1 || int64(w.units[0].Dur) != want {
				t.Fatalf("% x: %+v, want %d ticks", b, w.units, want)
			}
			if toc&3 != 3 {
				break
			}
		}
	}
}
