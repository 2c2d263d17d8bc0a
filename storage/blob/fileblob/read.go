package fileblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strings"
	"syscall"

	"qianshao/storage/blob"
	"qianshao/storage/vfs"
)

// open opens the file of a key. A folder at that path, or a file where the key
// wants a folder, is fs.ErrNotExist: no such object stands there.
func (s *Store) open(key string) (vfs.File, int64, error) {
	f, err := s.fs.Open(s.name(key))
	if errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENOTDIR) {
		return nil, 0, fmt.Errorf("%w (%w)", fs.ErrNotExist, err)
	}
	if err != nil {
		return nil, 0, err
	}
	size, err := f.Size()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, size, nil
}

// Get implements blob.Store.
func (s *Store) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	rc, _, err := s.get(ctx, key, offset, length, blob.Length)
	return rc, err
}

// GetClipped implements blob.Clipper.
func (s *Store) GetClipped(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	return s.get(ctx, key, offset, length, blob.Clip)
}

// get reads as many bytes as rule allows of an object's size.
func (s *Store) get(ctx context.Context, key string, offset, length int64, rule func(size, offset, length int64) (int64, error)) (io.ReadCloser, int64, error) {
	if err := begin(ctx, key); err != nil {
		return nil, 0, fmt.Errorf("get %s: %w", key, err)
	}
	f, size, err := s.open(key)
	if err != nil {
		return nil, 0, fmt.Errorf("get %s: %w", key, err)
	}
	n, err := rule(size, offset, length)
	if err != nil {
		return nil, 0, fmt.Errorf("get %s: %w", key, errors.Join(err, f.Close()))
	}
	return blob.Exactly(&reader{ctx: ctx, f: f, off: offset}, n), n, nil
}

// reader reads a file from off on.
type reader struct {
	ctx context.Context // of the Get: its end is the end of the reading
	f   vfs.File
	off int64
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.f.ReadAt(p, r.off)
	r.off += int64(n)
	return n, err
}

func (r *reader) Close() error { return r.f.Close() }

// OpenAt implements blob.OpenerAt. The object may be deleted while it is open;
// its bytes stay readable.
func (s *Store) OpenAt(ctx context.Context, key string) (blob.ReaderAtCloser, error) {
	if err := begin(ctx, key); err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	f, size, err := s.open(key)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	o := &object{File: f, size: size}
	if s, ok := f.(vfs.Sender); ok {
		return &sending{o, s}, nil
	}
	return o, nil
}

// sending is an object that the kernel can pass on by itself.
type sending struct {
	*object
	vfs.Sender
}

// object is an open file of known size.
type object struct {
	vfs.File
	size int64
}

func (o *object) Size() int64 { return o.size }

// Head implements blob.Store. The checksum is not known.
func (s *Store) Head(ctx context.Context, key string) (blob.Info, error) {
	if err := begin(ctx, key); err != nil {
		return blob.Info{}, fmt.Errorf("head %s: %w", key, err)
	}
	info, err := s.fs.Stat(s.name(key))
	if errors.Is(err, syscall.ENOTDIR) || err == nil && info.IsDir() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return blob.Info{}, fmt.Errorf("head %s: %w", key, err)
	}
	return blob.Info{Key: key, Size: info.Size()}, nil
}

// Delete implements blob.Store. The removal is durable when it returns.
func (s *Store) Delete(ctx context.Context, key string) error {
	_, err := s.Head(ctx, key) // tells a folder, which Remove would take, from a file
	if err == nil {
		err = s.fs.Remove(s.name(key))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	// Also when there was nothing: an earlier Delete may have failed here.
	if err := s.settleRemoved(path.Dir(s.name(key))); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// settleRemoved makes a removal from a folder durable, and removes the folders
// that are empty now.
func (s *Store) settleRemoved(dir string) error {
	err := s.fs.SyncDir(dir)
	for gone := true; err == nil && gone && dir != s.dir; dir = path.Dir(dir) {
		gone, err = s.prune(dir)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil // another Delete was quicker, or there never was a folder
	}
	return err
}

// prune removes a folder if it is empty.
func (s *Store) prune(dir string) (bool, error) {
	if list, err := s.fs.ReadDir(dir); err != nil || len(list) > 0 {
		return false, err
	}
	s.folders.Lock()
	defer s.folders.Unlock()
	err := s.fs.Remove(dir)
	if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrExist) {
		return false, nil // an object came meanwhile
	}
	return err == nil, err
}

// List implements blob.Store. It walks the folders in key order and holds one
// folder's names a level in memory. Files that are not objects are passed over.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		w := walker{s: s, ctx: ctx, prefix: prefix, after: after, yield: yield}
		if err := w.walk(""); err != nil && !errors.Is(err, errStop) {
			yield(blob.Info{}, fmt.Errorf("list %q: %w", prefix, err))
		}
	}
}

// errStop ends a walk whose consumer has enough.
var errStop = errors.New("stop")

type walker struct {
	s             *Store
	ctx           context.Context // of one List
	prefix, after string
	yield         func(blob.Info, error) bool
}

// walk yields the objects below the folder at, which is "" or ends with "/".
func (w *walker) walk(at string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	list, err := w.s.fs.ReadDir(path.Join(w.s.dir, at))
	if err != nil {
		return err
	}
	// A folder sorts as its keys do, with the slash: "a-b" before "a/b".
	text := func(e fs.DirEntry) string {
		if e.IsDir() {
			return at + e.Name() + "/"
		}
		return at + e.Name()
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(text(a), text(b)) })
	for _, e := range list {
		key := text(e)
		if blob.CheckKey(strings.TrimSuffix(key, "/")) != nil {
			continue
		}
		if e.IsDir() {
			err = w.folder(key)
		} else {
			err = w.file(key, e)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // gone since it was listed
			return err
		}
	}
	return nil
}

func (w *walker) folder(key string) error {
	inPrefix := strings.HasPrefix(key, w.prefix) || strings.HasPrefix(w.prefix, key)
	past := w.after > key && !strings.HasPrefix(w.after, key) // all its keys are smaller
	if !inPrefix || past {
		return nil
	}
	return w.walk(key)
}

func (w *walker) file(key string, e fs.DirEntry) error {
	if !strings.HasPrefix(key, w.prefix) || key <= w.after || !e.Type().IsRegular() {
		return nil
	}
	info, err := e.Info()
	if err != nil {
		return err
	}
	if !w.yield(blob.Info{Key: key, Size: info.Size()}, nil) {
		return errStop
	}
	return nil
}
