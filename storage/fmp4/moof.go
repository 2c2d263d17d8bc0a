package fmp4

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Sample flags of trun (ISO/IEC 14496-12 8.8.3.1).
const (
	FlagsSync    = 0x02000000 // depends on no other sample
	FlagsNonSync = 0x01010000 // depends on others, is not a sync sample
)

// Run is one track's samples in a fragment, in decode order. Durs and CTS run
// parallel to Sizes; CTS may be nil. Kinds tells where decoding can begin: 0 no
// sync sample, 1–3 the kind of sync sample, kept in the low bits of
// degradation_priority, which players ignore; nil means all are (audio).
type Run struct {
	TrackID   uint32
	FirstTick int64 // tfdt
	Sizes     []uint32
	Durs      []uint32
	CTS       []uint32
	Kinds     []uint8
}

// AppendMoof writes the moof of a fragment whose mdat follows at once, with the
// samples of runs[0] first, and the 8-byte header of that mdat. Runs without
// samples are left out. It returns the extended buffer and the moof's size.
func AppendMoof(dst []byte, seq uint32, runs []Run) ([]byte, int) {
	moof := len(dst)
	dst = append(dst, 0, 0, 0, 0, 'm', 'o', 'o', 'f',
		0, 0, 0, 16, 'm', 'f', 'h', 'd', 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint32(dst, seq)
	var offsetAt [16]int // where each run's data_offset stands
	for i := range runs {
		if len(runs[i].Sizes) > 0 {
			dst, offsetAt[i] = appendTraf(dst, &runs[i])
		}
	}
	size := len(dst) - moof
	binary.BigEndian.PutUint32(dst[moof:], uint32(size))
	data := uint32(8)
	for i := range runs {
		if len(runs[i].Sizes) == 0 {
			continue
		}
		binary.BigEndian.PutUint32(dst[offsetAt[i]:], uint32(size)+data)
		for _, s := range runs[i].Sizes {
			data += s
		}
	}
	dst = binary.BigEndian.AppendUint32(dst, data)
	return append(dst, 'm', 'd', 'a', 't'), size
}

func appendTraf(dst []byte, r *Run) (_ []byte, offsetAt int) {
	traf := len(dst)
	dst = append(dst, 0, 0, 0, 0, 't', 'r', 'a', 'f',
		0, 0, 0, 16, 't', 'f', 'h', 'd', 0, 0x02, 0, 0) // default-base-is-moof
	dst = binary.BigEndian.AppendUint32(dst, r.TrackID)
	dst = append(dst, 0, 0, 0, 20, 't', 'f', 'd', 't', 1, 0, 0, 0)
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.FirstTick))

	trun := len(dst)
	flags := uint32(0x000001 | 0x000100 | 0x000200) // data-offset, duration, size
	if r.Kinds != nil {
		flags |= 0x000400
	}
	if r.CTS != nil {
		flags |= 0x000800
	}
	dst = append(dst, 0, 0, 0, 0, 't', 'r', 'u', 'n')
	dst = binary.BigEndian.AppendUint32(dst, flags)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(r.Sizes)))
	offsetAt = len(dst)
	dst = append(dst, 0, 0, 0, 0)
	for i, size := range r.Sizes {
		dst = binary.BigEndian.AppendUint32(dst, r.Durs[i])
		dst = binary.BigEndian.AppendUint32(dst, size)
		if r.Kinds != nil {
			f := uint32(FlagsNonSync)
			if k := r.Kinds[i]; k != 0 {
				f = FlagsSync | uint32(k)
			}
			dst = binary.BigEndian.AppendUint32(dst, f)
		}
		if r.CTS != nil {
			dst = binary.BigEndian.AppendUint32(dst, r.CTS[i])
		}
	}
	binary.BigEndian.PutUint32(dst[trun:], uint32(len(dst)-trun))
	binary.BigEndian.PutUint32(dst[traf:], uint32(len(dst)-traf))
	return dst, offsetAt
}

// ErrMoof is returned (wrapped) by ParseMoof.
var ErrMoof = errors.New("not a fragment of ours")

// ParsedRun is a traf as AppendMoof writes it.
type ParsedRun struct {
	TrackID   uint32
	FirstTick int64
	Sizes     []uint32
	Durs      []uint32
	CTS       []uint32 // nil without composition offsets
	Kinds     []uint8  // nil: all are sync samples
}

// ParseMoof reads a moof written by AppendMoof. It understands no other
// writer's choices; recovery needs no more.
func ParseMoof(b []byte) (seq uint32, runs []ParsedRun, err error) {
	if len(b) < 24 || int(binary.BigEndian.Uint32(b)) != len(b) || string(b[4:8]) != "moof" ||
		binary.BigEndian.Uint32(b[8:]) != 16 || string(b[12:16]) != "mfhd" {
		return 0, nil, fmt.Errorf("moof header: %w", ErrMoof)
	}
	seq = binary.BigEndian.Uint32(b[20:])
	b = b[24:]
	for len(b) > 0 {
		if len(b) < 8 {
			return 0, nil, fmt.Errorf("traf header: %w", ErrMoof)
		}
		n := int(binary.BigEndian.Uint32(b))
		if n < 8 || n > len(b) || string(b[4:8]) != "traf" {
			return 0, nil, fmt.Errorf("traf: %w", ErrMoof)
		}
		r, err := parseTraf(b[8:n])
		if err != nil {
			return 0, nil, err
		}
		runs = append(runs, r)
		b = b[n:]
	}
	return seq, runs, nil
}

func parseTraf(b []byte) (r ParsedRun, err error) {
	if len(b) < 16+20+20 || string(b[4:8]) != "tfhd" || string(b[20:24]) != "tfdt" || string(b[40:44]) != "trun" ||
		binary.BigEndian.Uint32(b) != 16 || binary.BigEndian.Uint32(b[16:]) != 20 ||
		int(binary.BigEndian.Uint32(b[36:])) != len(b)-36 {
		return r, fmt.Errorf("traf layout: %w", ErrMoof)
	}
	r.TrackID = binary.BigEndian.Uint32(b[12:])
	r.FirstTick = int64(binary.BigEndian.Uint64(b[28:]))
	flags := binary.BigEndian.Uint32(b[44:])
	count := int(binary.BigEndian.Uint32(b[48:]))
	b = b[56:]
	width := 8
	sync, cts := flags&0x400 != 0, flags&0x800 != 0
	if sync {
		width += 4
	}
	if cts {
		width += 4
	}
	if flags&^0xc00 != 0x301 || count < 0 || count > len(b)/width || count*width != len(b) {
		return r, fmt.Errorf("trun of %d samples in %d bytes: %w", count, len(b), ErrMoof)
	}
	r.Durs, r.Sizes = make([]uint32, count), make([]uint32, count)
	if sync {
		r.Kinds = make([]uint8, count)
	}
	if cts {
		r.CTS = make([]uint32, count)
	}
	for i := range count {
		r.Durs[i] = binary.BigEndian.Uint32(b)
		r.Sizes[i] = binary.BigEndian.Uint32(b[4:])
		b = b[8:]
		if sync {
			if f := binary.BigEndian.Uint32(b); f&^3 == FlagsSync {
				r.Kinds[i] = uint8(f & 3)
			}
			b = b[4:]
		}
		if cts {
			r.CTS[i] = binary.BigEndian.Uint32(b)
			b = b[4:]
		}
	}
	return r, nil
}
