package spool

import (
	"errors"
	"fmt"
	"io"
	"syscall"

	"qianshao/storage/digest"
	"qianshao/storage/segment"
	"qianshao/storage/vfs"
)

// finish appends the foot to a file of size durable bytes whose hash so far is
// sum, and publishes it under its sealed name.
func (s *Spool) finish(f vfs.File, name string, size int64, sum *digest.SHA256, foot *segment.Foot) (*Sealed, error) {
	box := segment.AppendFoot(nil, foot)
	sum.Write(box)
	out := &Sealed{SHA256: sum.Sum(), Bytes: size + int64(len(box)), FootBytes: len(box), Foot: foot}
	out.Key = segment.Key{ID: foot.ID, Span: foot.Span()}
	copy(out.Key.SHA[:], out.SHA256[:16])

	write := func() error {
		_, err := f.Writev([][]byte{box})
		return err
	}
	err := write()
	if errors.Is(err, syscall.ENOSPC) && s.cfg.Reserve.Release() {
		if err = f.Truncate(size); err == nil {
			err = write()
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", name, err)
	}
	if err := s.cfg.FS.Rename(s.path(name), s.path(out.Key.File())); err != nil {
		return nil, fmt.Errorf("seal %s: %w", name, err)
	}
	if err := s.cfg.FS.SyncDir(s.cfg.Dir); err != nil {
		return nil, fmt.Errorf("seal %s: %w", name, err)
	}
	s.addSealed(*out)
	return out, nil
}

// hashPrefix is the SHA-256 state after the first n bytes of r.
func hashPrefix(r io.ReaderAt, n int64) (*digest.SHA256, error) {
	w := sumWriter{digest.New()}
	if _, err := io.CopyBuffer(w, io.NewSectionReader(r, 0, n), make([]byte, 256<<10)); err != nil {
		return nil, err
	}
	return w.SHA256, nil
}

// onlyWriter hides other methods, so that CopyBuffer uses its buffer.
type onlyWriter struct{ io.Writer }

// sumWriter is a SHA256 as an io.Writer.
type sumWriter struct{ *digest.SHA256 }

func (w sumWriter) Write(p []byte) (int, error) {
	w.SHA256.Write(p)
	return len(p), nil
}
