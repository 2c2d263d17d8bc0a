package fmp4

import "encoding/binary"

// Builder appends nested boxes to B. Open and Close must pair.
type Builder struct {
	B     []byte
	start []int
}

// Open begins a box; its size is filled in by Close.
func (w *Builder) Open(kind string) {
	w.start = append(w.start, len(w.B))
	w.B = append(w.B, 0, 0, 0, 0)
	w.B = append(w.B, kind...)
}

// Full begins a full box (ISO/IEC 14496-12 4.2.2).
func (w *Builder) Full(kind string, version byte, flags uint32) {
	w.Open(kind)
	w.U32(uint32(version)<<24 | flags&0xffffff)
}

// Close ends the innermost open box.
func (w *Builder) Close() {
	s := w.start[len(w.start)-1]
	w.start = w.start[:len(w.start)-1]
	binary.BigEndian.PutUint32(w.B[s:], uint32(len(w.B)-s))
}

// U8 appends a byte.
func (w *Builder) U8(v uint8) { w.B = append(w.B, v) }

// U16 appends two bytes, big endian.
func (w *Builder) U16(v uint16) { w.B = binary.BigEndian.AppendUint16(w.B, v) }

// U32 appends four bytes, big endian.
func (w *Builder) U32(v uint32) { w.B = binary.BigEndian.AppendUint32(w.B, v) }

// U64 appends eight bytes, big endian.
func (w *Builder) U64(v uint64) { w.B = binary.BigEndian.AppendUint64(w.B, v) }

// Bytes appends b.
func (w *Builder) Bytes(b []byte) { w.B = append(w.B, b...) }

// Str appends s without a terminator.
func (w *Builder) Str(s string) { w.B = append(w.B, s...) }

// Zero appends n zero bytes.
func (w *Builder) Zero(n int) {
	for range n {
		w.B = append(w.B, 0)
	}
}
