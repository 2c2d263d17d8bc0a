// Package digest takes the SHA-256 (FIPS 180-4) and the CRC-32C (RFC 3720,
// appendix B.4) of the same bytes in one pass. On amd64 with the SHA extensions
// the CRC costs next to nothing, being done while the SHA rounds wait for each
// other, and so do most of the rounds of a second SHA-256 (see [Two]). Elsewhere
// the standard library does the work.
package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"hash/crc32"
)

const (
	// blockSize is the length of a SHA-256 block in bytes.
	blockSize = 64
	// longest is how many bytes one call of assembly takes: the scheduler cannot
	// stop it before its end, some 50 µs.
	longest = 64 << 10
	// piece is how many bytes the standard library takes at a time, CRC before
	// SHA, so that SHA finds them in the nearest cache.
	piece = 8 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// SHA256 is a running SHA-256. It is not ready before [New] or Reset, must not
// be copied, and belongs to one goroutine at a time.
type SHA256 struct {
	h      [8]uint32       // working variables f, e, b, a, h, g, d, c, as SHA256RNDS2 wants them
	buf    [blockSize]byte // the block that is not yet whole
	n      int             // bytes in buf
	length uint64          // bytes written
	std    hash.Hash       // does all the work where there is no assembly; else nil
}

// initial is the state before the first block (FIPS 180-4, 5.3.3), in the order
// of SHA256.h.
var initial = [8]uint32{
	0x9b05688c, 0x510e527f, 0xbb67ae85, 0x6a09e667,
	0x5be0cd19, 0x1f83d9ab, 0xa54ff53a, 0x3c6ef372,
}

// order is where the words of the result lie in SHA256.h.
var order = [8]int{3, 2, 7, 6, 1, 0, 5, 4}

// New returns the SHA-256 of no bytes yet.
func New() *SHA256 {
	s := &SHA256{}
	s.Reset()
	return s
}

// Reset forgets what was written. It makes a zero SHA256 ready.
func (s *SHA256) Reset() {
	s.h, s.n, s.length = initial, 0, 0
	switch {
	case hardware:
		s.std = nil
	case s.std == nil:
		s.std = sha256.New()
	default:
		s.std.Reset()
	}
}

// Write takes p.
func (s *SHA256) Write(p []byte) {
	if s.std != nil {
		s.std.Write(p)
		return
	}
	s.length += uint64(len(p))
	l := lane{sha: s, rest: p}
	l.run()
}

// Sum returns the SHA-256 of what was written so far. Writing may go on.
func (s *SHA256) Sum() (sum [32]byte) {
	if s.std != nil {
		copy(sum[:], s.std.Sum(s.buf[:0])) // buf is free, and spares an allocation
		return sum
	}
	h, last := s.h, s.buf
	last[s.n] = 0x80
	clear(last[s.n+1:])
	if s.n >= blockSize-8 {
		blocksCRC(&h, 0, &last[0], 1)
		clear(last[:])
	}
	binary.BigEndian.PutUint64(last[blockSize-8:], 8*s.length)
	blocksCRC(&h, 0, &last[0], 1)
	for i, from := range order {
		binary.BigEndian.PutUint32(sum[4*i:], h[from])
	}
	return sum
}

// Job is bytes that go into a running SHA-256 and a CRC-32C.
type Job struct {
	SHA *SHA256
	// CRC is that of the bytes before, 0 if there are none, and afterwards that
	// of all, as by [crc32.Update].
	CRC  uint32
	Bufs [][]byte // only read
}

// One takes j.Bufs into j.SHA and j.CRC.
func One(j *Job) {
	if j.SHA.std != nil {
		j.standard()
		return
	}
	l := start(j)
	l.run()
	j.CRC = l.finish()
}

// Two does what One does for both jobs, in less time than one after the other:
// they are done in turns, block by block, until the shorter is at its end.
func Two(a, b *Job) {
	if a.SHA == b.SHA || a.SHA.std != nil || b.SHA.std != nil {
		One(a)
		One(b)
		return
	}
	la, lb := start(a), start(b)
	for {
		pa, pb := la.whole(), lb.whole()
		n := min(len(pa), len(pb), longest) / blockSize
		if n == 0 {
			break
		}
		la.crc, lb.crc = blocksCRC2(&a.SHA.h, &b.SHA.h, la.crc, lb.crc, &pa[0], &pb[0], n)
		la.took(n)
		lb.took(n)
	}
	la.run()
	lb.run()
	a.CRC, b.CRC = la.finish(), lb.finish()
}

// standard is One by the standard library.
func (j *Job) standard() {
	for _, p := range j.Bufs {
		for len(p) > 0 {
			n := min(len(p), piece)
			j.CRC = crc32.Update(j.CRC, castagnoli, p[:n])
			j.SHA.std.Write(p[:n])
			p = p[n:]
		}
	}
}

// lane is how far a job is. Its CRC lags behind: it has the blocks that were
// hashed, but not what lies in sha.buf.
type lane struct {
	sha  *SHA256
	crc  uint32
	old  int      // bytes of sha.buf from before the job, which are not for crc
	rest []byte   // of the buffer in hand
	bufs [][]byte // after it
}

// start begins a job.
func start(j *Job) lane {
	for _, p := range j.Bufs {
		j.SHA.length += uint64(len(p))
	}
	return lane{sha: j.SHA, crc: j.CRC, old: j.SHA.n, bufs: j.Bufs}
}

// whole returns bytes that begin with the blocks to hash next, or none at the
// end of the job, when its last bytes are in sha.buf. A block that lies
// across buffers is put together in sha.buf.
func (l *lane) whole() []byte {
	s := l.sha
	for {
		switch {
		case s.n == blockSize && l.old > 0:
			l.crc = crc32.Update(l.crc, castagnoli, s.buf[l.old:])
			blocksCRC(&s.h, 0, &s.buf[0], 1)
			s.n, l.old = 0, 0
		case s.n == blockSize:
			return s.buf[:]
		case s.n == 0 && len(l.rest) >= blockSize:
			return l.rest
		case len(l.rest) > 0:
			n := copy(s.buf[s.n:], l.rest)
			s.n += n
			l.rest = l.rest[n:]
		case len(l.bufs) > 0:
			l.rest, l.bufs = l.bufs[0], l.bufs[1:]
		default:
			return nil
		}
	}
}

// took says that n blocks of what whole returned are hashed.
func (l *lane) took(n int) {
	if l.sha.n == blockSize {
		l.sha.n = 0
		return
	}
	l.rest = l.rest[n*blockSize:]
}

// run hashes the whole blocks of the job.
func (l *lane) run() {
	for {
		p := l.whole()
		n := min(len(p), longest) / blockSize
		if n == 0 {
			return
		}
		l.crc = blocksCRC(&l.sha.h, l.crc, &p[0], n)
		l.took(n)
	}
}

// finish returns the CRC of the whole job.
func (l *lane) finish() uint32 {
	return crc32.Update(l.crc, castagnoli, l.sha.buf[l.old:l.sha.n])
}
