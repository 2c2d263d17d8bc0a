package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"qianshao/api/web"
	"qianshao/registry"
	"qianshao/registry/access"
	"qianshao/registry/cases"
	"qianshao/registry/viewing"
	"qianshao/storage/blob/sealblob"
	"qianshao/storage/picture"
	"qianshao/storage/timeline"
)

// Problem is the answer to a request that failed (RFC 9457), as
// application/problem+json. Code is stable and Next says what to do.
type Problem struct {
	Title  string `json:"title" doc:"the status in words"`
	Status int    `json:"status" doc:"the HTTP status again"`
	Code   string `json:"code" doc:"stable name of the error" example:"no_footage"`
	Detail string `json:"detail" doc:"what went wrong"`
	Next   string `json:"next" doc:"what to do about it"`

	Candidates []registry.Candidate `json:"candidates,omitempty" doc:"the cameras an ambiguous reference may mean"`
	Before     *timeline.Span       `json:"before,omitempty" doc:"the nearest footage before a window without any"`
	After      *timeline.Span       `json:"after,omitempty" doc:"the nearest footage after it"`
	Gap        *timeline.Span       `json:"gap,omitempty" doc:"the gap that stands in the way"`
	Checks     []CheckResult        `json:"checks,omitempty" doc:"of /readyz"`

	retry string // Retry-After, seconds
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// GetHeaders implements huma.HeadersError.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{"Cache-Control": {"no-store"}}
	if p.retry != "" {
		h.Set("Retry-After", p.retry)
	}
	return h
}

// The JSON library asks these for errors it finds itself: parameters that have
// not the documented shape.
func init() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		p := &Problem{Status: status, Title: http.StatusText(status), Detail: msg, Code: "failed", Next: "see the server's log"}
		switch status {
		case http.StatusRequestEntityTooLarge:
			p.Code, p.Next = "too_large", "send less at once"
		case http.StatusUnsupportedMediaType:
			p.Code, p.Next = "not_json", "send JSON, as Content-Type: application/json"
		case http.StatusRequestTimeout:
			p.Code, p.Next = "too_slow", "send the whole body at once"
		}
		if status == http.StatusUnprocessableEntity || status == http.StatusBadRequest {
			p.Status, p.Title = http.StatusBadRequest, http.StatusText(http.StatusBadRequest)
			p.Code, p.Next = "bad_parameter", "correct the parameter; /openapi.json lists them all"
			var texts []string
			for _, err := range errs {
				var d *huma.ErrorDetail
				if errors.As(err, &d) {
					texts = append(texts, fmt.Sprintf("%s: %s", d.Location, d.Message))
				} else if err != nil {
					texts = append(texts, err.Error())
				}
			}
			if len(texts) > 0 {
				p.Detail = strings.Join(texts, "; ")
			}
		}
		return p
	}
}

// badParam is a parameter that is not what it should be.
func badParam(name, value, want string) *Problem {
	return &Problem{
		Status: http.StatusBadRequest, Code: "bad_parameter",
		Detail: fmt.Sprintf("%s=%q: want %s", name, value, want),
		Next:   "correct the parameter; /openapi.json lists them all",
	}
}

// noFootage is the answer for a window of a stream without footage.
func noFootage(detail string, before, after *timeline.Span) *Problem {
	p := &Problem{Status: http.StatusNotFound, Code: "no_footage", Detail: detail, Before: before, After: after}
	switch {
	case before == nil && after == nil:
		p.Next = "the camera has no footage at all: look at its state and last_error"
	default:
		p.Next = "ask for the footage before or after, or look at the timeline for the cause of the gap"
	}
	return p
}

// problem finds the answer for an error. What it does not know is a 500, whose
// text stays in the log.
func (h *Handler) problem(path string, err error) *Problem {
	var p *Problem
	var ambiguous *registry.AmbiguousError
	var field *registry.FieldError
	switch {
	case errors.As(err, &p):
	case errors.As(err, &field):
		p = &Problem{Status: http.StatusBadRequest, Code: "bad_parameter", Detail: field.Error(), Next: "correct the parameter; /openapi.json lists them all"}
	case errors.As(err, &ambiguous):
		p = &Problem{
			Status: http.StatusConflict, Code: "ambiguous_camera", Detail: err.Error(), Candidates: ambiguous.Candidates,
			Next: "name the camera by its id, or as carrier:device",
		}
	case errors.Is(err, registry.ErrUnknown):
		p = &Problem{
			Status: http.StatusNotFound, Code: "unknown_camera", Detail: err.Error(),
			Next: "GET /api/v1/cameras lists the cameras",
		}
	case errors.Is(err, cases.ErrUnknown):
		p = &Problem{Status: http.StatusNotFound, Code: "unknown_case", Detail: err.Error(), Next: "GET /api/v1/cases lists your cases"}
	case errors.Is(err, viewing.ErrOver):
		p = errNoViewing
	case errors.Is(err, registry.ErrBadCursor):
		p = badParam("after", "", "the value of next as it came")
	case errors.Is(err, access.ErrForbidden):
		p = &Problem{Status: http.StatusForbidden, Code: "forbidden", Detail: err.Error(), Next: "ask an administrator for access"}
	case errors.Is(err, viewing.ErrNotRegistered):
		h.cfg.Log.Error("no footage is shown", "path", path, "err", err)
		p = &Problem{
			Status: http.StatusServiceUnavailable, Code: "register_unavailable", Detail: viewing.ErrNotRegistered.Error(),
			Next: "free space on the server's disk, or look at its log; recording goes on", retry: "10",
		}
	case errors.Is(err, picture.ErrNoFFmpeg):
		p = &Problem{
			Status: http.StatusServiceUnavailable, Code: "no_ffmpeg", Detail: "pictures are made by ffmpeg, which is not installed here",
			Next: "install it (Debian: apt-get install ffmpeg); recording, clips and live view work without it",
		}
	case errors.Is(err, picture.ErrBusy):
		p = &Problem{
			Status: http.StatusServiceUnavailable, Code: "busy", Detail: err.Error(),
			Next: "ask again in a few seconds", retry: "3",
		}
	case errors.Is(err, picture.ErrUndecodable):
		p = &Problem{
			Status: http.StatusUnprocessableEntity, Code: "undecodable", Detail: err.Error(),
			Next: "take a picture of another moment, or download the clip",
		}
	case errors.Is(err, sealblob.ErrLost):
		h.cfg.Log.Error("footage is locked", "path", path, "err", err)
		p = &Problem{
			Status: http.StatusServiceUnavailable, Code: "footage_locked", Detail: "this footage is encrypted, and the server has another secret.key than that of then",
			Next: "an operator must put back the secret.key of then (qianshao secret lost tells for which footage)",
		}
	case errors.Is(err, web.ErrNoAsset):
		p = &Problem{Status: http.StatusNotFound, Code: "no_such_asset", Detail: err.Error(), Next: "load the page again"}
	case errors.Is(err, context.Canceled):
		p = &Problem{Status: 499, Title: "Client Closed Request", Code: "cancelled", Detail: "the request was given up", Next: "ask again"}
	case errors.Is(err, context.DeadlineExceeded):
		p = &Problem{
			Status: http.StatusServiceUnavailable, Code: "too_slow", Detail: "the answer took too long",
			Next: "ask again; if it stays slow, run qianshao doctor", retry: "5",
		}
	default:
		if p = accountProblem(err); p != nil {
			break
		}
		if p = caseProblem(err); p != nil {
			break
		}
		if p = jobProblem(err); p != nil {
			break
		}
		if c := h.clipProblem(err); c != nil {
			p = c
			break
		}
		h.cfg.Log.Error("request failed", "path", path, "err", err)
		p = &Problem{
			Status: http.StatusInternalServerError, Code: "internal", Detail: "the server could not do this",
			Next: "see the server's log, or run qianshao doctor",
		}
	}
	if p.Title == "" {
		p.Title = http.StatusText(p.Status)
	}
	return p
}

// fail answers a request with an error's problem.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := h.problem(r.URL.Path, err)
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	for _, k := range []string{"Content-Length", "ETag", "Content-Disposition", "Accept-Ranges"} {
		w.Header().Del(k)
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	if r.Method == http.MethodHead {
		return
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(p); err != nil {
		h.cfg.Log.Debug("answer not delivered", "path", r.URL.Path, "err", err)
	}
}
