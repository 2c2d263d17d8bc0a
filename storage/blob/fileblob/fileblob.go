// Package fileblob is a blob.Store in a folder. An object is the file at its
// key's path; it appears there complete and synced, by a link from a temporary
// name, or not at all:
//
//	create ~tmp/n, write, fdatasync     the bytes
//	mkdir the key's folders, each synced into its parent
//	link ~tmp/n → key                   fails if the key is taken
//	fsync the key's folder              now it is durable
//	unlink ~tmp/n
//
// No key contains a "~", so ~tmp cannot be one; what a crash left there is
// removed at the next Open. On a file system without hard links the file is
// renamed, and one Store must be the only writer.
//
// Because an object is a file, a key cannot be another key's folder: with "a/b"
// stored, a Put of "a" fails. Folders that become empty are removed.
package fileblob

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"qianshao/storage/blob"
	"qianshao/storage/vfs"
)

// Config says where a Store lives.
type Config struct {
	// FS holds the store and, so that Adopt can work, the spool beside it.
	FS vfs.FS
	// Dir is the store's folder within FS. It is made if missing. Default
	// "store".
	Dir string
	// Root is where FS's root lies on the operating system. With it Adopt takes
	// absolute paths below Root; without it only paths relative to FS.
	Root string
}

// Store is a folder of objects. Open makes one.
type Store struct {
	fs   vfs.FS
	dir  string
	tmp  string
	root string
	next atomic.Uint64 // number of the next temporary name

	// folders is held for reading while an object is given its name, and for
	// writing while a folder that looks empty is removed: so a folder stays
	// from its making to its first file's sync.
	folders sync.RWMutex
	// taken makes "absent, then rename" one step, where links cannot.
	taken sync.Mutex
}

var (
	_ blob.Store    = (*Store)(nil)
	_ blob.Adopter  = (*Store)(nil)
	_ blob.OpenerAt = (*Store)(nil)
	_ blob.Clipper  = (*Store)(nil)
)

// tmpName is the folder for files not yet published.
const tmpName = "~tmp"

// Open opens the store, making its folder if missing and removing what an
// earlier run left unpublished. One Store at a time may write to a folder.
func Open(cfg Config) (*Store, error) {
	dir := cfg.Dir
	if dir == "" {
		dir = "store"
	}
	s := &Store{fs: cfg.FS, dir: dir, tmp: path.Join(dir, tmpName), root: cfg.Root}
	if err := s.fs.MkdirAll(s.tmp); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	left, err := s.fs.ReadDir(s.tmp)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	for _, e := range left {
		if err := s.fs.Remove(path.Join(s.tmp, e.Name())); err != nil {
			return nil, fmt.Errorf("open store: clean up: %w", err)
		}
	}
	return s, nil
}

func (s *Store) name(key string) string { return path.Join(s.dir, key) }

// Put implements blob.Store.
func (s *Store) Put(ctx context.Context, key string, c blob.Content) error {
	if err := s.put(ctx, key, c); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, key string, c blob.Content) error {
	if err := begin(ctx, key); err != nil {
		return err
	}
	if present, err := s.same(ctx, key, c); err != nil {
		return err
	} else if present {
		return s.settle(key)
	}
	tmp := path.Join(s.tmp, strconv.FormatUint(s.next.Add(1), 10))
	// Whether the object was published or not, the temporary name goes. Should
	// that fail, the next Open does it.
	defer func() { _ = s.fs.Remove(tmp) }()
	if err := s.write(ctx, tmp, c); err != nil {
		return err
	}
	return s.publish(ctx, tmp, key, c)
}

// write makes a synced file of the content.
func (s *Store) write(ctx context.Context, tmp string, c blob.Content) (err error) {
	src, err := c.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	f, err := s.fs.Create(tmp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := copyTo(ctx, f, c.Verify(src)); err != nil {
		return err
	}
	return f.Datasync()
}

// copySize is read and written at once: large enough that system calls do not
// count beside hashing, small enough for many Puts at once.
const copySize = 256 << 10

func copyTo(ctx context.Context, f vfs.File, r io.Reader) error {
	buf := make([]byte, copySize)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			if _, werr := f.Writev([][]byte{buf[:n]}); werr != nil {
				return werr
			}
		}
		switch {
		case err == nil:
		case err == io.EOF, err == io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}

// publish gives a synced file its key. The file may keep its old name.
func (s *Store) publish(ctx context.Context, file, key string, c blob.Content) error {
	var err error
	for range 3 { // again only if the winner's object was deleted at once
		if err = s.give(file, key); !errors.Is(err, fs.ErrExist) {
			return err
		}
		present, serr := s.same(ctx, key, c)
		if serr != nil {
			return serr
		}
		if present {
			return s.settle(key)
		}
	}
	return fmt.Errorf("the key is the folder of other keys: %w", err)
}

// give links or renames file to the key and makes the name durable.
func (s *Store) give(file, key string) error {
	s.folders.RLock()
	defer s.folders.RUnlock()
	name := s.name(key)
	if err := s.fs.MkdirAll(path.Dir(name)); err != nil {
		return err
	}
	err := s.fs.Link(file, name)
	if cannotLink(err) && path.Dir(file) == s.tmp {
		err = s.rename(file, name)
	}
	if err != nil {
		return err
	}
	return s.fs.SyncDir(path.Dir(name))
}

// cannotLink says whether the file system has no hard links (FAT, some network
// file systems, protected_hardlinks with a foreign owner) or no more of them.
func cannotLink(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) ||
		errors.Is(err, syscall.EMLINK)
}

func (s *Store) rename(file, name string) error {
	s.taken.Lock()
	defer s.taken.Unlock()
	if _, err := s.fs.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fs.ErrExist
		}
		return err
	}
	return s.fs.Rename(file, name)
}

// same tells whether the key holds exactly c. Other content is ErrDifferent.
func (s *Store) same(ctx context.Context, key string, c blob.Content) (bool, error) {
	f, size, err := s.open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r := blob.Exactly(&reader{ctx: ctx, f: f}, size)
	defer func() { _ = r.Close() }() // it was only read
	if size != c.Size {
		return false, fmt.Errorf("%d bytes, not %d: %w", size, c.Size, blob.ErrDifferent)
	}
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return false, err
	}
	if [32]byte(h.Sum(nil)) != c.SHA256 {
		return false, blob.ErrDifferent
	}
	return true, nil
}

// settle makes an object's name durable that was found there: the writer that
// gave it may have been stopped before its sync.
func (s *Store) settle(key string) error {
	s.folders.RLock()
	defer s.folders.RUnlock()
	dir := path.Dir(s.name(key))
	if err := s.fs.MkdirAll(dir); err != nil {
		return err
	}
	return s.fs.SyncDir(dir)
}

// Adopt implements blob.Adopter by a hard link: the file at path becomes the
// object without a copy, keeps its old name, and must not be written to again.
// Its bytes are synced once more, its size is compared, its checksum is believed.
//
// path is either slash-separated and relative to Config.FS, or absolute and
// below Config.Root. Anything else, and a file system without hard links, is
// ErrCannotAdopt.
func (s *Store) Adopt(ctx context.Context, key, path string, c blob.Content) error {
	err := begin(ctx, key)
	if err == nil {
		err = s.adopt(ctx, key, path, c)
	}
	if err != nil {
		return fmt.Errorf("adopt %s: %w", key, err)
	}
	return nil
}

func (s *Store) adopt(ctx context.Context, key, path string, c blob.Content) error {
	file, err := s.inside(path)
	if err != nil {
		return err
	}
	if present, err := s.same(ctx, key, c); err != nil {
		return err
	} else if present {
		return s.settle(key)
	}
	f, err := s.fs.Open(file)
	if err != nil {
		return err
	}
	size, err := f.Size()
	if err == nil && size != c.Size {
		err = fmt.Errorf("file has %d bytes, not %d: %w", size, c.Size, blob.ErrChecksum)
	}
	if err == nil {
		err = f.Datasync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	err = s.publish(ctx, file, key, c)
	if cannotLink(err) || errors.Is(err, syscall.EXDEV) {
		return fmt.Errorf("%w: %w", blob.ErrCannotAdopt, err)
	}
	return err
}

// inside turns the path given to Adopt into a name in the file system.
func (s *Store) inside(p string) (string, error) {
	if filepath.IsAbs(p) {
		rel, err := filepath.Rel(s.root, p)
		if s.root == "" || err != nil {
			return "", fmt.Errorf("%s: %w", p, blob.ErrCannotAdopt)
		}
		p = filepath.ToSlash(rel)
	}
	if !fs.ValidPath(p) || p == "." || strings.HasPrefix(p, s.dir+"/") {
		return "", fmt.Errorf("%s: %w", p, blob.ErrCannotAdopt)
	}
	return p, nil
}

// begin is the start of every method.
func begin(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	return ctx.Err()
}
