package spool

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"sort"
	"strings"

	"qianshao/storage/segment"
	"qianshao/storage/vfs"
)

// Recover brings the folder back after a stop of any kind. It calls found for
// every sealed segment in the spool, with its foot; unsealed ones are first cut
// at their last good COMMIT and sealed, in the order they were written. A file
// whose head is unreadable, or whose name is not ours, moves to quarantine.
//
// A file that cannot be dealt with now, because the disk has no room for its
// foot or gives an error, is left as it is, and Unsettled counts it: one bad
// spot must not keep the others from recording. Recover may be called again at
// any time to try once more; it passes over what it has found before and what
// is being written. It must have returned once before Create is called.
//
// A sealed file's hash is checked against its name, or, where Config.Known has
// it, its foot alone: it was synced before it got the name.
func (s *Spool) Recover(ctx context.Context, found func(*Sealed) error) error {
	entries, err := s.cfg.FS.ReadDir(s.cfg.Dir)
	if err != nil {
		return fmt.Errorf("list the spool: %w", err)
	}
	left := 0
	settle := func(name string, v *Sealed, err error) error {
		switch {
		case err != nil:
			left++
			s.cfg.Log.Error("spool file left as it is, will be tried again", "file", name, "err", err)
		case v != nil:
			return found(v)
		}
		return nil
	}
	var open []segment.ID
	sealed := map[segment.ID]segment.Key{}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if e.IsDir() {
			continue
		}
		if id, err := segment.ParseOpenFile(e.Name()); err == nil {
			open = append(open, id)
			continue
		}
		if k, err := segment.ParseFile(e.Name()); err == nil {
			sealed[k.ID] = k
			if s.has(k.ID) {
				continue
			}
		}
		v, err := s.settleSealed(e.Name())
		if err := settle(e.Name(), v, err); err != nil {
			return err
		}
	}
	sort.Slice(open, func(i, j int) bool {
		a, b := open[i], open[j]
		if a.Boot != b.Boot {
			return a.Boot < b.Boot
		}
		return a.Seq < b.Seq
	})
	for _, id := range open {
		if err := ctx.Err(); err != nil {
			return err
		}
		if s.owned(id) {
			continue
		}
		var v *Sealed
		if k, twice := sealed[id]; twice {
			err = s.settleTwin(id, k)
		} else {
			v, err = s.sealLeftover(id)
		}
		if err := settle(id.OpenFile(), v, err); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.unsettled = left
	s.mu.Unlock()
	return nil
}

// Unsettled is how many files the last Recover had to leave as they are.
func (s *Spool) Unsettled() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unsettled
}

// has reports whether the sealed segment is known.
func (s *Spool) has(id segment.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.sealed[id]
	return ok
}

// owned reports whether the segment is being written.
func (s *Spool) owned(id segment.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.open[id.Stream] {
		if f.id == id {
			return true
		}
	}
	return false
}

// settleSealed takes a sealed file in, or moves it to quarantine.
func (s *Spool) settleSealed(name string) (*Sealed, error) {
	v, err := s.readSealed(name)
	if errors.Is(err, segment.ErrBadKey) || errors.Is(err, segment.ErrCorrupt) {
		return nil, s.quarantine(name, err)
	}
	if err != nil {
		return nil, err
	}
	s.addSealed(*v)
	return v, nil
}

// readSealed reads the foot of a sealed file. Its hash is taken from the bytes:
// after a power cut the name alone proves nothing.
func (s *Spool) readSealed(name string) (*Sealed, error) {
	key, err := segment.ParseFile(name)
	if err != nil {
		return nil, err
	}
	f, err := s.cfg.FS.Open(s.path(name))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer f.Close() //nolint:errcheck // opened for reading
	size, err := f.Size()
	if err != nil {
		return nil, fmt.Errorf("size of %s: %w", name, err)
	}
	v := &Sealed{Key: key, Bytes: size, Foot: &segment.Foot{}}
	var t [16]byte
	if size < int64(len(t)) {
		return nil, fmt.Errorf("%s has %d bytes: %w", name, size, segment.ErrCorrupt)
	}
	if _, err := f.ReadAt(t[:], size-int64(len(t))); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if v.FootBytes, err = segment.FootSize(t[:], size); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := segment.ReadFoot(f, size, v.FootBytes, v.Foot); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := s.hashSealed(f, size, v); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if string(v.SHA256[:16]) != string(key.SHA[:]) || v.Foot.ID != key.ID {
		return nil, fmt.Errorf("%s does not hold what its name says: %w", name, segment.ErrCorrupt)
	}
	return v, nil
}

func (s *Spool) hashSealed(f vfs.File, size int64, v *Sealed) error {
	if s.cfg.Known != nil {
		if sha, ok := s.cfg.Known(v.Key.ID); ok {
			v.SHA256 = sha
			return nil
		}
	}
	// The standard library's, which does not share the errors of what wrote it.
	sum := sha256.New()
	if _, err := io.CopyBuffer(onlyWriter{sum}, io.NewSectionReader(f, 0, size), make([]byte, 256<<10)); err != nil {
		return err
	}
	sum.Sum(v.SHA256[:0])
	return nil
}

// settleTwin deals with an unsealed file whose segment is there sealed as well:
// a power cut can leave both names of the rename. They may be one file, so
// nothing is written to it. If every fragment of it stands in the sealed one the
// name goes, else the file moves to quarantine.
func (s *Spool) settleTwin(id segment.ID, k segment.Key) error {
	name := id.OpenFile()
	same, err := s.within(name, k.File())
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, segment.ErrCorrupt):
		return s.quarantine(name, fmt.Errorf("the segment is already sealed: %w", err))
	case err != nil:
		return fmt.Errorf("compare %s with its sealed twin: %w", name, err)
	case !same:
		return s.quarantine(name, fmt.Errorf("the segment is already sealed with other content: %w", segment.ErrCorrupt))
	}
	if err := s.cfg.FS.Remove(s.path(name)); err != nil {
		return fmt.Errorf("remove the second name of %s: %w", k.File(), err)
	}
	return s.cfg.FS.SyncDir(s.cfg.Dir)
}

// within reports whether the good bytes of an unsealed file are the beginning of
// a sealed one.
func (s *Spool) within(open, sealed string) (same bool, err error) {
	f, err := s.cfg.FS.Open(s.path(open))
	if err != nil {
		return false, err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	size, err := f.Size()
	if err != nil {
		return false, err
	}
	if size == 0 {
		return true, nil
	}
	_, good, err := segment.Scan(f, size)
	if err != nil {
		return false, err
	}
	g, err := s.cfg.FS.Open(s.path(sealed))
	if err != nil {
		return false, err
	}
	defer g.Close() //nolint:errcheck // opened for reading
	if size, err = g.Size(); err != nil || size < good {
		return false, err
	}
	a, err := hashPrefix(f, good)
	if err != nil {
		return false, err
	}
	b, err := hashPrefix(g, good)
	if err != nil {
		return false, err
	}
	return a.Sum() == b.Sum(), nil
}

// sealLeftover seals what a crash left open. It returns nil for a file without
// a durable fragment, which is removed, and for one that went to quarantine.
func (s *Spool) sealLeftover(id segment.ID) (*Sealed, error) {
	name := id.OpenFile()
	f, err := s.cfg.FS.OpenAppend(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // sealed since the folder was listed
	}
	if err != nil {
		return nil, fmt.Errorf("recover %s: %w", name, err)
	}
	v, err := s.sealTail(f, name, id)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if errors.Is(err, segment.ErrCorrupt) {
		return nil, s.quarantine(name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("recover %s: %w", name, err)
	}
	return v, nil
}

func (s *Spool) sealTail(f vfs.File, name string, id segment.ID) (*Sealed, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size == 0 {
		return nil, s.cfg.FS.Remove(s.path(name))
	}
	foot, good, err := segment.Scan(f, size)
	if err != nil {
		return nil, err
	}
	if foot.ID != id {
		return nil, fmt.Errorf("head says %s: %w", foot.OpenFile(), segment.ErrCorrupt)
	}
	if len(foot.Fragments) == 0 {
		return nil, s.cfg.FS.Remove(s.path(name))
	}
	if good < size {
		if err := f.Truncate(good); err != nil {
			return nil, err
		}
	}
	sum, err := hashPrefix(f, good)
	if err != nil {
		return nil, err
	}
	v, err := s.finish(f, name, good, sum, foot)
	if err != nil {
		return nil, err
	}
	s.cfg.Log.Info("segment sealed after an unclean stop", "segment", v.Key.String(),
		"fragments", len(foot.Fragments), "cut_bytes", size-good)
	return v, nil
}

// quarantine moves a file aside under its own name, with a number if that is
// taken. Nothing is deleted.
func (s *Spool) quarantine(name string, why error) error {
	if err := s.cfg.FS.MkdirAll(s.cfg.Quarantine); err != nil {
		return fmt.Errorf("quarantine folder: %w", err)
	}
	for i := 0; ; i++ {
		to := path.Join(s.cfg.Quarantine, strings.TrimSuffix(fmt.Sprintf("%s.%d", name, i), ".0"))
		if _, err := s.cfg.FS.Stat(to); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("quarantine %s: %w", name, err)
		}
		if err := s.cfg.FS.Rename(s.path(name), to); err != nil {
			return fmt.Errorf("quarantine %s: %w", name, err)
		}
		s.cfg.Log.Warn("unreadable file moved to quarantine", "file", name, "to", to, "err", why)
		return errors.Join(s.cfg.FS.SyncDir(s.cfg.Quarantine), s.cfg.FS.SyncDir(s.cfg.Dir))
	}
}
