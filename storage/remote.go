package storage

import (
	"context"
	"errors"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"

	"qianshao/storage/blob"
	"qianshao/storage/index"
	"qianshao/storage/segment"
)

const (
	// skipMost is how many bytes of a body are passed over rather than asking for
	// what lies behind them: a request takes longer.
	skipMost = 256 << 10
	// feetAtOnce is how many feet are asked for at the same time, at least: more of
	// them come in two rounds.
	feetAtOnce = 32
)

// remoteReader reads an object of a store that has to be asked for every range.
// The first read asks for its range alone; when the next goes on from there, as
// those of a clip do, what is left of the object comes with one request.
type remoteReader struct {
	ctx   context.Context // of the request that opened it
	store blob.Store
	key   string

	mu   sync.Mutex
	body io.ReadCloser // nil: none is open; guarded by mu
	pos  int64         // of body, or where the last read ended; guarded by mu
	read bool          // something was; guarded by mu
}

// ReadAt implements io.ReaderAt.
func (r *remoteReader) ReadAt(b []byte, off int64) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	onward := r.read && off >= r.pos && off-r.pos <= skipMost
	r.read = true
	if r.body != nil && !onward {
		_ = r.body.Close() // the rest is not wanted
		r.body = nil
	}
	if !onward {
		r.pos = off + int64(len(b))
		return r.once(b, off)
	}
	if r.body == nil {
		body, err := r.store.Get(r.ctx, r.key, off, -1)
		if err != nil {
			return 0, err
		}
		r.body, r.pos = body, off
	}
	_, err := io.CopyN(io.Discard, r.body, off-r.pos)
	n := 0
	if err == nil {
		n, err = io.ReadFull(r.body, b)
	}
	r.pos = off + int64(n)
	if err != nil { // the next read asks anew
		_ = r.body.Close()
		r.body = nil
	}
	return n, cutOff(err)
}

// cutOff is the error of a body that ended before it should.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// once asks for one range.
func (r *remoteReader) once(b []byte, off int64) (int, error) {
	body, err := r.store.Get(r.ctx, r.key, off, int64(len(b)))
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(body, b)
	return n, errors.Join(err, body.Close())
}

// Close ends what is open. It may be called twice.
func (r *remoteReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.body != nil {
		_ = r.body.Close() // the rest is not wanted
		r.body = nil
	}
	return nil
}

// keepFoot keeps the foot of a segment of so many bytes on this disk, where the
// store would have to be asked for it.
func (a *Archive) keepFoot(k segment.Key, box []byte, bytes int64, ticket uint64) {
	if segment.CheckFoot(box, bytes) != nil || a.Spool.Room() != nil {
		return
	}
	if err := a.disk.put(a.Spool.FS(), k, box, ticket); err != nil {
		a.Log.Debug("foot not kept on disk", "segment", k.String(), "err", err)
	}
}

// keepOwnFoot does so for a segment that is about to leave the spool. What cannot
// be read is left to who needs it.
func (a *Archive) keepOwnFoot(r index.Row) {
	if _, local := a.Store.(blob.OpenerAt); local {
		return
	}
	ticket := a.disk.ticket() // before the file is opened: Delete removes it first
	f, err := a.Spool.OpenSealed(r.Key())
	if err != nil {
		return
	}
	defer f.Close() //nolint:errcheck // opened for reading
	box := make([]byte, r.FootBytes)
	if _, err := f.ReadAt(box, r.Bytes-int64(r.FootBytes)); err == nil {
		a.keepFoot(r.Key(), box, r.Bytes, ticket)
	}
}

// FetchFeet brings the feet of segments that lie in a store which has to be asked
// for them into the cache, in two rounds of requests at most, as far as the store
// allows so many: planning reads them one after the other. What cannot be read is
// left to who needs it.
func (a *Archive) FetchFeet(ctx context.Context, segs []*Segment) {
	if _, local := a.Store.(blob.OpenerAt); local || len(segs) < 2 {
		return
	}
	var ask []*Segment
	for _, s := range segs {
		if s.file == nil && !s.footKnown() {
			ask = append(ask, s)
		}
	}
	var g errgroup.Group
	g.SetLimit(max(feetAtOnce, (len(ask)+1)/2))
	for _, s := range ask {
		g.Go(func() error {
			_, _ = s.footBox(ctx) // the reader that needs it says why
			return nil
		})
	}
	_ = g.Wait() // none fails
}
