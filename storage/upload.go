package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"qianshao/storage/blob"
	"qianshao/storage/index"
	"qianshao/storage/segment"
)

// Here sealed segments go from the spool to the store.

const (
	// defaultUploads is enough to hide a store's latency, and few enough to leave
	// it to clips.
	defaultUploads = 4
	// uploadBatch bounds how many rows one look at the queue takes.
	uploadBatch = 256
	// retryBad is how long a segment is left alone that cannot be stored, or
	// sealed: each attempt may read it whole.
	retryBad = 10 * time.Minute
)

// upload stores every spooled segment; it returns the first failure.
func (a *Archive) upload(ctx context.Context) error {
	var after *index.Row
	for {
		rows, err := a.Index.ByState(ctx, index.Spooled, after, uploadBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := a.uploadRows(ctx, rows); err != nil {
			return err
		}
		after = &rows[len(rows)-1]
	}
}

// uploadRows stores rows, several at a time, and notes them as stored many at a
// time: each note is a sync.
func (a *Archive) uploadRows(ctx context.Context, rows []index.Row) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	work := make(chan index.Row)
	var wg sync.WaitGroup
	var once sync.Once
	var first error
	failed := func(err error) {
		if err != nil {
			once.Do(func() { first = err; cancel() })
		}
	}
	var notes notes
	n := a.Uploads
	if n <= 0 {
		n = defaultUploads
	}
	for range min(n, len(rows)) {
		wg.Go(func() {
			for r := range work {
				there, err := a.store(ctx, r)
				if there {
					err = a.stored(context.WithoutCancel(ctx), notes.add(r))
				}
				failed(err)
			}
		})
	}
feed:
	for _, r := range rows {
		select {
		case work <- r:
		case <-ctx.Done():
			break feed
		}
	}
	close(work)
	wg.Wait()
	// What the store has is noted also when another segment failed.
	failed(a.stored(context.WithoutCancel(ctx), notes.take()))
	if first == nil {
		first = ctx.Err()
	}
	return first
}

// notes gathers segments that the store has, to be noted together.
type notes struct {
	mu    sync.Mutex
	rows  []index.Row // guarded by mu
	since time.Time   // of the first of them; guarded by mu
}

const (
	// notesMost and notesWait bound what is stored again if the process ends
	// before it is noted.
	notesMost = 64
	notesWait = time.Second
)

// add takes a row, and gives those that should be noted now, if any.
func (n *notes) add(r index.Row) []index.Row {
	n.mu.Lock()
	if len(n.rows) == 0 {
		n.since = time.Now()
	}
	n.rows = append(n.rows, r)
	due := len(n.rows) >= notesMost || time.Since(n.since) > notesWait
	n.mu.Unlock()
	if due {
		return n.take()
	}
	return nil
}

// take gives what is left to be noted.
func (n *notes) take() []index.Row {
	n.mu.Lock()
	defer n.mu.Unlock()
	rows := n.rows
	n.rows = nil
	return rows
}

// store takes one segment from SEALED to STORED, and reports whether the store
// has it. It may have had it before.
func (a *Archive) store(ctx context.Context, r index.Row) (there bool, err error) {
	if a.isBad(r.ID) {
		return false, nil
	}
	under, done := a.uploading(ctx, r.ID)
	defer done()
	if now, err := a.Index.Get(under, r.ID); err == nil && now.State == index.Expiring || errors.Is(err, index.ErrNotExist) {
		return false, nil // erased since it was listed
	}
	there, err = a.bring(under, r)
	if err != nil && under.Err() != nil && ctx.Err() == nil {
		return false, nil // erased on its way: Delete takes what has arrived
	}
	return there, err
}

// bring puts a segment into the store.
func (a *Archive) bring(ctx context.Context, r index.Row) (there bool, err error) {
	key := r.Key()
	if _, err := a.Spool.Stat(key); errors.Is(err, fs.ErrNotExist) {
		return a.storeMissing(ctx, r)
	}
	c := blob.Content{Size: r.Bytes, SHA256: r.SHA256, Open: func() (io.ReadCloser, error) {
		f, err := a.Spool.OpenSealed(key)
		if err != nil {
			return nil, err
		}
		return sectionCloser{io.NewSectionReader(f, 0, r.Bytes), f}, nil
	}}
	err = blob.ErrCannotAdopt
	if ad, ok := a.Store.(blob.Adopter); ok {
		err = ad.Adopt(ctx, key.String(), a.Spool.Path(key), c)
	}
	if errors.Is(err, blob.ErrCannotAdopt) {
		err = a.Store.Put(ctx, key.String(), c)
	}
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, blob.ErrChecksum) || errors.Is(err, blob.ErrDifferent):
		// Of this segment alone: the others go on.
		a.noteBad(r, "segment cannot be stored; run qianshao check --deep", err)
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		if _, serr := a.Spool.Stat(key); errors.Is(serr, fs.ErrNotExist) {
			return a.storeMissing(ctx, r) // another upload was quicker
		}
	}
	return false, fmt.Errorf("store %s: %w", key, err)
}

// uploading notes that a segment is on its way to the store, so that its deletion can
// stop that, and wait: done must be called.
func (a *Archive) uploading(ctx context.Context, id segment.ID) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancel(ctx)
	under := &transfer{cancel: cancel, ended: make(chan struct{})}
	a.up.mu.Lock()
	defer a.up.mu.Unlock()
	if a.up.under == nil {
		a.up.under = map[segment.ID]*transfer{}
	}
	a.up.under[id] = under
	return ctx, func() {
		a.up.mu.Lock()
		defer a.up.mu.Unlock()
		if a.up.under[id] == under {
			delete(a.up.under, id)
		}
		cancel()
		close(under.ended)
	}
}

// transfer is an upload under way.
type transfer struct {
	cancel context.CancelFunc
	ended  chan struct{}
}

// stopUpload ends the upload of a segment, if one is under way: what it has brought to
// the store by then is there when it returns.
func (a *Archive) stopUpload(ctx context.Context, id segment.ID) error {
	a.up.mu.Lock()
	under := a.up.under[id]
	a.up.mu.Unlock()
	if under == nil {
		return nil
	}
	under.cancel()
	select {
	case <-under.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isBad reports whether the segment could not be stored a short while ago.
func (a *Archive) isBad(id segment.ID) bool {
	a.up.mu.Lock()
	defer a.up.mu.Unlock()
	at, bad := a.up.bad[id]
	return bad && time.Since(at) < retryBad
}

// noteBad remembers a segment that cannot be stored, and says so once.
func (a *Archive) noteBad(r index.Row, what string, err error) {
	a.up.mu.Lock()
	defer a.up.mu.Unlock()
	if a.up.bad == nil {
		a.up.bad = map[segment.ID]time.Time{}
	}
	if _, said := a.up.bad[r.ID]; !said {
		a.Log.Error(what, "segment", r.Key().String(), "err", err)
	}
	a.up.bad[r.ID] = time.Now()
}

// stored takes segments that the store has from STORED over INDEXED to SPOOL
// FREED. A row that is not in the index any more holds up no other.
func (a *Archive) stored(ctx context.Context, rows []index.Row) error {
	if len(rows) == 0 {
		return nil
	}
	ids := make([]segment.ID, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	err := a.Index.SetStored(ctx, ids...)
	if errors.Is(err, index.ErrNotExist) && len(rows) > 1 {
		var errs []error
		for i := range rows {
			errs = append(errs, a.stored(ctx, rows[i:i+1]))
		}
		return errors.Join(errs...)
	}
	if err != nil {
		return fmt.Errorf("note %s as stored: %w", rows[0].Key(), err)
	}
	var errs []error
	for i := range rows {
		a.keepOwnFoot(rows[i])
		errs = append(errs, a.Spool.Remove(rows[i].Key()))
	}
	return errors.Join(errs...)
}

// storeMissing handles a row that says spooled and whose file is not there: it
// is in the store after all, or it is lost, which is said once.
func (a *Archive) storeMissing(ctx context.Context, r index.Row) (there bool, err error) {
	info, err := a.Store.Head(ctx, r.Key().String())
	switch {
	case err == nil && info.Size == r.Bytes:
		return true, nil
	case err != nil && !errors.Is(err, blob.ErrNotExist):
		return false, err
	}
	a.noteBad(r, "segment is neither in the spool nor in the store; run qianshao check", fs.ErrNotExist)
	return false, nil
}

type sectionCloser struct {
	io.Reader
	io.Closer
}
