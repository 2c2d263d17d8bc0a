package depacket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpmjpeg"
	"github.com/pion/rtp"

	"qianshao/storage/media"
)

// mjpegFormat is RFC 2435. The library rebuilds the JPEG headers; every picture
// is a place to begin.
type mjpegFormat struct {
	out           *output
	dec           *rtpmjpeg.Decoder
	width, height int
}

func newMJPEG(out *output, _ Params) format {
	f := &mjpegFormat{out: out}
	f.reset()
	return f
}

func (f *mjpegFormat) reset() {
	f.dec = &rtpmjpeg.Decoder{}
	_ = f.dec.Init() // cannot fail: it only sets fields
}

func (f *mjpegFormat) flush() {}

func (f *mjpegFormat) packet(h *rtp.Header, payload []byte, at time.Duration, gap bool) {
	if gap {
		f.reset()
		f.out.n.Damaged++
	}
	// The decoder keeps fragments until the picture is whole.
	picture, err := f.dec.Decode(&rtp.Packet{Header: *h, Payload: bytes.Clone(payload)})
	switch {
	case errors.Is(err, rtpmjpeg.ErrMorePacketsNeeded), errors.Is(err, rtpmjpeg.ErrNonStartingPacketAndNoPrevious):
		return
	case err != nil:
		f.reset()
		f.out.n.Damaged++
		return
	}
	w, hgt := jpegSize(picture)
	if w == 0 {
		f.out.n.Damaged++
		return
	}
	if w != f.width || hgt != f.height {
		f.width, f.height = w, hgt
		f.out.track = &media.Track{Codec: media.MJPEG, Timescale: 90000, Width: w, Height: hgt}
	}
	f.out.begin(h.Timestamp, at)
	f.out.sync = media.KeyFrame
	f.out.chain.Append(picture)
	f.out.end(0)
}

// jpegSize finds the picture's size in its SOF0 segment (ITU-T T.81 B.2.2); 0, 0
// when there is none.
func jpegSize(b []byte) (w, h int) {
	for i := 2; i+9 < len(b) && b[i] == 0xff; {
		if b[i+1] == 0xc0 {
			return int(binary.BigEndian.Uint16(b[i+7:])), int(binary.BigEndian.Uint16(b[i+5:]))
		}
		i += 2 + int(binary.BigEndian.Uint16(b[i+2:]))
	}
	return 0, 0
}
