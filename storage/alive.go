package storage

import (
	"context"
	"time"

	"qianshao/storage/timeline"
)

// StampAlive writes once a second that this node runs, until ctx is done: where
// no run was alive, a gap is the node's fault and not a camera's. now is the
// carried clock.
func (a *Archive) StampAlive(ctx context.Context, node string, boot uint64, now func() timeline.Micros) error {
	from := now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	failing := false
	for {
		err := a.Index.Alive(ctx, node, boot, from, now())
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !failing {
			a.Log.Error("alive stamp not written", "err", err)
		}
		failing = err != nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
