package timesync

import "qianshao/storage/timeline"

// ntpEpoch is 1900-01-01 in microseconds before 1970 (RFC 5905 6).
const ntpEpoch = 2_208_988_800 * 1_000_000

// NTPMicros converts an NTP timestamp (32.32 fixed point seconds since 1900) to
// UTC microseconds. Times before 1968 are read as the era that begins in 2036.
func NTPMicros(ntp uint64) timeline.Micros {
	sec, frac := int64(ntp>>32), int64(ntp&0xffffffff)
	if sec < 1<<31 {
		sec += 1 << 32
	}
	return timeline.Micros(sec*1_000_000 + (frac*1_000_000)>>32 - ntpEpoch)
}

// Offset is the camera's clock minus the server's, as its sender reports say.
type Offset struct {
	Micros int64
	// Uncertainty is how wrong Micros may be either way, µs: the network delay
	// cannot be told apart from an offset, so it is never below minUncertainty.
	Uncertainty int64
}

const minUncertainty = 10_000

// Offset compares a sender report (RFC 3550 6.4.1) with our own estimate of the
// moment its RTP timestamp was captured.
func (c *Clock) Offset(ntp uint64, rtp uint32, now Reading) Offset {
	ours := now.Wall + timeline.Micros((c.Arrival(c.Near(rtp)) - now.Mono).Microseconds())
	return Offset{Micros: int64(NTPMicros(ntp) - ours), Uncertainty: minUncertainty + c.Jitter()}
}
