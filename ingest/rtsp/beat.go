package rtsp

import "time"

// Here the tap decides when its socket is read next.

const (
	// estimateEvery is how often the bitrate is measured for the low-water mark.
	estimateEvery = 4 * time.Second
	// A socket is read at a beat, some 240 ms after the one before. Beats are
	// the same for all sockets, one every beatGrid, so that one wake-up serves all
	// who chose it; each is up to beatLate late. The low-water mark is half a second of
	// the bitrate: what comes in a burst is read at once.
	beatLeast = 200 * time.Millisecond
	beatGrid  = 50 * time.Millisecond
	beatLate  = 25 * time.Millisecond
	// slowMost is the half second's bytes up to which what comes is read at once:
	// media goes another way, or hardly comes.
	slowMost = 500
	markMin  = 8 << 10
	markMax  = 192 << 10
)

// rateMeter measures the bitrate for the low-water mark.
type rateMeter struct {
	since time.Duration
	bytes int64
}

// setMark chooses the low-water mark: half a second of the measured bitrate,
// 1 while an answer or a live viewer is waited for, and where hardly anything comes:
// the first pictures after a long wait would lie until the mark is reached, and without
// timestamps nothing else tells when they came.
func (t *tap) setMark(now time.Duration) {
	if t.rc == nil {
		t.rate = rateMeter{since: now}
		return
	}
	want := t.mark.Load()
	if span := now - t.rate.since; span >= estimateEvery {
		half := t.rate.bytes * int64(500*time.Millisecond) / int64(span)
		t.slow = half < slowMost
		want = int32(max(markMin, min(markMax, half)))
		t.rate = rateMeter{since: now}
	}
	t.mu.Lock()
	if t.awaiting > 0 && now-t.awaiting > 2*time.Second {
		t.awaiting = 0
	}
	waiting := t.awaiting > 0
	t.mu.Unlock()
	if waiting || t.slow || !t.hooks.playing() || t.urgent() {
		want = 1
	}
	old := t.mark.Load()
	if want != 1 && old != 1 && abs32(want-old)*4 < old { // within 25 %
		return
	}
	t.applyMark(want)
}

func (t *tap) applyMark(want int32) {
	if t.rc == nil || t.mark.Load() == want {
		return
	}
	if setLowWater(t.rc, int(want)) == nil {
		t.mark.Store(want)
	}
}

func abs32(v int32) int32 {
	if v < 0 {
		return -v
	}
	return v
}

// armDeadline sets the read deadline when none is pending.
func (t *tap) armDeadline() error {
	if t.deadline != 0 {
		return nil
	}
	wait := drainEvery
	now := t.clock()
	if t.rc != nil && t.mark.Load() > 1 {
		// Sockets mix: the next beat but three, or but four, by chance.
		t.chance = t.chance*1664525 + 1013904223
		wait = beatNear(now+beatLeast+time.Duration(t.chance>>16%2)*beatGrid) - now
	}
	t.deadline = now + wait
	err := t.Conn.SetReadDeadline(time.Now().Add(wait))
	if t.final.Load() != nil || t.leaving.Load() { // whose own was set a moment before
		err = t.Conn.SetReadDeadline(time.Now())
	}
	return err
}

// beatNear is the beat that stands nearest to a moment. How late it is is as good
// as chance, and the same for everybody: pictures at the pace of the beats would
// otherwise always be read at the same age, and footage is placed by the youngest.
func beatNear(at time.Duration) time.Duration {
	n := at.Round(beatGrid)
	return n + time.Duration(uint32(n/beatGrid)*2654435761)%beatLate
}
