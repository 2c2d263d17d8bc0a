package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// killAgain kills the process with SIGKILL, the given number of times, while four
// readers look at footage, and starts it again; it returns the last one. Look tries
// once, on the process in its given life, and reports whether it saw a byte. Each
// life lasts until one was seen, and up to 250 ms more.
func killAgain(t *testing.T, kills int, random *rand.Rand, p *process, again func() *process, look func(ctx context.Context, p *process, life int) bool) *process {
	t.Helper()
	for life := range kills {
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan struct{}) // closed when something was seen in this life
		begun := sync.OnceFunc(func() { close(first) })
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for ctx.Err() == nil {
					if look(ctx, p, life) {
						begun()
					}
				}
			})
		}
		select {
		case <-first:
		case <-time.After(time.Minute):
			cancel()
			readers.Wait()
			t.Fatal("nothing could be seen for a minute")
		}
		time.Sleep(time.Duration(random.IntN(250)) * time.Millisecond)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := <-p.done; err == nil {
			t.Error("SIGKILL left exit code 0")
		}
		cancel()
		readers.Wait()
		p = again()
	}
	return p
}
