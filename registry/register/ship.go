package register

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"qianshao/storage/blob"
)

// Prefix is where the register stands in the store.
const Prefix = "v1/register/"

const (
	batchEntries = 4096
	batchBytes   = 4 << 20
	pruneEvery   = 24 * time.Hour
	backoffMost  = time.Minute
)

// batchKey names a batch in the store: v1/register/{chain}/{first}-{last}.jsonl,
// by the seq of its entries, which are all there are from first to last.
type batchKey struct {
	chain       string
	first, last uint64
}

func (k batchKey) String() string {
	return fmt.Sprintf("%s%s/%016d-%016d.jsonl", Prefix, k.chain, k.first, k.last)
}

// parseBatchKey is the inverse of batchKey.String and accepts nothing else.
func parseBatchKey(s string) (k batchKey, ok bool) {
	rest, found := strings.CutPrefix(s, Prefix)
	id, name, slash := strings.Cut(rest, "/")
	name, suffix := strings.CutSuffix(name, ".jsonl")
	first, last, dash := strings.Cut(name, "-")
	a, err1 := strconv.ParseUint(first, 10, 53)
	b, err2 := strconv.ParseUint(last, 10, 53)
	k = batchKey{id, a, b}
	return k, found && slash && suffix && dash && err1 == nil && err2 == nil && a <= b && chainForm.MatchString(id) && k.String() == s
}

// Run ships entries as they come, in batches, writes what is counted once a minute,
// and removes entries that are older than Keep, until ctx ends; it then returns nil. While the store is away it
// tries again with a jittered back-off.
func (r *Register) Run(ctx context.Context) error {
	prune := time.NewTicker(pruneEvery)
	defer prune.Stop()
	count := time.NewTicker(countEvery)
	defer count.Stop()
	if err := r.Prune(ctx); err != nil && ctx.Err() == nil {
		r.cfg.Log.Warn("access register: old entries stay", "err", err)
	}
	wait, failed := r.cfg.Every, false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-prune.C:
			if err := r.Prune(ctx); err != nil && ctx.Err() == nil {
				r.cfg.Log.Warn("access register: old entries stay", "err", err)
			}
			continue
		case <-count.C:
			if err := r.Flush(ctx); err != nil && ctx.Err() == nil {
				r.cfg.Log.Warn("access register: what was refused is counted on until it can be written", "err", err)
			}
			continue
		case <-r.wake:
		}
		t := time.NewTimer(wait) // others may join the batch
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
		err := r.Ship(ctx)
		switch {
		case err == nil:
			wait, failed = r.cfg.Every, false
			continue
		case ctx.Err() != nil:
			return nil
		case !failed:
			r.cfg.Log.Warn("access register: the store does not take its copy; trying again", "err", err)
		}
		failed = true
		wait = r.cfg.Every + rand.N(backoffMost)
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// ErrForked is returned (wrapped) by Ship when the store has other entries of
// this chain than this machine, or more of them.
var ErrForked = errors.New("the store has other entries of this register than this machine: entries were removed here, or the folder was put back from a backup; " +
	"qianshao register verify names them; to go on, remove the file register/chain: a new chain then begins, and the old one stays readable")

// Ship copies every entry written so far to the store.
func (r *Register) Ship(ctx context.Context) error {
	if r.cfg.Store == nil {
		return nil
	}
	r.ships.Lock()
	defer r.ships.Unlock()
	_, head := r.Head()
	if !r.sought {
		n, err := r.inStore(ctx, head.Seq)
		if err != nil {
			return fmt.Errorf("ship the access register: %w", err)
		}
		r.shipped.Store(n)
		r.sought = true
	}
	if r.shipped.Load() > head.Seq {
		return ErrForked
	}
	var batch bytes.Buffer
	key := batchKey{chain: r.own.id}
	put := func() error {
		if batch.Len() == 0 {
			return nil
		}
		err := r.cfg.Store.Put(ctx, key.String(), blob.Bytes(bytes.Clone(batch.Bytes())))
		if errors.Is(err, blob.ErrDifferent) {
			return fmt.Errorf("%w (%s)", ErrForked, key)
		}
		if err != nil {
			return fmt.Errorf("ship the access register: %w", err)
		}
		r.shipped.Store(key.last)
		batch.Reset()
		return nil
	}
	for line, err := range r.own.forward(r.shipped.Load()+1, head.Seq) {
		if err != nil {
			return fmt.Errorf("ship the access register: %w", err)
		}
		if batch.Len() == 0 {
			key.first = line.entry.Seq
		}
		key.last = line.entry.Seq
		batch.Write(line.text)
		batch.WriteByte('\n')
		if batch.Len() >= batchBytes || key.last-key.first+1 >= batchEntries {
			if err := put(); err != nil {
				return err
			}
		}
	}
	return put()
}

// inStore returns the last seq that the store has of the own chain.
func (r *Register) inStore(ctx context.Context, head uint64) (last uint64, err error) {
	after := ""
	if head > 2*batchEntries {
		after = batchKey{r.own.id, head - 2*batchEntries, head}.String()
	}
	for {
		for info, err := range r.cfg.Store.List(ctx, Prefix+r.own.id+"/", after) {
			if err != nil {
				return 0, err
			}
			if k, ok := parseBatchKey(info.Key); ok {
				last = max(last, k.last)
			}
		}
		if last > 0 || after == "" {
			return last, nil
		}
		after = "" // nothing was shipped for long: look from the beginning
	}
}

// promised is a line that somebody was promised.
type promised struct {
	text  []byte
	entry Entry
}

// forward yields the sound lines of a chain from seq first to last, ascending.
func (c chain) forward(first, last uint64) func(func(promised, error) bool) {
	return func(yield func(promised, error) bool) {
		names, err := c.files()
		if err != nil {
			yield(promised{}, err)
			return
		}
		for i, name := range names {
			limit := last + 1
			if i+1 < len(names) {
				limit = min(limit, names[i+1].seq)
			}
			if limit <= first || name.seq > last {
				continue
			}
			b, err := c.read(name)
			if err != nil {
				yield(promised{}, err)
				return
			}
			lines, _ := split(b)
			for _, line := range lines {
				e, sound, err := parseLine(line)
				if err == nil && sound && e.Chain == c.id && e.Seq >= first && e.Seq < limit && !yield(promised{line, e}, nil) {
					return
				}
			}
		}
	}
}

// Prune removes files whose entries are all older than Keep, here and in the
// store. An entry that says so, with the hash the chain then begins from, is
// written before.
func (r *Register) Prune(ctx context.Context) error {
	if r.cfg.Keep <= 0 {
		return nil
	}
	r.ships.Lock()
	defer r.ships.Unlock()
	names, err := r.own.files()
	if err != nil {
		return fmt.Errorf("prune the access register: %w", err)
	}
	limit := r.cfg.Now().Add(-r.cfg.Keep).UnixMicro()
	n := 0
	for n+1 < len(names) && int64(names[n+1].at) < limit {
		n++
	}
	if n == 0 {
		return nil
	}
	var through *Mark
	for line, err := range r.own.forward(0, names[n].seq-1) {
		if err != nil {
			return fmt.Errorf("prune the access register: %w", err)
		}
		through = &Mark{line.entry.Seq, line.entry.Hash.String()}
	}
	if through != nil {
		e := &Entry{Kind: Pruned, Through: through, Note: fmt.Sprintf("kept for %s", r.cfg.Keep)}
		if err := r.Append(ctx, e); err != nil {
			return err
		}
	}
	for _, name := range names[:n] {
		if err := r.cfg.FS.Remove(r.own.path(name)); err != nil {
			return fmt.Errorf("prune the access register: %w", err)
		}
	}
	if err := r.cfg.FS.SyncDir(r.own.dir); err != nil {
		return fmt.Errorf("prune the access register: %w", err)
	}
	if r.cfg.Store == nil || through == nil {
		return nil
	}
	var old []string
	for info, err := range r.cfg.Store.List(ctx, Prefix+r.own.id+"/", "") {
		if err != nil {
			return fmt.Errorf("prune the access register: %w", err)
		}
		k, ok := parseBatchKey(info.Key)
		if ok && k.last > through.Seq {
			break
		}
		if ok {
			old = append(old, info.Key)
		}
	}
	for _, key := range old {
		if err := r.cfg.Store.Delete(ctx, key); err != nil {
			return fmt.Errorf("prune the access register: %w", err)
		}
	}
	return nil
}
