package api

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"qianshao/registry/label"
	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// RegisterFilter is exported for the JSON library, which looks into it. It says which entries of the access register are wanted.
type RegisterFilter struct {
	Kind    string `query:"kind" enum:"start,viewing.open,viewing.more,viewing.close,admin,pruned" doc:"only entries of this kind"`
	Who     string `query:"who" maxLength:"128" doc:"only those of this account; operator: of this machine's commands"`
	Unit    string `query:"unit" maxLength:"128" doc:"only those of this unit"`
	Case    string `query:"case" maxLength:"128" doc:"only those of this case"`
	Viewing string `query:"viewing" maxLength:"128" doc:"only those of this viewing"`
	Address string `query:"address" maxLength:"64" doc:"only those from this client address"`
	Act     string `query:"act" maxLength:"64" doc:"only those that asked for this" example:"footage.read"`
	Camera  string `query:"camera" maxLength:"256" doc:"only those of this camera: our id, carrier:device, or a device id that one carrier alone uses"`
	From    string `query:"from" doc:"only those written from then on; RFC 3339" example:"2026-11-23T09:00:00+08:00"`
	To      string `query:"to" doc:"only those written before; RFC 3339" example:"2026-11-24T09:00:00+08:00"`
}

type registerIn struct {
	RegisterFilter
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"at most so many"`
	After string `query:"after" doc:"next of the page before"`
}

// entryJSON is an entry of the register as it is told.
type entryJSON struct {
	Chain    string           `json:"chain" doc:"a machine writes one chain"`
	Seq      uint64           `json:"seq" doc:"place in the chain, from 1"`
	At       timeline.Micros  `json:"at" format:"date-time" doc:"when it was written"`
	Kind     register.Kind    `json:"kind"`
	Who      string           `json:"who" doc:"account; operator: a command on this machine; empty: there are no accounts"`
	Unit     string           `json:"unit,omitempty"`
	Case     string           `json:"case,omitempty"`
	Reason   string           `json:"reason,omitempty"`
	Address  string           `json:"address,omitempty" doc:"of the client"`
	Viewing  string           `json:"viewing,omitempty"`
	Act      string           `json:"act,omitempty" doc:"what was asked for"`
	Cameras  []media.CameraID `json:"cameras,omitempty"`
	From     *timeline.Micros `json:"from" format:"date-time" doc:"of the footage that could be seen; null: none"`
	To       *timeline.Micros `json:"to" format:"date-time" doc:"null with a from: live, without end"`
	Requests int64            `json:"requests,omitempty" doc:"of a viewing that closed"`
	Bytes    int64            `json:"bytes,omitempty" doc:"sent in a viewing that closed"`
	Result   string           `json:"result,omitempty" doc:"allowed: footage could be seen from then on; refused; failed: it did not happen; done: with what came of it; empty: it happened, unless a later entry (of) says otherwise"`
	Note     string           `json:"note,omitempty"`
	Of       uint64           `json:"of,omitempty" doc:"seq of the entry of this chain that this one tells the outcome of" example:"4711"`
	Hash     string           `json:"hash" doc:"SHA-256 of the entry, which holds that of the one before"`
}

func entryOf(e *register.Entry) entryJSON {
	out := entryJSON{
		Chain: e.Chain, Seq: e.Seq, At: e.At, Kind: e.Kind, Who: e.Who, Unit: e.Unit, Case: e.Case, Reason: e.Reason,
		Address: e.Address, Viewing: e.Viewing, Act: e.Act, Cameras: e.Cameras, Requests: e.Requests, Bytes: e.Bytes,
		Result: e.Result, Note: e.Note, Hash: e.Hash.String(),
	}
	if e.Of != nil {
		out.Of = e.Of.Seq
	}
	if !e.Span.Empty() {
		out.From = &e.Span.From
		if e.Span.To != timeline.Forever {
			out.To = &e.Span.To
		}
	}
	return out
}

type registerOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Items   []entryJSON `json:"items" doc:"newest first"`
		Next    string      `json:"next,omitempty" doc:"give it as after for the next page; absent on the last"`
		Damaged int         `json:"damaged,omitempty" doc:"lines on the way that are no sound entries: /api/v1/register/verify names them"`
	}
}

// query is what the filter asks of the register.
func (h *Handler) query(ctx context.Context, in *RegisterFilter) (register.Query, error) {
	q := register.Query{
		Kind: register.Kind(in.Kind), Who: in.Who, Unit: in.Unit, Case: in.Case, Viewing: in.Viewing, Address: in.Address, Act: in.Act,
		Written: timeline.Span{To: timeline.Forever},
	}
	for _, x := range []struct {
		name, raw string
		to        *timeline.Micros
	}{{"from", in.From, &q.Written.From}, {"to", in.To, &q.Written.To}} {
		if x.raw == "" {
			continue
		}
		var err error
		if *x.to, err = parseTime(map[string][]string{x.name: {x.raw}}, x.name); err != nil {
			return q, err
		}
	}
	if q.Written.Empty() {
		return q, badParam("to", in.To, "a time after from")
	}
	if in.Camera != "" {
		c, err := h.cfg.Registry.Resolve(ctx, in.Camera)
		if err != nil {
			return q, err
		}
		q.Camera = c.ID
	}
	return q, nil
}

// listRegister answers /api/v1/register.
func (h *Handler) listRegister(ctx context.Context, _ *asked, in *registerIn) (*registerOut, error) {
	q, err := h.query(ctx, &in.RegisterFilter)
	if err != nil {
		return nil, err
	}
	q.Limit, q.After = in.Limit, in.After
	page, err := h.cfg.Register.List(ctx, q)
	if errors.Is(err, register.ErrBadCursor) {
		return nil, badParam("after", in.After, "the value of next as it came")
	}
	if err != nil {
		return nil, err
	}
	out := &registerOut{Cache: "no-store"}
	out.Body.Items, out.Body.Next, out.Body.Damaged = []entryJSON{}, page.Next, page.Damaged
	for i := range page.Items {
		out.Body.Items = append(out.Body.Items, entryOf(&page.Items[i]))
	}
	return out, nil
}

type verifyIn struct {
	Store bool `query:"store" doc:"hold the chains against their copy in the store, too"`
}

type verifyOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Intact bool               `json:"intact" doc:"no chain has a fault"`
		Chains []register.Finding `json:"chains"`
	}
}

// verifyRegister answers /api/v1/register/verify. It reads everything, so one
// runs at a time.
func (h *Handler) verifyRegister(ctx context.Context, _ *asked, in *verifyIn) (*verifyOut, error) {
	select {
	case h.verifying <- struct{}{}:
		defer func() { <-h.verifying }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	found, err := h.cfg.Register.Verify(ctx, in.Store)
	if err != nil {
		return nil, err
	}
	out := &verifyOut{Cache: "no-store"}
	out.Body.Intact, out.Body.Chains = true, found
	for _, f := range found {
		out.Body.Intact = out.Body.Intact && f.Fault == nil
	}
	return out, nil
}

var registerColumns = []string{
	"at", "kind", "who", "unit", "case", "reason", "address", "viewing", "act", "cameras", "from", "to",
	"requests", "bytes", "result", "note", "of", "chain", "seq", "hash",
}

// registerPage is how many entries are read at once for a table.
const registerPage = 1000

// registerCSV answers /api/v1/register.csv: all that match, newest first.
func (h *Handler) registerCSV(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	q, err := h.query(r.Context(), &RegisterFilter{
		Kind: v.Get("kind"), Who: v.Get("who"), Unit: v.Get("unit"), Case: v.Get("case"), Viewing: v.Get("viewing"),
		Address: v.Get("address"), Act: v.Get("act"), Camera: v.Get("camera"), From: v.Get("from"), To: v.Get("to"),
	})
	if err != nil {
		return err
	}
	q.Limit = registerPage
	page, err := h.cfg.Register.List(r.Context(), q)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="register.csv"`)
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return nil
	}
	_, _ = w.Write([]byte("\ufeff")) // spreadsheets take it for UTF-8; the client may have left
	out := csv.NewWriter(w)
	err = out.Write(registerColumns)
	for err == nil {
		for i := range page.Items {
			if err = out.Write(rowOf(&page.Items[i])); err != nil {
				break
			}
		}
		if page.Next == "" || err != nil {
			break
		}
		q.After = page.Next
		if page, err = h.cfg.Register.List(r.Context(), q); err != nil {
			panic(http.ErrAbortHandler) // a table that ends early must not look whole
		}
	}
	out.Flush()
	return nil
}

func rowOf(e *register.Entry) []string {
	x := entryOf(e)
	cameras := make([]string, len(x.Cameras))
	for i, c := range x.Cameras {
		cameras[i] = string(c)
	}
	when := func(t *timeline.Micros) string {
		if t == nil {
			return ""
		}
		return t.String()
	}
	row := []string{
		x.At.String(), string(x.Kind), x.Who, x.Unit, x.Case, x.Reason, x.Address, x.Viewing, x.Act, strings.Join(cameras, " "),
		when(x.From), when(x.To), strconv.FormatInt(x.Requests, 10), strconv.FormatInt(x.Bytes, 10), x.Result, x.Note,
		seqText(x.Of), x.Chain, strconv.FormatUint(x.Seq, 10), x.Hash,
	}
	for i, text := range row {
		row[i] = label.Inert(text)
	}
	return row
}

func seqText(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}
