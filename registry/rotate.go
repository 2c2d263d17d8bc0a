package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"

	"qianshao/registry/secret"
	"qianshao/storage/blob"
	"qianshao/storage/media"
)

// Rotated is what RotateKey did.
type Rotated struct {
	Sealed int `json:"sealed"` // passwords and push keys now under the new key
	Locked int `json:"locked"` // those that no key here opens; they stay as they are
}

// RotateKey seals every password and push key under a new secret.key, replaces
// the snapshots in the store by one under it, and then forgets the old key. It
// may be cut off at any moment, or fail while the store is away: both keys stay
// in the file until another call has ended it.
//
// also seals what others keep under the Sealer, and says how much that was.
func (r *Registry) RotateKey(ctx context.Context, store blob.Store, also ...func(context.Context) (Rotated, error)) (out Rotated, err error) {
	r.shipping.Lock() // no snapshot under the old key comes after
	defer r.shipping.Unlock()
	path := filepath.Join(r.cfg.Dir, keyName)
	key, err := secret.Rotate(path)
	if err != nil {
		return out, fmt.Errorf("rotate: %w", err)
	}
	r.key.Store(key)
	if out, err = r.reseal(ctx, key); err != nil {
		return out, fmt.Errorf("rotate: %w", r.db.Explain(err))
	}
	for _, seal := range also {
		more, err := seal(ctx)
		if err != nil {
			return out, fmt.Errorf("rotate: %w", err)
		}
		out.Sealed, out.Locked = out.Sealed+more.Sealed, out.Locked+more.Locked
	}
	// Old boxes also stand in pages that are free now.
	for _, sql := range []string{`VACUUM`, `PRAGMA wal_checkpoint(TRUNCATE)`} {
		if _, err := r.db.W().ExecContext(ctx, sql); err != nil {
			return out, fmt.Errorf("rotate: %w", r.db.Explain(err))
		}
	}
	if err := r.replaceSnapshots(ctx, store); err != nil {
		return out, fmt.Errorf("rotate: passwords are sealed under the new key; the snapshots in the store are not yet, so the old key stays, too: "+
			"bring the store back and rotate again: %w", err)
	}
	// In memory the old key opens until the end: a reader may be under way that
	// began before.
	if err := secret.Retire(path); err != nil {
		return out, fmt.Errorf("rotate: %w", err)
	}
	return out, nil
}

// reseal seals all boxes under a key, in one transaction. Others that write come
// before it or after: these use the new key.
func (r *Registry) reseal(ctx context.Context, key *secret.Key) (out Rotated, err error) {
	type row struct {
		camera media.CameraID
		n      int
		boxes  [2][]byte // password, push key
	}
	err = r.db.WriteTx(ctx, func(tx *sql.Tx) error {
		out = Rotated{}
		rows, err := tx.QueryContext(ctx, `SELECT camera, n, password, push_key FROM streams WHERE password IS NOT NULL OR push_key IS NOT NULL`)
		if err != nil {
			return err
		}
		var list []row
		for rows.Next() {
			var x row
			if err := rows.Scan(&x.camera, &x.n, &x.boxes[0], &x.boxes[1]); err != nil {
				_ = rows.Close()
				return err
			}
			list = append(list, x)
		}
		if err := rows.Close(); err != nil {
			return err
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, x := range list {
			id := x.camera.Stream(x.n)
			for i, place := range []string{boxPlace(id), pushPlace(id)} {
				box := x.boxes[i]
				if box == nil {
					continue
				}
				plain, err := key.Open(box, place)
				if err != nil {
					out.Locked++
					continue
				}
				out.Sealed++
				if !key.Sealed(box) {
					x.boxes[i] = key.Seal(plain, place)
				}
			}
			if _, err := tx.ExecContext(ctx, `UPDATE streams SET password = ?, push_key = ? WHERE camera = ? AND n = ?`,
				x.boxes[0], x.boxes[1], string(x.camera), x.n); err != nil {
				return err
			}
		}
		return resealPhones(ctx, tx, key, &out)
	})
	return out, err
}

func resealPhones(ctx context.Context, tx *sql.Tx, key *secret.Key, out *Rotated) error {
	rows, err := tx.QueryContext(ctx, `SELECT id, phone FROM cameras WHERE phone IS NOT NULL`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	again := map[media.CameraID][]byte{}
	for rows.Next() {
		var id media.CameraID
		var box []byte
		if err := rows.Scan(&id, &box); err != nil {
			return err
		}
		plain, err := key.Open(box, phonePlace(id))
		if err != nil {
			out.Locked++
			continue
		}
		if out.Sealed++; !key.Sealed(box) {
			again[id] = key.Seal(plain, phonePlace(id))
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for id, box := range again {
		if _, err := tx.ExecContext(ctx, `UPDATE cameras SET phone = ? WHERE id = ?`, box, string(id)); err != nil {
			return err
		}
	}
	return nil
}

// replaceSnapshots puts a snapshot into the store and removes all others.
func (r *Registry) replaceSnapshots(ctx context.Context, store blob.Store) error {
	n, err := r.Changes(ctx)
	if err != nil {
		return err
	}
	if err := r.ShipSnapshot(ctx, store); err != nil {
		return err
	}
	r.shipped = n
	keys, err := snapshotKeys(ctx, store)
	if err != nil {
		return err
	}
	for _, key := range keys[:max(len(keys)-1, 0)] {
		if err := store.Delete(ctx, key); err != nil {
			return fmt.Errorf("remove old registry snapshot: %w", err)
		}
	}
	return nil
}

// Sealer seals under the key of the moment, for others who keep secrets beside
// the registry. They seal theirs again when the key changes: see RotateKey.
type Sealer struct{ r *Registry }

// Sealer returns the registry's.
func (r *Registry) Sealer() Sealer { return Sealer{r} }

// Seal seals a text for a place: a box opens for that place alone.
func (s Sealer) Seal(plain []byte, place string) []byte { return s.r.key.Load().Seal(plain, place) }

// Sealed reports whether the key of now has sealed a box, not an older one.
func (s Sealer) Sealed(box []byte) bool { return s.r.key.Load().Sealed(box) }

// Open opens a box.
func (s Sealer) Open(box []byte, place string) ([]byte, error) {
	return s.r.key.Load().Open(box, place)
}
