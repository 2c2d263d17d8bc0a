package main

import (
	"context"

	"qianshao/configs"
	"qianshao/registry"
	"qianshao/storage/blob"
	"qianshao/storage/blob/sealblob"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// sealStore puts encryption between footage and its store, as the configuration
// says. What was sealed before is read whatever it says now.
func (d *data) sealStore(ctx context.Context, base blob.Store) error {
	d.store, d.keys = sealblob.New(sealblob.Config{
		Base: base, Site: siteKey{d}, Scope: sealScope, Plain: !seals(d.cfg.Storage),
	})
	if seals(d.cfg.Storage) || d.cfg.Storage.Kind != "file" {
		return nil
	}
	// A folder in which nothing was ever sealed needs nothing in between.
	sealed, err := sealblob.Used(ctx, base)
	if err == nil && !sealed {
		d.store = base
	}
	return err
}

// seals says whether new footage is encrypted in the store.
func seals(s configs.Storage) bool {
	return s.Encrypt == "on" || s.Encrypt == "auto" && s.Kind == "s3"
}

// sealScope says which data key is for a segment; other objects are sealed by who
// makes them, or hold nothing secret.
func sealScope(name string) (sealblob.Scope, bool) {
	key, err := segment.ParseKey(name)
	if err != nil {
		return sealblob.Scope{}, false
	}
	return sealblob.Scope{Camera: string(key.Stream.Camera()), Month: monthOf(key.Span.From)}, true
}

// monthOf is the UTC month of a moment, yyyymm.
func monthOf(t timeline.Micros) string { return t.Time().Format("200601") }

// siteKey is the registry's, which is opened later than the store.
type siteKey struct{ d *data }

func (s siteKey) sealer() registry.Sealer { return s.d.reg.Sealer() }

func (s siteKey) Seal(plain []byte, place string) []byte { return s.sealer().Seal(plain, place) }

func (s siteKey) Open(box []byte, place string) ([]byte, error) { return s.sealer().Open(box, place) }

func (s siteKey) Sealed(box []byte) bool { return s.sealer().Sealed(box) }
