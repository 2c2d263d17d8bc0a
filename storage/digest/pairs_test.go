package digest_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"qianshao/storage/digest"
)

// Jobs of many goroutines at a time come out as each by itself.
func TestPairs(t *testing.T) {
	t.Parallel()
	pairs := &digest.Pairs{Wait: time.Millisecond}
	var wg sync.WaitGroup
	for seed := range uint64(8) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, 1))
			var s running
			for range 200 {
				job, want := s.job(r.Uint32(), split(r, random(r, r.IntN(3000)), 700))
				pairs.Do(job)
				if job.CRC != want {
					t.Errorf("CRC %08x, want %08x", job.CRC, want)
					return
				}
				time.Sleep(time.Duration(r.IntN(1500)) * time.Microsecond)
			}
			s.check(t)
		})
	}
	wg.Wait()
}

// A job waits for another only where they are frequent, and not for ever.
func TestPairsWait(t *testing.T) {
	if !digest.Hardware() {
		t.Skip("no assembly for this processor: nothing is paired")
	}
	synctest.Test(t, func(t *testing.T) {
		pairs := &digest.Pairs{Wait: 30 * time.Millisecond}
		do := func() time.Duration {
			began := time.Now()
			pairs.Do(&digest.Job{SHA: digest.New(), Bufs: [][]byte{make([]byte, 100)}})
			return time.Since(began)
		}
		if d := do(); d != 0 {
			t.Errorf("the first waited %s", d)
		}
		if d := do(); d != 30*time.Millisecond {
			t.Errorf("the second waited %s", d)
		}
		go func() {
			time.Sleep(10 * time.Millisecond)
			if d := do(); d != 0 {
				t.Errorf("one that met another waited %s", d)
			}
		}()
		if d := do(); d != 10*time.Millisecond {
			t.Errorf("one that was met waited %s", d)
		}
		time.Sleep(31 * time.Millisecond)
		if d := do(); d != 0 {
			t.Errorf("one long after waited %s", d)
		}
	})
}
