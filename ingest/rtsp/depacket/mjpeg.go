package depacket

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtp"

	"qianshao/storage/media"
)

// mjpegFormat is RFC 2435: the JPEG headers that are not sent are rebuilt before
// the scan. Every picture is a place to begin.
type mjpegFormat struct {
	out           *output
	head          []byte // the rebuilt headers; reused
	quant         [256][]byte
	width, height int // announced last
	scan          int // bytes of the scan so far
	tail          [2]byte
}

func newMJPEG(out *output, _ Params) format { return &mjpegFormat{out: out} }

func (f *mjpegFormat) flush() { f.end() }

func (f *mjpegFormat) packet(h *rtp.Header, b []byte, at time.Duration, gap bool) {
	if f.out.open && gap {
		f.out.damaged = true
	}
	if f.out.open && h.Timestamp != f.out.rtp {
		f.end()
	}
	if !f.out.open {
		f.out.begin(h.Timestamp, at)
		f.scan = 0
	}
	f.out.at = at
	if !f.out.damaged && !f.part(h, b) {
		f.out.damaged = true
	}
	if h.Marker {
		f.end()
	}
}

// part appends a packet's piece of the scan. It is false when the piece is
// malformed or not the next one.
func (f *mjpegFormat) part(h *rtp.Header, b []byte) bool {
	p, ok := parseJPEGPart(b)
	if !ok || p.offset != f.scan || p.offset+len(p.scan) > maxUnit {
		return false
	}
	if p.offset == 0 {
		tables := f.tables(&p)
		if tables == nil {
			return false
		}
		var ext []byte
		if h.Extension && h.ExtensionProfile == onvifJPEG && len(h.GetExtensionIDs()) > 0 {
			ext = h.GetExtension(0)
		}
		var w, hgt int
		f.head, w, hgt = appendJPEGHead(f.head[:0], &p, tables, ext)
		if w == 0 || hgt == 0 {
			return false
		}
		if w != f.width || hgt != f.height {
			f.width, f.height = w, hgt
			f.out.track = &media.Track{Codec: media.MJPEG, Timescale: 90000, Width: w, Height: hgt}
		}
		f.out.sync = media.KeyFrame
		f.out.chain.Append(f.head)
	}
	f.out.chain.Append(p.scan)
	f.scan += len(p.scan)
	for _, v := range p.scan[max(len(p.scan)-2, 0):] {
		f.tail = [2]byte{f.tail[1], v}
	}
	return true
}

// tables are the quantization tables of a picture, as DQT segments: sent with
// it, sent once for its Q, or computed (RFC 2435 3.1.8). nil: they never came.
func (f *mjpegFormat) tables(p *jpegPart) []byte {
	if p.q > 127 && len(p.tables) == 0 {
		if p.q == 255 {
			return nil // 255 may change and is sent with every picture
		}
		return f.quant[p.q]
	}
	if p.q <= 127 && f.quant[p.q] != nil {
		return f.quant[p.q]
	}
	f.quant[p.q] = appendTables(f.quant[p.q][:0], p)
	return f.quant[p.q]
}

// end gives the picture out.
func (f *mjpegFormat) end() {
	if !f.out.open {
		return
	}
	if f.scan < 2 {
		f.out.damaged = true
	}
	if f.tail != [2]byte{0xff, 0xd9} {
		f.out.chain.Append(jpegEnd)
	}
	f.out.end(0)
}

// jpegPart is a packet (RFC 2435 3.1).
type jpegPart struct {
	offset        int  // of its piece of the scan
	kind          byte // 0: 4:2:2, 1: 4:2:0
	q             byte
	width, height int    // pixels; 0: more than the header can say
	restart       uint16 // interval in MCUs, 0 none
	precision     byte   // bit i: the entries of table i are 16 bits
	tables        []byte
	scan          []byte
}

// parseJPEGPart reads a packet's headers.
func parseJPEGPart(b []byte) (p jpegPart, ok bool) {
	if len(b) < 8 {
		return p, false
	}
	p = jpegPart{
		offset: int(b[1])<<16 | int(b[2])<<8 | int(b[3]), kind: b[4] & 0x3f, q: b[5],
		width: int(b[6]) * 8, height: int(b[7]) * 8,
	}
	if p.kind > 1 || b[4] > 127 || p.q == 0 || p.q > 99 && p.q < 128 {
		return p, false // reserved
	}
	restarts := b[4] >= 64
	b = b[8:]
	if restarts {
		if len(b) < 4 {
			return p, false
		}
		p.restart = binary.BigEndian.Uint16(b)
		b = b[4:]
	}
	if p.q > 127 && p.offset == 0 {
		if len(b) < 4 {
			return p, false
		}
		p.precision = b[1]
		n := int(binary.BigEndian.Uint16(b[2:]))
		if b = b[4:]; n > len(b) {
			return p, false
		}
		p.tables, b = b[:n], b[n:]
		if !p.wholeTables() {
			return p, false
		}
	}
	p.scan = b
	return p, true
}

// wholeTables reports whether the tables are one or two whole ones, or none.
func (p *jpegPart) wholeTables() bool {
	n := len(p.tables)
	for i := range 2 {
		if n > 0 {
			n -= 64 << (p.precision >> i & 1)
		}
	}
	return n == 0
}
