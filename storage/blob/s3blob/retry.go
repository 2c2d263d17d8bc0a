package s3blob

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"qianshao/storage/blob"
)

// errDeadline is the cause of an attempt that took too long.
var errDeadline = errors.New("no answer in time")

// final marks an error that no repetition mends.
type final struct{ error }

func (f final) Unwrap() error { return f.error }

// try calls once until it succeeds, fails for good, or was called Attempts
// times. size is what one attempt moves, for its deadline.
func (s *Store) try(ctx context.Context, size int64, once func(ctx context.Context) error) error {
	return s.tryIn(ctx, s.slots, size, once)
}

// tryIn is try for requests of one kind.
func (s *Store) tryIn(ctx context.Context, p places, size int64, once func(ctx context.Context) error) error {
	for attempt := 1; ; attempt++ {
		err := s.attempt(ctx, p, size, once)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !retryable(err):
			return plain(err)
		case attempt >= s.cfg.Attempts:
			return fmt.Errorf("%w (after %d attempts)", plain(err), attempt)
		}
		if err := s.wait(ctx, attempt); err != nil {
			return err
		}
	}
}

// attempt makes one request within its deadline and the limit of requests.
func (s *Store) attempt(ctx context.Context, p places, size int64, once func(ctx context.Context) error) error {
	release, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer release()
	limit := s.cfg.Grace + time.Duration(float64(size)/float64(s.cfg.MinRate)*float64(time.Second))
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errDeadline)
	defer cancel()
	err = once(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errDeadline) {
		return fmt.Errorf("%w (%s)", errDeadline, limit)
	}
	return err
}

// take waits for a place.
func (p places) take(ctx context.Context) (release func(), err error) {
	select {
	case p <- struct{}{}:
		return func() { <-p }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// wait sleeps before the next attempt: full jitter, so that many clients of a
// server that comes back do not come at once.
func (s *Store) wait(ctx context.Context, attempt int) error {
	most := s.cfg.BackoffMax
	if shift := attempt - 1; shift < 20 && s.cfg.Backoff<<shift < most {
		most = s.cfg.Backoff << shift
	}
	t := time.NewTimer(rand.N(most + 1))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// retryable says whether another attempt may succeed.
func retryable(err error) bool {
	var answer minio.ErrorResponse
	var f final
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &f), errors.As(err, &cert):
		return false
	case !errors.As(err, &answer):
		return true // the network
	case answer.StatusCode >= 500 && answer.StatusCode != http.StatusNotImplemented:
		return true
	}
	switch answer.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusConflict:
		return true // 409: S3's ConditionalRequestConflict
	case 0, http.StatusOK: // an error inside a 200, or a body cut off
		return true
	}
	return answer.Code == "RequestTimeout" || answer.Code == "SlowDown"
}

// plain turns the library's error into ours: sentinels where they apply, and
// the server's code, which its message often lacks.
func plain(err error) error {
	var f final
	if errors.As(err, &f) {
		return f.error
	}
	var answer minio.ErrorResponse
	if !errors.As(err, &answer) {
		return err
	}
	text := fmt.Errorf("%s: %w", answer.Code, err)
	switch {
	case answer.Code == "NoSuchBucket":
		return text
	case answer.StatusCode == http.StatusNotFound:
		return fmt.Errorf("%w (%w)", blob.ErrNotExist, text)
	case answer.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return fmt.Errorf("%w (%w)", blob.ErrRange, text)
	case answer.Code == "BadDigest", answer.Code == "XAmzContentSHA256Mismatch", answer.Code == "XAmzContentChecksumMismatch":
		return fmt.Errorf("%w (%w)", blob.ErrChecksum, text)
	}
	return text
}

// answered reports whether an error is the server's.
func answered(err error) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer)
}

func status(err error, code int) bool {
	var answer minio.ErrorResponse
	return errors.As(err, &answer) && answer.StatusCode == code
}
