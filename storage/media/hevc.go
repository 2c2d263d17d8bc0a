package media

import (
	"fmt"
	"math/bits"
	"strings"
)

// hevcCodecString builds the hvc1 codecs parameter from profile_tier_level of
// the first SPS (ISO/IEC 14496-15 E.3). profile_tier_level begins at the third
// byte of the SPS, behind the two-byte NAL header and one byte of ids, and its
// first 12 bytes hold no bit that emulation prevention could shift, except
// where 00 00 03 occurs, which is taken out first.
func hevcCodecString(sets [][]byte) string {
	if len(sets) == 0 {
		return "hvc1.1.6.L93.B0"
	}
	sps := Unescape(sets[0])
	if len(sps) < 15 {
		return "hvc1.1.6.L93.B0"
	}
	ptl := sps[3:]
	space := []string{"", "A", "B", "C"}[ptl[0]>>6]
	tier := "L"
	if ptl[0]&0x20 != 0 {
		tier = "H"
	}
	compat := uint32(ptl[1])<<24 | uint32(ptl[2])<<16 | uint32(ptl[3])<<8 | uint32(ptl[4])
	var b strings.Builder
	fmt.Fprintf(&b, "hvc1.%s%d.%X.%s%d", space, ptl[0]&0x1f, bits.Reverse32(compat), tier, ptl[11])
	constraints := ptl[5:11]
	n := len(constraints)
	for n > 0 && constraints[n-1] == 0 {
		n--
	}
	for _, c := range constraints[:n] {
		fmt.Fprintf(&b, ".%X", c)
	}
	return b.String()
}

// Unescape removes the emulation prevention bytes of a NAL unit (ISO/IEC
// 14496-10 7.4.1): 00 00 03 becomes 00 00. It returns nal itself when there
// are none.
func Unescape(nal []byte) []byte {
	zeros, first := 0, -1
	for i, b := range nal {
		if zeros >= 2 && b == 3 {
			first = i
			break
		}
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	if first < 0 {
		return nal
	}
	out := make([]byte, 0, len(nal))
	zeros = 0
	for _, b := range nal {
		if zeros >= 2 && b == 3 {
			zeros = 0
			continue
		}
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
		out = append(out, b)
	}
	return out
}
