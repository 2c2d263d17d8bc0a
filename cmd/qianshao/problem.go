package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"qianshao/storage/timeline"
)

// problem is an error over HTTP (RFC 9457), of the API or of the control routes.
type problem struct {
	Title  string `json:"title,omitempty"`
	Status int    `json:"status"`
	Code   string `json:"code,omitempty"`
	Detail string `json:"detail,omitempty"`
	Next   string `json:"next,omitempty"` // what to do; where empty, Detail says it

	Before *timeline.Span `json:"before,omitempty"` // the footage nearest to a window without any
	After  *timeline.Span `json:"after,omitempty"`
}

func (p *problem) Error() string {
	switch {
	case p.Detail == "":
		return fmt.Sprintf("%s (HTTP %d)", p.Title, p.Status)
	case p.Next == "":
		return p.Detail
	case p.Code == "unknown_camera": // the API's advice is for programs
		return "there is no such camera; qianshao camera list shows all"
	}
	return p.Detail + "; " + p.Next
}

// fault is an error with the status it has over HTTP.
func fault(status int, err error) error { return &withStatus{status, err} }

type withStatus struct {
	status int
	error
}

func (w *withStatus) Unwrap() error { return w.error }

// returns makes a handler of one that returns its error. The control socket
// belongs to the operator, so errors go out as they are.
func returns(fn func(w http.ResponseWriter, r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := fn(w, r)
		if err == nil {
			return
		}
		p := problem{Status: http.StatusInternalServerError, Detail: err.Error()}
		var s *withStatus
		if errors.As(err, &s) {
			p.Status = s.status
		}
		p.Title = http.StatusText(p.Status)
		body, err := json.Marshal(p)
		if err != nil {
			body = nil // three strings and a number: cannot fail
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(p.Status)
		_, _ = w.Write(body) // the client is gone
	}
}

// decode reads a command's body.
func decode(r *http.Request, v any) error {
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		return fault(http.StatusBadRequest, err)
	}
	return nil
}

// answer writes v as JSON.
func answer(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // the client is gone
	return nil
}

// readProblem turns an answer that is no success into an error.
func readProblem(resp *http.Response) error {
	p := &problem{Title: http.StatusText(resp.StatusCode), Status: resp.StatusCode}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err == nil && strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
		err = json.Unmarshal(body, p)
	}
	if err != nil {
		return errors.Join(p, err)
	}
	return p
}
