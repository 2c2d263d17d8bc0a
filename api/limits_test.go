package api

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_795_000_000, 0)
	l := newLimits(Limit{Rate: 10, Burst: 20, AtOnce: 3}, func() time.Time { return now })
	enter := func(key string) (func(), bool) {
		t.Helper()
		leave, err := l.enter(key)
		var p *Problem
		if err != nil && (!errors.As(err, &p) || p.Status != 429 || p.retry == "") {
			t.Fatal(err)
		}
		return leave, err == nil
	}
	// Answers under way.
	var leaves []func()
	for range 3 {
		leave, ok := enter("li")
		if !ok {
			t.Fatal("the first three do not come in")
		}
		leaves = append(leaves, leave)
	}
	if _, ok := enter("li"); ok {
		t.Error("a fourth comes in")
	}
	if _, ok := enter("wang"); !ok {
		t.Error("others are kept out")
	}
	for _, leave := range leaves {
		leave()
	}
	// Requests, after a rest and on average.
	count := func() (n int) {
		for {
			leave, ok := enter("li")
			if !ok {
				return n
			}
			leave()
			n++
		}
	}
	if n := count(); n != 17 {
		t.Errorf("%d more at once, want 17", n)
	}
	now = now.Add(500 * time.Millisecond)
	if n := count(); n != 5 {
		t.Errorf("%d after half a second, want 5", n)
	}
	now = now.Add(-time.Hour) // the clock was set back
	if n := count(); n != 0 {
		t.Errorf("%d after the clock was set back", n)
	}
	now = now.Add(time.Hour + time.Minute)
	if n := count(); n != 20 {
		t.Errorf("%d after a rest, want 20", n)
	}
}

// Strangers take only so much memory, and nobody who is busy is forgotten.
func TestLimitsForget(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_795_000_000, 0)
	l := newLimits(Limit{Rate: 10, Burst: 20, AtOnce: 1}, func() time.Time { return now })
	if _, err := l.enter("busy"); err != nil {
		t.Fatal(err)
	}
	for i := range 3 * mostAsking {
		if i%mostAsking == 0 {
			now = now.Add(time.Minute)
		}
		leave, err := l.enter(fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		leave()
	}
	if n := len(l.who); n > 2*mostAsking {
		t.Errorf("%d are kept", n)
	}
	if _, err := l.enter("busy"); err == nil {
		t.Error("who was busy was forgotten")
	}
}
