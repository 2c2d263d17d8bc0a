package odd

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"time"

	"qianshao/ingest/rtsp/rtsptest/audit"
	"qianshao/ingest/rtsp/rtsptest/loop"
	"qianshao/ingest/rtsp/rtsptest/packet"
)

// Track is one stream of packets of a session. Hooks may change it.
type Track struct {
	Channel byte
	PT      byte
	Seq     uint16 // next
	Seq0    uint16 // the first
	SSRC    uint32
	Base    uint32 // of timestamps
	rate    uint64
	audio   bool
	packets uint32
	octets  uint32
	udp     [2]*net.UDPConn
	sent    int
}

// Packet is one RTP packet. Pack and Bend see it with everything filled in.
type Packet struct {
	Payload []byte
	Marker  bool
	PT      byte
	Seq     uint16
	TS      uint32
	SSRC    uint32
	Pad     int      // bytes of padding, the last of which says so
	Ext     []byte   // of a header extension; a multiple of 4 bytes
	CSRC    []uint32 //
	Channel int      // interleaved
	Track   *Track
}

// Bytes is the packet on the wire (RFC 3550 5.1).
func (p *Packet) Bytes() []byte {
	b := []byte{0x80 | byte(len(p.CSRC)), p.PT & 0x7f}
	if p.Marker {
		b[1] |= 0x80
	}
	b = binary.BigEndian.AppendUint16(b, p.Seq)
	b = binary.BigEndian.AppendUint32(b, p.TS)
	b = binary.BigEndian.AppendUint32(b, p.SSRC)
	for _, c := range p.CSRC {
		b = binary.BigEndian.AppendUint32(b, c)
	}
	if p.Ext != nil {
		b[0] |= 0x10
		b = append(b, 0xbe, 0xde, byte(len(p.Ext)/4>>8), byte(len(p.Ext)/4))
		b = append(b, p.Ext...)
	}
	b = append(b, p.Payload...)
	if p.Pad > 0 {
		b[0] |= 0x20
		b = append(b, make([]byte, p.Pad-1)...)
		b = append(b, byte(p.Pad))
	}
	return b
}

// Interleaved is the packet as an interleaved frame (RFC 2326 10.12).
func (p *Packet) Interleaved() []byte { return Interleave(p.Channel, p.Bytes()) }

// Interleave puts bytes into an interleaved frame.
func Interleave(channel int, b []byte) []byte {
	return append([]byte{'$', byte(channel), byte(len(b) >> 8), byte(len(b))}, b...)
}

// Play is one session's player.
type Play struct {
	N      int // of the camera, from 1
	Conn   *Conn
	Video  *Track
	Audio  *Track // nil: not set up
	Frames int    // sent so far
	Began  int64  // unix µs

	cam    *Running
	film   *testFilm
	ticks0 uint64 // of the first frame
	slot   uint64
	sample uint64
	sounds int
	report int64
}

// Now is the camera's true clock, unix µs.
func (p *Play) Now() int64 { return p.cam.now() }

func (c *Conn) newPlay() *Play {
	r := c.cam
	p := &Play{Conn: c, cam: r, film: r.t, Began: r.now()}
	for _, t := range c.order {
		if t.audio {
			p.Audio = t
		} else {
			p.Video = t
		}
	}
	r.mu.Lock()
	r.plays++
	p.N = r.plays
	r.mu.Unlock()
	if r.then != nil && p.Began-r.began.UnixMicro() > r.ThenAfter.Microseconds() {
		p.film = r.then
	}
	p.slot = p.film.key(p.film.newest(p.Began+r.Late.Microseconds()), r.NextKey)
	if r.sound != nil {
		from := p.film.TimeUS(p.slot)
		if r.SoundFirst {
			from = p.Began
		}
		p.sample = uint64(from) / 1000 * uint64(r.sound.Rate) / 1000 / uint64(r.sound.FrameSamples)
	}
	return p
}

func (p *Play) run(ctx context.Context) error {
	t := time.NewTimer(0)
	defer t.Stop()
	for !p.cam.over() {
		next := p.film.leaves(p.slot)
		if s := p.soundAt(); p.Audio != nil && s < next {
			next = s
		}
		t.Reset(time.Duration(next-p.cam.now()) * time.Microsecond)
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
		if p.Audio != nil && p.soundAt() <= next {
			if err := p.beep(); err != nil {
				return p.end(ctx, err)
			}
			continue
		}
		if err := p.Next(ctx); err != nil {
			return p.end(ctx, err)
		}
	}
	return nil
}

// end is the error of a session that nobody ended.
func (p *Play) end(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Next films and sends one frame.
func (p *Play) Next(ctx context.Context) error {
	r := p.cam
	if r.then != nil && p.film != r.then && p.film.leaves(p.slot)-r.began.UnixMicro() > r.ThenAfter.Microseconds() {
		due := p.film.TimeUS(p.slot)
		p.film = r.then
		p.slot = p.film.key(p.film.newest(r.now()), true)
		for p.film.TimeUS(p.slot) < due { // no moment is filmed twice
			p.slot = p.film.key(p.slot+1, true)
		}
		return nil
	}
	f := p.film.at(p.slot)
	p.slot++
	f.I = p.Frames
	p.Frames++
	if f.I == 0 {
		p.ticks0 = f.Ticks
	}
	f.Ticks0 = p.ticks0
	f.TS = p.Video.Base + uint32(f.Ticks)
	pack := r.Pack
	if pack == nil {
		pack = Whole
	}
	if r.Pace != nil {
		if d := r.Pace(p, f); d > 0 {
			select {
			case <-time.After(d):
			case <-ctx.Done():
				return nil
			}
		}
	}
	packets := p.number(p.Video, f.TS, pack(p, f))
	if r.Bend != nil {
		packets = r.Bend(p, f, packets)
	}
	after := r.now() - f.TimeUS
	var err error
	if r.Write != nil {
		err = r.Write(p, f, packets)
	} else {
		err = p.Send(packets...)
	}
	if err == nil || f.Maybe || f.Lost {
		r.keep(Shot{
			TimeUS: f.TimeUS, Key: f.Key, Lost: f.Lost, Maybe: f.Maybe, Session: p.N, After: time.Duration(after) * time.Microsecond,
			Slices: audit.Slices(f.NALs, p.film.Codec == loop.H265),
		})
	}
	if err != nil {
		return err
	}
	return p.sendReport(f)
}

// player counts those at work.
func (r *Running) player(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.players += n
}

// keep remembers what was sent.
func (r *Running) keep(s Shot) {
	if r.Taken != nil {
		r.Taken(s)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shots = append(r.shots, s)
}

// sendReport sends RTCP once a second.
func (p *Play) sendReport(f *Frame) error {
	now := p.cam.now()
	if now-p.report < 1_000_000 {
		return nil
	}
	p.report = now
	b := SenderReport(p.Video.SSRC, now, p.Video.Base+uint32(uint64(now)*9/100), p.Video.packets, p.Video.octets)
	if p.cam.Report != nil {
		b = p.cam.Report(p, f)
	}
	if len(b) == 0 {
		return nil
	}
	if u := p.Video.udp[1]; u != nil {
		_, err := u.Write(b)
		return ignoreRefused(err)
	}
	return p.Conn.Write(Interleave(int(p.Video.Channel)+1, b))
}

// SenderReport is an RTCP sender report (RFC 3550 6.4.1) of the unix time us.
func SenderReport(ssrc uint32, us int64, ts, packets, octets uint32) []byte {
	b := []byte{0x80, 200, 0, 6}
	b = binary.BigEndian.AppendUint32(b, ssrc)
	b = binary.BigEndian.AppendUint32(b, uint32(us/1_000_000+2_208_988_800))
	b = binary.BigEndian.AppendUint32(b, uint32(uint64(us%1_000_000)<<32/1_000_000))
	b = binary.BigEndian.AppendUint32(b, ts)
	b = binary.BigEndian.AppendUint32(b, packets)
	return binary.BigEndian.AppendUint32(b, octets)
}

func (p *Play) soundAt() int64 {
	a := p.cam.sound
	if a == nil {
		return 0
	}
	return int64((p.sample + 1) * uint64(a.FrameSamples) * 1000 / uint64(a.Rate) * 1000)
}

// beep sends one audio frame.
func (p *Play) beep() error {
	a := p.cam.sound
	frame := a.Frames[p.sample%uint64(len(a.Frames))]
	payload, err := packet.Audio(a, frame)
	if err != nil {
		return err
	}
	ts := p.Audio.Base + uint32(p.sample*uint64(a.FrameSamples))
	p.sample++
	packets := p.number(p.Audio, ts, []Packet{{Payload: payload, Marker: a.Codec == loop.AAC}})
	if p.cam.Sound != nil {
		packets = p.cam.Sound(p, p.sounds, packets)
	}
	p.sounds++
	return p.Send(packets...)
}

// number fills in what a packet of a well-behaved track has.
func (p *Play) number(t *Track, ts uint32, packets []Packet) []Packet {
	for i := range packets {
		q := &packets[i]
		q.Seq, q.SSRC, q.PT, q.Channel, q.Track = t.Seq, t.SSRC, t.PT, int(t.Channel), t
		q.TS += ts // what is there already is an offset
		t.Seq++
		t.packets++
		t.octets += uint32(len(q.Payload))
	}
	return packets
}

// Send puts packets on the wire, one write for all.
func (p *Play) Send(packets ...Packet) error {
	var b []byte
	for i := range packets {
		if t := packets[i].Track; t.udp[0] != nil {
			if t.sent++; t.sent%32 == 0 {
				time.Sleep(time.Millisecond)
			}
			if _, err := t.udp[0].Write(packets[i].Bytes()); ignoreRefused(err) != nil {
				return err
			}
			continue
		}
		b = append(b, packets[i].Interleaved()...)
	}
	if len(b) == 0 {
		return nil
	}
	return p.Conn.Write(b)
}

// Wire makes a Write of one that bends the bytes of a frame's packets, as they
// stand on the wire.
func Wire(bend func(p *Play, f *Frame, b []byte) error) func(*Play, *Frame, []Packet) error {
	return func(p *Play, f *Frame, packets []Packet) error {
		var b []byte
		for i := range packets {
			b = append(b, packets[i].Interleaved()...)
		}
		return bend(p, f, b)
	}
}

// ignoreRefused: over UDP a client that left is no error.
func ignoreRefused(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return errGone
	}
	return nil
}

// Whole is the packetization of a camera that behaves: single NAL units, and
// FUs for what is larger than 1,400 bytes; the last packet has the marker.
func Whole(p *Play, f *Frame) []Packet { return Cut(p, f, 1400) }

// Cut is Whole with another size.
func Cut(p *Play, f *Frame, size int) []Packet {
	cut := packet.H264
	if p.film.Codec == loop.H265 {
		cut = packet.H265
	}
	var out []Packet
	for _, b := range cut(f.NALs, size) {
		out = append(out, Packet{Payload: b})
	}
	out[len(out)-1].Marker = true
	return out
}

func (t *Track) openUDP(host string, client [2]int) error {
	for i := range t.udp {
		c, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.ParseIP(host), Port: client[i]})
		if err != nil {
			return err
		}
		t.udp[i] = c
	}
	return nil
}

func (t *Track) port(i int) int {
	a, ok := t.udp[i].LocalAddr().(*net.UDPAddr)
	if !ok {
		return 0
	}
	return a.Port
}

func (t *Track) close() {
	for _, u := range t.udp {
		if u != nil {
			_ = u.Close() // nothing is left to send
		}
	}
}
