package acts

import (
	"context"
	"errors"
	"fmt"
	"io"

	"qianshao/storage/blob"
)

// maxBatch bounds what Replay reads into memory for one object.
const maxBatch = 64 << 20

// Replay calls fn with every act of the store, in the order of their batches'
// keys (time, then id) and within a batch in the order they were appended; an
// act that was shipped twice comes once. It ends early when fn fails.
//
// Acts that cannot be read do not end it: the others are replayed, and then
// the error, which wraps ErrBadAct, names what was passed over. A caller must
// not delete anything after that, because a hold may be among it.
func Replay(ctx context.Context, store blob.Store, fn func(Act) error) error {
	seen := map[string]bool{}
	var bad []error
	for info, err := range store.List(ctx, Prefix, "") {
		if err != nil {
			return fmt.Errorf("list acts: %w", err)
		}
		acts, err := readBatch(ctx, store, info)
		if err != nil && !errors.Is(err, ErrBadAct) {
			return fmt.Errorf("read acts: %w", err)
		}
		if err != nil {
			bad = append(bad, err)
		}
		for _, a := range acts {
			if seen[a.ID] {
				continue
			}
			seen[a.ID] = true
			if err := fn(a); err != nil {
				return fmt.Errorf("replay act %s: %w", a.ID, err)
			}
		}
	}
	return errors.Join(bad...)
}

func readBatch(ctx context.Context, store blob.Store, info blob.Info) ([]Act, error) {
	if _, err := parseBatchKey(info.Key); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadAct, err)
	}
	if info.Size > maxBatch {
		return nil, fmt.Errorf("%s: %d bytes: %w", info.Key, info.Size, ErrBadAct)
	}
	r, err := store.Get(ctx, info.Key, 0, -1)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", info.Key, err)
	}
	acts, err := parseObject(b)
	if err != nil {
		return acts, fmt.Errorf("%s: %w", info.Key, err)
	}
	return acts, nil
}
