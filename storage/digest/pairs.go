package digest

import (
	"sync"
	"time"
)

// Pairs brings jobs of many goroutines together, so that two are done at a time
// (see [Two]).
type Pairs struct {
	// Wait is the longest that a job waits for another, where they are frequent.
	Wait time.Duration

	mu    sync.Mutex
	alone *waiting  // guarded by mu
	last  time.Time // when a job came; guarded by mu
	pool  sync.Pool // of *waiting
}

// waiting is a job whose goroutine waits for a second one.
type waiting struct {
	job   *Job
	done  chan struct{} // receives once the job is done
	timer *time.Timer
}

func newWaiting() *waiting {
	w := &waiting{done: make(chan struct{}, 1), timer: time.NewTimer(time.Hour)}
	w.timer.Stop()
	return w
}

// Do does what [One] does, perhaps in the goroutine of another job. It waits for
// that at most Wait, and not at all if the job before it came longer ago.
func (p *Pairs) Do(j *Job) {
	if j.SHA.std != nil { // nothing is gained
		One(j)
		return
	}
	now := time.Now()
	p.mu.Lock()
	rare := now.Sub(p.last) > p.Wait
	p.last = now
	if w := p.alone; w != nil {
		p.alone = nil
		p.mu.Unlock()
		Two(w.job, j)
		w.done <- struct{}{}
		return
	}
	if rare {
		p.mu.Unlock()
		One(j)
		return
	}
	w, _ := p.pool.Get().(*waiting)
	if w == nil {
		w = newWaiting()
	}
	w.job = j
	p.alone = w
	p.mu.Unlock()
	w.timer.Reset(p.Wait)
	select {
	case <-w.done:
		w.timer.Stop()
	case <-w.timer.C:
		if p.giveUp(w) {
			One(j)
		} else {
			<-w.done
		}
	}
	w.job = nil
	p.pool.Put(w)
}

// giveUp takes a job back, unless another goroutine has it.
func (p *Pairs) giveUp(w *waiting) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.alone != w {
		return false
	}
	p.alone = nil
	return true
}
