package media

import "time"

// Sync says whether decoding can begin at an access unit. The numbers are part
// of the segment format.
type Sync uint8

// Kinds of access units. Everything but NoSync starts a GOP. Audio frames are
// NoSync: each is a place to begin, none needs saying so.
const (
	NoSync        Sync = 0
	KeyFrame      Sync = 1 // IDR, or an intra picture without leading pictures
	OpenKeyFrame  Sync = 2 // H.265 CRA/BLA whose leading pictures may need the GOP before
	RecoveryPoint Sync = 3 // H.264 intra refresh: exact from the recovery point on
)

// Unit is one access unit as it came from the camera: a picture, or one audio
// frame. Its bytes stand in the Chain of its track.
type Unit struct {
	RTP  uint32        // presentation time on the track's RTP clock
	At   time.Duration // arrival of its last packet, monotonic since the process began
	Sync Sync
	Pos  int64  // of its first byte in the Chain
	Len  int    // bytes. Video: NAL units with 4-byte lengths, or one JPEG
	Dur  uint32 // ticks, audio only; 0 = until the next unit
	// Track is set when the coding differs from the unit before, and on the
	// first unit. The new Track holds for this unit and those after it.
	Track *Track
}
