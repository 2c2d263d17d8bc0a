package depacket_test

import (
	"testing"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/storage/media"
)

var (
	avcSPS  = []byte{0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xbe, 0x40} // 640x368
	avcPPS  = []byte{0x68, 0xce, 0x3c, 0x80}
	avcPPS2 = []byte{0x68, 0xce, 0x38, 0x80}
	avcAUD  = []byte{0x09, 0xf0}
	avcSEI  = []byte{0x06, 0x05, 0x02, 0xaa, 0xbb, 0x80}
	avcIDR  = fill([]byte{0x65}, 40)
	avcP    = fill([]byte{0x41}, 30)
	// A second slice of a picture: first_mb_in_slice is not 0.
	avcIDR2 = append([]byte{0x65, 0x12}, avcIDR...)
	avcP2   = append([]byte{0x41, 0x12}, avcP...)
)

func avcBoth() depacket.Params {
	return depacket.Params{Codec: media.H264, Rate: 90000, SPS: [][]byte{avcSPS}, PPS: [][]byte{avcPPS}}
}

// fuA cuts a NAL unit into n FU-A payloads (RFC 6184 5.8).
func fuA(nal []byte, n int) (out [][]byte) {
	rest := nal[1:]
	for i := range n {
		part := rest[i*len(rest)/n : (i+1)*len(rest)/n]
		head := nal[0] & 0x1f
		if i == 0 {
			head |= 0x80
		}
		if i == n-1 {
			head |= 0x40
		}
		out = append(out, join([]byte{nal[0]&0xe0 | 28, head}, part))
	}
	return out
}

// fuB is fuA with a decoding order number in the first, which is an FU-B.
func fuB(nal []byte, n int) [][]byte {
	out := fuA(nal, n)
	out[0] = join([]byte{out[0][0]&0xe0 | 29, out[0][1], 0x12, 0x34}, out[0][2:])
	return out
}

func TestH264Packetizations(t *testing.T) {
	t.Parallel()
	key, p := avcc(avcSPS, avcPPS, avcIDR), avcc(avcP)
	for name, send := range map[string]func(*wire){
		"single": func(w *wire) {
			w.send(0, avcSPS, avcPPS, avcIDR)
			w.send(3600, avcP)
		},
		"STAP-A": func(w *wire) {
			w.send(0, join([]byte{0x78}, sized(avcSPS, avcPPS, avcIDR)))
			w.send(3600, join([]byte{0x78}, sized(avcP)))
		},
		"STAP-B": func(w *wire) {
			w.send(0, join([]byte{0x79, 0, 9}, sized(avcSPS, avcPPS)), avcIDR)
			w.send(3600, join([]byte{0x79, 0, 9}, sized(avcP)))
		},
		"FU-A": func(w *wire) {
			w.send(0, append([][]byte{avcSPS, avcPPS}, fuA(avcIDR, 4)...)...)
			w.send(3600, fuA(avcP, 2)...)
		},
		"FU-B": func(w *wire) {
			w.send(0, append([][]byte{avcSPS, avcPPS}, fuB(avcIDR, 4)...)...)
			w.send(3600, fuB(avcP, 2)...)
		},
		"MTAP16": func(w *wire) {
			w.send(0, avcSPS, avcPPS, avcIDR)
			w.send(3000, join([]byte{0x7a, 0, 0}, []byte{0, byte(len(avcP)), 0, 0x02, 0x58}, avcP))
		},
		"MTAP24 of two pictures": func(w *wire) {
			w.send(0, join([]byte{0x7b, 0, 0},
				[]byte{0, byte(len(avcSPS)), 0, 0, 0, 0}, avcSPS, []byte{0, byte(len(avcPPS)), 0, 0, 0, 0}, avcPPS,
				[]byte{0, byte(len(avcIDR)), 0, 0, 0, 0}, avcIDR, []byte{0, byte(len(avcP)), 1, 0, 0x0e, 0x10}, avcP))
		},
		"parameter sets in a packet of their own, marked": func(w *wire) {
			w.send(0, avcSPS)
			w.send(0, avcPPS)
			w.send(0, avcIDR)
			w.send(3600, avcP)
		},
		"filler": func(w *wire) {
			filler := fill([]byte{0x0c}, 30)
			w.send(0, append([][]byte{avcSPS, avcPPS, avcIDR, filler}, fuA(filler, 3)...)...)
			w.send(3600, avcP)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, depacket.Params{Codec: media.H264, Rate: 90000})
			send(w)
			w.same(key, p)
			if u := w.units[0]; u.Sync != media.KeyFrame || u.Track == nil || u.Track.Width != 640 || u.Track.Height != 368 || u.RTP != 0 {
				t.Errorf("key frame %+v", u.Unit)
			}
			if u := w.units[1]; u.Sync != media.NoSync || u.Track != nil || u.RTP != 3600 {
				t.Errorf("second picture %+v", u.Unit)
			}
			if c := w.s.Counters(); c.Damaged != 0 || c.Lost != 0 {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestH264ParameterSets(t *testing.T) {
	t.Parallel()
	t.Run("of the SDP only", func(t *testing.T) {
		t.Parallel()
		w := newWire(t, avcBoth())
		w.send(0, avcAUD, avcSEI, avcIDR, avcIDR2)
		w.send(3600, avcAUD, avcP, avcP2)
		w.send(7200, fuA(avcIDR, 3)...)
		w.same(avcc(avcAUD, avcSEI, avcSPS, avcPPS, avcIDR, avcIDR2), avcc(avcAUD, avcP, avcP2), avcc(avcSPS, avcPPS, avcIDR))
		if w.units[0].Track == nil || w.units[2].Track != nil {
			t.Error("the coding is announced once")
		}
	})
	t.Run("one kind in band", func(t *testing.T) {
		t.Parallel()
		w := newWire(t, avcBoth())
		w.send(0, avcSPS, avcIDR)
		w.same(avcc(avcSPS, avcPPS, avcIDR))
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		w := newWire(t, depacket.Params{Codec: media.H264, Rate: 90000})
		w.send(0, avcIDR)
		w.same(avcc(avcIDR))
		if w.units[0].Track != nil {
			t.Error("announced without parameter sets")
		}
	})
	t.Run("changed", func(t *testing.T) {
		t.Parallel()
		w := newWire(t, avcBoth())
		w.send(0, avcIDR)
		w.send(3600, avcSPS, avcPPS2, avcIDR)
		w.send(7200, avcIDR)
		w.same(avcc(avcSPS, avcPPS, avcIDR), avcc(avcSPS, avcPPS2, avcIDR), avcc(avcSPS, avcPPS2, avcIDR))
		if u := w.units[1]; u.Track == nil || u.Track.SameCoding(w.units[0].Track) || w.units[2].Track != nil {
			t.Errorf("%+v", u.Track)
		}
	})
	t.Run("broken", func(t *testing.T) {
		t.Parallel()
		w := newWire(t, depacket.Params{Codec: media.H264, Rate: 90000, SPS: [][]byte{{0x67}}, PPS: [][]byte{{}}})
		w.send(0, []byte{0x67, 0xff}, avcPPS, avcIDR)
		w.s.Flush()
		if len(w.units) != 1 || w.units[0].Track != nil {
			t.Errorf("%+v", w.units)
		}
	})
}

func TestH264RecoveryPoint(t *testing.T) {
	t.Parallel()
	for name, sei := range map[string][]byte{
		"first message":  {0x06, 0x06, 0x01, 0xc4, 0x80},
		"second message": {0x06, 0x05, 0x05, 0, 0, 3, 0, 9, 9, 0x06, 0x01, 0xc4, 0x80},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, avcBoth())
			w.send(0, sei, avcP)
			w.send(3600, avcSEI, avcP)
			w.same(avcc(sei, avcSPS, avcPPS, avcP), avcc(avcSEI, avcP))
			if w.units[0].Sync != media.RecoveryPoint || w.units[1].Sync != media.NoSync {
				t.Errorf("%v, %v", w.units[0].Sync, w.units[1].Sync)
			}
		})
	}
}

// TestH264Loss loses each packet of the middle one of three pictures: the
// picture is left out whole, its neighbours stay.
func TestH264Loss(t *testing.T) {
	t.Parallel()
	for name, middle := range map[string][][]byte{
		"fragments":  append([][]byte{avcAUD}, fuA(avcP, 5)...),
		"slices":     {avcP, avcP2, avcP2, avcP2},
		"aggregates": {join([]byte{0x78}, sized(avcAUD, avcP)), join([]byte{0x78}, sized(avcP2)), join([]byte{0x78}, sized(avcP2, avcP2))},
	} {
		for lost := range middle {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := newWire(t, avcBoth())
				w.lose = map[int]bool{1 + lost: true}
				w.send(0, avcIDR)
				w.send(3600, middle...)
				w.send(7200, avcP)
				key, p := avcc(avcSPS, avcPPS, avcIDR), avcc(avcP)
				if len(middle[lost]) == len(avcAUD) { // the delimiter alone is no loss
					w.same(key, avcc(avcP), p)
					return
				}
				w.same(key, p)
				if c := w.s.Counters(); c.Lost != 1 || c.Damaged != 1 {
					t.Errorf("packet %d: %+v", lost, c)
				}
			})
		}
	}
}

// TestH264WithoutMarker: a picture ends where the timestamp changes, and at the
// end of the session.
func TestH264WithoutMarker(t *testing.T) {
	t.Parallel()
	w := newWire(t, avcBoth())
	for i, nal := range [][]byte{avcIDR, avcP, avcP} {
		w.s.Packet(rtpPacket(uint16(i), uint32(i)*3600, false, nal), 0)
	}
	w.s.Flush()
	w.same(avcc(avcSPS, avcPPS, avcIDR), avcc(avcP), avcc(avcP))
}

// TestH264EndOfSequence: a NAL unit that is a header alone ends a picture and
// belongs to it.
func TestH264EndOfSequence(t *testing.T) {
	t.Parallel()
	for name, end := range map[string][]byte{"sequence": {0x0a}, "stream": {0x0b}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, avcBoth())
			w.send(0, avcIDR, end)
			w.send(3600, join([]byte{0x78}, sized(avcP, end)))
			w.same(avcc(avcSPS, avcPPS, avcIDR, end), avcc(avcP, end))
			if c := w.s.Counters(); c.Damaged != 0 {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestH264Malformed(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"empty STAP-A":      {0x78, 0, 0},
		"STAP-A cut short":  {0x78, 0, 9, 0x41, 0x80},
		"FU-A of a byte":    {0x7c, 0x81},
		"undefined":         {0x1f, 1, 2},
		"MTAP16 cut short":  {0x7a, 0, 0, 0, 9, 0, 0, 0, 0x41},
		"end without start": {0x7c, 0x41, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, avcBoth())
			w.send(0, avcIDR)
			w.send(3600, avcP, b)
			w.send(7200, avcP)
			w.same(avcc(avcSPS, avcPPS, avcIDR), avcc(avcP))
		})
	}
}
