package framecode

import (
	"errors"
	"image"
	"math/rand/v2"
	"testing"
)

func TestRoundTripAtEverySize(t *testing.T) {
	t.Parallel()
	for _, width := range []int{64, 160, 320, 352, 640, 704, 1280, 1920, 2560} {
		h := Height(width)
		y := make([]byte, width*h)
		for n := 0; n <= 0xffff; n += 251 {
			Draw(y, width, width, uint16(n))
			got, err := Read(y, width, width)
			if err != nil || got != uint16(n) {
				t.Fatalf("width %d: read %d, %v; want %d", width, got, err, n)
			}
		}
	}
}

func TestNoiseAndHalving(t *testing.T) {
	t.Parallel()
	const width = 320
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := 0; n <= 0xffff; n += 97 {
		y := make([]byte, width*Height(width))
		Draw(y, width, width, uint16(n))
		half := make([]byte, width/2*Height(width)/2)
		for r := range Height(width) / 2 {
			for x := range width / 2 {
				s := 0
				for _, o := range []int{0, 1, width, width + 1} {
					s += int(y[2*r*width+2*x+o])
				}
				v := s/4 + rnd.IntN(81) - 40
				half[r*width/2+x] = byte(min(255, max(0, v)))
			}
		}
		got, err := Read(half, width/2, width/2)
		if err != nil || got != uint16(n) {
			t.Fatalf("halved: read %d, %v; want %d", got, err, n)
		}
	}
}

func TestDamageIsSeen(t *testing.T) {
	t.Parallel()
	const width = 640
	y := make([]byte, width*Height(width))
	if _, err := Read(y, width, width); !errors.Is(err, ErrNoCode) {
		t.Errorf("black picture: %v, want ErrNoCode", err)
	}
	if _, err := Read(y[:10], width, width); !errors.Is(err, ErrNoCode) {
		t.Errorf("short plane: %v, want ErrNoCode", err)
	}
	for cell := 4; cell < 28; cell++ {
		Draw(y, width, width, 0xa5c3)
		for r := range Height(width) {
			for x := cell * width / cells; x < (cell+1)*width/cells; x++ {
				y[r*width+x] = 255 - y[r*width+x]
			}
		}
		if n, err := Read(y, width, width); !errors.Is(err, ErrChecksum) {
			t.Errorf("cell %d turned: read %d, %v; want ErrChecksum", cell, n, err)
		}
	}
}

func TestReadImage(t *testing.T) {
	t.Parallel()
	img := image.NewYCbCr(image.Rect(0, 0, 320, 180), image.YCbCrSubsampleRatio420)
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 128, 128
	}
	Draw(img.Y, img.YStride, 320, 4711)
	if n, err := ReadImage(img); err != nil || n != 4711 {
		t.Errorf("read %d, %v; want 4711", n, err)
	}
}

func FuzzRead(f *testing.F) {
	y := make([]byte, 64*2)
	Draw(y, 64, 64, 77)
	f.Add(y, 64, 64)
	f.Fuzz(func(t *testing.T, y []byte, stride, width int) {
		if n, err := Read(y, stride, width); err == nil {
			again := make([]byte, width*Height(width))
			Draw(again, width, width, n)
			if m, err := Read(again, width, width); err != nil || m != n {
				t.Fatalf("drawn again: %d, %v; want %d", m, err, n)
			}
		}
	})
}
