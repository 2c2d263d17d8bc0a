package depacket_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/pion/rtp"
	"pgregory.net/rapid"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/storage/media"
)

// hevc makes a NAL unit of a type, with a first slice's bit where it is one.
func hevc(kind byte, n int) []byte { return append([]byte{kind << 1, 1, 0x80}, make([]byte, n)...) }

var (
	hevcAUD = []byte{35 << 1, 1, 0x10}
	hevcSEI = []byte{39 << 1, 1, 5, 1, 0xaa, 0x80}
	hevcEOS = []byte{36 << 1, 1}
	hevcIDR = hevc(19, 40)
	hevcCRA = hevc(21, 40)
	hevcP   = hevc(1, 30)
	hevcP2  = append([]byte{1 << 1, 1, 0x10}, make([]byte, 20)...) // not the first slice
)

// fu cuts a NAL unit into n fragmentation units (RFC 7798 4.4.3).
func fu(nal []byte, n int) (out [][]byte) {
	rest := nal[2:]
	for i := range n {
		head := nal[0] >> 1 & 0x3f
		if i == 0 {
			head |= 0x80
		}
		if i == n-1 {
			head |= 0x40
		}
		out = append(out, join([]byte{nal[0]&0x81 | 49<<1, nal[1], head}, rest[i*len(rest)/n:(i+1)*len(rest)/n]))
	}
	return out
}

func TestH265Packetizations(t *testing.T) {
	t.Parallel()
	p := depacket.Params{Codec: media.H265, Rate: 90000}
	for name, c := range map[string]struct {
		send [][]byte
		want []byte
	}{
		"single":               {[][]byte{hevcAUD, hevcIDR}, avcc(hevcAUD, hevcIDR)},
		"two slices":           {[][]byte{hevcP, hevcP2}, avcc(hevcP, hevcP2)},
		"aggregated":           {[][]byte{join([]byte{48 << 1, 1}, sized(hevcAUD, hevcSEI, hevcIDR))}, avcc(hevcAUD, hevcSEI, hevcIDR)},
		"fragmented":           {fu(hevcIDR, 4), avcc(hevcIDR)},
		"fragments and single": {append([][]byte{hevcSEI}, fu(hevcIDR, 3)...), avcc(hevcSEI, hevcIDR)},
		"end of sequence":      {[][]byte{hevcIDR, hevcEOS}, avcc(hevcIDR, hevcEOS)},
		"filler":               {[][]byte{hevcIDR, hevc(38, 9)}, avcc(hevcIDR)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, p)
			w.send(0, c.send...)
			w.send(3600, hevcP)
			w.same(c.want, avcc(hevcP))
			if n := w.s.Counters(); n.Damaged != 0 || n.Lost != 0 {
				t.Errorf("%+v", n)
			}
		})
	}
	w := newWire(t, p)
	w.send(0, hevcIDR)
	w.send(3600, hevcP)
	w.send(7200, hevcCRA)
	w.s.Flush()
	for i, want := range []media.Sync{media.KeyFrame, media.NoSync, media.OpenKeyFrame} {
		if w.units[i].Sync != want {
			t.Errorf("picture %d: %v, want %v", i, w.units[i].Sync, want)
		}
	}
}

// A picture that lost any of its packets is left out whole.
func TestH265Loss(t *testing.T) {
	t.Parallel()
	middle := append([][]byte{hevcSEI}, fu(hevcP, 4)...)
	for lost := range middle {
		w := newWire(t, depacket.Params{Codec: media.H265, Rate: 90000})
		w.lose = map[int]bool{1 + lost: true}
		w.send(0, hevcIDR)
		w.send(3600, middle...)
		w.send(7200, hevcP)
		if lost == 0 { // without its SEI the picture may be whole; it is never cut
			w.s.Flush()
			if n := len(w.units); n != 2 && n != 3 {
				t.Errorf("%d units", n)
			}
			continue
		}
		w.same(avcc(hevcIDR), avcc(hevcP))
		if c := w.s.Counters(); c.Lost != 1 || c.Damaged != 1 {
			t.Errorf("packet %d: %+v", lost, c)
		}
	}
}

// What another packetizer cuts up is put together again.
func TestAnotherPacketizer(t *testing.T) {
	t.Parallel()
	for _, codec := range []media.Codec{media.H264, media.H265} {
		t.Run(codec.String(), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				size := rapid.IntRange(50, 1400).Draw(r, "packet size")
				var encode func([][]byte) ([]*rtp.Packet, error)
				if codec == media.H264 {
					e := &rtph264.Encoder{PayloadType: 96, PayloadMaxSize: size, PacketizationMode: 1}
					if err := e.Init(); err != nil {
						r.Fatal(err)
					}
					encode = e.Encode
				} else {
					e := &rtph265.Encoder{PayloadType: 96, PayloadMaxSize: size}
					if err := e.Init(); err != nil {
						r.Fatal(err)
					}
					encode = e.Encode
				}
				w := newWire(t, depacket.Params{Codec: codec, Rate: 90000})
				var want [][]byte
				for i := range rapid.IntRange(1, 5).Draw(r, "pictures") {
					var unit [][]byte
					for k := range rapid.IntRange(1, 4).Draw(r, "slices") {
						body := rapid.SliceOfN(rapid.Byte(), 1, 3000).Draw(r, "slice")
						first := byte(0x80)
						if k > 0 {
							first = 0x10
						}
						if codec == media.H264 {
							unit = append(unit, join([]byte{0x41, first}, body))
						} else {
							unit = append(unit, join([]byte{2, 1, first}, body))
						}
					}
					packets, err := encode(slices.Clone(unit))
					if err != nil {
						r.Fatal(err)
					}
					for _, p := range packets {
						p.Timestamp = uint32(i) * 3600
						b, err := p.Marshal()
						if err != nil {
							r.Fatal(err)
						}
						w.s.Packet(b, 0)
					}
					want = append(want, avcc(unit...))
				}
				w.s.Flush()
				if len(w.units) != len(want) {
					r.Fatalf("%d of %d pictures, %+v", len(w.units), len(want), w.s.Counters())
				}
				for i := range want {
					if string(w.units[i].b) != string(want[i]) {
						r.Errorf("picture %d differs", i)
					}
				}
			})
		})
	}
}

// NAL units that are sent out of order, as far as the description allows, come
// in decoding order: the right pictures from the right slices.
func TestInterleaved(t *testing.T) {
	t.Parallel()
	for _, codec := range []media.Codec{media.H264, media.H265} {
		t.Run(codec.String(), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(r *rapid.T) {
				depth := rapid.IntRange(1, 8).Draw(r, "depth")
				p := depacket.Params{Codec: codec, Rate: 90000, InterleavingDepth: depth, MaxDONDiff: 0}
				if codec == media.H265 {
					p.InterleavingDepth, p.MaxDONDiff, p.DepackUnits = 0, 4*depth, depth
				}
				first := uint16(rapid.IntRange(0, 65535).Draw(r, "first number")) // wraps around
				type slice struct {
					don uint16
					ts  uint32
					nal []byte
				}
				var order []slice
				var want [][]byte
				for i := range rapid.IntRange(2, 12).Draw(r, "pictures") {
					var unit [][]byte
					for k := range rapid.IntRange(1, 3).Draw(r, "slices") {
						bit := byte(0x80)
						if k > 0 {
							bit = 0x10
						}
						nal := []byte{0x41, bit, byte(i), byte(k)}
						if codec == media.H265 {
							nal = []byte{2, 1, bit, byte(i), byte(k)}
						}
						unit = append(unit, nal)
						order = append(order, slice{first + uint16(len(order)), uint32(i) * 3600, nal})
					}
					want = append(want, avcc(unit...))
				}
				// Each slice may be overtaken, but by no more than depth places.
				sent := slices.Clone(order)
				for i := 0; i+depth < len(sent); i += depth + 1 {
					group := sent[i : i+depth+1]
					perm := rapid.Permutation(group).Draw(r, "order")
					copy(group, perm)
				}
				w := newWire(t, p)
				for i, s := range sent {
					don := binary.BigEndian.AppendUint16(nil, s.don)
					b := join([]byte{0x79}, don, sized(s.nal)) // STAP-B
					if codec == media.H265 {
						b = join(s.nal[:2], don, s.nal[2:]) // DONL
					}
					w.s.Packet(rtpPacket(uint16(i), s.ts, false, b), 0)
				}
				w.s.Flush()
				w.s.Flush()
				if len(w.units) != len(want) {
					r.Fatalf("%d of %d pictures, %+v", len(w.units), len(want), w.s.Counters())
				}
				for i := range want {
					if string(w.units[i].b) != string(want[i]) {
						r.Errorf("picture %d is % x, want % x", i, w.units[i].b, want[i])
					}
				}
			})
		})
	}
}
