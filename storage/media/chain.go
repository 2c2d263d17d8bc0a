package media

// Chain is an append-only run of bytes in pooled chunks. A depacketizer writes
// access units to its end; the recorder takes finished parts off its front.
// Positions count bytes since the chain was made and never change.
//
// A Chain belongs to one goroutine; the Parts it gives out may be read and
// released by another.
type Chain struct {
	Budget *Budget // counts the chunks; may be nil; set before the first byte
	chunks []*chunk
	base   int64 // position of the first byte of chunks[0]
	taken  int64 // everything before has been taken
	end    int64
}

// End is the position behind the last byte.
func (c *Chain) End() int64 { return c.end }

// Taken is the position of the first byte that is still in the chain.
func (c *Chain) Taken() int64 { return c.taken }

// Held is what the Budget counts; without one, what is in the chain.
func (c *Chain) Held() int64 {
	if c.Budget != nil {
		return c.Budget.Held()
	}
	return c.end - c.taken
}

// Append copies b to the end.
func (c *Chain) Append(b []byte) {
	for len(b) > 0 {
		last := c.tail()
		n := copy(last.b[last.n:], b)
		last.n += n
		c.end += int64(n)
		b = b[n:]
	}
}

// AppendByte appends one byte.
func (c *Chain) AppendByte(v byte) {
	last := c.tail()
	last.b[last.n] = v
	last.n++
	c.end++
}

// AppendLength appends n as four bytes, big endian.
func (c *Chain) AppendLength(n uint32) {
	last := c.tail()
	if ChunkSize-last.n < 4 {
		c.Append([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		return
	}
	b := last.b[last.n : last.n+4]
	b[0], b[1], b[2], b[3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	last.n += 4
	c.end += 4
}

// SetLength overwrites the four bytes at pos, which must not have been taken.
func (c *Chain) SetLength(pos int64, n uint32) {
	for i := range 4 {
		at := pos + int64(i) - c.base
		c.chunks[at/ChunkSize].b[at%ChunkSize] = byte(n >> (24 - 8*i))
	}
}

// tail returns a last chunk with room for at least one byte.
func (c *Chain) tail() *chunk {
	if k := len(c.chunks); k > 0 && c.chunks[k-1].n < ChunkSize {
		return c.chunks[k-1]
	}
	next := chunks.get()
	next.refs.Store(1)
	if next.of = c.Budget; next.of != nil {
		next.of.held.Add(ChunkSize)
	}
	if len(c.chunks) == 0 {
		c.base = c.end
	}
	c.chunks = append(c.chunks, next)
	return next
}

// Truncate drops everything from pos on; pos must not lie before Taken.
func (c *Chain) Truncate(pos int64) {
	for k := len(c.chunks) - 1; k >= 0; k-- {
		start := c.base + int64(k)*ChunkSize
		if start >= pos && k > 0 {
			c.chunks[k].release()
			c.chunks[k] = nil
			c.chunks = c.chunks[:k]
			continue
		}
		c.chunks[k].n = int(pos - start)
		break
	}
	c.end = pos
}

// Part is a run of bytes taken off a Chain: the buffers in order. It must be
// released once.
type Part struct {
	Bufs   [][]byte
	chunks []*chunk
}

// Release gives the chunks back; the buffers must not be used any more. The
// Part may then be used for another Take.
func (p *Part) Release() {
	for i, c := range p.chunks {
		c.release()
		p.chunks[i] = nil
		p.Bufs[i] = nil
	}
	p.chunks, p.Bufs = p.chunks[:0], p.Bufs[:0]
}

// Take moves the bytes before upto, which are not taken yet, into p. p's slices
// are reused; it must have been released.
func (c *Chain) Take(upto int64, p *Part) {
	drop := 0
	for k, ch := range c.chunks {
		start := c.base + int64(k)*ChunkSize
		if start >= upto {
			break
		}
		from, to := max(c.taken-start, 0), min(upto-start, int64(ch.n))
		if from < to {
			ch.refs.Add(1)
			p.chunks = append(p.chunks, ch)
			p.Bufs = append(p.Bufs, ch.b[from:to:to])
		}
		if start+ChunkSize <= upto {
			drop = k + 1
		}
	}
	for _, ch := range c.chunks[:drop] {
		ch.release()
	}
	if drop > 0 {
		rest := copy(c.chunks, c.chunks[drop:])
		clear(c.chunks[rest:])
		c.chunks = c.chunks[:rest]
		c.base += int64(drop) * ChunkSize
	}
	c.taken = upto
}

// AppendTo appends the bytes [from, to), which must still be in the chain, to
// dst.
func (c *Chain) AppendTo(dst []byte, from, to int64) []byte {
	for from < to {
		at := from - c.base
		ch := c.chunks[at/ChunkSize]
		n := min(to-from, ChunkSize-at%ChunkSize)
		dst = append(dst, ch.b[at%ChunkSize:at%ChunkSize+n]...)
		from += n
	}
	return dst
}

// Close gives all chunks back.
func (c *Chain) Close() {
	for i, ch := range c.chunks {
		ch.release()
		c.chunks[i] = nil
	}
	c.chunks = c.chunks[:0]
	c.taken = c.end
}
