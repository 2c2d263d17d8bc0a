package ingest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest/clocktest"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/odd"
	"qianshao/ingest/rtsp/rtsptest/packet"
	"qianshao/storage/timeline"
)

var (
	h265     = loop.Params{Codec: loop.H265}
	sliced   = loop.Params{Tune: "slices=4"}
	sliced5  = loop.Params{Codec: loop.H265, Tune: "slices=4"}
	startC   = []byte{0, 0, 0, 1}
	delimit  = []byte{0x09, 0xf0}       // access unit delimiter of H.264
	delimit5 = []byte{0x46, 0x01, 0x50} // and of H.265
)

// marked sets the marker of every packet.
func marked(v bool) func(*odd.Play, *odd.Frame, []odd.Packet) []odd.Packet {
	return bend(func(_ *odd.Play, _ *odd.Frame, q *odd.Packet) { q.Marker = v })
}

// single puts each NAL unit into packets of its own, as given.
func single(f *odd.Frame, put func(i int, nal []byte) []odd.Packet) []odd.Packet {
	var out []odd.Packet
	for i, n := range f.NALs {
		out = append(out, put(i, n)...)
	}
	out[len(out)-1].Marker = true
	return out
}

// earlier gives what precedes the slices a timestamp of its own.
func earlier(by uint32) func(*odd.Play, *odd.Frame) []odd.Packet {
	return func(p *odd.Play, f *odd.Frame) []odd.Packet {
		lead := f.Sets + 1 // and the stamp
		g := *f
		g.NALs = f.NALs[lead:]
		out := []odd.Packet{}
		for _, n := range f.NALs[:lead] {
			out = append(out, odd.Packet{Payload: n, TS: -by})
		}
		return append(out, odd.Whole(p, &g)...)
	}
}

// with puts a NAL unit before those of a frame.
func with(nal []byte, f *odd.Frame) *odd.Frame {
	g := *f
	g.NALs = append([][]byte{nal}, f.NALs...)
	return &g
}

// big is an SEI message of random content.
func big(size int) []byte {
	b := []byte{0x06, 0x05}
	for n := size; ; n -= 255 {
		if n < 255 {
			b = append(b, byte(n))
			break
		}
		b = append(b, 255)
	}
	body := noise(size, 0)
	return append(append(b, body...), 0x80)
}

// swollen makes the last slice of key frames so much larger, with bytes that no
// decoder wants.
func swollen(size int) func(*odd.Play, *odd.Frame) []odd.Packet {
	return func(p *odd.Play, f *odd.Frame) []odd.Packet {
		if f.Key {
			f.NALs = slices.Clone(f.NALs)
			last := &f.NALs[len(f.NALs)-1]
			*last = append(bytes.Clone(*last), noise(size, 0)...)
		}
		return odd.Whole(p, f)
	}
}

// withoutIDR leaves out every IDR picture, and at the beginning what comes before
// the first recovery point, and says so.
func withoutIDR() func(*odd.Play, *odd.Frame) []odd.Packet {
	begun := false
	return func(p *odd.Play, f *odd.Frame) []odd.Packet {
		idr := slices.ContainsFunc(f.NALs, func(n []byte) bool { return n[0]&0x1f == 5 })
		begun = begun || f.Key && !idr
		if f.Lost = idr || !begun; f.Lost {
			return nil
		}
		return odd.Whole(p, f)
	}
}

// drop leaves out a packet of every eighth frame but key frames, and says so.
func drop(which func(n int) int) func(*odd.Play, *odd.Frame, []odd.Packet) []odd.Packet {
	return func(_ *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
		i := which(len(packets))
		if f.I%8 != 5 || i < 1 || i >= len(packets) {
			return packets
		}
		f.Lost = true
		return append(packets[:i:i], packets[i+1:]...)
	}
}

func TestOddFraming(t *testing.T) {
	// Key frames that take a second to leave, as under the race detector, must
	// be further apart.
	apart := 2 * time.Second
	if clocktest.Slow > 1 {
		apart = 5 * time.Second
	}
	testOdd(t, []oddCase{
		{name: "marker never set", cam: odd.Camera{Bend: marked(false)}},
		{name: "marker never set, H.265", cam: odd.Camera{Film: h265, Bend: marked(false)}},
		{name: "marker always set", cam: odd.Camera{Bend: marked(true), Pack: small}, mends: "marker"},
		{name: "marker always set, H.265", cam: odd.Camera{Film: h265, Bend: marked(true), Pack: small}, mends: "marker"},
		{name: "marker set on every slice", cam: odd.Camera{Film: sliced, Bend: marked(true)}, mends: "marker"},
		{name: "marker set on parameter sets and messages", cam: odd.Camera{Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet {
			out := odd.Whole(p, f)
			for i := range min(f.Sets+1, len(out)) {
				out[i].Marker = true
			}
			return out
		}}, mends: "marker"},
		{name: "marker never set and timestamps that stand still", arrival: true, film: 4 * time.Second, mends: "timestamps", cam: odd.Camera{NextKey: true, Bend: bend(func(_ *odd.Play, _ *odd.Frame, q *odd.Packet) {
			q.Marker, q.TS = false, 77
		})}},
		{name: "several slices", cam: odd.Camera{Film: sliced}},
		{name: "several slices, H.265", cam: odd.Camera{Film: sliced5}},
		{name: "several slices, fragmented", cam: odd.Camera{Film: sliced, Pack: small}},
		{name: "delimiters", cam: odd.Camera{Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet { return odd.Whole(p, with(delimit, f)) }}},
		{name: "delimiters, H.265", cam: odd.Camera{Film: h265, Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet { return odd.Whole(p, with(delimit5, f)) }}},
		{name: "delimiters with the timestamp of the frame before", cam: odd.Camera{Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet {
			return append([]odd.Packet{{Payload: delimit, TS: ^uint32(3599)}}, odd.Whole(p, f)...)
		}}},
		{name: "delimiters with the timestamp of the frame before, no markers", cam: odd.Camera{Bend: marked(false), Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet {
			return append([]odd.Packet{{Payload: delimit, TS: ^uint32(3599)}}, odd.Whole(p, f)...)
		}}},
		{name: "parameter sets and messages with timestamps of their own", cam: odd.Camera{Pack: earlier(10)}},
		{name: "parameter sets and messages with the timestamp of the frame before", cam: odd.Camera{Pack: earlier(3600)}},
		{name: "parameter sets and messages with timestamps of their own, H.265, no markers", cam: odd.Camera{Film: h265, Pack: earlier(10), Bend: marked(false)}},
		{name: "a frame in one aggregate", cam: odd.Camera{Film: loop.Params{Bitrate: 100_000}, Pack: func(_ *odd.Play, f *odd.Frame) []odd.Packet {
			return []odd.Packet{{Payload: packet.AppendSTAPA(nil, f.NALs...), Marker: true}}
		}}},
		{name: "a frame in one aggregate, H.265", cam: odd.Camera{Film: loop.Params{Codec: loop.H265, Bitrate: 100_000}, Pack: func(_ *odd.Play, f *odd.Frame) []odd.Packet {
			return []odd.Packet{{Payload: packet.AppendAP(nil, f.NALs...), Marker: true}}
		}}},
		{name: "aggregates of one", cam: odd.Camera{Pack: func(_ *odd.Play, f *odd.Frame) []odd.Packet {
			return single(f, func(_ int, n []byte) []odd.Packet { return []odd.Packet{{Payload: packet.AppendSTAPA(nil, n)}} })
		}}},
		{name: "fragments that are the first and the last", cam: odd.Camera{Pack: func(_ *odd.Play, f *odd.Frame) []odd.Packet {
			return single(f, func(_ int, n []byte) []odd.Packet {
				return []odd.Packet{{Payload: append([]byte{n[0]&0x60 | 28, 0xc0 | n[0]&0x1f}, n[1:]...)}}
			})
		}}},
		{name: "fragments that are the first and the last, H.265", cam: odd.Camera{Film: h265, Pack: func(_ *odd.Play, f *odd.Frame) []odd.Packet {
			return single(f, func(_ int, n []byte) []odd.Packet {
				return []odd.Packet{{Payload: append([]byte{n[0]&0x81 | 49<<1, n[1], 0xc0 | n[0]>>1&0x3f}, n[2:]...)}}
			})
		}}},
		{name: "fragments of a byte", cam: odd.Camera{Film: loop.Params{Bitrate: 30_000}, Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet { return odd.Cut(p, f, 3) }}},
		{name: "start codes before every NAL unit", mends: "start_codes", cam: odd.Camera{Film: loop.Params{Bitrate: 60_000}, Pack: func(_ *odd.Play, f *odd.Frame) []odd.Packet {
			return single(f, func(_ int, n []byte) []odd.Packet { return []odd.Packet{{Payload: append(bytes.Clone(startC), n...)}} })
		}}},
		{name: "a byte stream in a packet", mends: "start_codes", cam: odd.Camera{Film: loop.Params{Bitrate: 60_000}, Pack: func(_ *odd.Play, f *odd.Frame) []odd.Packet {
			var b []byte
			for _, n := range f.NALs {
				b = append(append(b, startC...), n...)
			}
			return []odd.Packet{{Payload: b, Marker: true}}
		}}},
		{name: "a byte stream in a packet, H.265", mends: "start_codes", cam: odd.Camera{Film: loop.Params{Codec: loop.H265, Bitrate: 60_000}, Pack: func(_ *odd.Play, f *odd.Frame) []odd.Packet {
			var b []byte
			for _, n := range f.NALs {
				b = append(append(b, startC[1:]...), n...)
			}
			return []odd.Packet{{Payload: b, Marker: true}}
		}}},
		{name: "a byte stream in fragments", mends: "start_codes", cam: odd.Camera{Pack: func(_ *odd.Play, f *odd.Frame) []odd.Packet {
			var b []byte
			for i, n := range f.NALs {
				if i > 0 {
					b = append(b, startC...)
				}
				b = append(b, n...)
			}
			var out []odd.Packet
			for _, part := range packet.H264([][]byte{b}, 900) {
				out = append(out, odd.Packet{Payload: part})
			}
			out[len(out)-1].Marker = true
			return out
		}}},
		{name: "zeros behind NAL units", cam: odd.Camera{Pack: func(_ *odd.Play, f *odd.Frame) []odd.Packet {
			return single(f, func(i int, n []byte) []odd.Packet {
				if i < f.Sets+1 {
					return []odd.Packet{{Payload: append(bytes.Clone(n), 0, 0)}}
				}
				var out []odd.Packet
				for _, part := range packet.H264([][]byte{n}, 1400) {
					out = append(out, odd.Packet{Payload: part})
				}
				return out
			})
		}}},
		{name: "B-frames", cam: odd.Camera{Film: loop.Params{BFrames: 2}}},
		{name: "B-frames, H.265", cam: odd.Camera{Film: loop.Params{Codec: loop.H265, BFrames: 2}}},
		{name: "B-frames without markers", cam: odd.Camera{Film: loop.Params{BFrames: 3}, Bend: marked(false)}},
		// From the key frame before to the one behind: a camera opens with what it
		// filmed since the last, so this takes up to a minute.
		{name: "a GOP of a minute", film: 62 * time.Second, check: keys(2), cam: odd.Camera{Film: loop.Params{GOP: 60, Seconds: 60, FPS: 5, Bitrate: 50_000}}},
		{name: "intra refresh without IDR", rough: true, film: 4 * time.Second, cam: odd.Camera{Film: loop.Params{Tune: "intra-refresh=1"}}},
		{name: "intra refresh, never an IDR", rough: true, film: 5 * time.Second, cam: odd.Camera{Film: loop.Params{Tune: "intra-refresh=1"}, Pack: withoutIDR()}},
		{name: "key frames of 1 MB", film: 3 * time.Second, cam: odd.Camera{NextKey: true, Film: loop.Params{GOP: 2}, Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet {
			if f.Key {
				f = with(big(1<<20), f)
			}
			return odd.Whole(p, f)
		}}},
		{name: "key frames of 7 MB", film: apart + time.Second, arrival: true, cam: odd.Camera{NextKey: true, Film: loop.Params{GOP: apart.Seconds()}, Pack: func(p *odd.Play, f *odd.Frame) []odd.Packet {
			if f.Key {
				f = with(big(7<<20), f)
			}
			return odd.Whole(p, f)
		}}},
		{name: "key frames of 7 MB in one slice", rough: true, film: apart + time.Second, arrival: true, cam: odd.Camera{NextKey: true, Film: loop.Params{GOP: apart.Seconds()}, Pack: swollen(7 << 20)}},
		{name: "key frames of 4 MB in one slice, H.265", rough: true, film: apart + time.Second, arrival: true, cam: odd.Camera{NextKey: true, Film: loop.Params{Codec: loop.H265, GOP: apart.Seconds()}, Pack: swollen(4 << 20)}},
		{name: "another resolution in mid-session", film: 4 * time.Second, cam: odd.Camera{Then: loop.Params{Width: 640, Height: 360}, ThenAfter: 2 * time.Second}},
		{name: "another frame rate in mid-session", film: 4 * time.Second, cam: odd.Camera{Then: loop.Params{FPS: 12, GOP: 1}, ThenAfter: 2 * time.Second}},
		{name: "the first packet is lost", film: 4 * time.Second, cam: odd.Camera{Pack: small, Bend: drop(func(int) int { return 1 })}},
		{name: "a packet in the middle is lost", film: 4 * time.Second, cam: odd.Camera{Pack: small, Bend: drop(func(n int) int { return n / 2 })}},
		{name: "the last packet is lost", film: 4 * time.Second, cam: odd.Camera{Pack: small, Bend: drop(func(n int) int { return n - 1 })}},
		{name: "the last packet is lost, H.265", film: 4 * time.Second, cam: odd.Camera{Film: h265, Pack: small, Bend: drop(func(n int) int { return n - 1 })}},
		{name: "a packet in the middle is lost, H.265 without markers", film: 4 * time.Second, cam: odd.Camera{Film: h265, Pack: small, Bend: func(p *odd.Play, f *odd.Frame, q []odd.Packet) []odd.Packet {
			return drop(func(n int) int { return n / 2 })(p, f, marked(false)(p, f, q))
		}}},
		{name: "the first packet is lost, H.265", film: 4 * time.Second, cam: odd.Camera{Film: h265, Pack: small, Bend: drop(func(int) int { return 1 })}},
		{name: "slices that are lost", film: 4 * time.Second, cam: odd.Camera{Film: sliced, Bend: drop(func(int) int { return 3 })}},
		{name: "slices that are lost, H.265", film: 4 * time.Second, cam: odd.Camera{Film: sliced5, Bend: drop(func(int) int { return 3 })}},
		{name: "ends of fragments that are not marked", film: 4 * time.Second, cam: odd.Camera{Pack: small, Bend: func(_ *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
			if last := &packets[len(packets)-1]; f.I%8 == 5 && last.Payload[0]&0x1f == 28 {
				f.Lost = true
				last.Payload = bytes.Clone(last.Payload)
				last.Payload[1] &^= 0x40
			}
			return packets
		}}},
	})
}

// keys wants so many key frames among what was sent, and nothing broken off.
func keys(n int) func(*testing.T, *oddOutcome) {
	return func(t *testing.T, o *oddOutcome) {
		t.Helper()
		once(t, o)
		got := 0
		for _, s := range o.cam.Shots() {
			if s.Key {
				got++
			}
		}
		if got < n {
			t.Errorf("%d key frames were sent, want %d", got, n)
		}
	}
}

func TestOddAudio(t *testing.T) {
	latm := edit("mpeg4-generic/16000/1", "MP4A-LATM/16000/1", "streamtype=5;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=1408", "profile-level-id=30;object=2;cpresent=0;config=400028103FC0")
	testOdd(t, []oddCase{
		{name: "AAC", cam: odd.Camera{Audio: loop.AAC}, audio: "aac", check: sounds, film: 4 * time.Second},
		{name: "audio seconds before video", film: 3 * time.Second, cam: odd.Camera{Audio: loop.PCMA, NextKey: true, Late: 3 * time.Second, SoundFirst: true}, audio: "pcma"},
		{name: "AAC as LATM", film: 4 * time.Second, audio: "aac", check: sounds, cam: odd.Camera{Audio: loop.AAC, SDP: latm, Sound: func(_ *odd.Play, _ int, packets []odd.Packet) []odd.Packet {
			frame := packets[0].Payload[4:] // behind the AU header
			b := bytes.Repeat([]byte{255}, len(frame)/255)
			packets[0].Payload = append(append(b, byte(len(frame)%255)), frame...)
			return packets
		}}},
		{name: "AAC as ADTS in AU headers", film: 4 * time.Second, audio: "aac", check: sounds, cam: odd.Camera{Audio: loop.AAC, Sound: func(_ *odd.Play, _ int, packets []odd.Packet) []odd.Packet {
			framed := packet.ADTS(packets[0].Payload[4:])
			b := binary.BigEndian.AppendUint16([]byte{0, 16}, uint16(len(framed))<<3)
			packets[0].Payload = append(b, framed...)
			return packets
		}}},
		{name: "AAC as ADTS without AU headers", film: 4 * time.Second, audio: "aac", check: sounds, cam: odd.Camera{Audio: loop.AAC, Sound: func(_ *odd.Play, _ int, packets []odd.Packet) []odd.Packet {
			packets[0].Payload = packet.ADTS(packets[0].Payload[4:])
			return packets
		}}},
		{name: "AAC with a broken config, the video goes on", cam: odd.Camera{Audio: loop.AAC, SDP: edit("config=1408", "config=zz")}},
		{name: "AAC with a config of zeros, the video goes on", cam: odd.Camera{Audio: loop.AAC, SDP: edit("config=1408", "config=0000")}},
		{name: "AAC without sizes, the video goes on", cam: odd.Camera{Audio: loop.AAC, SDP: edit("sizelength=13;", "")}},
		{name: "AAC packets that are garbage, the video goes on", cam: odd.Camera{Audio: loop.AAC, Sound: func(_ *odd.Play, _ int, packets []odd.Packet) []odd.Packet {
			packets[0].Payload = noise(100, 0)
			return packets
		}}},
		{name: "the audio track is refused, the video goes on", cam: odd.Camera{Audio: loop.PCMA, Reply: func(r *odd.Reply) {
			if r.Method == "SETUP" && len(r.URI) > 0 && r.URI[len(r.URI)-1] == '1' {
				r.Status, r.Reason = 406, "Not Acceptable"
			}
		}}},
	})
}

// breaking breaks the connection at a frame of every session; nobody knows what
// of the last unsure frames before it arrived.
func breaking(at, unsure int, how func(p *odd.Play, packets []odd.Packet) error) func(*odd.Play, *odd.Frame, []odd.Packet) error {
	return func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
		if p.N > 2 { // sessions enough
			return p.Send(packets...)
		}
		if f.I < at {
			f.Maybe = at-f.I < unsure
			return p.Send(packets...)
		}
		f.Lost = true
		return how(p, packets)
	}
}

func TestOddLife(t *testing.T) {
	back := func(t *testing.T, o *oddOutcome) {
		t.Helper()
		if o.cam.Count("PLAY") < 3 {
			t.Errorf("played %d times", o.cam.Count("PLAY"))
		}
	}
	gone := errors.New("the camera broke off")
	testOdd(t, []oddCase{
		{name: "EOF in mid-frame", after: 3, check: back, cam: odd.Camera{NextKey: true, Write: breaking(40, 0, func(p *odd.Play, packets []odd.Packet) error {
			b := packets[0].Interleaved()
			_ = p.Conn.Write(b[:len(b)/2]) // the connection ends anyway
			p.Conn.Close()
			return gone
		})}},
		{name: "RST", after: 3, check: back, cam: odd.Camera{NextKey: true, Write: breaking(40, 30, func(p *odd.Play, _ []odd.Packet) error {
			p.Conn.Reset()
			return gone
		})}},
		{name: "a reboot every other second", after: 5, check: back, cam: odd.Camera{NextKey: true, Write: func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
			if f.Maybe = f.I > 20 && p.N < 5; p.N < 5 && f.I > 50 {
				p.Conn.Reset()
				return gone
			}
			return p.Send(packets...)
		}}},
		{name: "a reboot every 30 s", after: 3, film: 2 * time.Second, check: shortGaps, cam: odd.Camera{NextKey: true, Film: loop.Params{FPS: 10, GOP: 1}, Write: func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
			if f.Maybe = f.I > 295 && p.N < 3; p.N < 3 && f.I >= 300 {
				p.Conn.Reset()
				return gone
			}
			return p.Send(packets...)
		}}},
		{name: "alive but silent", after: 2, cam: odd.Camera{NextKey: true, Write: silentAfter(40)}, check: stalledGap},
		{name: "half-open: nothing comes any more", after: 2, check: stalledGap, cam: odd.Camera{NextKey: true, Write: silentAfter(40), Reply: func(r *odd.Reply) {
			r.Silent = r.Conn.Playing() // as if it were not there
		}}},
		{name: "DESCRIBE is not answered once", cam: odd.Camera{Reply: func(r *odd.Reply) { r.Silent = r.Method == "DESCRIBE" && r.N == 1 }}},
		{name: "a stale session: 454 to SETUP, then fine", cam: odd.Camera{Reply: status("SETUP", 2, 454, "Session Not Found")}},
		{name: "the connection is closed after DESCRIBE once", cam: odd.Camera{Reply: func(r *odd.Reply) { r.Close = r.Method == "DESCRIBE" && r.N == 1 }}},
		{name: "only frames that cannot be decoded", cam: odd.Camera{SDP: swap(setsOf, ""), Pack: noSets}, with: nil, cause: "stalled", says: "no picture"},
	})
}

// silentAfter sends nothing any more from a frame of the first session on.
func silentAfter(n int) func(*odd.Play, *odd.Frame, []odd.Packet) error {
	return func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
		if p.N == 1 && f.I >= n {
			f.Lost = true
			return nil
		}
		return p.Send(packets...)
	}
}

// shortGaps wants two and perhaps one before the first session, none much longer
// than a key frame is away.
func shortGaps(t *testing.T, o *oddOutcome) {
	t.Helper()
	for _, g := range o.gaps {
		if d := time.Duration(g.To-g.From) * time.Microsecond; g.Cause != timeline.CameraOffline || d > 3*time.Second {
			t.Errorf("a gap of %s, %s", d, g.Cause)
		}
	}
	if n := len(o.gaps); n < 2 || n > 3 {
		t.Errorf("%d gaps: %+v", n, o.gaps)
	}
}

// stalledGap wants one, and not much longer than silence is borne.
func stalledGap(t *testing.T, o *oddOutcome) {
	t.Helper()
	for _, g := range o.gaps {
		if g.Cause == "stalled" && time.Duration(g.To-g.From)*time.Microsecond < 8*time.Second {
			return
		}
	}
	t.Errorf("no gap by stalled, or one that is too long: %+v", o.gaps)
}
