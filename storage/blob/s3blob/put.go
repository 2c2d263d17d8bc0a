package s3blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7"

	"qianshao/storage/blob"
)

const (
	// singleMax is the largest object sent by one PUT: a segment of 60 s of an
	// 8 Mbit/s camera fits, and repeating it costs little.
	singleMax = 64 << 20
	// partSize is what a multipart upload holds in memory and repeats. S3 wants
	// at least 5 MiB and at most 10,000 parts: good for 160 GB.
	partSize = 16 << 20
	// metaSHA is the metadata key of the checksum, as the library spells it.
	metaSHA = "Sha256"
	// probeKey is no key of ours (it has a "~"), so that it meets no object.
	probeKey = "~probe"
)

// errTaken says that the server refused a PUT because the key exists.
var errTaken = errors.New("key is taken")

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, key string, c blob.Content) error {
	err := begin(ctx, key)
	if err == nil {
		err = s.put(ctx, key, c)
	}
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, key string, c blob.Content) error {
	conditional, err := s.conditionalPut(ctx)
	if err != nil {
		return err
	}
	if !conditional {
		release, err := s.alone(ctx, key)
		if err != nil {
			return err
		}
		defer release()
	}
	if !conditional || c.Size > singleMax { // a part does not know that its key is taken
		if present, err := s.same(ctx, key, c); err != nil || present {
			return err
		}
	}
	for range 3 { // again only if what was in the way is gone by then
		err = s.send(ctx, key, c, conditional)
		if !errors.Is(err, errTaken) {
			return err
		}
		if present, err := s.same(ctx, key, c); err != nil || present {
			return err
		}
	}
	return err
}

func (s *Store) send(ctx context.Context, key string, c blob.Content, conditional bool) error {
	if c.Size > singleMax {
		return s.sendParts(ctx, key, c, conditional)
	}
	name, unanswered := s.prefix+key, false
	return s.try(ctx, c.Size, func(ctx context.Context) error {
		// It may have arrived. A look costs less than sending it again; and a server
		// that refuses it at once cuts off the rest, so that its answer may be lost, too.
		if unanswered {
			switch _, err := s.client.StatObject(ctx, s.cfg.Bucket, name, minio.StatObjectOptions{}); {
			case err == nil:
				return final{errTaken}
			case !status(err, http.StatusNotFound):
				return err
			}
		}
		err := s.sendWhole(ctx, name, c, conditional)
		unanswered = err != nil && !answered(err)
		return err
	})
}

func (s *Store) sendWhole(ctx context.Context, name string, c blob.Content, conditional bool) error {
	src, err := c.Open()
	if err != nil {
		return final{err}
	}
	body := &source{r: c.Verify(src)}
	opts := options(c, conditional)
	opts.UserMetadata["x-amz-checksum-sha256"] = base64.StdEncoding.EncodeToString(c.SHA256[:])
	if c.Size == 0 { // the library then sends no body and reads none
		_, err = io.Copy(io.Discard, body)
	}
	if err == nil {
		_, err = s.client.PutObject(ctx, s.cfg.Bucket, name, body, c.Size, "", hex.EncodeToString(c.SHA256[:]), opts)
	}
	if cerr := src.Close(); err == nil && cerr != nil {
		err = final{cerr}
	}
	return body.explain(err)
}

// options are those of both kinds of upload.
func options(c blob.Content, conditional bool) minio.PutObjectOptions {
	opts := minio.PutObjectOptions{
		ContentType:  "application/octet-stream",
		UserMetadata: map[string]string{metaSHA: hex.EncodeToString(c.SHA256[:])},
		// The payload's hash is announced at once and signed, instead of piece
		// by piece while the bytes go by.
		DisableContentSha256: true,
	}
	if conditional {
		opts.SetMatchETagExcept("*")
	}
	return opts
}

// source is the body of a request. It remembers its own error, which the HTTP
// client may bury in one of its own.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// explain tells what an upload's error means. It is called when nobody reads
// any more.
func (s *source) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case s.err != nil:
		return final{s.err}
	case status(err, http.StatusPreconditionFailed):
		return final{errTaken}
	}
	return err
}

// sendParts is a multipart upload. One part is in memory at a time.
func (s *Store) sendParts(ctx context.Context, key string, c blob.Content, conditional bool) error {
	name := s.prefix + key
	var id string
	err := s.try(ctx, 0, func(ctx context.Context) (err error) {
		id, err = s.client.NewMultipartUpload(ctx, s.cfg.Bucket, name, options(c, false))
		return err
	})
	if err != nil {
		return err
	}
	err = s.parts(ctx, name, id, c, conditional)
	if err != nil {
		// The server keeps (and bills) parts until they are aborted; also when
		// ctx is what ended the upload.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Grace)
		defer cancel()
		if aerr := s.client.AbortMultipartUpload(ctx, s.cfg.Bucket, name, id); aerr != nil && !status(aerr, http.StatusNotFound) {
			err = errors.Join(err, fmt.Errorf("abort upload: %w", aerr))
		}
	}
	return err
}

func (s *Store) parts(ctx context.Context, name, id string, c blob.Content, conditional bool) error {
	src, err := c.Open()
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }() // it was read to its verified end, or failed
	r := c.Verify(src)
	buf := make([]byte, partSize)
	var done []minio.CompletePart
	for sent := int64(0); sent < c.Size; {
		part := buf[:min(partSize, c.Size-sent)]
		if _, err := io.ReadFull(r, part); err != nil {
			return err
		}
		sum := sha256.Sum256(part)
		var got minio.ObjectPart
		err := s.try(ctx, int64(len(part)), func(ctx context.Context) (err error) {
			got, err = s.client.PutObjectPart(ctx, s.cfg.Bucket, name, id, len(done)+1, bytes.NewReader(part),
				int64(len(part)), minio.PutObjectPartOptions{Sha256Hex: hex.EncodeToString(sum[:]), DisableContentSha256: true})
			return err
		})
		if err != nil {
			return err
		}
		done = append(done, minio.CompletePart{PartNumber: len(done) + 1, ETag: got.ETag})
		sent += int64(len(part))
	}
	return s.complete(ctx, name, id, done, c, conditional)
}

// complete joins the parts. An answer lost on the way leaves the upload done:
// the repetition then finds no upload, and the object tells.
func (s *Store) complete(ctx context.Context, name, id string, parts []minio.CompletePart, c blob.Content, conditional bool) error {
	var opts minio.PutObjectOptions
	if conditional {
		opts.SetMatchETagExcept("*")
	}
	return s.try(ctx, c.Size, func(ctx context.Context) error {
		_, err := s.client.CompleteMultipartUpload(ctx, s.cfg.Bucket, name, id, parts, opts)
		if status(err, http.StatusPreconditionFailed) || status(err, http.StatusNotFound) {
			return final{errTaken}
		}
		return err
	})
}

// conditionalPut says whether the server honours If-None-Match. It finds out at
// the first Put, by putting one small object twice.
func (s *Store) conditionalPut(ctx context.Context) (bool, error) {
	s.mu.Lock()
	known := s.conditional
	s.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	c := blob.Bytes([]byte("this object is put twice to see whether If-None-Match is honoured\n"))
	for _, conditional := range []bool{false, true} {
		err := s.try(ctx, c.Size, func(ctx context.Context) error {
			return s.sendWhole(ctx, s.prefix+probeKey, c, conditional)
		})
		honoured := errors.Is(err, errTaken)
		if err != nil && !honoured && (!conditional || !status(err, http.StatusNotImplemented) && !status(err, http.StatusBadRequest)) {
			return false, fmt.Errorf("probe the server: %w", err)
		}
		if conditional {
			s.mu.Lock()
			s.conditional = &honoured
			s.mu.Unlock()
			return honoured, nil
		}
	}
	return false, nil
}

// alone waits until no other Put of this process writes the key.
func (s *Store) alone(ctx context.Context, key string) (release func(), err error) {
	for {
		s.mu.Lock()
		other := s.writing[key]
		if other == nil {
			mine := make(chan struct{})
			s.writing[key] = mine
			s.mu.Unlock()
			return func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				delete(s.writing, key)
				close(mine)
			}, nil
		}
		s.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// same tells whether the key holds exactly c. Other content is ErrDifferent.
func (s *Store) same(ctx context.Context, key string, c blob.Content) (bool, error) {
	info, err := s.head(ctx, key)
	if errors.Is(err, blob.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if info.Size != c.Size {
		return false, fmt.Errorf("%d bytes, not %d: %w", info.Size, c.Size, blob.ErrDifferent)
	}
	if info.SHA256 == [32]byte{} { // put by another program
		if info.SHA256, err = s.sum(ctx, key); err != nil {
			return false, err
		}
	}
	if info.SHA256 != c.SHA256 {
		return false, blob.ErrDifferent
	}
	return true, nil
}

// sum reads an object to hash it.
func (s *Store) sum(ctx context.Context, key string) ([32]byte, error) {
	r, err := s.get(ctx, key, 0, -1)
	if err != nil {
		return [32]byte{}, err
	}
	h := sha256.New()
	_, err = io.Copy(h, r)
	return [32]byte(h.Sum(nil)), errors.Join(err, r.Close())
}

// AbortUploads ends multipart uploads under the prefix that were begun before a
// moment and never completed, as a killed process leaves them. It returns how
// many.
func (s *Store) AbortUploads(ctx context.Context, before time.Time) (int, error) {
	n := 0
	for up := range s.client.ListIncompleteUploads(ctx, s.cfg.Bucket, s.prefix, true) {
		if up.Err != nil {
			return n, fmt.Errorf("list uploads: %w", plain(up.Err))
		}
		if !up.Initiated.Before(before) {
			continue
		}
		if err := s.client.AbortMultipartUpload(ctx, s.cfg.Bucket, up.Key, up.UploadID); err != nil && !status(err, http.StatusNotFound) {
			return n, fmt.Errorf("abort upload of %s: %w", up.Key, plain(err))
		}
		n++
	}
	return n, nil
}
