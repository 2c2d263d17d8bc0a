package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"qianshao/registry"
	"qianshao/registry/onboard"
)

// reportForm reads format=: JSON, or a table.
func reportForm(r *http.Request) (string, error) {
	switch form := r.URL.Query().Get("format"); form {
	case "", "json":
		return "json", nil
	case onboard.CSV, onboard.XLSX:
		return form, nil
	default:
		return "", badParam("format", form, "json, csv or xlsx")
	}
}

// reportHead announces a report.
func reportHead(w http.ResponseWriter, form, name string) {
	kind := map[string]string{
		"json": "application/json", onboard.CSV: "text/csv; charset=utf-8",
		onboard.XLSX: sheetType,
	}[form]
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	if form != "json" {
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name+"."+form))
	}
}

// reconcile answers POST /api/v1/reconciliations: a carrier's own list, what is here, and
// what is recorded. It changes nothing.
func (h *Handler) reconcile(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), askedOf(r.Context())
	form, err := reportForm(r)
	if err != nil {
		return err
	}
	carrier, err := whose(a, r.URL.Query().Get("carrier"))
	if err != nil {
		return err
	}
	carrier = cmp.Or(carrier, registry.DefaultCarrier)
	list, err := onboard.Read(r.Body, onboard.Options{Carrier: carrier})
	if bad := (*onboard.FileError)(nil); errors.As(err, &bad) {
		return &Problem{Status: http.StatusUnprocessableEntity, Code: bad.Code, Detail: bad.Error(), Next: "correct the file and send it again: " + bad.Message.ZH}
	}
	if err != nil {
		return err
	}
	page, err := h.cfg.Registry.List(ctx, registry.Query{State: registry.QueryAll, Carrier: carrier})
	if err != nil {
		return err
	}
	found := onboard.Reconcile(list, carrier, page.Items, h.cfg.Registry.State, a.now)
	var b bytes.Buffer
	if form == "json" {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		err = enc.Encode(found)
	} else {
		var t *onboard.Report
		if t, err = onboard.NewReport(&b, form, onboard.StandingColumns); err == nil {
			err = found.Report(t)
		}
	}
	if err != nil {
		return err
	}
	reportHead(w, form, "reconciliation-"+carrier)
	_, _ = w.Write(b.Bytes()) // the client may have left
	return nil
}
