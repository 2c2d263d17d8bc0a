package rtsp

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"qianshao/ingest/rtsp/depacket"
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

	started   time.Duration // when PLAY was sent
	lastVideo atomic.Int64  // arrival of the last picture, monotonic; 0 none
}

type sessionTrack struct {
	offer  offer
	chain  media.Chain
	stream *depacket.Stream
}

// newSession prepares depacketizers for the offers. Audio that cannot be
// recorded after all (a broken configuration) is left out; video goes on.
func newSession(h Handler, offers []offer) (*session, error) {
	s := &session{h: h}
	for i := range s.chans {
		s.chans[i] = -1
	}
	for _, o := range offers {
		i := len(s.tracks)
		t := &sessionTrack{offer: o}
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
func (s *session) open(pairs [][2]int) {
	for i, p := range pairs {
		if i < len(s.tracks) {
			s.chans[p[0]], s.chans[p[1]] = int16(2*i), int16(2*i+1)
		}
	}
	s.begun.Store(true)
}

func (s *session) unit(i int, u media.Unit) {
	if i == 0 {
		s.lastVideo.Store(int64(u.At))
	}
	s.h.Unit(i, u)
}

// frame implements frameSink.
func (s *session) frame(channel byte, payload []byte, at time.Duration) {
	if !s.begun.Load() {
		return
	}
	switch c := s.chans[channel]; {
	case c < 0:
	case c%2 == 0:
		t := s.tracks[c/2]
		if len(payload) >= 12 && payload[1]&0x7f == t.offer.pt {
			t.stream.Packet(payload, at)
		}
	default:
		s.rtcp(int(c/2), payload, at)
	}
}

// rtcp finds sender reports in a compound packet.
func (s *session) rtcp(i int, b []byte, at time.Duration) {
	for len(b) >= 4 {
		n := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1)
		if b[0]>>6 != 2 || n > len(b) {
			return
		}
		if b[1] == 200 && n >= 28 {
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
	var c depacket.Counters
	for _, t := range s.tracks {
		n := t.stream.Counters()
		c.Packets += n.Packets
		c.Lost += n.Lost
		c.Reordered += n.Reordered
		c.Damaged += n.Damaged
	}
	s.h.Counters(c)
	s.h.Idle(at)
}

// silent returns the error of a session without pictures.
func (s *session) silent(now time.Duration, first, stall time.Duration) error {
	if !s.begun.Load() {
		return nil
	}
	last := time.Duration(s.lastVideo.Load())
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
	for _, t := range s.tracks {
		t.stream.Flush()
	}
}
