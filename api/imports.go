package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"qianshao/registry"
	"qianshao/registry/jobs"
	"qianshao/registry/onboard"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

const (
	// uploadsAtOnce bounds the memory that uploads take: each is held whole.
	uploadsAtOnce = 4
	// uploadTime bounds how long one takes to arrive.
	uploadTime = 5 * time.Minute
	// maxKey bounds an Idempotency-Key.
	maxKey = 128
	// eventsAlive is how often events are sent though nothing happens: proxies end what is
	// silent.
	eventsAlive = 15 * time.Second
	// mimeXLSX is the type of workbooks.
	mimeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// importJSON is an import as it is told.
type importJSON struct {
	ID      string           `json:"id" example:"j_abcdefgh234567ab"`
	Carrier string           `json:"carrier,omitempty" doc:"whose list it is; absent: the site's, of several"`
	By      string           `json:"by" doc:"who began it: a login, or the id of a token"`
	DryRun  bool             `json:"dry_run" doc:"nothing is changed"`
	Accept  bool             `json:"accept,omitempty" doc:"new cameras are recorded at once"`
	State   jobs.State       `json:"state" enum:"queued,running,done,failed,cancelled" doc:"failed: see failure"`
	Created timeline.Micros  `json:"created" format:"date-time" example:"2026-11-23T01:00:00.000000Z"`
	Started *timeline.Micros `json:"started" format:"date-time" doc:"null: it waits" example:"2026-11-23T01:00:00.000000Z"`
	Ended   *timeline.Micros `json:"ended" format:"date-time" doc:"null: it has not" example:"2026-11-23T01:00:12.000000Z"`
	Total   int              `json:"total" doc:"rows of the file; 0: it was not read yet" example:"3000"`
	Done    int              `json:"done" doc:"rows that have their answer" example:"3000"`
	Counts  map[string]int   `json:"counts,omitempty" doc:"of them created, updated, unchanged and error" example:"{\"created\": 2850, \"error\": 150}"`
	Failure *importNoteJSON  `json:"failure,omitempty"`
	Sheet   bool             `json:"errors_sheet,omitempty" doc:"there are rows that failed: errors.xlsx has them"`
}

// importNoteJSON is about a list as a whole.
type importNoteJSON struct {
	Code    string      `json:"code" doc:"stable" example:"no_device_column"`
	Message messageJSON `json:"message"`
}

// messageJSON is what a code says.
type messageJSON struct {
	ZH string `json:"zh" example:"没有村居代码 522301001999：最接近的有 522301001001"`
	EN string `json:"en" example:"no village has the code 522301001999: the nearest are 522301001001"`
}

// answerJSON is what became of one row.
type answerJSON struct {
	Row      int              `json:"row" doc:"of the file, from 1" example:"12"`
	Camera   media.CameraID   `json:"id,omitempty" doc:"of the camera; not of one that a dry run would make"`
	Carrier  string           `json:"carrier,omitempty"`
	DeviceID string           `json:"carrier_device_id,omitempty"`
	Status   registry.Status  `json:"status,omitempty" enum:"created,updated,unchanged,error" doc:"absent: the import ended before it"`
	Problems []rowProblemJSON `json:"problems,omitempty" doc:"all that is wrong with it"`
}

type rowProblemJSON struct {
	Field   string      `json:"field,omitempty" doc:"the column; absent: the row" example:"village_code"`
	Code    string      `json:"code" doc:"stable" example:"unknown_village"`
	Message messageJSON `json:"message"`
}

func answerOf(a *onboard.Answer) answerJSON {
	out := answerJSON{Row: a.Row, Camera: a.Camera, Carrier: a.Carrier, DeviceID: a.DeviceID, Status: a.Status}
	for _, p := range a.Problems {
		out.Problems = append(out.Problems, rowProblemJSON{p.Field, p.Code, messageJSON(p.Message)})
	}
	return out
}

func importOf(j *jobs.Job) importJSON {
	out := importJSON{
		ID: j.ID, Carrier: j.Carrier, By: j.Actor, DryRun: j.Options[onboard.OptionDryRun] == "true", Accept: j.Options[onboard.OptionAccept] == "true",
		State: j.State, Created: j.Created, Started: when(j.Started), Ended: when(j.Ended), Total: j.Total, Done: j.Done, Counts: j.Counts, Sheet: j.Sheet,
	}
	if f := j.Failure; f != nil {
		out.Failure = &importNoteJSON{f.Code, messageJSON{f.ZH, f.EN}}
	}
	return out
}

// beginImport answers POST /api/v1/imports: a list of cameras, as the body or as the part
// file of a form.
func (h *Handler) beginImport(w http.ResponseWriter, r *http.Request) error {
	a := askedOf(r.Context())
	q := r.URL.Query()
	options := map[string]string{}
	for _, name := range []string{onboard.OptionDryRun, onboard.OptionAccept} {
		switch q.Get(name) {
		case "", "false":
		case "true":
			options[name] = "true"
		default:
			return badParam(name, q.Get(name), "true or false")
		}
	}
	if options[onboard.OptionAccept] != "" && a.carrier != "" {
		return &Problem{
			Status: http.StatusForbidden, Code: "forbidden", Detail: "accept: a carrier's new cameras wait to be looked at", Next: "leave accept out",
		}
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) > maxKey {
		return badParam("Idempotency-Key", key[:16]+"…", fmt.Sprintf("at most %d characters", maxKey))
	}
	select {
	case h.uploads <- struct{}{}:
		defer func() { <-h.uploads }()
	default:
		return &Problem{
			Status: http.StatusServiceUnavailable, Code: "busy", Detail: "other lists are being uploaded", Next: "upload it again in a few seconds", retry: "5",
		}
	}
	text, err := upload(w, r)
	if err != nil {
		return err
	}
	j, fresh, err := h.cfg.Jobs.Begin(r.Context(), jobs.Job{
		Kind: onboard.ImportKind, Carrier: a.carrier, Actor: a.subject.ID, Unit: a.subject.Unit, Address: a.address, Options: options,
	}, key, text)
	if err != nil {
		return err
	}
	status := http.StatusAccepted
	if !fresh {
		status = http.StatusOK
	}
	w.Header().Set("Location", "/api/v1/imports/"+j.ID)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	return h.sent(r, json.NewEncoder(w).Encode(importOf(&j)))
}

// sent notes that an answer did not arrive: it has begun, so that there is no other.
func (h *Handler) sent(r *http.Request, err error) error {
	if err != nil {
		h.cfg.Log.Debug("answer not delivered", "path", r.URL.Path, "err", err)
	}
	return nil
}

// upload reads a list of a request, up to what a list may be.
func upload(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTime)) // a recorder of tests has none
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, errNoList
	}
	r.Body = http.MaxBytesReader(w, r.Body, onboard.MaxBytes+64<<10) // what stands around a part
	var src io.Reader = r.Body
	switch kind {
	case "text/csv", mimeXLSX, "application/octet-stream", "application/vnd.ms-excel": // what Windows takes CSV for
	case "multipart/form-data":
		parts, err := r.MultipartReader()
		if err != nil {
			return nil, errNoList
		}
		for src = nil; src == nil; {
			part, err := parts.NextPart()
			if errors.Is(err, io.EOF) {
				return nil, errNoList
			}
			if err != nil {
				return nil, unread(err)
			}
			if part.FormName() == "file" {
				src = part
			}
		}
	default:
		return nil, errNoList
	}
	text, err := io.ReadAll(src)
	return text, unread(err)
}

var errNoList = &Problem{
	Status: http.StatusUnsupportedMediaType, Code: "no_list", Detail: "no list of cameras was sent",
	Next: "send the file as the body, with Content-Type text/csv or " + mimeXLSX + ", or as the part \"file\" of multipart/form-data",
}

// unread is the answer to a body that could not be read.
func unread(err error) error {
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return &Problem{
			Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: fmt.Sprintf("the file is larger than %d MiB", onboard.MaxBytes>>20), Next: "split the file",
		}
	}
	return &Problem{Status: http.StatusBadRequest, Code: "bad_body", Detail: "the file did not arrive whole", Next: "upload it again, with the same Idempotency-Key"}
}

// importJob finds an import among those that who asks may know of.
func (h *Handler) importJob(ctx context.Context, a *asked, id string) (jobs.Job, error) {
	j, err := h.cfg.Jobs.Get(ctx, id)
	if err == nil && (j.Kind != onboard.ImportKind || a.carrier != "" && j.Carrier != a.carrier) {
		err = jobs.ErrUnknown
	}
	return j, err
}

type importsIn struct {
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"at most so many, the newest"`
}

type importsOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Items []importJSON `json:"items" doc:"newest first"`
	}
}

// listImports answers GET /api/v1/imports.
func (h *Handler) listImports(ctx context.Context, a *asked, in *importsIn) (*importsOut, error) {
	list, err := h.cfg.Jobs.List(ctx, onboard.ImportKind, a.carrier, a.carrier == "", in.Limit)
	if err != nil {
		return nil, err
	}
	out := &importsOut{Cache: "no-store"}
	out.Body.Items = []importJSON{}
	for i := range list {
		out.Body.Items = append(out.Body.Items, importOf(&list[i]))
	}
	return out, nil
}

// OneImport is exported for the JSON library, which looks into it.
type OneImport struct {
	Job string `path:"job" maxLength:"64" doc:"its id" example:"j_abcdefgh234567ab"`
}

type importIn struct {
	OneImport
	Status string `query:"status" enum:"created,updated,unchanged,error" doc:"only rows that became this"`
	After  int    `query:"after" minimum:"0" default:"0" doc:"next of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"at most so many"`
}

type importOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		importJSON
		Answers     []answerJSON     `json:"answers" doc:"of the rows, once it has ended; rows that were not come to have no status"`
		Next        int              `json:"next,omitempty" doc:"give it as after for the next page; absent on the last" example:"102"`
		Warnings    []importNoteJSON `json:"warnings,omitempty" doc:"about the file"`
		Unconfirmed bool             `json:"unconfirmed,omitempty" doc:"the store has still to confirm the cameras; they are kept here meanwhile"`
	}
}

// getImport answers GET /api/v1/imports/{job}.
func (h *Handler) getImport(ctx context.Context, a *asked, in *importIn) (*importOut, error) {
	j, err := h.importJob(ctx, a, in.Job)
	if err != nil {
		return nil, err
	}
	out := &importOut{Cache: "no-store"}
	out.Body.importJSON, out.Body.Answers = importOf(&j), []answerJSON{}
	raw, err := h.cfg.Jobs.Result(ctx, j.ID)
	if err != nil || raw == nil {
		return out, err
	}
	var became onboard.Imported
	if err := json.Unmarshal(raw, &became); err != nil {
		return nil, fmt.Errorf("answers of %s: %w", j.ID, err)
	}
	out.Body.Unconfirmed = became.Unconfirmed
	for _, x := range became.Warnings {
		out.Body.Warnings = append(out.Body.Warnings, importNoteJSON{x.Code, messageJSON(x.Message)})
	}
	for i := range became.Answers {
		x := &became.Answers[i]
		if x.Row <= in.After || in.Status != "" && x.Status != registry.Status(in.Status) {
			continue
		}
		if n := len(out.Body.Answers); n == in.Limit {
			out.Body.Next = out.Body.Answers[n-1].Row
			break
		}
		out.Body.Answers = append(out.Body.Answers, answerOf(x))
	}
	return out, nil
}

// cancelImport answers DELETE /api/v1/imports/{job}.
func (h *Handler) cancelImport(ctx context.Context, a *asked, in *OneImport) (*struct{}, error) {
	j, err := h.importJob(ctx, a, in.Job)
	if err != nil {
		return nil, err
	}
	return nil, h.cfg.Jobs.Cancel(ctx, j.ID)
}

// importEvents answers GET /api/v1/imports/{job}/events: server-sent events, one with each
// change of the import, and the last with its end.
func (h *Handler) importEvents(w http.ResponseWriter, r *http.Request) error {
	a := askedOf(r.Context())
	j, err := h.importJob(r.Context(), a, r.PathValue("job"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy that gathers makes it late
	if r.Method == http.MethodHead {
		return nil
	}
	out := http.NewResponseController(w)
	send := func(text []byte) error {
		if _, err := w.Write(text); err != nil {
			return err
		}
		return out.Flush()
	}
	alive := time.NewTicker(eventsAlive)
	defer alive.Stop()
	for {
		j, changed, err := h.cfg.Jobs.Watch(r.Context(), j.ID)
		if err == nil {
			var text []byte
			if text, err = eventOf(&j); err == nil {
				err = send(text)
			}
		}
		if err != nil || changed == nil {
			return h.sent(r, err)
		}
		for waiting := true; waiting; {
			select {
			case <-changed:
				waiting = false
			case <-alive.C:
				if err := send([]byte(": \n\n")); err != nil {
					return h.sent(r, err)
				}
			case <-r.Context().Done():
				return nil
			}
		}
	}
}

// eventOf is an import as an event: progress, or end.
func eventOf(j *jobs.Job) ([]byte, error) {
	name := "progress"
	if j.State.Ended() {
		name = "end"
	}
	text, err := json.Marshal(importOf(j))
	return fmt.Appendf(nil, "event: %s\ndata: %s\n\n", name, text), err
}

// importErrors answers GET /api/v1/imports/{job}/errors.xlsx. It holds what was uploaded,
// passwords too: it is for the carrier whose list it is, or who uploaded it.
func (h *Handler) importErrors(w http.ResponseWriter, r *http.Request) error {
	a := askedOf(r.Context())
	j, err := h.importJob(r.Context(), a, r.PathValue("job"))
	if err != nil {
		return err
	}
	if j.Actor != a.subject.ID && a.carrier == "" {
		return &Problem{
			Status: http.StatusForbidden, Code: "forbidden", Detail: "the sheet holds passwords of a carrier's list",
			Next: "let the carrier download it; the answers of the import say what is wrong, without them",
		}
	}
	sheet, err := h.cfg.Jobs.Sheet(r.Context(), j.ID)
	if err != nil {
		return err
	}
	if sheet == nil {
		return &Problem{
			Status: http.StatusNotFound, Code: "no_sheet", Detail: "the import has not ended, or no row failed",
			Next: "wait for its end, and look at errors_sheet",
		}
	}
	return h.download(w, r, mimeXLSX, "errors.xlsx", sheet)
}

// importTemplate answers GET /api/v1/imports/template.xlsx.
func (h *Handler) importTemplate(w http.ResponseWriter, r *http.Request) error {
	var b bytes.Buffer
	if err := onboard.Template(&b); err != nil {
		return err
	}
	return h.download(w, r, mimeXLSX, "template.xlsx", b.Bytes())
}

// exported are the cameras that a list can be made of: one's own, and not those that have
// left for good.
func (h *Handler) exported(ctx context.Context) ([]registry.Camera, error) {
	page, err := h.cfg.Registry.List(ctx, registry.Query{Carrier: askedOf(ctx).carrier, Lifecycle: []registry.Lifecycle{
		registry.Imported, registry.Probing, registry.PendingReview, registry.Active, registry.Suspended,
	}})
	return page.Items, err
}

// camerasXLSX answers GET /api/v1/cameras.xlsx.
func (h *Handler) camerasXLSX(w http.ResponseWriter, r *http.Request) error {
	return h.export(w, r, mimeXLSX, "cameras.xlsx", onboard.ExportXLSX)
}

// camerasCSV answers GET /api/v1/cameras.csv.
func (h *Handler) camerasCSV(w http.ResponseWriter, r *http.Request) error {
	return h.export(w, r, "text/csv; charset=utf-8", "cameras.csv", onboard.ExportCSV)
}

func (h *Handler) export(w http.ResponseWriter, r *http.Request, kind, name string, write func(io.Writer, []registry.Camera) error) error {
	list, err := h.exported(r.Context())
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := write(&b, list); err != nil {
		return err
	}
	return h.download(w, r, kind, name, b.Bytes())
}

// download sends a file that is kept nowhere.
func (h *Handler) download(w http.ResponseWriter, r *http.Request, kind, name string, text []byte) error {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		return nil
	}
	_, err := w.Write(text)
	return h.sent(r, err)
}

// jobProblem is the answer to an error of a job; nil: it is none.
func jobProblem(err error) *Problem {
	switch {
	case errors.Is(err, jobs.ErrUnknown):
		return &Problem{Status: http.StatusNotFound, Code: "unknown_import", Detail: "there is no such import, or it ended more than 30 days ago", Next: "GET /api/v1/imports lists yours"}
	case errors.Is(err, jobs.ErrKeyUsed):
		return &Problem{
			Status: http.StatusConflict, Code: "key_used", Detail: "Idempotency-Key: it was used for another file, or with other parameters",
			Next: "use a new key for a new import",
		}
	case errors.Is(err, jobs.ErrEnded):
		return &Problem{Status: http.StatusConflict, Code: "ended", Detail: "the import has ended", Next: "look at its answers"}
	case errors.Is(err, jobs.ErrFull):
		return &Problem{
			Status: http.StatusTooManyRequests, Code: "too_many", Detail: "other imports wait", Next: "wait for their end, and upload it again", retry: "30",
		}
	}
	return nil
}
