package loop

import (
	"math"
	"math/rand/v2"

	"qianshao/ingest/rtsp/rtsptest/framecode"
)

// yuv is a colour in limited-range BT.601.
type yuv [3]byte

func rgb(r, g, b float64) yuv {
	return yuv{
		byte(16 + 0.257*r + 0.504*g + 0.098*b),
		byte(128 - 0.148*r - 0.291*g + 0.439*b),
		byte(128 + 0.439*r - 0.368*g - 0.071*b),
	}
}

// canvas is one picture in planar 4:2:0. Drawing uses a grid 640 units wide
// whatever the size in pixels; y = 0 is the top.
type canvas struct {
	w, h    int
	y, u, v []byte
	buf     []byte  // the three planes in one piece, as ffmpeg reads them
	s       float64 // pixels a unit
	tall    float64 // height in units
}

func newCanvas(w, h int) *canvas {
	n, c := w*h, (w/2)*(h/2)
	buf := make([]byte, n+2*c)
	return &canvas{
		w: w, h: h, buf: buf, y: buf[:n], u: buf[n : n+c], v: buf[n+c:],
		s: float64(w) / 640, tall: float64(h) * 640 / float64(w),
	}
}

// fill paints every pixel of the box for which inside (in units) is true.
func (c *canvas) fill(x0, y0, x1, y1 float64, col yuv, inside func(x, y float64) bool) {
	px0, px1 := max(0, int(x0*c.s)), min(c.w, int(math.Ceil(x1*c.s)))
	py0, py1 := max(0, int(y0*c.s)), min(c.h, int(math.Ceil(y1*c.s)))
	for py := py0; py < py1; py++ {
		y := (float64(py) + 0.5) / c.s
		for px := px0; px < px1; px++ {
			if inside != nil && !inside((float64(px)+0.5)/c.s, y) {
				continue
			}
			c.y[py*c.w+px] = col[0]
			if px&1 == 0 && py&1 == 0 {
				i := py/2*(c.w/2) + px/2
				c.u[i], c.v[i] = col[1], col[2]
			}
		}
	}
}

func (c *canvas) rect(x, y, w, h float64, col yuv) { c.fill(x, y, x+w, y+h, col, nil) }

func (c *canvas) ellipse(cx, cy, rx, ry float64, col yuv) {
	c.fill(cx-rx, cy-ry, cx+rx, cy+ry, col, func(x, y float64) bool {
		dx, dy := (x-cx)/rx, (y-cy)/ry
		return dx*dx+dy*dy <= 1
	})
}

// line is a bar of the given thickness between two points.
func (c *canvas) line(x0, y0, x1, y1, thick float64, col yuv) {
	dx, dy := x1-x0, y1-y0
	long := math.Hypot(dx, dy)
	r := thick / 2
	c.fill(min(x0, x1)-r, min(y0, y1)-r, max(x0, x1)+r, max(y0, y1)+r, col, func(x, y float64) bool {
		along := ((x-x0)*dx + (y-y0)*dy) / long
		across := ((x-x0)*dy - (y-y0)*dx) / long
		return along >= 0 && along <= long && math.Abs(across) <= r
	})
}

// scene paints a village lane under karst hills with an ox cart that crosses it
// once a loop.
type scene struct {
	back  *canvas
	out   *canvas
	noise []int8 // sensor noise, so that the encoder has something to spend bits on
	n     int    // pictures in the loop
	fps   int
	rnd   *rand.Rand
}

func newScene(p Params) *scene {
	s := &scene{
		back: newCanvas(p.Width, p.Height), out: newCanvas(p.Width, p.Height),
		n: p.frames(), fps: p.FPS, rnd: rand.New(rand.NewPCG(5, 25)),
	}
	s.noise = make([]int8, 3*p.Width*p.Height/2)
	for i := range s.noise {
		s.noise[i] = int8(s.rnd.NormFloat64() * 2.5)
	}
	s.paintBack()
	return s
}

func (s *scene) paintBack() {
	c := s.back
	H := c.tall
	for i := range 48 {
		f := float64(i) / 47
		c.rect(0, f*H*0.62, 640, H*0.62/47+1, rgb(120+90*f, 180+35*f, 235-5*f))
	}
	c.ellipse(520, H*0.2, 24, 24, rgb(255, 240, 190))
	ridge := func(base, rise, step, seed float64, col yuv) {
		top := func(x float64) float64 {
			t := 0.0
			for k := -1.0; k < 640/step+2; k++ {
				at := k*step + 17*math.Sin(k*seed)
				tall := rise * (0.55 + 0.45*math.Sin(k*seed*1.7+1))
				d := (x - at) / (step * 0.42)
				t = math.Max(t, tall*math.Exp(-d*d*d*d))
			}
			return base - t
		}
		c.fill(0, 0, 640, base, col, func(x, y float64) bool { return y >= top(x) })
	}
	ridge(H*0.58, H*0.30, 92, 2.1, rgb(138, 170, 178))
	ridge(H*0.62, H*0.24, 70, 3.7, rgb(92, 138, 118))
	c.rect(0, H*0.58, 640, H*0.42, rgb(112, 158, 74))
	for i := range 7 { // terraces
		y := H * (0.585 + 0.017*float64(i))
		c.fill(0, y-3, 640, y+5, rgb(150, 182, 110-6*float64(i)), func(x, yy float64) bool {
			edge := y + 2.2*math.Sin(x/38+float64(i)*1.3)
			return yy >= edge && yy < edge+1.6
		})
	}
	s.house(70, H*0.66)
	s.house(128, H*0.645)
	for _, t := range [][2]float64{{225, 0.68}, {300, 0.655}, {455, 0.67}, {585, 0.69}} {
		c.rect(t[0]-2, H*t[1]-26, 4, 28, rgb(92, 70, 48))
		c.ellipse(t[0], H*t[1]-34, 15, 19, rgb(52, 108, 54))
		c.ellipse(t[0]-4, H*t[1]-39, 9, 10, rgb(74, 132, 66))
	}
	c.fill(0, H*0.72, 640, H, rgb(186, 166, 128), func(x, y float64) bool { // the lane
		return y > H*0.745+3*math.Sin(x/90) && y < H*0.90+3*math.Sin(x/70+1)
	})
	for i := range 90 { // stones
		x, y := s.rnd.Float64()*640, H*(0.76+0.13*s.rnd.Float64())
		shade := 140 + s.rnd.Float64()*40
		c.ellipse(x, y, 1+float64(i%3), 1, rgb(shade, shade-12, shade-40))
	}
	for range 260 { // grass
		x, y := s.rnd.Float64()*640, H*(0.92+0.08*s.rnd.Float64())
		c.line(x, y, x+s.rnd.Float64()*4-2, y-7, 1.2, rgb(70+40*s.rnd.Float64(), 130, 52))
	}
}

func (s *scene) house(x, y float64) {
	c := s.back
	c.rect(x-24, y-26, 48, 26, rgb(226, 216, 198))
	c.fill(x-31, y-44, x+31, y-25, rgb(94, 86, 88), func(px, py float64) bool {
		return math.Abs(px-x) < 12+(py-(y-44))*0.95
	})
	c.rect(x-5, y-17, 10, 17, rgb(122, 78, 52))
	c.rect(x-19, y-19, 9, 8, rgb(92, 120, 140))
	c.rect(x+10, y-19, 9, 8, rgb(92, 120, 140))
}

// paint draws picture i of the loop and returns its planes, valid until the
// next call.
func (s *scene) paint(i int) []byte {
	c := s.out
	copy(c.buf, s.back.buf)
	H := c.tall
	phase := float64(i) / float64(s.n)
	turn := 2 * math.Pi * phase
	for k, at := range [][2]float64{{120, 0.16}, {330, 0.24}, {470, 0.12}} {
		x := at[0] + 34*math.Sin(turn+float64(k)*2)
		for _, puff := range [][3]float64{{-20, 3, 15}, {0, -2, 20}, {21, 3, 14}} {
			c.ellipse(x+puff[0], H*at[1]+puff[1], puff[2]*1.5, puff[2]*0.55, rgb(246, 248, 250))
		}
	}
	s.cart(-70+780*phase, H*0.865, 16*turn)
	s.caption(i)
	shift := s.rnd.IntN(len(s.noise) - len(c.y))
	for k, d := range s.noise[shift : shift+len(c.y)] {
		c.y[k] = byte(int(c.y[k]) + int(d)) // colours keep clear of both ends
	}
	framecode.Draw(c.y, c.w, c.w, uint16(i))
	rows := (framecode.Height(c.w) + 1) / 2
	for k := range rows * (c.w / 2) {
		c.u[k], c.v[k] = 128, 128
	}
	return c.buf
}

// cart is an ox and a cart with turning spokes; x is its middle, y the ground.
func (s *scene) cart(x, y, turn float64) {
	c := s.out
	wood, dark, hide := rgb(150, 98, 54), rgb(84, 54, 34), rgb(98, 84, 76)
	c.ellipse(x, y+1, 66, 4, rgb(146, 130, 98))
	c.rect(x-52, y-40, 54, 15, wood)
	c.rect(x-52, y-33, 54, 2, dark)
	c.ellipse(x-26, y-41, 24, 11, rgb(214, 190, 96)) // straw
	c.line(x-2, y-28, x+24, y-26, 3, dark)
	for leg := range 4 {
		lx := x + 24 + float64(leg)*9
		c.line(lx, y-14, lx+4*math.Sin(turn*2+float64(leg)*1.6), y, 4, hide)
	}
	c.ellipse(x+38, y-22, 22, 11, hide)
	c.ellipse(x+62, y-25, 9, 7, hide)
	c.line(x+60, y-31, x+65, y-40, 2.4, rgb(220, 214, 196))
	for _, wx := range []float64{x - 42, x - 10} {
		c.ellipse(wx, y-12, 13, 13, dark)
		c.ellipse(wx, y-12, 10, 10, rgb(186, 166, 128))
		for spoke := range 3 {
			a := turn + float64(spoke)*math.Pi/3
			c.line(wx-10*math.Cos(a), y-12-10*math.Sin(a), wx+10*math.Cos(a), y-12+10*math.Sin(a), 2, wood)
		}
	}
}
