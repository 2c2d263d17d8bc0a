package rtsp

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"qianshao/ingest/rtsp/depacket"
	"qianshao/ingest/rtsp/limit"
	"qianshao/storage/media"
)

// Handler receives what a camera sends. All calls come from one goroutine at a
// time and must not block: the goroutine is the one that reads the socket.
type Handler interface {
	// Begin announces the tracks; the first is the video. Units follow.
	Begin(tracks []media.Source)
	// Unit delivers an access unit of track i; its bytes stand at the end of the
	// track's chain.
	Unit(i int, u media.Unit)
	// Report delivers an RTCP sender report of track i (RFC 3550 6.4.1).
	Report(i int, ntp uint64, rtp uint32, at time.Duration)
	// Idle is called about once a second while connected.
	Idle(at time.Duration)
	// Counters reports the transport's losses; called with Idle.
	Counters(c depacket.Counters)
}

// session is the media side of one attempt.
type session struct {
	h      Handler
	tracks []*sessionTrack
	begun  atomic.Bool
	// chans maps an interleaved channel to a track: 2·track for RTP, 2·track+1
	// for RTCP, -1 for none. Written before begun is set.
	chans [256]int16

	mend func(Repair)

	budget  media.Budget
	units   bucket
	codings bucket
	over    atomic.Pointer[error] // why no more is taken

	started   time.Duration // when PLAY was sent
	told      depacket.Counters
	coded     bool         // the video's parameter sets are known
	lastVideo atomic.Int64 // arrival of the last picture, monotonic; 0 none
}

type sessionTrack struct {
	offer   offer
	chain   media.Chain
	stream  *depacket.Stream
	packets uint64 // of the payload type
	// reported is when a sender report was last taken: one that sends them by the
	// thousand is read no more often than it matters.
	reported time.Duration
}

// newSession prepares depacketizers for the offers. Audio that cannot be
// recorded after all (a broken configuration) is left out; video goes on.
// ordered says that the transport keeps the order of packets.
func newSession(h Handler, offers []offer, ordered bool, mend func(Repair)) (*session, error) {
	s := &session{
		h: h, mend: mend,
		units: bucket{rate: limit.Units, most: limit.UnitsAt}, codings: bucket{rate: 1 / limit.Recode.Seconds(), most: limit.Codings},
	}
	for i := range s.chans {
		s.chans[i] = -1
	}
	for _, o := range offers {
		i := len(s.tracks)
		o.params.Ordered = ordered
		t := &sessionTrack{offer: o, chain: media.Chain{Budget: &s.budget}}
		stream, err := depacket.New(o.params, &t.chain, func(u media.Unit) { s.unit(i, u) })
		if err != nil {
			if o.params.Codec.IsVideo() {
				return nil, err
			}
			continue
		}
		t.stream = stream
		s.tracks = append(s.tracks, t)
	}
	return s, nil
}

// begin announces the tracks to the handler.
func (s *session) begin(now time.Duration) {
	sources := make([]media.Source, len(s.tracks))
	for i, t := range s.tracks {
		sources[i] = media.Source{Codec: t.offer.params.Codec, Rate: t.offer.params.Rate, Chain: &t.chain}
	}
	s.started = now
	s.h.Begin(sources)
}

// open lets frames through: channels are those of SETUP, in the tracks' order.
// Those that stand for two tracks stand for none: payload types tell.
func (s *session) open(pairs [][2]int) {
	for i, p := range pairs {
		if i < len(s.tracks) && p[0] >= 0 && s.chans[p[0]] < 0 {
			s.chans[p[0]] = int16(2 * i)
			if p[1] != p[0] && s.chans[p[1]] < 0 {
				s.chans[p[1]] = int16(2*i + 1)
			}
		}
	}
	s.begun.Store(true)
}

func (s *session) unit(i int, u media.Unit) {
	if s.over.Load() != nil || s.tooMany(i, &u) {
		return // it stays in the chain, to be given back with the session
	}
	if i == 0 {
		s.coded = s.coded || u.Track != nil
		if s.coded { // without parameter sets nobody can show it
			s.lastVideo.Store(int64(u.At))
		}
	}
	s.h.Unit(i, u)
}

// tooMany reports whether units, or codings of the video, come faster than they
// may.
func (s *session) tooMany(i int, u *media.Unit) bool {
	switch {
	case !s.units.take(1, u.At):
		s.giveUp(fmt.Errorf("%w: more than %d pictures and frames of sound a second; restart it", ErrTooMuch, limit.Units))
	case i == 0 && u.Track != nil && !s.codings.take(1, u.At):
		s.giveUp(fmt.Errorf("%w: another size or coding more often than every %s; restart it", ErrTooMuch, limit.Recode))
	default:
		return false
	}
	return true
}

// giveUp ends the session for a reason; the tap asks for it.
func (s *session) giveUp(why error) { s.over.Store(&why) }

// frame implements frameSink.
func (s *session) frame(channel byte, payload []byte, at time.Duration) {
	if !s.begun.Load() {
		return
	}
	switch c := s.chans[channel]; {
	case c >= 0 && c%2 == 1:
		s.rtcp(int(c/2), payload, at)
	case c >= 0:
		s.packet(int(c/2), payload, at)
	case len(payload) >= 12 && payload[0]>>6 == 2 && !isRTCP(payload):
		s.stray(channel, payload, at)
	}
}

// plausible implements frameSink.
func (s *session) plausible(channel byte, b []byte) bool {
	switch {
	case b[0]>>6 != 2: // the version of RTP and RTCP
		return false
	case !s.begun.Load() || s.chans[channel] >= 0 || len(b) < 2:
		return true
	}
	return isRTCP(b) || s.trackOf(b[1]&0x7f) >= 0
}

// surely implements frameSink.
func (s *session) surely(channel byte, b []byte) bool {
	if !s.begun.Load() || s.chans[channel] < 0 || len(b) < 2 || b[0]>>6 != 2 {
		return false
	}
	return isRTCP(b) || s.trackOf(b[1]&0x7f) >= 0
}

// isRTCP tells the packet types of RTCP from RTP payload types with a marker
// (RFC 5761 4).
func isRTCP(b []byte) bool { return b[1] >= 192 && b[1] <= 223 }

// packet takes an RTP packet of a track. Another payload type than the track's
// may be of another track, or of a camera that does not know its own.
func (s *session) packet(i int, b []byte, at time.Duration) {
	if len(b) < 12 {
		return
	}
	t := s.tracks[i]
	pt := b[1] & 0x7f
	if pt != t.offer.pt {
		if j := s.trackOf(pt); j >= 0 {
			t = s.tracks[j]
		} else if t.packets > 0 || slices.Contains(t.offer.others, pt) || isRTCP(b) {
			return
		} else {
			t.offer.pt = pt
			s.mend(RepairPayloadType)
		}
	}
	t.packets++
	t.stream.Packet(b, at)
}

// trackOf finds the one track with a payload type; -1 when there is none.
func (s *session) trackOf(pt uint8) int {
	found := -1
	for i, t := range s.tracks {
		if t.offer.pt == pt {
			if found >= 0 {
				return -1
			}
			found = i
		}
	}
	return found
}

// stray takes media on a channel that was not agreed upon: it is of the track
// with that payload type, or of the only one that has nothing yet.
func (s *session) stray(channel byte, b []byte, at time.Duration) {
	i := s.trackOf(b[1] & 0x7f)
	if i < 0 {
		return
	}
	s.mend(RepairChannel)
	s.chans[channel] = int16(2 * i)
	if channel < 255 && s.chans[channel+1] < 0 {
		s.chans[channel+1] = int16(2*i + 1)
	}
	s.packet(i, b, at)
}

// rtcp finds sender reports in a compound packet.
func (s *session) rtcp(i int, b []byte, at time.Duration) {
	for len(b) >= 4 {
		n := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if b[0]>>6 != 2 || n > len(b) {
			return
		}
		if t := s.tracks[i]; b[1] == 200 && n >= 28 && at-t.reported >= limit.Report {
			t.reported = at
			s.h.Report(i, binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint32(b[16:]), at)
		}
		b = b[n:]
	}
}

// idle implements frameSink.
func (s *session) idle(at time.Duration) {
	if !s.begun.Load() {
		return
	}
	c := s.counters()
	s.report(c)
	s.h.Counters(c)
	s.h.Idle(at)
}

func (s *session) counters() (c depacket.Counters) {
	for _, t := range s.tracks {
		n := t.stream.Counters()
		c.Packets += n.Packets
		c.Lost += n.Lost
		c.Reordered += n.Reordered
		c.Damaged += n.Damaged
		c.AudioClock += n.AudioClock
		c.StartCodes += n.StartCodes
		c.Markers += n.Markers
	}
	return c
}

// report counts the repairs of the depacketizers.
func (s *session) report(c depacket.Counters) {
	for _, x := range []struct {
		kind     Repair
		now, was uint64
	}{
		{RepairAudioClock, c.AudioClock, s.told.AudioClock},
		{RepairStartCodes, c.StartCodes, s.told.StartCodes},
		{RepairMarker, c.Markers, s.told.Markers},
	} {
		if x.now > x.was {
			s.mend(x.kind)
		}
	}
	s.told = c
}

// silent returns the error of a session without pictures.
func (s *session) silent(now time.Duration, first, stall time.Duration) error {
	if !s.begun.Load() {
		return nil
	}
	last := time.Duration(s.lastVideo.Load())
	if err := s.over.Load(); err != nil {
		return *err
	}
	switch {
	case last == 0 && now-s.started > first:
		return ErrNoFrame
	case last != 0 && now-last > stall:
		return ErrStalled
	}
	return nil
}

// end flushes units that were complete but for the next timestamp.
func (s *session) end() {
	s.report(s.counters())
	for _, t := range s.tracks {
		t.stream.Flush()
	}
}
