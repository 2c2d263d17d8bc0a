package rtsptest

import "encoding/binary"

// ntpEpoch is the unix epoch in seconds of NTP time (RFC 3550 4).
const ntpEpoch = 2_208_988_800

// appendReport appends a sender report and a source description (RFC 3550 6.4.1
// and 6.5) that say: at the unix time us the track's clock read ts.
func appendReport(dst []byte, ssrc uint32, us int64, ts, packets, octets uint32) []byte {
	dst = append(dst, 0x80, 200, 0, 6)
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	dst = binary.BigEndian.AppendUint32(dst, uint32(us/1_000_000+ntpEpoch))
	dst = binary.BigEndian.AppendUint32(dst, uint32(uint64(us%1_000_000)<<32/1_000_000))
	dst = binary.BigEndian.AppendUint32(dst, ts)
	dst = binary.BigEndian.AppendUint32(dst, packets)
	dst = binary.BigEndian.AppendUint32(dst, octets)
	dst = append(dst, 0x81, 202, 0, 3)
	dst = binary.BigEndian.AppendUint32(dst, ssrc)
	return append(dst, 1, 5, 'q', 's', 'c', 'a', 'm', 0) // CNAME; the zero ends the list
}
