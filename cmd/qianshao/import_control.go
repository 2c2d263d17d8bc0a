package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"qianshao/registry"
	"qianshao/registry/dial"
	"qianshao/registry/onboard"
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
	how := onboard.How{DryRun: r.FormValue("dry_run") == "true", Accept: r.FormValue("accept") == "true", ByHand: r.FormValue("by_hand") == "true"}
	done, err := c.d.importer().Import(r.Context(), list, how, c.entry("camera.import", ""), nil)
	if err != nil {
		return c.unwritten(err)
	}
	return answer(w, imported{Outcomes: done.Answers, Warnings: done.Warnings, DryRun: how.DryRun, Unconfirmed: done.Unconfirmed})
}

// importer enters lists. New cameras are refused while the spool's disk has less than
// spool.refuse_free.
func (d *data) importer() *onboard.Importer {
	return &onboard.Importer{
		Registry: d.reg, Register: d.book, Rules: d.rules, Wait: storeWait,
		NoRoom: func() string {
			free, err := d.archive.Spool.Free()
			if err != nil || free >= int64(d.cfg.Spool.RefuseFree) {
				return ""
			}
			return fmt.Sprintf("the disk of %s has %s free, new cameras need spool.refuse_free (%v): free disk space first",
				d.cfg.Data, bytesText(free), d.cfg.Spool.RefuseFree)
		},
	}
}

// rules are what lists are held against. A site without outlines of its own has those of
// the demo, which are near enough to tell a county.
func (d *data) rules(ctx context.Context) (onboard.Deps, error) {
	networks, err := d.cfg.Ingest.CarrierNetworks()
	if err != nil {
		return onboard.Deps{}, err
	}
	site, err := d.reg.SitePlaces(ctx)
	if err != nil {
		return onboard.Deps{}, err
	}
	site = slices.DeleteFunc(site, func(p registry.SitePlace) bool { return p.Kind != registry.Outline })
	if len(site) == 0 {
		if site, err = counties(); err != nil {
			return onboard.Deps{}, err
		}
	}
	return onboard.Deps{Registry: d.reg, Outlines: site, Dialer: dial.New(d.dialing(networks))}, nil
}
