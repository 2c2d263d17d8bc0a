package s3blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"qianshao/storage/blob"
)

// errStalled ends a body that delivers nothing.
var errStalled = errors.New("no bytes in time")

func (s *Store) get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if offset < 0 || length > 1<<62-offset {
		return nil, fmt.Errorf("%d bytes from %d: %w", length, offset, blob.ErrRange)
	}
	if length == 0 {
		return s.empty(ctx, key, offset, 0)
	}
	b := &body{store: s, ctx: ctx, key: key, offset: offset, left: length, attempts: s.cfg.Attempts}
	err := b.begin()
	if errors.Is(err, blob.ErrRange) && length < 0 {
		return s.empty(ctx, key, offset, length) // from its very end there is nothing, which is no error
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}

// getClipped is get of a range that may end beyond the object. S3 clips it so.
func (s *Store) getClipped(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	if offset < 0 || length <= 0 || length > 1<<62-offset {
		return nil, 0, fmt.Errorf("up to %d bytes from %d: %w", length, offset, blob.ErrRange)
	}
	b := &body{store: s, ctx: ctx, key: key, offset: offset, left: length, clip: true, attempts: s.cfg.Attempts}
	if err := b.begin(); err != nil {
		return nil, 0, err
	}
	return b, b.left, nil
}

// empty answers for ranges of no bytes, which HTTP cannot ask for.
func (s *Store) empty(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	info, err := s.head(ctx, key)
	if err != nil {
		return nil, err
	}
	if n, err := blob.Length(info.Size, offset, length); err != nil {
		return nil, err
	} else if n > 0 {
		return nil, fmt.Errorf("the server refused a range of %d bytes from %d of %d", n, offset, info.Size)
	}
	return io.NopCloser(bytes.NewReader(nil)), nil
}

// body reads an object's range, over more than one request if it must.
type body struct {
	store        *Store
	ctx          context.Context // of the Get: its end is the end of the reading
	key          string
	offset, left int64 // what is still to come; left < 0: to the end, before open
	clip         bool  // the object may end sooner; false once its answer said where
	attempts     int   // requests still allowed

	rc     io.ReadCloser
	cause  func() error            // why the open request was cancelled
	cancel context.CancelCauseFunc // of the open request
	timer  *time.Timer             // cancels it when it stalls
}

// begin makes the first request, at one of the places for its size.
func (b *body) begin() error {
	places := b.store.slots
	if b.left > 0 && b.left <= smallBytes {
		places = b.store.small
	}
	return b.store.tryIn(b.ctx, places, 0, b.open)
}

// open makes the request for what is still to come. The context of an attempt
// ends with it, but the body lives on: it has a context of its own, which the
// attempt's end before an answer takes with it.
func (b *body) open(attempt context.Context) error {
	ctx, cancel := context.WithCancelCause(b.ctx)
	stop := context.AfterFunc(attempt, func() { cancel(context.Cause(attempt)) })
	rc, err := b.request(ctx)
	if !stop() && err == nil {
		err = errors.Join(context.Cause(attempt), rc.Close())
	}
	if err != nil {
		cancel(err)
		return err
	}
	b.rc, b.cancel, b.cause = rc, cancel, func() error { return context.Cause(ctx) }
	b.timer = time.AfterFunc(b.store.cfg.Grace, func() { cancel(errStalled) })
	return nil
}

func (b *body) request(ctx context.Context) (io.ReadCloser, error) {
	var opts minio.GetObjectOptions
	want := ""
	switch {
	case b.left > 0:
		want = fmt.Sprintf("bytes=%d-%d", b.offset, b.offset+b.left-1)
	case b.offset > 0:
		want = fmt.Sprintf("bytes=%d-", b.offset)
	}
	if want != "" {
		opts.Set("Range", want)
	}
	rc, _, header, err := b.store.client.GetObject(ctx, b.store.cfg.Bucket, b.store.prefix+b.key, opts)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	switch {
	case err != nil || n < 0:
		err = final{fmt.Errorf("answer without a length: %q", header.Get("Content-Length"))}
	case want != "" && !strings.HasPrefix(header.Get("Content-Range"), fmt.Sprintf("bytes %d-%d/", b.offset, b.offset+n-1)):
		err = final{fmt.Errorf("asked for %q, answered %q with %d bytes", want, header.Get("Content-Range"), n)}
	case b.left > 0 && n < b.left && !b.clip:
		err = final{fmt.Errorf("%d bytes from %d, of which there are %d: %w", b.left, b.offset, n, blob.ErrRange)}
	case b.left > 0 && n > b.left:
		err = final{fmt.Errorf("asked for %q, answered %d bytes", want, n)}
	}
	if err != nil {
		return nil, errors.Join(err, rc.Close())
	}
	b.left, b.clip = n, false
	return rc, nil
}

func (b *body) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	for {
		n, err := b.read(p)
		b.offset, b.left = b.offset+int64(n), b.left-int64(n)
		if n > 0 || err == nil {
			return n, nil
		}
		if b.attempts--; b.attempts <= 0 || b.ctx.Err() != nil {
			return 0, fmt.Errorf("get %s: %w", b.key, err)
		}
		b.shut()
		if err := b.store.wait(b.ctx, 1); err != nil {
			return 0, fmt.Errorf("get %s: %w", b.key, err)
		}
		if err := b.store.try(b.ctx, 0, b.open); err != nil {
			return 0, fmt.Errorf("get %s: %w", b.key, err)
		}
	}
}

// read reads from the open request. An end before the end is an error.
func (b *body) read(p []byte) (int, error) {
	if b.rc == nil {
		return 0, io.ErrClosedPipe
	}
	b.timer.Reset(b.store.cfg.Grace)
	n, err := b.rc.Read(p[:min(int64(len(p)), b.left)])
	b.timer.Stop()
	if errors.Is(err, io.EOF) && int64(n) < b.left {
		err = io.ErrUnexpectedEOF
	}
	if cause := b.cause(); err != nil && cause != nil {
		err = cause
	}
	return n, err
}

// shut ends the open request.
func (b *body) shut() {
	if b.rc == nil {
		return
	}
	b.timer.Stop()
	_ = b.rc.Close() // its bytes are not wanted any more
	b.cancel(nil)
	b.rc = nil
}

// Close ends the reading.
func (b *body) Close() error {
	b.shut()
	b.attempts = 0
	return nil
}
