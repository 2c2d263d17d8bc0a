package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"qianshao/registry"
	"qianshao/registry/dial"
	"qianshao/registry/onboard"
	"qianshao/registry/register"
	"qianshao/storage/media"
)

// imported answers an import.
type imported struct {
	Outcomes    []onboard.Answer  `json:"outcomes"`
	Warnings    []onboard.Warning `json:"warnings,omitempty"`
	DryRun      bool              `json:"dry_run,omitempty"`     // nothing was changed
	Unconfirmed bool              `json:"unconfirmed,omitempty"` // the store has still to confirm
}

// importList enters a list; with dry_run it says what would become of it, with accept
// carriers' cameras are recorded at once, with by_hand their rules do not hold.
func (c *control) importList(w http.ResponseWriter, r *http.Request) error {
	list, err := onboard.Read(r.Body, onboard.Options{})
	if err != nil {
		if errors.Is(err, onboard.ErrBadFile) {
			return fault(http.StatusBadRequest, err)
		}
		return err
	}
	rules, err := c.rules(r.Context())
	if err != nil {
		return err
	}
	accept := r.FormValue("accept") == "true"
	rules.ByHand = r.FormValue("by_hand") == "true"
	out := imported{DryRun: r.FormValue("dry_run") == "true"}
	if out.DryRun {
		out.Outcomes, err = onboard.Enter(r.Context(), rules, list, accept, c.roomFor(c.d.reg.UpsertDry))
		if err != nil {
			return err
		}
		out.Warnings = list.Warnings
		return answer(w, out)
	}
	e, err := c.importEntry(r.Context(), list)
	if err != nil {
		return err
	}
	err = c.act(r, e, func() (err error) {
		ctx, cancel := context.WithTimeout(r.Context(), storeWait)
		defer cancel()
		out.Outcomes, err = onboard.Enter(ctx, rules, list, accept, c.roomFor(c.d.reg.Upsert))
		if errors.Is(err, registry.ErrUnconfirmed) {
			out.Unconfirmed, err = true, nil
		}
		return err
	})
	if err != nil {
		return err
	}
	out.Warnings = list.Warnings
	note, cameras := out.became()
	if err := c.d.book.Outcome(r.Context(), e, register.Done, note, cameras...); err != nil {
		out.Warnings = append(out.Warnings, onboard.Warning{Code: "not_registered", Message: onboard.Text{
			ZH: fmt.Sprintf("名单已导入，但结果未写入调用登记：%v", err),
			EN: fmt.Sprintf("the list is in, but what became of it is not in the access register: %v", err),
		}})
	}
	return answer(w, out)
}

// rules are what lists are held against. A site without outlines of its own has those of
// the demo, which are near enough to tell a county.
func (c *control) rules(ctx context.Context) (onboard.Deps, error) {
	networks, err := c.d.cfg.Ingest.CarrierNetworks()
	if err != nil {
		return onboard.Deps{}, err
	}
	site, err := c.d.reg.SitePlaces(ctx)
	if err != nil {
		return onboard.Deps{}, err
	}
	site = slices.DeleteFunc(site, func(p registry.SitePlace) bool { return p.Kind != registry.Outline })
	if len(site) == 0 {
		if site, err = counties(); err != nil {
			return onboard.Deps{}, err
		}
	}
	return onboard.Deps{Registry: c.d.reg, Outlines: site, Dialer: dial.New(c.d.dialing(networks))}, nil
}

// importEntry is what the register has of an import before it happens: how many rows,
// the devices of the first, and which of them are cameras already.
func (c *control) importEntry(ctx context.Context, list *onboard.List) (*register.Entry, error) {
	e := c.entry("camera.import", "")
	var names []string
	named := 0
	for i := range list.Rows {
		d := &list.Rows[i].Draft
		carrier := cmp.Or(d.Carrier, registry.DefaultCarrier)
		if registry.CheckRef(carrier, d.DeviceID) != nil {
			continue // whatever it is, it is no name
		}
		if named++; named > register.MostListed {
			continue
		}
		ref := carrier + ":" + d.DeviceID
		if len(names) < register.MostNamed {
			names = append(names, ref)
		}
		cam, err := c.d.reg.Resolve(ctx, ref)
		switch {
		case err == nil:
			e.Cameras = append(e.Cameras, cam.ID)
		case !errors.Is(err, registry.ErrUnknown):
			return nil, err
		}
	}
	e.Note = register.Clean(fmt.Sprintf("%s: %s", plural(len(list.Rows), "row"), register.AndMore(names, named)))
	return e, nil
}

// became says what came of an import: how many of each, and the cameras that were
// made or changed, the first of them.
func (i *imported) became() (note string, cameras []media.CameraID) {
	count := onboard.Count(i.Outcomes)
	for _, o := range i.Outcomes {
		if (o.Status == registry.Created || o.Status == registry.Updated) && len(cameras) < register.MostListed {
			cameras = append(cameras, o.Camera)
		}
	}
	return fmt.Sprintf("%d created, %d updated, %d unchanged, %d failed", count[registry.Created], count[registry.Updated],
		count[registry.Unchanged], count[registry.Rejected]), cameras
}

// roomFor makes and changes cameras by put. New ones are refused while the spool's disk
// has less than spool.refuse_free: those that are there come first.
func (c *control) roomFor(put func(context.Context, []registry.Draft) ([]registry.Outcome, error)) func(context.Context, []registry.Draft) ([]registry.Outcome, error) {
	return func(ctx context.Context, drafts []registry.Draft) ([]registry.Outcome, error) {
		var refused []registry.Outcome
		if free, err := c.d.archive.Spool.Free(); err == nil && free < int64(c.d.cfg.Spool.RefuseFree) {
			why := fmt.Sprintf("the disk of %s has %s free, new cameras need spool.refuse_free (%v): free disk space first",
				c.d.cfg.Data, bytesText(free), c.d.cfg.Spool.RefuseFree)
			drafts = slices.DeleteFunc(slices.Clone(drafts), func(d registry.Draft) bool {
				_, err := c.d.reg.Resolve(ctx, d.Carrier+":"+d.DeviceID)
				fresh := errors.Is(err, registry.ErrUnknown)
				if fresh {
					refused = append(refused, registry.Outcome{Row: d.Row, Carrier: d.Carrier, DeviceID: d.DeviceID, Status: registry.Rejected, Code: onboard.CodeNoSpace, Message: why})
				}
				return fresh
			})
		}
		done, err := put(ctx, drafts)
		return append(refused, done...), err
	}
}
