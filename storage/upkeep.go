package storage

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"qianshao/storage/index"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
)

const (
	// gatherFor is the least time between two looks: sealed segments gather
	// meanwhile and share a look, a commit and its sync.
	gatherFor  = 4 * time.Second
	backoffMin = time.Second
	backoffMax = time.Minute
)

// Recover seals what an unclean stop left open and makes every segment in the
// spool known to the index. It must return before anything is recorded. What
// the index cannot take now it gets later, from Run.
func (a *Archive) Recover(ctx context.Context) (n int, err error) {
	err = a.Spool.Recover(ctx, func(v *spool.Sealed) error {
		n++
		if err := a.index(ctx, v); err != nil {
			a.later(nil, v)
			a.Log.Warn("recovered segment not indexed yet", "segment", v.Key.String(), "err", err)
		}
		return nil
	})
	return n, err
}

// index adds a sealed segment's row. A segment that is stored already needs no
// copy in the spool any more: the process ended between storing and freeing.
// One that the index can never take, because its identity belongs to other
// bytes, moves to quarantine.
func (a *Archive) index(ctx context.Context, v *spool.Sealed) error {
	row, err := a.Index.Get(ctx, v.Key.ID)
	if err == nil && row.SHA256 == v.SHA256 && row.State == index.Stored {
		return a.Spool.Remove(v.Key)
	}
	if err != nil && !errors.Is(err, index.ErrNotExist) {
		return err
	}
	_, err = a.Index.Add(ctx, SealedRow(v))
	if errors.Is(err, index.ErrConflict) || errors.Is(err, index.ErrBadRow) {
		return a.Spool.Quarantine(v.Key, err)
	}
	return err
}

// Sealed makes a segment that was just sealed known to readers. While the index
// is away the file stays in the spool's open list, readable from there, and Run
// makes up for it.
func (a *Archive) Sealed(ctx context.Context, f *spool.File, v *spool.Sealed) {
	// The segment is on disk whatever becomes of the request to stop.
	if _, err := a.Index.Add(context.WithoutCancel(ctx), SealedRow(v)); err != nil {
		a.Log.Error("segment not indexed yet", "segment", v.Key.String(), "err", err)
		a.later(f, v)
		return
	}
	a.Spool.Forget(f)
	a.up.kick()
}

// upkeep is the Archive's state between runs of Run. The zero value is ready.
type upkeep struct {
	once sync.Once
	wake chan struct{}

	mu    sync.Mutex
	late  []lateRow                // sealed, not indexed; guarded by mu
	under map[segment.ID]*transfer // on their way to the store; guarded by mu
	bad   map[segment.ID]time.Time // cannot be stored, and when that was seen; guarded by mu
	tied  time.Time                // when unsettled files of the spool were last tried; guarded by mu
}

type lateRow struct {
	f *spool.File // may be nil
	v *spool.Sealed
}

func (u *upkeep) channel() chan struct{} {
	u.once.Do(func() { u.wake = make(chan struct{}, 1) })
	return u.wake
}

func (u *upkeep) kick() {
	select {
	case u.channel() <- struct{}{}:
	default:
	}
}

func (a *Archive) later(f *spool.File, v *spool.Sealed) {
	a.up.mu.Lock()
	a.up.late = append(a.up.late, lateRow{f, v})
	a.up.mu.Unlock()
}

// indexLate tries again to index what could not be, and to seal what had to be
// left unsealed.
func (a *Archive) indexLate(ctx context.Context) {
	a.settleSpool(ctx)
	a.up.mu.Lock()
	late := a.up.late
	a.up.late = nil
	a.up.mu.Unlock()
	for _, l := range late {
		if err := a.index(ctx, l.v); err != nil {
			a.later(l.f, l.v)
			continue
		}
		if l.f != nil {
			a.Spool.Forget(l.f)
		}
	}
}

// settleSpool asks the spool again to seal what it had no room for.
func (a *Archive) settleSpool(ctx context.Context) {
	if a.Spool.Unsettled() == 0 {
		return
	}
	a.up.mu.Lock()
	soon := time.Since(a.up.tied) < time.Minute
	if !soon {
		a.up.tied = time.Now()
	}
	a.up.mu.Unlock()
	if soon {
		return
	}
	if _, err := a.Recover(ctx); err != nil && ctx.Err() == nil {
		a.Log.Warn("spool not settled yet", "err", err)
	}
}

// Run moves sealed segments to the store, oldest first, until ctx is done. A
// store that is away is tried again with growing, jittered pauses; meanwhile
// clips are served from the spool.
func (a *Archive) Run(ctx context.Context) error {
	pause := time.Duration(0)
	var last time.Time // when the look at the queue before ended
	for {
		wait := 5 * time.Second
		if pause > 0 {
			wait = time.Duration(rand.Int64N(int64(pause))) + backoffMin/2
		}
		timer := time.NewTimer(wait)
		wake := a.up.channel()
		if pause > 0 {
			wake = nil // new segments do not hurry a store that is away
		}
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-wake:
			// The first goes at once; those that follow it go together.
			timer.Reset(time.Until(last.Add(gatherFor)))
			select {
			case <-ctx.Done():
				timer.Stop()
				return nil
			case <-timer.C:
			}
		case <-timer.C:
		}
		timer.Stop()
		if err := a.Spool.Refill(); err != nil {
			a.Log.Warn("no disk space is held in reserve, will be tried again", "err", err)
		}
		a.indexLate(ctx)
		err := a.upload(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			if pause > 0 {
				a.Log.Info("store is back, spool has drained")
			}
			pause = 0
		case pause == 0:
			pause = backoffMin
			n, bytes := a.Spool.Pending()
			a.Log.Warn("store cannot take footage, it stays in the spool", "segments", n, "bytes", bytes, "err", err)
		default:
			pause = min(2*pause, backoffMax)
		}
		last = time.Now()
	}
}

// Drain stores what is in the spool, once; for an orderly stop.
func (a *Archive) Drain(ctx context.Context) error {
	a.indexLate(ctx)
	return a.upload(ctx)
}

// Delete removes a segment's bytes wherever they lie, for good: when it returns,
// no power cut brings them back. A segment that is gone is no error.
func (a *Archive) Delete(ctx context.Context, r index.Row) error {
	if err := a.stopUpload(ctx, r.ID); err != nil {
		return err
	}
	// Its foot twice: a reader may come in between.
	return errors.Join(a.forget(r), a.Store.Delete(ctx, r.Key().String()), a.Spool.Discard(r.Key()), a.forget(r))
}

// forget drops what is kept of a segment's foot.
func (a *Archive) forget(r index.Row) error {
	a.boxes.drop(r.ID)
	a.feet.drop(r.ID)
	return a.disk.drop(a.Spool.FS(), r.Key())
}
