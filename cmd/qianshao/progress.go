package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// ticker shows progress on a terminal, and nothing elsewhere.
type ticker struct {
	to    io.Writer // nil: no terminal
	shown time.Time
	said  bool
}

func newTicker(w io.Writer) *ticker {
	t := &ticker{shown: time.Now()}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			t.to = w
		}
	}
	return t
}

// say replaces the line, at most twice a second.
func (t *ticker) say(format string, args ...any) {
	if t.to == nil || time.Since(t.shown) < time.Second/2 {
		return
	}
	t.shown, t.said = time.Now(), true
	_, _ = fmt.Fprintf(t.to, "\r\x1b[K"+format, args...) // nowhere left to report to
}

func (t *ticker) clear() {
	if t.said {
		t.said = false
		_, _ = fmt.Fprint(t.to, "\r\x1b[K")
	}
}
