package depacket_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/storage/media"
)

// got is a unit with its bytes.
type got struct {
	media.Unit
	b []byte
}

// wire feeds a Stream packet by packet.
type wire struct {
	t     testing.TB
	s     *depacket.Stream
	chain media.Chain
	units []got
	seq   uint16
	lose  map[int]bool // packets that never arrive, by place
	n     int
}

func newWire(t testing.TB, p depacket.Params) *wire {
	t.Helper()
	w := &wire{t: t, seq: 65530}
	s, err := depacket.New(p, &w.chain, func(u media.Unit) {
		w.units = append(w.units, got{u, w.chain.AppendTo(nil, u.Pos, u.Pos+int64(u.Len))})
	})
	if err != nil {
		t.Fatal(err)
	}
	w.s = s
	t.Cleanup(w.chain.Close)
	return w
}

// rtpPacket forms an RTP packet (RFC 3550 5.1).
func rtpPacket(seq uint16, ts uint32, marker bool, payload []byte) []byte {
	b := []byte{0x80, 96}
	if marker {
		b[1] |= 0x80
	}
	b = binary.BigEndian.AppendUint16(b, seq)
	b = binary.BigEndian.AppendUint32(b, ts)
	b = binary.BigEndian.AppendUint32(b, 7)
	return append(b, payload...)
}

// send sends the payloads of one timestamp, the marker on the last.
func (w *wire) send(ts uint32, payloads ...[]byte) {
	for i, p := range payloads {
		if !w.lose[w.n] {
			w.s.Packet(rtpPacket(w.seq, ts, i == len(payloads)-1, p), time.Duration(w.n)*time.Millisecond)
		}
		w.seq++
		w.n++
	}
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// avcc puts 4-byte lengths before NAL units.
func avcc(nals ...[]byte) []byte {
	var out []byte
	for _, n := range nals {
		out = binary.BigEndian.AppendUint32(out, uint32(len(n)))
		out = append(out, n...)
	}
	return out
}

// sized puts 2-byte lengths before NAL units, as aggregation packets do.
func sized(nals ...[]byte) []byte {
	var out []byte
	for _, n := range nals {
		out = binary.BigEndian.AppendUint16(out, uint16(len(n)))
		out = append(out, n...)
	}
	return out
}

// fill is a NAL unit of n bytes behind its header.
func fill(head []byte, n int) []byte {
	b := bytes.Clone(head)
	for i := range n {
		b = append(b, byte(0x80|i%113))
	}
	return b
}

// same checks the units' bytes.
func (w *wire) same(want ...[]byte) {
	w.t.Helper()
	w.s.Flush()
	if len(w.units) != len(want) {
		w.t.Fatalf("%d units, want %d; %+v", len(w.units), len(want), w.s.Counters())
	}
	for i, u := range w.units {
		if !bytes.Equal(u.b, want[i]) {
			w.t.Errorf("unit %d is %x, want %x", i, u.b, want[i])
		}
	}
}

func TestSequence(t *testing.T) {
	t.Parallel()
	w := newWire(t, depacket.Params{Codec: media.PCMA, Rate: 8000})
	for _, c := range []struct {
		seq  uint16
		take bool
	}{{65534, true}, {65535, true}, {0, true}, {0, false}, {65535, false}, {3, true}, {2, false}, {40000, true}, {40001, true}} {
		before := len(w.units)
		w.s.Packet(rtpPacket(c.seq, 0, false, []byte{1, 2}), 0)
		if took := len(w.units) > before; took != c.take {
			t.Errorf("packet %d taken: %v", c.seq, took)
		}
	}
	c := w.s.Counters()
	if c.Packets != 6 || c.Reordered != 3 || c.Lost < 2 {
		t.Errorf("%+v", c)
	}
}

func TestMalformedPackets(t *testing.T) {
	t.Parallel()
	w := newWire(t, depacket.Params{Codec: media.PCMU, Rate: 8000})
	padded := rtpPacket(1, 0, false, []byte{1, 2, 3, 2})
	padded[0] |= 0x20
	w.s.Packet(padded, 0)
	w.same([]byte{1, 2})
	worse := rtpPacket(2, 0, false, []byte{1, 2, 200})
	worse[0] |= 0x20
	for _, b := range [][]byte{nil, {0x80}, worse, rtpPacket(3, 0, false, nil)} {
		w.s.Packet(b, 0)
	}
	w.same([]byte{1, 2})
}

func TestUnsupported(t *testing.T) {
	t.Parallel()
	for _, p := range []depacket.Params{{}, {Codec: 99}, {Codec: media.AAC, Rate: 48000}, {Codec: media.AAC, Config: []byte{0x12, 0x10}}} {
		if _, err := depacket.New(p, &media.Chain{}, func(media.Unit) {}); err == nil {
			t.Errorf("%+v taken", p)
		}
	}
}
