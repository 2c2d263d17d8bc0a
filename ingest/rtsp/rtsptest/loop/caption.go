package loop

import "fmt"

// glyphs are 5 by 7 dots, a row a string, for the clock in the picture.
var glyphs = map[rune][7]string{
	'0': {" ### ", "#   #", "#  ##", "# # #", "##  #", "#   #", " ### "},
	'1': {"  #  ", " ##  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "},
	'2': {" ### ", "#   #", "    #", "   # ", "  #  ", " #   ", "#####"},
	'3': {" ### ", "#   #", "    #", "  ## ", "    #", "#   #", " ### "},
	'4': {"   # ", "  ## ", " # # ", "#  # ", "#####", "   # ", "   # "},
	'5': {"#####", "#    ", "#### ", "    #", "    #", "#   #", " ### "},
	'6': {"  ## ", " #   ", "#    ", "#### ", "#   #", "#   #", " ### "},
	'7': {"#####", "    #", "   # ", "  #  ", "  #  ", "  #  ", "  #  "},
	'8': {" ### ", "#   #", "#   #", " ### ", "#   #", "#   #", " ### "},
	'9': {" ### ", "#   #", "#   #", " ####", "    #", "   # ", " ##  "},
	'.': {"     ", "     ", "     ", "     ", "     ", " ##  ", " ##  "},
	's': {"     ", "     ", " ### ", "#    ", " ### ", "    #", "#### "},
}

// caption writes the time in the loop, for people: "03.24 s".
func (s *scene) caption(i int) {
	c := s.out
	text := fmt.Sprintf("%02d.%02d s", i/s.fps, i%s.fps*100/s.fps)
	const dot = 4.0
	x, y := 16.0, float64(640/32+10)
	c.rect(x-8, y-6, float64(len(text))*6*dot+12, 7*dot+12, rgb(28, 36, 44))
	for _, r := range text {
		for row, dots := range glyphs[r] {
			for col, d := range dots {
				if d == '#' {
					c.rect(x+float64(col)*dot, y+float64(row)*dot, dot, dot, rgb(250, 250, 245))
				}
			}
		}
		x += 6 * dot
	}
}
