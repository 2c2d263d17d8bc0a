package digest_test

import (
	"bytes"
	"crypto/sha256"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"testing"

	"qianshao/storage/digest"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// random returns n bytes.
func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// split cuts b into buffers of 0 to longest bytes.
func split(r *rand.Rand, b []byte, longest int) [][]byte {
	var bufs [][]byte
	for len(b) > 0 {
		n := min(r.IntN(longest+1), len(b))
		bufs = append(bufs, b[:n])
		b = b[n:]
	}
	return bufs
}

// running is one SHA-256 beside what it must be.
type running struct {
	sha *digest.SHA256
	all []byte
}

// job is the next bytes of a running SHA-256, with the CRC that it must have in
// the end.
func (s *running) job(crc uint32, bufs [][]byte) (job *digest.Job, want uint32) {
	if s.sha == nil {
		s.sha = digest.New()
	}
	job = &digest.Job{SHA: s.sha, CRC: crc, Bufs: bufs}
	for _, b := range bufs {
		s.all = append(s.all, b...)
		crc = crc32.Update(crc, castagnoli, b)
	}
	return job, crc
}

func (s *running) check(t *testing.T) {
	t.Helper()
	if got, want := s.sha.Sum(), sha256.Sum256(s.all); got != want {
		t.Fatalf("SHA-256 of %d bytes is %x, want %x", len(s.all), got, want)
	}
}

func checkCRC(t *testing.T, j *digest.Job, want uint32) {
	t.Helper()
	if j.CRC != want {
		t.Fatalf("CRC-32C is %08x, want %08x", j.CRC, want)
	}
}

// both runs a test with the assembly, if there is any for this processor, and
// with the standard library.
func both(t *testing.T, test func(*testing.T)) {
	t.Run("hardware", func(t *testing.T) {
		if !digest.Hardware() {
			t.Skip("no assembly for this processor")
		}
		test(t)
	})
	t.Run("standard", func(t *testing.T) {
		digest.Standard(t)
		test(t)
	})
}

// TestVectors are of FIPS 180-4's examples and RFC 3720, appendix B.4.
func TestVectors(t *testing.T) {
	both(t, func(t *testing.T) {
		s := digest.New()
		j := digest.Job{SHA: s, Bufs: [][]byte{make([]byte, 32)}}
		if digest.One(&j); j.CRC != 0x8a9136aa {
			t.Errorf("CRC-32C of 32 zeros is %08x", j.CRC)
		}
		s.Reset()
		s.Write([]byte("abc"))
		want := [32]byte{
			0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
			0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
		}
		if got := s.Sum(); got != want {
			t.Errorf("SHA-256 of abc is %x", got)
		}
	})
}

// TestLengths takes every length by Write, One and Two, from every state of the
// block that is not yet whole.
func TestLengths(t *testing.T) {
	both(t, func(t *testing.T) {
		text := random(rand.New(rand.NewPCG(1, 2)), 1000)
		for n := range 601 {
			w := running{sha: digest.New(), all: text[:n]}
			w.sha.Write(text[:n])
			w.check(t)

			var a, b, c running
			before := n * 7 % 130
			for _, s := range []*running{&a, &b, &c} {
				j, want := s.job(0, [][]byte{text[:before]})
				digest.One(j)
				checkCRC(t, j, want)
			}
			ja, wanta := a.job(3, [][]byte{text[before:][:n]})
			jb, wantb := b.job(4, [][]byte{text[before:][:n]})
			jc, wantc := c.job(5, [][]byte{text[:600-n]})
			digest.One(ja)
			digest.Two(jb, jc)
			checkCRC(t, ja, wanta)
			checkCRC(t, jb, wantb)
			checkCRC(t, jc, wantc)
			a.check(t)
			b.check(t)
			c.check(t)
		}
	})
}

// TestSplits carries two running hashes over many jobs of odd buffers.
func TestSplits(t *testing.T) {
	both(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for range 200 {
			var a, b running
			for range 5 {
				ja, wanta := a.job(r.Uint32(), split(r, random(r, r.IntN(3000)), 1+r.IntN(400)))
				jb, wantb := b.job(r.Uint32(), split(r, random(r, r.IntN(3000)), 1+r.IntN(400)))
				switch r.IntN(3) {
				case 0:
					digest.Two(ja, jb)
				case 1:
					digest.Two(jb, ja)
				default:
					digest.One(ja)
					digest.One(jb)
				}
				checkCRC(t, ja, wanta)
				checkCRC(t, jb, wantb)
				a.check(t)
				b.check(t)
			}
		}
	})
}

// TestUneven pairs a job with one that is longer by far, and with none.
func TestUneven(t *testing.T) {
	both(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		long := random(r, 300_000)
		for _, n := range []int{0, 1, 63, 64, 65, 5000, len(long)} {
			var a, b running
			ja, wanta := a.job(0, [][]byte{long[:n]})
			jb, wantb := b.job(0, split(r, long, 40_000))
			digest.Two(ja, jb)
			checkCRC(t, ja, wanta)
			checkCRC(t, jb, wantb)
			a.check(t)
			b.check(t)

			ja, wanta = a.job(ja.CRC, [][]byte{long})
			jb, wantb = b.job(jb.CRC, nil)
			digest.Two(ja, jb)
			checkCRC(t, ja, wanta)
			checkCRC(t, jb, wantb)
			a.check(t)
			b.check(t)
		}
	})
}

// TestSame has both jobs go into one SHA-256: one after the other.
func TestSame(t *testing.T) {
	both(t, func(t *testing.T) {
		var s running
		text := random(rand.New(rand.NewPCG(7, 8)), 1000)
		ja, wanta := s.job(0, [][]byte{text})
		jb, wantb := s.job(0, [][]byte{text[:300]})
		digest.Two(ja, jb)
		checkCRC(t, ja, wanta)
		checkCRC(t, jb, wantb)
		s.check(t)
	})
}

// TestMixed pairs a hash of the assembly with one of the standard library.
func TestMixed(t *testing.T) {
	text := random(rand.New(rand.NewPCG(9, 10)), 1000)
	var a, b running
	ja, wanta := a.job(0, [][]byte{text})
	digest.Standard(t)
	jb, wantb := b.job(0, [][]byte{text})
	digest.Two(ja, jb)
	checkCRC(t, ja, wanta)
	checkCRC(t, jb, wantb)
	a.check(t)
	b.check(t)
}

// TestReset has nothing left of what was written before.
func TestReset(t *testing.T) {
	both(t, func(t *testing.T) {
		s := digest.New()
		for n := range 130 {
			s.Write(make([]byte, n))
			s.Reset()
			s.Write([]byte("x"))
			if got := s.Sum(); got != sha256.Sum256([]byte("x")) {
				t.Fatalf("%x after %d bytes and a reset", got, n)
			}
			s.Reset()
		}
	})
}

func TestAllocates(t *testing.T) {
	both(t, func(t *testing.T) {
		bufs := fragments(2)
		a, b := digest.New(), digest.New()
		if n := testing.AllocsPerRun(100, func() {
			ja, jb := digest.Job{SHA: a, Bufs: bufs[0]}, digest.Job{SHA: b, Bufs: bufs[1]}
			digest.Two(&ja, &jb)
			digest.One(&ja)
			a.Write(bufs[0][0])
			a.Sum()
			b.Reset()
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}

func FuzzDigest(f *testing.F) {
	f.Add([]byte("abc"), uint64(1))
	f.Add(bytes.Repeat([]byte("0123456789"), 100), uint64(2))
	f.Fuzz(func(t *testing.T, text []byte, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 0))
		one := func(s *running, text []byte) {
			j, want := s.job(r.Uint32(), split(r, text, 1+r.IntN(300)))
			digest.One(j)
			checkCRC(t, j, want)
		}
		for range 2 {
			var a, b running
			cut := r.IntN(len(text) + 1)
			one(&a, text[:cut])
			one(&b, text[cut:])
			ja, wanta := a.job(r.Uint32(), split(r, text, 1+r.IntN(300)))
			jb, wantb := b.job(r.Uint32(), split(r, text[:r.IntN(len(text)+1)], 1+r.IntN(300)))
			digest.Two(ja, jb)
			checkCRC(t, ja, wanta)
			checkCRC(t, jb, wantb)
			a.check(t)
			b.check(t)
			digest.Standard(t)
		}
	})
}

// fragmentSize is about the length of a recorder's fragment in bytes, and chunk
// that of the pieces in which it lies in memory.
const (
	fragmentSize = 250_000
	chunk        = 16 << 10
)

// fragments returns n fragments: a first buffer of 1 to 3 KB, then chunks.
func fragments(n int) [][][]byte {
	r := rand.New(rand.NewPCG(11, 12))
	all := make([][][]byte, n)
	for i := range all {
		b := random(r, fragmentSize)
		first := 1000 + r.IntN(2000)
		all[i] = append(all[i], b[:first])
		all[i] = slices.AppendSeq(all[i], slices.Chunk(b[first:], chunk))
	}
	return all
}

// many fragments are more than fit in a core's own caches.
const many = 64

// BenchmarkStandard does what the standard library can: 8 KiB at a time, CRC
// before SHA.
func BenchmarkStandard(b *testing.B) {
	all := fragments(many)
	sha := sha256.New()
	b.SetBytes(fragmentSize)
	for i := 0; b.Loop(); i++ {
		var crc uint32
		for _, p := range all[i%many] {
			for q := range slices.Chunk(p, 8<<10) {
				crc = crc32.Update(crc, castagnoli, q)
				sha.Write(q)
			}
		}
	}
}

// BenchmarkSHA is the standard library's SHA-256 alone.
func BenchmarkSHA(b *testing.B) {
	all := fragments(many)
	sha := sha256.New()
	b.SetBytes(fragmentSize)
	for i := 0; b.Loop(); i++ {
		for _, p := range all[i%many] {
			sha.Write(p)
		}
	}
}

func BenchmarkOne(b *testing.B) {
	all := fragments(many)
	s := digest.New()
	b.SetBytes(fragmentSize)
	for i := 0; b.Loop(); i++ {
		digest.One(&digest.Job{SHA: s, Bufs: all[i%many]})
	}
}

func BenchmarkTwo(b *testing.B) {
	all := fragments(many)
	s, t := digest.New(), digest.New()
	b.SetBytes(2 * fragmentSize)
	for i := 0; b.Loop(); i += 2 {
		digest.Two(&digest.Job{SHA: s, Bufs: all[i%many]}, &digest.Job{SHA: t, Bufs: all[(i+1)%many]})
	}
}
