package api

import (
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Limit is how much one account, or one address, may ask for.
type Limit struct {
	Rate   float64 // requests a second, on average
	Burst  int     // requests at once after a rest
	AtOnce int     // answers under way
}

// What a page with nine live tiles, a busy timeline and a script beside it takes is
// far below the first; behind one address may stand an office.
var (
	perAccount = Limit{Rate: 100, Burst: 400, AtOnce: 64}
	perAddress = Limit{Rate: 500, Burst: 2000, AtOnce: 512}
)

// limits keeps everybody within a Limit. It holds a few words for each who asked
// in the last moments.
type limits struct {
	limit Limit
	now   func() time.Time

	mu  sync.Mutex
	who map[string]*asking // guarded by mu
}

type asking struct {
	left   float64 // requests that may come at once
	at     time.Time
	active int
}

// mostAsking bounds the memory that strangers can take.
const mostAsking = 20_000

func newLimits(l Limit, now func() time.Time) *limits {
	return &limits{limit: l, now: now, who: map[string]*asking{}}
}

// enter lets a request of somebody in, or not: then it says why, and when to try
// again. Who was let in calls leave.
func (l *limits) enter(key string) (leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	a := l.who[key]
	if a == nil {
		if len(l.who) >= mostAsking {
			l.forget(now)
		}
		a = &asking{left: float64(l.limit.Burst), at: now}
		l.who[key] = a
	}
	a.left = l.rested(a, now)
	a.at = now
	switch {
	case a.active >= l.limit.AtOnce:
		return nil, tooMany("so many answers are under way for one account or address that no more are begun", 5)
	case a.left < 1:
		return nil, tooMany("so many requests came from one account or address that no more are answered for a moment", 1)
	}
	a.left--
	a.active++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		a.active--
	}, nil
}

// rested is how many requests somebody may make at once now.
func (l *limits) rested(a *asking, now time.Time) float64 {
	return math.Min(float64(l.limit.Burst), a.left+max(now.Sub(a.at).Seconds(), 0)*l.limit.Rate)
}

// forget drops those who have rested; where all are busy, nobody.
func (l *limits) forget(now time.Time) {
	for key, a := range l.who {
		if a.active == 0 && l.rested(a, now) >= float64(l.limit.Burst) {
			delete(l.who, key)
		}
	}
}

func tooMany(detail string, seconds int) *Problem {
	return &Problem{
		Status: http.StatusTooManyRequests, Code: "too_many", Detail: detail,
		Next: "wait a moment and ask again, for less at once", retry: strconv.Itoa(seconds),
	}
}
