package group_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"qianshao/storage/group"
)

type op struct{ done bool }

func TestCallersShareTheNextRound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var rounds []int
		busy := make(chan struct{})
		q := group.Queue[*op]{Max: 8, Run: func(_ context.Context, round []*op) {
			if rounds = append(rounds, len(round)); len(rounds) == 1 {
				<-busy
			}
			for _, o := range round {
				o.done = true
			}
		}}
		var wg sync.WaitGroup
		do := func(ctx context.Context, want error) {
			wg.Go(func() {
				o := &op{}
				if err := q.Do(ctx, o); !errors.Is(err, want) {
					t.Errorf("Do: %v, want %v", err, want)
				} else if err == nil && !o.done {
					t.Error("Do returned before the round had run")
				}
			})
		}
		do(t.Context(), nil)
		synctest.Wait() // the first round is under way
		for range 9 {
			do(t.Context(), nil)
		}
		impatient, cancel := context.WithCancel(t.Context())
		do(impatient, context.Canceled)
		synctest.Wait()
		cancel()
		closed := make(chan struct{})
		go func() { q.Close(); close(closed) }()
		synctest.Wait()
		close(busy)
		wg.Wait()
		<-closed
		if len(rounds) != 3 || rounds[0] != 1 || rounds[1] != 8 || rounds[2] != 2 {
			t.Errorf("rounds of %v, want 1, 8 and 2", rounds)
		}
		if err := q.Do(t.Context(), &op{}); !errors.Is(err, group.ErrClosed) {
			t.Errorf("Do after Close: %v", err)
		}
		q.Close()
	})
}
