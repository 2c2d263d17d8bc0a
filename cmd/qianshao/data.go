package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"qianshao/api/tiles"
	"qianshao/configs"
	"qianshao/ingest/timesync"
	"qianshao/registry"
	"qianshao/registry/account"
	"qianshao/registry/area"
	"qianshao/registry/cases"
	"qianshao/registry/jobs"
	"qianshao/registry/register"
	"qianshao/registry/viewing"
	"qianshao/storage"
	"qianshao/storage/acts"
	"qianshao/storage/blob"
	"qianshao/storage/blob/fileblob"
	"qianshao/storage/blob/s3blob"
	"qianshao/storage/blob/sealblob"
	"qianshao/storage/index"
	"qianshao/storage/picture"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/vfs"
)

// errLocked means that another process owns the data folder.
var errLocked = errors.New("another qianshao process owns this data folder")

// data is an opened data folder: everything that lies in it, joined. One
// process at a time owns one.
type data struct {
	cfg     configs.Config
	log     *slog.Logger
	lock    *os.File
	fs      vfs.FS
	store   blob.Store
	keys    *sealblob.Keyring // of the footage in the store
	acts    *acts.Log
	book    *register.Register // the access register
	views   *viewing.Book
	people  *account.Book
	cases   *cases.Book
	jobs    *jobs.Book
	maps    *tiles.Sources
	pics    *picture.Maker // nil: pictures was not called yet
	noAuth  bool           // nobody signs in: this machine alone is answered
	index   *index.DB
	reg     *registry.Registry
	archive *storage.Archive
	wall    *timesync.Wall
	id      storage.StoreID
	boot    uint64

	retention atomic.Pointer[configs.Retention] // may change while serving
}

// openData takes over a data folder: recovers what an unclean stop left, and
// joins database and store. It starts nothing.
func openData(ctx context.Context, cfg configs.Config, log *slog.Logger) (*data, error) {
	d, err := lockFolder(cfg, log)
	if err != nil {
		return nil, err
	}
	if err := d.open(ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// lockFolder makes the folder where there is none, and becomes its owner.
// errLocked if another process is.
func lockFolder(cfg configs.Config, log *slog.Logger) (*data, error) {
	d := &data{cfg: cfg, log: log}
	d.retention.Store(&cfg.Retention)
	var err error
	if d.fs, err = vfs.Dir(cfg.Data); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if d.lock, err = lockData(cfg.Data); err != nil {
		return nil, err
	}
	return d, nil
}

// open opens what lies in the folder.
func (d *data) open(ctx context.Context) error {
	cfg, log := d.cfg, d.log
	reserve, err := spool.OpenReserve(d.fs, "reserve")
	if err != nil {
		log.Warn("no disk space is held in reserve", "err", err)
	}
	base, err := openStore(cfg, d.fs)
	if err == nil {
		err = d.sealStore(ctx, base)
	}
	if err != nil {
		return err
	}
	for _, open := range []func() error{
		func() (err error) {
			d.acts, err = acts.Open(ctx, acts.Config{FS: d.fs, Store: d.store, Log: log})
			return err
		},
		func() (err error) {
			d.book, err = register.Open(ctx, register.Config{
				FS: d.fs, Store: d.store, Keep: time.Duration(cfg.Register.Days) * 24 * time.Hour, Log: log,
			})
			return err
		},
		func() (err error) {
			d.index, err = index.Open(ctx, index.Config{Path: filepath.Join(cfg.Data, "index.db"), Log: log})
			return err
		},
		func() (err error) {
			d.reg, err = registry.Open(ctx, registry.Config{Dir: cfg.Data, Log: log, Acts: d.acts, MostDays: cfg.Register.Days})
			return err
		},
		func() (err error) {
			d.people, err = account.Open(ctx, account.Config{Dir: cfg.Data, Key: d.reg.Sealer(), Log: log})
			return err
		},
		func() (err error) {
			d.cases, err = cases.Open(ctx, cases.Config{
				Dir: cfg.Data, Key: d.reg.Sealer(), Register: d.book, Log: log, Spots: d.reg.Spots,
				Limits: cases.Limits{Cameras: cfg.Cases.ApproveCameras, Span: cfg.Cases.ApproveSpan},
				UnitArea: func(ctx context.Context, unit string) (area.Area, error) {
					units, err := d.people.Units(ctx)
					return account.AreaOf(units, unit), err
				},
			})
			return err
		},
		func() (err error) {
			d.jobs, err = jobs.Open(ctx, jobs.Config{Dir: cfg.Data, Key: d.reg.Sealer(), Log: log})
			return err
		},
	} {
		if err := d.roomFor(open, reserve); err != nil {
			return err
		}
	}
	if days := cfg.Register.Days; days > 0 { // of before the bound, or register.days was shortened
		if n, err := d.reg.KeptLonger(ctx, days); err != nil {
			return err
		} else if n > 0 {
			log.Warn("cameras keep footage longer than the access register is kept: lengthen register.days, or import them with fewer retention_days", "cameras", n, "days", days)
		}
	}
	d.views = viewing.New(viewing.Config{Register: d.book, Log: log})
	sp, err := spool.Open(spool.Config{
		FS: d.fs, Sync: spool.SyncMode(cfg.Spool.Sync), StopFree: int64(cfg.Spool.StopFree), Reserve: reserve, Log: log,
		Known: func(id segment.ID) ([32]byte, bool) {
			row, err := d.index.Get(ctx, id)
			return row.SHA256, err == nil
		},
	})
	if err != nil {
		return err
	}
	d.archive = &storage.Archive{Spool: sp, Store: d.store, Index: d.index, Log: log}
	d.wall = timesync.NewWall(timesync.System())
	return d.roomFor(func() error { return d.join(ctx) }, reserve)
}

// roomFor opens something. If that fails on a full disk the reserve is given up
// for it and it is tried again: a start needs no free bytes.
func (d *data) roomFor(open func() error, reserve *spool.Reserve) error {
	err := open()
	if err == nil {
		return nil
	}
	free, _, ferr := d.fs.Free()
	if ferr != nil || free >= spool.ReserveSize/16 {
		return err
	}
	if !reserve.ReleaseForStart() {
		return fmt.Errorf("the disk of %s is full: free at least %s there and start again: %w", d.cfg.Data, bytesText(spool.ReserveSize), err)
	}
	d.log.Warn("the disk is full: a reserve is given up for the databases; free some space", "err", err)
	return d.roomFor(open, reserve)
}

// join brings index, acts, spool and store to one mind.
func (d *data) join(ctx context.Context) error {
	if err := d.meet(ctx); err != nil {
		return err
	}
	// The index may have lost its last commits with a power cut; acts have not.
	for a, err := range d.acts.Local(ctx) {
		if err != nil {
			return err
		}
		if err := acts.Apply(ctx, d.index, a); err != nil {
			return err
		}
	}
	began := time.Now()
	n, err := d.archive.Recover(ctx)
	if err != nil {
		return fmt.Errorf("recover the spool: %w", err)
	}
	if n > 0 {
		d.log.Info("spool recovered", "segments", n, "elapsed", time.Since(began).Round(time.Millisecond))
	}
	return nil
}

// meet joins the index with its store. A store that is away is met later: the
// index remembers which one it belongs to.
func (d *data) meet(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	id, empty, err := storage.Identity(short, d.store)
	if err != nil {
		known, kerr := d.index.StoreID(ctx)
		if kerr != nil || known == "" {
			return fmt.Errorf("the store must be there at the very first start: %w", errors.Join(err, kerr))
		}
		d.log.Warn("store is away, footage stays in the spool until it is back", "err", err)
		d.id, err = storage.ParseStoreID(known)
		return err
	}
	d.id = id
	if err := d.index.Meet(ctx, id.String(), empty); err != nil {
		if errors.Is(err, index.ErrOtherStore) {
			return fmt.Errorf("%w; point storage at the right store, or move index.db aside and run qianshao reindex", err)
		}
		return err
	}
	return nil
}

// closeTime bounds what is written while a folder is closed.
const closeTime = 10 * time.Second

// close gives everything back in the opposite order. It may be called twice and
// on a half-opened folder.
func (d *data) close() error {
	var errs []error
	if d.views != nil {
		short, cancel := context.WithTimeout(context.Background(), closeTime)
		errs = append(errs, d.views.Close(short))
		cancel()
	}
	if d.maps != nil {
		errs = append(errs, d.maps.Close())
	}
	if d.jobs != nil {
		errs = append(errs, d.jobs.Close())
	}
	if d.cases != nil {
		errs = append(errs, d.cases.Close())
	}
	if d.people != nil {
		errs = append(errs, d.people.Close())
	}
	if d.book != nil {
		errs = append(errs, d.book.Close())
	}
	if d.reg != nil {
		errs = append(errs, d.reg.Close())
	}
	if d.acts != nil {
		errs = append(errs, d.acts.Close())
	}
	if d.index != nil {
		errs = append(errs, d.index.Close())
	}
	if d.lock != nil {
		errs = append(errs, d.lock.Close())
	}
	d.views, d.maps, d.jobs, d.cases, d.people, d.book, d.reg, d.acts, d.index, d.lock = nil, nil, nil, nil, nil, nil, nil, nil, nil, nil
	return errors.Join(errs...)
}

// lockData takes the folder's lock; errLocked if another process has it.
func lockData(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", dir, errLocked), f.Close())
	}
	return f, nil
}

// isLocked reports whether a process owns the folder.
func isLocked(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, "lock")); err != nil {
		return false
	}
	f, err := lockData(dir)
	if err != nil {
		return errors.Is(err, errLocked)
	}
	_ = f.Close() // gives the lock back
	return false
}

// openStore makes the store that the configuration names.
func openStore(cfg configs.Config, fsys vfs.FS) (blob.Store, error) {
	if cfg.Storage.Kind == "file" {
		root, err := filepath.Abs(cfg.Data)
		if err != nil {
			return nil, err
		}
		return fileblob.Open(fileblob.Config{FS: fsys, Root: root})
	}
	s := cfg.Storage.S3
	return s3blob.New(s3blob.Config{
		Endpoint: s.Endpoint, Bucket: s.Bucket, Prefix: s.Prefix, Region: s.Region, AccessKey: s.AccessKey,
		SecretKey: s3blob.Secret(s.SecretKey.Reveal()), PathStyle: s.PathStyle, CAFile: s.CAFile,
	})
}
