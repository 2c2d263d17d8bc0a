package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// checkTime bounds all checks of one /readyz together.
const checkTime = 5 * time.Second

// CheckResult is what became of one Check.
type CheckResult struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
	Next  string `json:"next,omitempty" doc:"what to do about it"`
}

// metrics answers /metrics.
func (h *Handler) metrics(w http.ResponseWriter, r *http.Request) error {
	promhttp.HandlerFor(h.cfg.Metrics, promhttp.HandlerOpts{}).ServeHTTP(w, r)
	return nil
}

// healthz answers /healthz: the process runs and answers.
func (h *Handler) healthz(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, map[string]string{"status": "ok", "version": h.cfg.Version})
}

// readyz answers /readyz: all that is needed to record and to answer is there.
func (h *Handler) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), checkTime)
	defer cancel()
	checks := append([]Check{
		{
			Name: "registry", Next: "run qianshao doctor; see the server's log",
			Run: func(ctx context.Context) error { _, err := h.cfg.Registry.Count(ctx); return err },
		},
		{
			Name: "index", Next: "run qianshao check; qianshao reindex builds it anew from the store",
			Run: func(ctx context.Context) error { _, err := h.cfg.Archive.Index.StoreID(ctx); return err },
		},
		{
			Name: "spool", Next: "free disk space, or bring the store back so that the spool drains",
			Run: func(context.Context) error { return h.cfg.Archive.Spool.Room() },
		},
		{
			Name: "register", Next: "free disk space, or look at the server's log; no footage is shown until the access register can be written",
			Run: func(context.Context) error { return h.cfg.Register.Failing() },
		},
	}, h.cfg.Checks...)
	results, ready := make([]CheckResult, len(checks)), true
	for i, c := range checks {
		results[i] = CheckResult{Name: c.Name, OK: true}
		if err := c.Run(ctx); err != nil {
			results[i] = CheckResult{Name: c.Name, Error: err.Error(), Next: c.Next}
			ready = false
		}
	}
	if !ready {
		return &Problem{
			Status: http.StatusServiceUnavailable, Code: "not_ready", Detail: "a part of the server does not work",
			Next: "do what the failed checks say", Checks: results, retry: "5",
		}
	}
	return writeJSON(w, map[string]any{"status": "ready", "checks": results})
}

// openapi answers /openapi.json.
func (h *Handler) openapi(w http.ResponseWriter, r *http.Request) error {
	if tagged(w, r, `"`+shortHash(string(h.doc))+`"`) {
		return nil
	}
	w.Header().Set("Content-Type", "application/openapi+json")
	_, _ = w.Write(h.doc) // the client may have left
	return nil
}

func writeJSON(w http.ResponseWriter, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(b, '\n')) // the client may have left
	return nil
}

func shortHash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}
