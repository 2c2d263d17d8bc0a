package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// The uuid box types (ISO/IEC 14496-12 4.2.2) of this format. The first 12
// bytes are shared; the last four spell the box.
var (
	uuidHead   = [16]byte{0x71, 0x69, 0x61, 0x6e, 0x73, 0x68, 0x61, 0x6f, 0x9c, 0x5e, 0x41, 0x01, 'H', 'E', 'A', 'D'}
	uuidCommit = [16]byte{0x71, 0x69, 0x61, 0x6e, 0x73, 0x68, 0x61, 0x6f, 0x9c, 0x5e, 0x41, 0x01, 'C', 'M', 'I', 'T'}
	uuidFoot   = [16]byte{0x71, 0x69, 0x61, 0x6e, 0x73, 0x68, 0x61, 0x6f, 0x9c, 0x5e, 0x41, 0x01, 'F', 'O', 'O', 'T'}
)

// CommitSize is the length of a COMMIT box in bytes.
const CommitSize = 24 + 12

// Castagnoli is the CRC-32C table of COMMIT checksums.
func Castagnoli() *crc32.Table { return castagnoli }

// AppendHead encodes the whole HEAD box.
func AppendHead(dst []byte, h *Head) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 'u', 'u', 'i', 'd')
	dst = append(dst, uuidHead[:]...)
	dst = appendHead(dst, h)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start))
	return dst
}

// AppendCommit encodes the COMMIT box of fragment seq. length is the size of
// the moof and mdat before it, crc the CRC-32C of those bytes. The checksum
// stored also covers seq and length, so a commit cannot close another fragment.
func AppendCommit(dst []byte, seq, length, crc uint32) []byte {
	dst = append(dst, 0, 0, 0, CommitSize, 'u', 'u', 'i', 'd')
	dst = append(dst, uuidCommit[:]...)
	dst = binary.BigEndian.AppendUint32(dst, seq)
	dst = binary.BigEndian.AppendUint32(dst, length)
	return binary.BigEndian.AppendUint32(dst, crc32.Update(crc, castagnoli, dst[len(dst)-8:]))
}

// checkCommit verifies a COMMIT box against what it must say.
func checkCommit(b []byte, seq, length, crc uint32) error {
	var want [CommitSize]byte
	if string(AppendCommit(want[:0], seq, length, crc)) != string(b) {
		return fmt.Errorf("commit of fragment %d: %w", seq, ErrCorrupt)
	}
	return nil
}

func crcUpdate(crc uint32, b []byte) uint32 { return crc32.Update(crc, castagnoli, b) }
