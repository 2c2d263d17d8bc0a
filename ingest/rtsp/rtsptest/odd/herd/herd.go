// Package herd is a village of odd cameras for long runs: each Kind misbehaves
// in a few of the ways that package odd can, for as long as it is asked to.
package herd

import (
	"bytes"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"time"

	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/odd"
	"qianshao/ingest/rtsp/rtsptest/packet"
)

// FPS of every film; hooks count frames by it.
const FPS = 15

const second = 90_000 // ticks

// Kind is a way of misbehaving.
type Kind struct {
	Name      string
	Transport string // that it is enrolled with; "" the default
	// Arrival: its timestamps say nothing, only when a frame came is known.
	Arrival bool
	// Breaks: the kind's sessions end by themselves, or fall silent.
	Breaks bool
	// Make gives a new camera: its hooks may keep counts.
	Make func() odd.Camera
}

// User opens the cameras that ask.
const User = "admin"

// Password goes with User.
const Password = "p@ss:w/rd#1"

// film is 640x360 at the bitrate.
func film(bitrate int, more loop.Params) loop.Params {
	more.Width, more.Height, more.FPS, more.GOP, more.Seconds, more.Bitrate = 640, 360, FPS, 2, 8, bitrate
	return more
}

// Kinds are all ways, filmed at the bitrate, bits a second. certificate is of
// those that speak TLS.
func Kinds(bitrate int, certificate *tls.Config) []Kind {
	of := func(change func(c *odd.Camera)) func() odd.Camera {
		return func() odd.Camera {
			c := odd.Camera{Film: film(bitrate, loop.Params{}), NextKey: true}
			change(&c)
			return c
		}
	}
	filmed := func(p loop.Params, change func(c *odd.Camera)) func() odd.Camera {
		return of(func(c *odd.Camera) {
			c.Film = film(bitrate, p)
			change(c)
		})
	}
	return []Kind{
		{Name: "nothing odd", Make: of(func(*odd.Camera) {})},
		{Name: "padding, extensions, contributing sources", Make: of(func(c *odd.Camera) { c.Bend = each(decorate) })},
		{Name: "another SSRC, sequence and timestamps every 40 s", Make: of(func(c *odd.Camera) {
			c.Bend = each(func(f *odd.Frame, q *odd.Packet) {
				n := uint32(f.I / (40 * FPS))
				q.SSRC, q.Seq, q.TS = q.SSRC+n, q.Seq+uint16(n*7777), q.TS+n*1_234_567_890
			})
		})},
		{Name: "sequence numbers jump", Make: of(func(c *odd.Camera) {
			c.Bend = func(_ *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
				if f.I%100 == 99 {
					packets[0].Track.Seq += uint16(rand.Uint32())
				}
				return packets
			}
		})},
		{Name: "timestamps jump by an hour every minute", Make: of(func(c *odd.Camera) {
			c.Bend = each(func(f *odd.Frame, q *odd.Packet) { q.TS += uint32(f.I/(60*FPS)) * 3600 % 40_000 * second })
		})},
		{Name: "timestamps freeze for a second every minute", Make: of(func(c *odd.Camera) {
			c.Bend = each(func(f *odd.Frame, q *odd.Packet) {
				if i := f.I % (60 * FPS); i > 30*FPS && i < 31*FPS {
					q.TS -= uint32(i-30*FPS) * second / FPS
				}
			})
		})},
		{Name: "timestamps spike every 20 s", Make: of(func(c *odd.Camera) {
			c.Bend = each(func(f *odd.Frame, q *odd.Packet) {
				if f.I%(20*FPS) == 19*FPS {
					q.TS += 100 * second
				}
			})
		})},
		{Name: "timestamps in milliseconds", Make: of(func(c *odd.Camera) {
			c.Bend = each(func(f *odd.Frame, q *odd.Packet) {
				since := f.Ticks - f.Ticks0
				q.TS += uint32(since/90 - since)
			})
		})},
		{Name: "timestamps 300 ppm fast", Make: of(func(c *odd.Camera) {
			c.Bend = each(func(f *odd.Frame, q *odd.Packet) { q.TS += uint32((f.Ticks - f.Ticks0) * 3 / 10_000) })
		})},
		{Name: "timestamps stand still", Arrival: true, Make: of(func(c *odd.Camera) {
			c.Bend = each(func(f *odd.Frame, q *odd.Packet) { q.TS -= uint32(f.Ticks) })
		})},
		{Name: "marker never set", Make: of(func(c *odd.Camera) { c.Bend = each(func(_ *odd.Frame, q *odd.Packet) { q.Marker = false }) })},
		{Name: "marker always set, small packets", Make: of(func(c *odd.Camera) {
			c.Bend = each(func(_ *odd.Frame, q *odd.Packet) { q.Marker = true })
			c.Pack = func(p *odd.Play, f *odd.Frame) []odd.Packet { return odd.Cut(p, f, 300) }
		})},
		{Name: "several slices, B-frames", Make: filmed(loop.Params{Tune: "slices=4", BFrames: 2}, func(*odd.Camera) {})},
		{Name: "H.265, parameter sets with timestamps of their own", Make: filmed(loop.Params{Codec: loop.H265}, func(c *odd.Camera) { c.Pack = early })},
		{Name: "a byte stream in a packet", Make: of(func(c *odd.Camera) { c.Pack = stream })},
		{Name: "garbage between frames", Make: of(func(c *odd.Camera) {
			c.Write = odd.Wire(func(p *odd.Play, f *odd.Frame, b []byte) error {
				return p.Conn.Write(append(noise(1+f.I*7%90), b...))
			})
		})},
		{Name: "dollar signs and unknown channels between frames", Make: of(func(c *odd.Camera) {
			c.Write = odd.Wire(func(p *odd.Play, _ *odd.Frame, b []byte) error {
				strange := odd.Interleave(200, []byte("no RTP at all, $ and $$"))
				return p.Conn.Write(append(append(strange, "$\x00\x20\x00garbage$$$\x01\xff\xff\x00$\x63"...), b...))
			})
		})},
		{Name: "UDP with reorder, duplicates and loss", Transport: "udp", Make: of(func(c *odd.Camera) {
			c.Pack = func(p *odd.Play, f *odd.Frame) []odd.Packet { return odd.Cut(p, f, 500) }
			c.Bend = jumble
		})},
		{Name: "RTSPS, self-signed", Make: of(func(c *odd.Camera) { c.TLS = certificate })},
		{Name: "RTSP over HTTP, answers to POST, a POST a message", Transport: "http", Make: of(func(c *odd.Camera) {
			c.HTTP = true
			c.Web = func(w *odd.Web) {
				if w.Method == "POST" {
					w.Status, w.Reason, w.Messages = 200, "OK", 1
				}
			}
		})},
		{Name: "Digest, a nonce a request", Make: of(func(c *odd.Camera) {
			c.Guard = &odd.Guard{User: User, Password: Password, OneUse: true}
		})},
		{Name: "keep-alive by OPTIONS only", Make: of(func(c *odd.Camera) {
			c.Reply = func(r *odd.Reply) {
				if r.Method == "GET_PARAMETER" || r.Method == "SET_PARAMETER" {
					r.Status, r.Reason = 501, "Not Implemented"
				}
			}
			c.Write = func(p *odd.Play, _ *odd.Frame, packets []odd.Packet) error {
				if p.Conn.Idle("OPTIONS") > 70*time.Second {
					p.Conn.Close()
					return errGone
				}
				return p.Send(packets...)
			}
		})},
		{Name: "RST every two minutes", Breaks: true, Make: of(func(c *odd.Camera) {
			c.Write = breaking(120*FPS, func(p *odd.Play, _ []odd.Packet) { p.Conn.Reset() })
		})},
		{Name: "EOF in mid-frame every 100 s, then 503", Breaks: true, Make: of(func(c *odd.Camera) {
			c.Write = breaking(100*FPS, func(p *odd.Play, packets []odd.Packet) {
				b := packets[0].Interleaved()
				_ = p.Conn.Write(b[:len(b)/2]) // the connection ends anyway
				p.Conn.Close()
			})
			c.Reply = func(r *odd.Reply) {
				if r.Method == "DESCRIBE" && r.N%2 == 0 {
					r.Status, r.Reason = 503, "Service Unavailable"
				}
			}
		})},
		{Name: "alive but silent every five minutes", Breaks: true, Make: of(func(c *odd.Camera) {
			c.Write = func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
				if f.I >= 300*FPS {
					f.Lost = true
					return nil
				}
				return p.Send(packets...)
			}
		})},
		{Name: "seconds at once every 30 s, clock at 1970, AAC as ADTS", Make: of(func(c *odd.Camera) {
			c.Audio = loop.AAC
			c.Sound = func(_ *odd.Play, _ int, packets []odd.Packet) []odd.Packet {
				packets[0].Payload = packet.ADTS(packets[0].Payload[4:]) // behind the AU header
				return packets
			}
			c.Pace = func(_ *odd.Play, f *odd.Frame) time.Duration {
				if f.I%(30*FPS) == 29*FPS {
					return 2 * time.Second
				}
				return 0
			}
			c.Report = func(p *odd.Play, f *odd.Frame) []byte {
				return odd.SenderReport(p.Video.SSRC, p.Now()-p.Began, f.TS, 1, 1)
			}
		})},
	}
}

var errGone = errors.New("the camera broke off")

// each bends every packet of a frame.
func each(bend func(f *odd.Frame, q *odd.Packet)) func(*odd.Play, *odd.Frame, []odd.Packet) []odd.Packet {
	return func(_ *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
		for i := range packets {
			bend(f, &packets[i])
		}
		return packets
	}
}

func decorate(f *odd.Frame, q *odd.Packet) {
	q.Pad, q.Ext, q.CSRC = 1+f.I%7, []byte("extended"), []uint32{1, 2}
}

// early gives what precedes the slices a timestamp of its own.
func early(p *odd.Play, f *odd.Frame) []odd.Packet {
	lead := f.Sets + 1 // and the stamp
	g := *f
	g.NALs = f.NALs[lead:]
	var out []odd.Packet
	for _, n := range f.NALs[:lead] {
		out = append(out, odd.Packet{Payload: n, TS: ^uint32(9)}) // 10 ticks before
	}
	return append(out, odd.Whole(p, &g)...)
}

// stream puts a frame into one packet as a byte stream (ISO/IEC 14496-10 B),
// where it fits.
func stream(p *odd.Play, f *odd.Frame) []odd.Packet {
	var b []byte
	for _, n := range f.NALs {
		b = append(append(b, 0, 0, 0, 1), n...)
	}
	if len(b) > 60_000 {
		return odd.Whole(p, f)
	}
	return []odd.Packet{{Payload: b, Marker: true}}
}

// jumble shuffles a frame's packets, sends some twice, and leaves one out of
// every 50th frame, and says so.
func jumble(_ *odd.Play, f *odd.Frame, packets []odd.Packet) []odd.Packet {
	if !f.Key && f.I%50 == 25 && len(packets) > 1 {
		f.Lost = true
		packets = packets[:len(packets)-1]
	}
	out := packets[:0:0]
	for i, q := range packets {
		out = append(out, q)
		if i%5 == 4 {
			out = append(out, packets[i-1])
		}
	}
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// breaking breaks every session at a frame; nobody knows what of the last two
// seconds arrived.
func breaking(at int, how func(p *odd.Play, packets []odd.Packet)) func(*odd.Play, *odd.Frame, []odd.Packet) error {
	return func(p *odd.Play, f *odd.Frame, packets []odd.Packet) error {
		if f.I < at {
			f.Maybe = at-f.I < 2*FPS
			return p.Send(packets...)
		}
		f.Lost = true
		how(p, packets)
		return errGone
	}
}

// noise is garbage without a dollar sign.
func noise(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return bytes.ReplaceAll(b, []byte("$"), []byte("%"))
}
