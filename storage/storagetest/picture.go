package storagetest

import "math/bits"

// Pictures are Width × Height, 4:2:0. The top 16 rows hold the number: ten
// cells of 16 pixels, black or white, most significant bit first, of which the
// last is even parity over the nine before. The rest moves, so that a decoder
// that lost a reference shows it.
const (
	Width  = 160
	Height = 96
	cell   = 16
	digits = Width/cell - 1 // bits of a number
)

// MaxNumber is the largest number a picture can carry.
const MaxNumber = 1<<digits - 1

// PictureSize is the bytes of one planar 4:2:0 picture.
const PictureSize = Width * Height * 3 / 2

// Paint draws picture n of a loop into p, PictureSize bytes. Look varies the
// background, so that two loops can be told apart.
func Paint(p []byte, n, look int) {
	y := p[:Width*Height]
	word := uint(n)<<1 | uint(bits.OnesCount(uint(n))&1)
	for r := range Height {
		row := y[r*Width : (r+1)*Width]
		for c := range row {
			switch {
			case r < cell:
				row[c] = 16
				if word>>(digits-c/cell)&1 == 1 {
					row[c] = 235
				}
			default:
				row[c] = byte(40 + ((c*(2+look)+r+n*5)&127)>>uint(look&1))
			}
		}
	}
	// A square that runs over the picture.
	sx, sy := (n*7)%(Width-24), cell+(n*3)%(Height-cell-24)
	for r := range 24 {
		for c := range 24 {
			y[(sy+r)*Width+sx+c] = byte(60 + 6*((r^c)&15))
		}
	}
	u, v := p[Width*Height:Width*Height*5/4], p[Width*Height*5/4:]
	for i := range u {
		u[i], v[i] = byte(108+20*(look&1)), byte(128+(i+n)&7)
	}
}

// ReadNumber reads the number from the luma of a decoded picture: Width bytes
// a row, at least 16 rows. ok is false when the cells are unclear.
func ReadNumber(luma []byte) (n int, ok bool) {
	word := uint(0)
	for i := range digits + 1 {
		sum := 0
		for r := 4; r < 12; r++ {
			for c := i*cell + 4; c < i*cell+12; c++ {
				sum += int(luma[r*Width+c])
			}
		}
		mean := sum / 64
		if mean > 100 && mean < 150 {
			return 0, false
		}
		word <<= 1
		if mean >= 150 {
			word |= 1
		}
	}
	return int(word >> 1), bits.OnesCount(word)&1 == 0
}
