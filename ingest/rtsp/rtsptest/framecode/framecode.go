// Package framecode draws a number into a picture so that it survives
// compression and halving, and reads it back.
//
// The code is one row of 32 square cells along the top edge, each 1/32 of the
// picture's width, black or white:
//
//	| 1 0 1 1 | 16 bits of the number, high bit first | CRC-8 of them | 1 1 0 1 |
//	  start                                                             stop
//
// Start and stop hold both colours, so the reader finds its threshold in the
// picture itself. The package knows only luma: a plane of bytes, one a pixel.
package framecode

import (
	"errors"
	"fmt"
	"image"
	"image/color"
)

const (
	cells = 32
	black = 16  // limited-range black (ITU-R BT.601)
	white = 235 // limited-range white
	start = 0b1011
	stop  = 0b1101

	// minContrast is the least distance between the mean of the known white
	// and the known black cells; heavy compression keeps more than 150.
	minContrast = 48
)

// ErrNoCode is returned when the start or stop pattern is not in the picture.
var ErrNoCode = errors.New("no frame code in the picture")

// ErrChecksum is returned when the patterns stand but the number is damaged.
var ErrChecksum = errors.New("frame code checksum mismatch")

// Height returns how many rows of a picture of that width the code covers.
func Height(width int) int { return max(2, width/cells) }

// word is the 32 cells as bits, first cell highest.
func word(n uint16) uint32 {
	return start<<28 | uint32(n)<<12 | uint32(crc8(n))<<4 | stop
}

// crc8 is CRC-8/ATM (polynomial 0x07) with a start value, so that an all-black
// number has a checksum that is not black.
func crc8(n uint16) byte {
	crc := byte(0x5a)
	for _, b := range [2]byte{byte(n >> 8), byte(n)} {
		crc ^= b
		for range 8 {
			if crc&0x80 != 0 {
				crc = crc<<1 ^ 0x07
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// Draw writes n over the first Height(width) rows of the luma plane y, whose
// rows lie stride bytes apart. The caller makes the chroma there neutral.
func Draw(y []byte, stride, width int, n uint16) {
	w := word(n)
	row := y[:width]
	for i := range cells {
		v := byte(black)
		if w>>(cells-1-i)&1 == 1 {
			v = white
		}
		for x := i * width / cells; x < (i+1)*width/cells; x++ {
			row[x] = v
		}
	}
	for r := 1; r < Height(width); r++ {
		copy(y[r*stride:r*stride+width], row)
	}
}

// Read returns the number in the luma plane y of a picture of that width. Only
// the first Height(width) rows are looked at, so a cropped strip will do.
func Read(y []byte, stride, width int) (uint16, error) {
	h := Height(width)
	if width < cells || stride < width || len(y) < (h-1)*stride+width {
		return 0, fmt.Errorf("plane of %d bytes for width %d: %w", len(y), width, ErrNoCode)
	}
	var mean [cells]int
	for i := range mean {
		x0, x1 := i*width/cells, (i+1)*width/cells
		dx, dy := (x1-x0)/4, h/4
		sum, count := 0, 0
		for r := dy; r < h-dy; r++ {
			for x := x0 + dx; x < x1-dx; x++ {
				sum += int(y[r*stride+x])
				count++
			}
		}
		mean[i] = sum / count
	}
	// Known cells: start 1011, stop 1101.
	lo := (mean[1] + mean[30]) / 2
	hi := (mean[0] + mean[2] + mean[3] + mean[28] + mean[29] + mean[31]) / 6
	if hi-lo < minContrast {
		return 0, fmt.Errorf("contrast %d: %w", hi-lo, ErrNoCode)
	}
	var w uint32
	for _, m := range mean {
		w <<= 1
		if m > (lo+hi)/2 {
			w |= 1
		}
	}
	if w>>28 != start || w&0xf != stop {
		return 0, fmt.Errorf("cells %032b: %w", w, ErrNoCode)
	}
	n := uint16(w >> 12)
	if word(n) != w {
		return 0, fmt.Errorf("cells %032b: %w", w, ErrChecksum)
	}
	return n, nil
}

// ReadImage reads the code of a decoded picture of any colour model.
func ReadImage(img image.Image) (uint16, error) {
	b := img.Bounds()
	w, h := b.Dx(), min(b.Dy(), Height(b.Dx()))
	y := make([]byte, w*h)
	for r := range h {
		for x := range w {
			g, ok := color.GrayModel.Convert(img.At(b.Min.X+x, b.Min.Y+r)).(color.Gray)
			if !ok {
				return 0, ErrNoCode
			}
			y[r*w+x] = g.Y
		}
	}
	return Read(y, w, w)
}
