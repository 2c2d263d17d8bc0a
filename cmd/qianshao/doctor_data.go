package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"qianshao/registry/register"
	"qianshao/storage/blob"
	"qianshao/storage/sqldb"
	"qianshao/storage/vfs"
)

func lookStore(ctx context.Context, p *patient) []finding {
	what := "the folder " + filepath.Join(p.cfg.Data, "store")
	fix := "let this user write to the data folder; see what the disk says (dmesg)"
	if p.cfg.Storage.Kind == "s3" {
		what = p.cfg.Storage.S3.Endpoint + " bucket " + p.cfg.Storage.S3.Bucket
		fix = "check storage.s3 (endpoint, bucket, keys, path_style), and that the bucket exists and allows put, get, list and delete"
	} else if _, err := os.Stat(p.cfg.Data); errors.Is(err, fs.ErrNotExist) {
		return []finding{{Name: "store", Level: fine, Said: what + " is made at the first start"}}
	}
	if err := probeStore(ctx, p); err != nil {
		return []finding{{"store", fail, what + ": " + err.Error(), fix}}
	}
	return []finding{{Name: "store", Level: fine, Said: what + " takes, gives back and deletes an object"}}
}

// probeStore puts a small object, reads it back and deletes it.
func probeStore(ctx context.Context, p *patient) (err error) {
	fsys, err := vfs.Dir(p.cfg.Data)
	if err != nil {
		return err
	}
	store, err := openStore(p.cfg, fsys)
	if err != nil {
		return err
	}
	key, content := "doctor/"+strings.ToLower(rand.Text()), []byte("qianshao doctor")
	if err := store.Put(ctx, key, blob.Bytes(content)); err != nil {
		return err
	}
	// The probe goes even when the look at it took too long.
	defer func() { err = errors.Join(err, store.Delete(context.WithoutCancel(ctx), key)) }()
	r, err := store.Get(ctx, key, 0, -1)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if !bytes.Equal(got, content) {
		return errors.New("it gave back other bytes than it took")
	}
	return nil
}

func lookDatabases(ctx context.Context, p *patient) []finding {
	var all []finding
	const restore = "stop the server, move the file aside, and run qianshao reindex: it restores the newest copy from the store"
	for _, db := range []struct{ name, fix string }{
		{"index.db", "stop the server and run qianshao reindex: it moves the file aside and rebuilds it from the store"},
		{"registry.db", restore},
		{"accounts.db", restore},
		{"cases.db", restore},
	} {
		path := filepath.Join(p.cfg.Data, db.name)
		_, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // not yet made
		}
		if err == nil {
			err = checkDatabase(ctx, path)
		}
		if err != nil {
			all = append(all, finding{db.name, fail, err.Error(), db.fix})
			continue
		}
		all = append(all, finding{Name: db.name, Level: fine, Said: "whole"})
	}
	if len(all) == 0 {
		all = append(all, finding{Name: "database", Level: fine, Said: "made at the first start"})
	}
	return all
}

func lookRegister(ctx context.Context, p *patient) []finding {
	none := []finding{{Name: "register", Level: fine, Said: "the access register is made at the first start"}}
	if _, err := os.Stat(filepath.Join(p.cfg.Data, "register")); errors.Is(err, fs.ErrNotExist) {
		return none
	}
	fsys, err := vfs.Dir(p.cfg.Data)
	if err != nil {
		return []finding{{"register", fail, err.Error(), "see what the disk says (dmesg)"}}
	}
	found, err := register.Inspect(ctx, fsys, "")
	if err != nil {
		return []finding{{"register", fail, err.Error(), "see what the disk says (dmesg)"}}
	}
	if len(found) == 0 {
		return none
	}
	entries := uint64(0)
	for _, f := range found {
		if f.Fault != nil {
			return []finding{{
				"register", fail, fmt.Sprintf("entry %d of chain %s is %s: %s", f.Fault.Seq, f.Chain, f.Fault.Wrong, f.Fault.Detail),
				"keep a copy of the register folder as it is, and compare it with the store's: qianshao register verify",
			}}
		}
		entries += f.Entries
	}
	return []finding{{Name: "register", Level: fine, Said: fmt.Sprintf("%d entries of the access register, each as it was written", entries)}}
}

// checkDatabase reads a database through. A server may use it meanwhile.
func checkDatabase(ctx context.Context, path string) error {
	db, err := sqldb.Open(ctx, path, nil, sqldb.Options{Readers: 1})
	if err != nil {
		return err
	}
	err = db.Check(ctx)
	if err := errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}
