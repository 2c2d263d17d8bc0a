package s3blob

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync"

	"github.com/minio/minio-go/v7"

	"qianshao/storage/blob"
)

// Store is a bucket, or a folder of one. New makes one.
type Store struct {
	cfg       Config
	prefix    string // empty, or ending with a slash
	client    *minio.Core
	transport *http.Transport
	slots     places // of all requests but small Gets
	small     places // of those

	mu          sync.Mutex // guards what follows
	conditional *bool      // whether the server honours If-None-Match; nil: not asked yet
	writing     map[string]chan struct{}
}

var (
	_ blob.Store   = (*Store)(nil)
	_ blob.Clipper = (*Store)(nil)
)

// smallBytes is how much a Get asks for, at most, to be a small one.
const smallBytes = 256 << 10

// places bounds requests: one value for each that is open.
type places chan struct{}

// Close lets go of idle connections. The Store can still be used.
func (s *Store) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

func begin(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	return ctx.Err()
}

// Head implements blob.Store. The checksum is known for objects of this
// program.
func (s *Store) Head(ctx context.Context, key string) (blob.Info, error) {
	err := begin(ctx, key)
	var info blob.Info
	if err == nil {
		info, err = s.head(ctx, key)
	}
	if err != nil {
		return blob.Info{}, fmt.Errorf("head %s: %w", key, err)
	}
	return info, nil
}

func (s *Store) head(ctx context.Context, key string) (blob.Info, error) {
	var o minio.ObjectInfo
	err := s.try(ctx, 0, func(ctx context.Context) (err error) {
		o, err = s.client.StatObject(ctx, s.cfg.Bucket, s.prefix+key, minio.StatObjectOptions{})
		return err
	})
	if err != nil {
		return blob.Info{}, err
	}
	return info(key, o), nil
}

func info(key string, o minio.ObjectInfo) blob.Info {
	i := blob.Info{Key: key, Size: o.Size}
	for k, v := range o.UserMetadata { // servers differ in the case of names
		if b, err := hex.DecodeString(v); strings.EqualFold(k, metaSHA) && err == nil && len(b) == len(i.SHA256) {
			i.SHA256 = [32]byte(b)
		}
	}
	return i
}

// Get implements blob.Store. A connection lost midway is taken up again where
// it broke, as often as a request is repeated.
func (s *Store) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	err := begin(ctx, key)
	var r io.ReadCloser
	if err == nil {
		r, err = s.get(ctx, key, offset, length)
	}
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", key, err)
	}
	return r, nil
}

// GetClipped implements blob.Clipper.
func (s *Store) GetClipped(ctx context.Context, key string, offset, length int64) (rc io.ReadCloser, n int64, err error) {
	if err = begin(ctx, key); err == nil {
		rc, n, err = s.getClipped(ctx, key, offset, length)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("get %s: %w", key, err)
	}
	return rc, n, nil
}

// List implements blob.Store. Checksums are not known. A page that fails is
// asked for again.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx) // ends the library's listing when we leave
		defer cancel()
		for attempt := 1; ; attempt++ {
			last, more, err := s.listFrom(ctx, prefix, after, yield)
			if err == nil || !more {
				return
			}
			if last != after {
				after, attempt = last, 1
			}
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			} else if retryable(err) && attempt < s.cfg.Attempts {
				if err = s.wait(ctx, attempt); err == nil {
					continue
				}
			}
			yield(blob.Info{}, fmt.Errorf("list %q: %w", prefix, plain(err)))
			return
		}
	}
}

// listFrom yields until the end, an error, or until the consumer has enough
// (then more is false). last is the last key that was yielded.
func (s *Store) listFrom(ctx context.Context, prefix, after string, yield func(blob.Info, error) bool) (last string, more bool, err error) {
	last = after
	opts := minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}
	if after != "" {
		opts.StartAfter = s.prefix + after
	}
	for o := range s.client.ListObjectsIter(ctx, s.cfg.Bucket, opts) {
		if o.Err != nil {
			return last, true, o.Err
		}
		key := strings.TrimPrefix(o.Key, s.prefix)
		if blob.CheckKey(key) != nil || key <= after {
			continue // a folder marker, the probe, an object of others
		}
		if !yield(info(key, o), nil) {
			return last, false, nil
		}
		last = key
	}
	return last, true, ctx.Err()
}

// Delete implements blob.Store. In a bucket with versions the older versions
// stay until the bucket lets them go.
func (s *Store) Delete(ctx context.Context, key string) error {
	err := begin(ctx, key)
	if err == nil {
		err = s.try(ctx, 0, func(ctx context.Context) error {
			err := s.client.RemoveObject(ctx, s.cfg.Bucket, s.prefix+key, minio.RemoveObjectOptions{})
			if minio.ToErrorResponse(err).Code == "NoSuchKey" {
				return nil
			}
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}
