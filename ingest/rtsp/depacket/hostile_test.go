package depacket_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/storage/media"
)

// tracks are what a fuzzer feeds, by name.
func tracks() map[string]depacket.Params {
	aac := depacket.Params{Codec: media.AAC, Rate: 16000, Config: []byte{0x14, 0x08}, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3}
	return map[string]depacket.Params{
		"h264":             avcBoth(),
		"h264 interleaved": {Codec: media.H264, Rate: 90000, InterleavingDepth: 4},
		"h265":             {Codec: media.H265, Rate: 90000},
		"h265 donl":        {Codec: media.H265, Rate: 90000, MaxDONDiff: 8, DepackUnits: 4},
		"mjpeg":            {Codec: media.MJPEG, Rate: 90000},
		"aac":              aac,
		"latm":             {Codec: media.AAC, Rate: 16000, Config: []byte{0x14, 0x08}, LATM: true},
		"pcma":             {Codec: media.PCMA, Rate: 8000, Channels: 1},
		"opus":             {Codec: media.Opus, Rate: 48000, Channels: 2},
	}
}

// hostile feeds a stream whatever bytes come: a script of packets, each a byte
// of flags, two bytes of length and so many of payload.
func hostile(f *testing.F, name string, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	p := tracks()[name]
	f.Fuzz(func(t *testing.T, script []byte) {
		var chain media.Chain
		defer chain.Close()
		var part media.Part
		last, units := int64(0), 0
		s, err := depacket.New(p, &chain, func(u media.Unit) {
			units++
			if u.Pos < last || u.Len <= 0 || u.Pos+int64(u.Len) > chain.End() {
				t.Fatalf("unit %d at %d of %d bytes behind %d, the chain ends at %d", units, u.Pos, u.Len, last, chain.End())
			}
			last = u.Pos + int64(u.Len)
			b := chain.AppendTo(nil, u.Pos, last)
			switch p.Codec {
			case media.H264, media.H265:
				for len(b) > 0 {
					if len(b) < 5 || int64(binary.BigEndian.Uint32(b)) > int64(len(b)-4) || binary.BigEndian.Uint32(b) == 0 {
						t.Fatalf("NAL unit lengths do not add up: % x", b[:min(len(b), 12)])
					}
					b = b[4+binary.BigEndian.Uint32(b):]
				}
			case media.MJPEG:
				if !bytes.HasPrefix(b, []byte{0xff, 0xd8, 0xff}) || !bytes.HasSuffix(b, []byte{0xff, 0xd9}) {
					t.Fatalf("no JPEG: % x … % x", b[:min(len(b), 4)], b[max(0, len(b)-4):])
				}
			}
			chain.Take(last, &part)
			part.Release()
		})
		if err != nil {
			t.Fatal(err)
		}
		seq, ts := uint16(0), uint32(0)
		for len(script) >= 3 {
			flags, n := script[0], min(int(script[1])|int(script[2]&7)<<8, len(script)-3)
			payload := script[3 : 3+n]
			script = script[3+n:]
			if flags&1 == 0 {
				ts += 3600
			}
			seq += uint16(flags >> 5) // 0: the same again
			s.Packet(rtpPacket(seq, ts, flags&2 != 0, payload), time.Duration(seq)*time.Millisecond)
			if held := chain.End() - chain.Taken(); held > 64<<20 {
				t.Fatalf("%d bytes are held", held)
			}
		}
		s.Flush()
		if c := s.Counters(); uint64(units) > c.Packets*64+64 {
			t.Fatalf("%d units of %d packets", units, c.Packets)
		}
	})
}

// script makes one of payloads, two a picture.
func script(payloads ...[]byte) (b []byte) {
	for i, p := range payloads {
		b = append(b, 0x20|byte(i&1)<<1|byte(i&1), byte(len(p)), byte(len(p)>>8))
		b = append(b, p...)
	}
	return b
}

func FuzzH264(f *testing.F) {
	hostile(f, "h264", script(avcIDR, avcP), script(join([]byte{0, 0, 0, 1}, avcSPS, []byte{0, 0, 1}, avcPPS, []byte{0, 0, 1}, avcIDR), []byte{0, 0, 0, 1}), script(append([][]byte{join([]byte{0x78}, sized(avcSPS, avcPPS, avcIDR))}, fuA(avcP, 3)...)...))
}

func FuzzH264Interleaved(f *testing.F) {
	hostile(f, "h264 interleaved", script(join([]byte{0x79, 0, 1}, sized(avcSPS, avcPPS, avcIDR)), []byte{0x7d, 0x81, 0, 2, 9, 9}, []byte{0x7a, 0, 3, 0, 2, 0, 0, 1, 0x41, 0x80}))
}

func FuzzH265(f *testing.F) {
	hostile(f, "h265", script([]byte{0x40, 1, 0x0c, 1}, []byte{0x26, 1, 0x80, 5, 5}, []byte{0x62, 1, 0x93, 0x80, 7}, []byte{0x62, 1, 0x53, 7}, []byte{0x60, 1, 0, 3, 0x02, 1, 0x80}))
}

func FuzzH265DONL(f *testing.F) {
	hostile(f, "h265 donl", script([]byte{0x26, 1, 0, 1, 0x80, 5}, []byte{0x62, 1, 0x93, 0, 2, 0x80, 7}, []byte{0x60, 1, 0, 3, 0, 3, 0x02, 1, 0x80}))
}

func FuzzMJPEG(f *testing.F) {
	hostile(f, "mjpeg", script([]byte{0, 0, 0, 0, 1, 80, 8, 6, 1, 2, 3}, []byte{0, 0, 0, 3, 65, 255, 8, 6, 0, 4, 0xff, 0xff, 0, 0, 0, 64, 1, 2}))
}

func FuzzLATM(f *testing.F) {
	hostile(f, "latm", script([]byte{2, 1, 2}, []byte{3, 1, 2, 3}), script([]byte{255, 255, 1}, []byte{3, 1}))
}

func FuzzAAC(f *testing.F) {
	hostile(f, "aac", script([]byte{0, 16, 0, 24, 1, 2, 3}, []byte{0, 32, 0, 8, 0, 8, 1, 2}))
}

func FuzzPCMA(f *testing.F) { hostile(f, "pcma", script(make([]byte, 160), make([]byte, 80))) }

func FuzzOpus(f *testing.F) { hostile(f, "opus", script([]byte{0x78, 1, 2}, []byte{0x7b, 0x82, 1, 2})) }

// steady is a second of a track in packets of usual size: run sends it once
// more.
func steady(t testing.TB, name string) (run func(), packets int, units *int) {
	t.Helper()
	p := tracks()[name]
	var chain media.Chain
	t.Cleanup(chain.Close)
	var part media.Part
	units = new(int)
	s, err := depacket.New(p, &chain, func(u media.Unit) {
		*units++
		chain.Take(u.Pos+int64(u.Len), &part)
		part.Release()
	})
	if err != nil {
		t.Fatal(err)
	}
	type out struct {
		ts     uint32
		marker bool
		b      []byte
	}
	var list []out
	video := func(unit func(n int) [][]byte) {
		for i := range 25 {
			parts := unit(10_000)
			for k, b := range parts {
				list = append(list, out{uint32(i) * 3600, k == len(parts)-1, b})
			}
		}
	}
	period := uint32(90000)
	switch p.Codec {
	case media.H264:
		video(func(n int) [][]byte { return fuA(fill([]byte{0x41, 0x80}, n), n/1400+1) })
	case media.H265:
		video(func(n int) [][]byte {
			var parts [][]byte
			for at := 0; at < n; at += 1400 {
				head := byte(1)
				if at == 0 {
					head |= 0x80
				}
				if at+1400 >= n {
					head |= 0x40
				}
				parts = append(parts, append([]byte{0x62, 1, head, 0x80}, make([]byte, 1400)...))
			}
			return parts
		})
	case media.AAC:
		period = 16384
		for i := range 16 {
			list = append(list, out{uint32(i) * 1024, true, append([]byte{0, 16, 0x06, 0x40}, make([]byte, 200)...)})
		}
	case media.PCMA:
		period = 8000
		for i := range 50 {
			list = append(list, out{uint32(i) * 160, false, make([]byte, 160)})
		}
	}
	var wire [][]byte
	for _, o := range list {
		wire = append(wire, rtpPacket(0, 0, o.marker, o.b))
	}
	seq, base := uint16(0), uint32(0)
	return func() {
		for i, b := range wire {
			binary.BigEndian.PutUint16(b[2:], seq)
			binary.BigEndian.PutUint32(b[4:], base+list[i].ts)
			seq++
			s.Packet(b, time.Second)
		}
		base += period
	}, len(wire), units
}

// A packet is depacketized without an allocation.
func TestPacketAllocates(t *testing.T) {
	for _, name := range []string{"h264", "h265", "aac", "pcma"} {
		run, packets, units := steady(t, name)
		for range 20 {
			run()
		}
		before := *units
		n := testing.AllocsPerRun(100, run)
		if *units-before < 101*15 {
			t.Fatalf("%s: only %d units of %d packets", name, *units-before, 101*packets)
		}
		if n != 0 {
			t.Errorf("%s: %v allocations for %d packets", name, n, packets)
		}
	}
}

func BenchmarkPackets(b *testing.B) {
	for _, name := range []string{"h264", "h265", "aac", "pcma"} {
		b.Run(name, func(b *testing.B) {
			run, packets, _ := steady(b, name)
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*packets), "ns/packet")
		})
	}
}
