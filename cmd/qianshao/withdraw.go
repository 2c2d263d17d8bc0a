package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"qianshao/registry"
	"qianshao/registry/receipt"
	"qianshao/storage/acts"
	"qianshao/storage/blob"
	"qianshao/storage/blob/sealblob"
	"qianshao/storage/index"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/merkle"
	"qianshao/storage/picture"
	"qianshao/storage/retention"
)

// withdrawer carries out what households that leave have asked for: it hides and deletes
// their footage, destroys its keys, and leaves a receipt. Every step may run twice; what
// a crash or a store that is away has left is taken up again.
type withdrawer struct {
	d      *data
	expiry *retention.Executor
	live   *live.Hub
	pics   *picture.Maker
	sign   *receipt.Signer
	log    *slog.Logger
}

// withdrawEvery is how often what could not be done is tried again, and what holds have
// let go is looked for.
const withdrawEvery = 15 * time.Second

// run works until ctx is done.
func (w *withdrawer) run(ctx context.Context) {
	changes := w.d.reg.Watch(ctx)
	tick := time.NewTicker(withdrawEvery)
	defer tick.Stop()
	for {
		select {
		case _, ok := <-changes:
			if !ok {
				return
			}
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := w.all(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("withdrawals are not looked at, will be tried again", "err", err)
		}
	}
}

// all takes every withdrawal as far as it goes.
func (w *withdrawer) all(ctx context.Context) error {
	list, err := w.d.reg.Withdrawals(ctx)
	if err != nil {
		return err
	}
	for _, x := range list {
		before := x
		if err := w.one(ctx, &x); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			x.Trouble = err.Error()
		}
		if x.State == before.State && x.Trouble == before.Trouble {
			continue
		}
		if x.Trouble != "" && before.Trouble == "" {
			w.log.Warn("footage of a household that has withdrawn is hidden, and not all deleted yet; it is tried again", "camera", x.Camera, "err", x.Trouble)
		}
		if err := w.d.reg.SetWithdrawal(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// one takes a withdrawal as far as it goes, and notes how far in x.
func (w *withdrawer) one(ctx context.Context, x *registry.Withdrawal) error {
	rep, err := w.erase(ctx, x)
	if errors.Is(err, acts.ErrNotShipped) {
		return errors.New("the store is away; nothing is deleted before it has the act")
	}
	if err != nil {
		return err
	}
	if w.recording(x.Camera) {
		return nil // the recorder is about to let go: what it seals is taken next time
	}
	hidden, held, err := w.d.index.ErasureLeft(ctx, x.ID)
	if err != nil || hidden > 0 {
		return errors.Join(err, leftText(hidden))
	}
	if x.State == registry.WithdrawalHeld && held > 0 && rep.Deleted == 0 && x.Trouble == "" {
		return nil // nothing has changed
	}
	months, err := w.destroyKeys(ctx, x)
	if err != nil {
		return err
	}
	if x.Receipt, err = w.receipt(ctx, x, months, held); err != nil {
		return err
	}
	x.State, x.Trouble = registry.WithdrawalDone, ""
	if held > 0 {
		x.State = registry.WithdrawalHeld
	}
	w.log.Info("footage of a household that has withdrawn is deleted", "camera", x.Camera, "held", held)
	return nil
}

// erase begins the erasure, or goes on with it.
func (w *withdrawer) erase(ctx context.Context, x *registry.Withdrawal) (retention.Report, error) {
	if x.State == registry.WithdrawalBegun { // what is in memory goes first
		w.pics.Forget()
		for n := range 3 { // main, sub, sub2
			w.live.Topic(x.Camera.Stream(n)).Forget()
		}
	}
	seen, err := w.d.index.Seen(ctx, x.ID)
	if err != nil {
		return retention.Report{}, err
	}
	if !seen {
		return w.expiry.Erase(ctx, x.Act())
	}
	return w.expiry.FinishErased(ctx)
}

func leftText(n int) error {
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d segments are still to be deleted", n)
}

// recording reports whether a segment of the camera is open.
func (w *withdrawer) recording(id media.CameraID) bool {
	for n := range 3 { // main, sub, sub2
		if len(w.d.archive.Spool.OpenFiles(id.Stream(n))) > 0 {
			return true
		}
	}
	return false
}

// destroyKeys destroys the data keys of the camera's footage, up to the month of the
// withdrawal, and keeps those of what a case holds.
func (w *withdrawer) destroyKeys(ctx context.Context, x *registry.Withdrawal) (months []string, err error) {
	scopes, err := w.d.keys.Months(ctx, string(x.Camera))
	if err != nil || len(scopes) == 0 {
		return nil, err
	}
	held, err := w.d.index.ErasureHeld(ctx, x.ID)
	if err != nil {
		return nil, err
	}
	keep := map[sealblob.Scope][]string{}
	for i := range held {
		name := held[i].Key().String()
		if scope, ok := sealScope(name); ok {
			keep[scope] = append(keep[scope], name)
		}
	}
	last := monthOf(x.Until)
	for _, s := range scopes {
		if s.Month > last { // it has rejoined since
			continue
		}
		if err := w.d.keys.Destroy(ctx, s, keep[s]); err != nil {
			return nil, err
		}
		months = append(months, s.Month)
	}
	return months, nil
}

// receipt makes the receipt of what is deleted so far, and puts it into the store.
func (w *withdrawer) receipt(ctx context.Context, x *registry.Withdrawal, months []string, held int) ([]byte, error) {
	cam, err := w.d.reg.Get(ctx, x.Camera)
	if err != nil {
		return nil, err
	}
	gone, err := w.d.index.ErasedBy(ctx, x.ID)
	if err != nil {
		return nil, err
	}
	r := receipt.Receipt{
		ID: x.ID, Camera: x.Camera, Carrier: cam.Carrier, DeviceID: cam.DeviceID, At: x.At, Done: w.d.wall.Now().Wall,
		Segments: len(gone), Keys: months, Held: held,
	}
	if list, err := w.d.reg.Consents(ctx, x.Camera); err != nil {
		return nil, err
	} else if i := slices.IndexFunc(list, func(c registry.Consent) bool { return c.Ended >= x.At }); i >= 0 {
		r.Consent = list[i].Ref
	}
	r.Root, r.Bytes = rootOf(gone)
	for i, e := range gone {
		if i == 0 || e.Span.From < r.Span.From {
			r.Span.From = e.Span.From
		}
		r.Span.To = max(r.Span.To, e.Span.To)
	}
	text, err := w.sign.Sign(r)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("v1/receipts/%s/%s-%d.json", x.Camera, x.ID, r.Done)
	return text, w.d.store.Put(ctx, key, blob.Bytes(text))
}

// rootOf is the Merkle root over what an erasure took, hex, and how many bytes that was.
func rootOf(gone []index.Erased) (root string, size int64) {
	leaves := make([][32]byte, len(gone))
	for i, e := range gone {
		leaves[i] = e.SHA256
		size += e.Bytes
	}
	sum := merkle.Root(leaves)
	return hex.EncodeToString(sum[:]), size
}
