package ingest

import (
	"encoding/binary"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/odd"
	"qianshao/registry"
)

// bend changes every packet of the video.
func bend(change func(p *odd.Play, f *odd.Frame, q *odd.Packet)) func(*odd.Play, *odd.Frame, []odd.Packet) []odd.Packet {
	return func(p *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
		for i := range packets {
			change(p, f, &packets[i])
		}
		return packets
	}
}

// stamps gives frames other timestamps: at says by how many ticks.
func stamps(at func(f *odd.Frame) int64) func(*odd.Play, *odd.Frame, []odd.Packet) []odd.Packet {
	return bend(func(_ *odd.Play, f *odd.Frame, q *odd.Packet) { q.TS += uint32(at(f)) })
}

const second = 90_000 // of the video's clock

func TestOddRTP(t *testing.T) {
	known := func(offset time.Duration) func(*testing.T, *oddOutcome) {
		return func(t *testing.T, o *oddOutcome) {
			t.Helper()
			if off := time.Duration(o.state.ClockOffset) * time.Microsecond; !o.state.ClockKnown || (off-offset).Abs() > time.Second {
				t.Errorf("the camera's clock is off by %s, the record says %s (%v)", offset, off, o.state.ClockKnown)
			}
		}
	}
	clock := func(offset func(p *odd.Play) time.Duration) func(*odd.Play, *odd.Frame) []byte {
		return func(p *odd.Play, _ *odd.Frame) []byte {
			now := p.Now()
			return odd.SenderReport(p.Video.SSRC, now+offset(p).Microseconds(), p.Video.Base+uint32(uint64(now)*9/100), 1, 1)
		}
	}
	testOdd(t, []oddCase{
		{name: "padding", cam: odd.Camera{Bend: bend(func(_ *odd.Play, f *odd.Frame, q *odd.Packet) { q.Pad = 1 + f.I%200 })}},
		{name: "header extensions", cam: odd.Camera{Bend: bend(func(_ *odd.Play, f *odd.Frame, q *odd.Packet) { q.Ext = make([]byte, 4*(f.I%9)) })}},
		{name: "header extensions that are not what they say", cam: odd.Camera{Bend: bend(func(_ *odd.Play, _ *odd.Frame, q *odd.Packet) { q.Ext = []byte("extended") })}},
		{name: "contributing sources", cam: odd.Camera{Bend: bend(func(_ *odd.Play, f *odd.Frame, q *odd.Packet) { q.CSRC = make([]uint32, f.I%16) })}},
		{name: "all of these", cam: odd.Camera{Bend: bend(func(_ *odd.Play, _ *odd.Frame, q *odd.Packet) {
			q.Pad, q.Ext, q.CSRC = 4, make([]byte, 8), []uint32{1, 2}
		})}},
		{name: "packets of padding alone", cam: odd.Camera{Bend: func(_ *odd.Play, _ *odd.Frame, packets []odd.Packet) []odd.Packet {
			last := packets[len(packets)-1]
			last.Payload, last.Pad, last.Marker = nil, 100, false
			last.Seq++
			last.Track.Seq++
			return append(packets, last)
		}}},
		{name: "another SSRC every GOP", cam: odd.Camera{Bend: bend(func(_ *odd.Play, f *odd.Frame, q *odd.Packet) { q.SSRC += uint32(f.I / 10) })}},
		{name: "another SSRC, sequence and timestamps every GOP", film: 5 * time.Second, cam: odd.Camera{Bend: bend(func(_ *odd.Play, f *odd.Frame, q *odd.Packet) {
			gop := uint32(f.I / 10)
			q.SSRC, q.Seq, q.TS = q.SSRC+gop, q.Seq+uint16(gop*7777), q.TS+gop*1_234_567_890
		})}, mends: "timestamps"},
		{name: "sequence numbers jump ahead", cam: odd.Camera{Bend: func(_ *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
			if f.I%7 == 6 {
				packets[0].Track.Seq += 1000
			}
			return packets
		}}},
		{name: "sequence numbers jump ahead, UDP", with: by(registry.UDP), cam: odd.Camera{Bend: func(_ *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
			if f.I%7 == 6 {
				packets[0].Track.Seq += 1000
			}
			return packets
		}}},
		{name: "sequence numbers jump back, UDP", with: by(registry.UDP), cam: odd.Camera{Bend: func(_ *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
			if f.I%7 == 6 {
				packets[0].Track.Seq -= 1000
			}
			return packets
		}}},
		{name: "sequence numbers wrap, UDP", with: by(registry.UDP), cam: odd.Camera{Bend: bend(func(_ *odd.Play, _ *odd.Frame, q *odd.Packet) { q.Seq += 65_500 - q.Track.Seq0 })}},
		{name: "another SSRC every GOP, UDP", with: by(registry.UDP), cam: odd.Camera{Bend: bend(func(_ *odd.Play, f *odd.Frame, q *odd.Packet) { q.SSRC += uint32(f.I / 10) })}},
		{name: "sequence numbers jump back", cam: odd.Camera{Bend: func(_ *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
			if f.I%7 == 6 {
				packets[0].Track.Seq -= 20
			}
			return packets
		}}},
		{name: "sequence numbers begin anew with every frame", cam: odd.Camera{Bend: func(_ *odd.Play, _ *odd.Frame, packets []odd.Packet) []odd.Packet {
			for i := range packets {
				packets[i].Seq = uint16(i)
			}
			return packets
		}}},
		{name: "sequence numbers stand still", cam: odd.Camera{Bend: bend(func(_ *odd.Play, _ *odd.Frame, q *odd.Packet) { q.Seq = 1 })}},
		{name: "sequence numbers wrap", cam: odd.Camera{Bend: bend(func(_ *odd.Play, _ *odd.Frame, q *odd.Packet) { q.Seq += 65_500 - q.Track.Seq0 })}},
		{name: "timestamps wrap", cam: odd.Camera{Bend: stamps(func(f *odd.Frame) int64 { return -int64(f.TS) + int64(f.Ticks-f.Ticks0) - second })}},

		{name: "timestamps jump by an hour", film: 6 * time.Second, mends: "timestamps", cam: odd.Camera{Bend: stamps(func(f *odd.Frame) int64 {
			if f.I > 60 {
				return 3600 * second
			}
			return 0
		})}},
		{name: "timestamps step back by 10 s", film: 6 * time.Second, mends: "timestamps", cam: odd.Camera{Bend: stamps(func(f *odd.Frame) int64 {
			if f.I > 60 {
				return -10 * second
			}
			return 0
		})}},
		{name: "timestamps step back by 300 ms", film: 6 * time.Second, mends: "timestamps", cam: odd.Camera{Bend: stamps(func(f *odd.Frame) int64 {
			if f.I > 80 {
				return -second * 3 / 10
			}
			return 0
		})}},
		{name: "timestamps freeze for a second", film: 6 * time.Second, mends: "timestamps", cam: odd.Camera{Bend: bend(func(_ *odd.Play, f *odd.Frame, q *odd.Packet) {
			if f.I > 60 && f.I < 85 {
				q.TS -= uint32(f.I-60) * 3600
			}
		})}},
		{name: "timestamps stand still", arrival: true, film: 4 * time.Second, mends: "timestamps", cam: odd.Camera{NextKey: true, Bend: stamps(func(f *odd.Frame) int64 { return -int64(f.TS) + 12345 })}},
		{name: "timestamps stand still and the line does for 2.3 s", arrival: true, film: 8 * time.Second, mends: "timestamps", cam: odd.Camera{
			NextKey: true, Film: loop.Params{GOP: 8},
			Bend: stamps(func(f *odd.Frame) int64 { return -int64(f.TS) + 12345 }),
			Pace: func(_ *odd.Play, f *odd.Frame) time.Duration {
				if f.I == 75 {
					return 2300 * time.Millisecond
				}
				return 0
			},
		}},
		{name: "timestamps that are all 0", arrival: true, film: 4 * time.Second, mends: "timestamps", cam: odd.Camera{NextKey: true, Bend: stamps(func(f *odd.Frame) int64 { return -int64(f.TS) })}},
		{name: "timestamps spike", film: 5 * time.Second, mends: "timestamps", cam: odd.Camera{Bend: stamps(func(f *odd.Frame) int64 {
			if f.I%40 == 39 {
				return 100 * second
			}
			return 0
		})}},
		{name: "timestamps are random", arrival: true, film: 5 * time.Second, mends: "timestamps", cam: odd.Camera{NextKey: true, Bend: stamps(func(f *odd.Frame) int64 { return int64(f.Ticks*2654435761) & 0xffffffff })}},
		{name: "timestamps run 1 in 1,000 fast", film: 6 * time.Second, cam: odd.Camera{Bend: rate(1001, 1000)}},
		{name: "timestamps run 5 % fast", film: 30 * time.Second, cam: odd.Camera{Bend: rate(105, 100)}},
		{name: "timestamps run 5 % slow", film: 30 * time.Second, cam: odd.Camera{Bend: rate(95, 100)}},
		{name: "timestamps run twice as fast", film: 9 * time.Second, cam: odd.Camera{Bend: rate(2, 1)}, mends: "timestamps"},
		{name: "timestamps run half as fast", film: 6 * time.Second, cam: odd.Camera{Bend: rate(1, 2)}, mends: "timestamps"},
		{name: "timestamps in milliseconds", film: 6 * time.Second, cam: odd.Camera{Bend: rate(1, 90)}, mends: "timestamps"},
		{name: "timestamps count frames", film: 6 * time.Second, cam: odd.Camera{Bend: rate(1, 3600)}, mends: "timestamps"},
		{name: "timestamps in microseconds", film: 9 * time.Second, cam: odd.Camera{Bend: rate(100, 9)}, mends: "timestamps"},

		{name: "the camera's clock is 5 h off", cam: odd.Camera{Report: clock(func(*odd.Play) time.Duration { return 5 * time.Hour })}, check: known(5 * time.Hour)},
		{name: "the camera's clock is at 1970", cam: odd.Camera{Report: func(p *odd.Play, _ *odd.Frame) []byte {
			now := p.Now()
			return odd.SenderReport(p.Video.SSRC, now-p.Began, p.Video.Base+uint32(uint64(now)*9/100), 1, 1)
		}}, check: func(t *testing.T, o *oddOutcome) {
			t.Helper()
			began := o.cam.Shots()[0].TimeUS // since then its clock counts, or a little before
			known(-time.Duration(began)*time.Microsecond)(t, o)
		}},
		{name: "the camera's clock counts from 0 without an epoch", cam: odd.Camera{Report: func(p *odd.Play, _ *odd.Frame) []byte {
			now := p.Now()
			return odd.SenderReport(p.Video.SSRC, now-p.Began-2_208_988_800_000_000, p.Video.Base+uint32(uint64(now)*9/100), 1, 1)
		}}},
		{name: "the camera's clock steps", film: 4 * time.Second, cam: odd.Camera{Report: clock(func(p *odd.Play) time.Duration {
			if p.Frames > 50 {
				return -time.Hour
			}
			return time.Hour
		})}},
		{name: "no RTCP", cam: odd.Camera{Report: func(*odd.Play, *odd.Frame) []byte { return nil }}},
		{name: "RTCP that is garbage", cam: odd.Camera{Report: func(*odd.Play, *odd.Frame) []byte { return noise(60, 0) }}},
		{name: "RTCP with a false length", cam: odd.Camera{Report: func(p *odd.Play, _ *odd.Frame) []byte {
			b := odd.SenderReport(1, 2, 3, 4, 5)
			binary.BigEndian.PutUint16(b[2:], 9999)
			return b
		}}},
		{name: "sender reports with a false RTP time", cam: odd.Camera{Report: func(p *odd.Play, f *odd.Frame) []byte {
			return odd.SenderReport(p.Video.SSRC, p.Now(), f.TS+77*second, 1, 1)
		}}},
		{name: "goodbye in mid-session", cam: odd.Camera{Report: func(p *odd.Play, _ *odd.Frame) []byte {
			return binary.BigEndian.AppendUint32([]byte{0x81, 203, 0, 1}, p.Video.SSRC)
		}}},

		{name: "AAC at 90 kHz", cam: odd.Camera{Audio: loop.AAC, Sound: soundRate(90_000, 16_000)}, audio: "aac", check: sounds, film: 4 * time.Second, mends: "audio_clock"},
		{name: "AAC at half its rate", cam: odd.Camera{Audio: loop.AAC, Sound: soundRate(1, 2)}, audio: "aac", check: sounds, film: 4 * time.Second, mends: "audio_clock"},
		{name: "AAC without a clock rate", cam: odd.Camera{Audio: loop.AAC, SDP: edit("mpeg4-generic/16000/1", "mpeg4-generic")}, audio: "aac", check: sounds, film: 4 * time.Second},
		{name: "AAC at 0 Hz", cam: odd.Camera{Audio: loop.AAC, SDP: edit("mpeg4-generic/16000/1", "mpeg4-generic/0/1")}, audio: "aac", check: sounds, film: 4 * time.Second},
		{name: "G.711 at 16 kHz", cam: odd.Camera{Audio: loop.PCMA, Sound: soundRate(2, 1)}, audio: "pcma", check: sounds, film: 4 * time.Second, mends: "audio_clock"},
		{name: "audio timestamps stand still", cam: odd.Camera{Audio: loop.PCMA, Sound: soundRate(0, 1)}, audio: "pcma", check: sounds, film: 4 * time.Second, mends: "audio_clock"},
	})
}

// rate runs the video's timestamps at another rate.
func rate(num, den int64) func(*odd.Play, *odd.Frame, []odd.Packet) []odd.Packet {
	return stamps(func(f *odd.Frame) int64 {
		since := int64(f.Ticks - f.Ticks0)
		return since*num/den - since
	})
}

// soundRate runs the audio's timestamps at another rate.
func soundRate(num, den uint64) func(*odd.Play, int, []odd.Packet) []odd.Packet {
	var first uint32
	return func(_ *odd.Play, i int, packets []odd.Packet) []odd.Packet {
		if i == 0 {
			first = packets[0].TS
		}
		since := uint64(packets[0].TS - first)
		packets[0].TS = first + uint32(since*num/den)
		return packets
	}
}

// sounds wants as much sound as picture.
func sounds(t *testing.T, o *oddOutcome) {
	t.Helper()
	if o.video == 0 || (o.sound-o.video).Abs() > 300*time.Millisecond {
		t.Errorf("%s of sound for %s of pictures", o.sound, o.video)
	}
}
