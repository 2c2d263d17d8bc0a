package spool

import (
	"errors"
	"fmt"
	"io/fs"

	"qianshao/storage/segment"
)

// Survey is what lies in the spool's folders at a moment, by name.
type Survey struct {
	Sealed     map[segment.Key]int64 // bytes of each
	Open       []segment.ID          // unsealed segments that nobody is writing
	Foreign    []string              // files whose names are not ours
	Quarantine []string              // files that were moved aside
}

// Survey looks into the folders. It changes nothing.
func (s *Spool) Survey() (*Survey, error) {
	out := &Survey{Sealed: map[segment.Key]int64{}}
	entries, err := s.cfg.FS.ReadDir(s.cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("list the spool: %w", err)
	}
	for _, e := range entries {
		if id, err := segment.ParseOpenFile(e.Name()); err == nil {
			// One that is gone by now was sealed since the folder was listed.
			if _, err := s.cfg.FS.Stat(s.path(e.Name())); err == nil && !s.owned(id) {
				out.Open = append(out.Open, id)
			}
			continue
		}
		k, err := segment.ParseFile(e.Name())
		if err != nil {
			out.Foreign = append(out.Foreign, e.Name())
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // stored and freed since
		}
		if err != nil {
			return nil, fmt.Errorf("size of %s: %w", e.Name(), err)
		}
		out.Sealed[k] = info.Size()
	}
	entries, err = s.cfg.FS.ReadDir(s.cfg.Quarantine)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list the quarantine: %w", err)
	}
	for _, e := range entries {
		out.Quarantine = append(out.Quarantine, e.Name())
	}
	return out, nil
}
