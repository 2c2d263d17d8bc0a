package register

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"

	"qianshao/storage/blob"
	"qianshao/storage/vfs"
)

// Restore brings chains back that the store has and this folder lacks: those of
// a machine or a disk that is gone. They can be read here then, and are not
// written on. It returns how many entries came back.
func (r *Register) Restore(ctx context.Context) (entries int, err error) {
	if r.cfg.Store == nil {
		return 0, nil
	}
	have, err := r.chains()
	if err != nil {
		return 0, fmt.Errorf("restore the access register: %w", err)
	}
	here := map[string]bool{}
	for _, c := range have {
		here[c.id] = true
	}
	var batches []batchKey
	for info, err := range r.cfg.Store.List(ctx, Prefix, "") {
		if err != nil {
			return 0, fmt.Errorf("restore the access register: %w", err)
		}
		if k, ok := parseBatchKey(info.Key); ok && !here[k.chain] {
			batches = append(batches, k)
		}
	}
	for len(batches) > 0 { // they come chain by chain
		n := 1
		for n < len(batches) && batches[n].chain == batches[0].chain {
			n++
		}
		got, err := r.restoreChain(ctx, batches[:n])
		if entries += got; err != nil {
			return entries, fmt.Errorf("restore chain %s of the access register: %w", batches[0].chain, err)
		}
		batches = batches[n:]
	}
	return entries, nil
}

// restoreChain writes a chain into a folder of another name, which gets its own
// when all of it is there.
func (r *Register) restoreChain(ctx context.Context, batches []batchKey) (entries int, err error) {
	id := batches[0].chain
	c := chain{fs: r.cfg.FS, dir: path.Join(r.cfg.Dir, "restoring-"+id), id: id}
	if err := c.empty(); err != nil {
		return 0, err
	}
	next := uint64(0) // the seq that is not there yet
	for _, k := range batches {
		b, err := readBatch(ctx, r.cfg.Store, k)
		if err != nil {
			return 0, err
		}
		n, err := c.put(b, &next)
		if err != nil {
			return 0, err
		}
		entries += n
	}
	if err := c.fs.SyncDir(c.dir); err != nil {
		return 0, err
	}
	if err := c.fs.Rename(c.dir, path.Join(r.cfg.Dir, id)); err != nil {
		return 0, err
	}
	return entries, c.fs.SyncDir(r.cfg.Dir)
}

// empty makes the folder, without what an earlier try has left.
func (c chain) empty() error {
	if err := c.fs.MkdirAll(c.dir); err != nil {
		return err
	}
	names, err := c.files()
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := c.fs.Remove(c.path(n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// put writes the lines of a batch from next on as a file of their own. Lines that
// are no sound entries are written, too: they are for Verify to name.
func (c chain) put(b []byte, next *uint64) (entries int, err error) {
	var text []byte
	var name fileName
	for line := range bytes.Lines(b) {
		e, _, err := parseLine(bytes.TrimSuffix(line, []byte("\n")))
		if err == nil && e.Seq < *next {
			continue // a batch shipped twice
		}
		if err == nil {
			*next = e.Seq + 1
			if name.seq == 0 {
				name = fileName{e.Seq, e.At}
			}
			entries++
		}
		text = append(text, line...)
	}
	if entries == 0 {
		return 0, nil
	}
	f, err := c.fs.Create(c.path(name))
	if err != nil {
		return 0, err
	}
	_, err = f.Writev([][]byte{text})
	if err == nil {
		err = f.Sync()
	}
	return entries, errors.Join(err, f.Close())
}

// maxBatch bounds an object that is read whole.
const maxBatch = 64 << 20

func readBatch(ctx context.Context, store blob.Store, k batchKey) (b []byte, err error) {
	rc, err := store.Get(ctx, k.String(), 0, -1)
	if err != nil {
		return nil, err
	}
	defer rc.Close()
	return io.ReadAll(io.LimitReader(rc, maxBatch))
}

// Inspect is Verify for a folder that another process may own, without the
// store's copy. dir is empty for the default.
func Inspect(ctx context.Context, fsys vfs.FS, dir string) ([]Finding, error) {
	if dir == "" {
		dir = "register"
	}
	r := &Register{cfg: Config{FS: fsys, Dir: dir}}
	return r.Verify(ctx, false)
}
