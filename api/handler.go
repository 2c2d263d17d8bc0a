package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"qianshao/api/tiles"
	"qianshao/api/web"
	"qianshao/registry"
	"qianshao/registry/access"
	"qianshao/registry/account"
	"qianshao/registry/cases"
	"qianshao/registry/dial"
	"qianshao/registry/jobs"
	"qianshao/registry/oidc"
	"qianshao/registry/register"
	"qianshao/registry/viewing"
	"qianshao/storage"
	"qianshao/storage/live"
	"qianshao/storage/picture"
	"qianshao/storage/timeline"
)

// Config says what a Handler answers from.
type Config struct {
	Registry *registry.Registry // required
	Archive  *storage.Archive   // required
	Live     *live.Hub          // required
	Pictures *picture.Maker     // default: picture.New with its defaults
	Gate     *access.Authorizer // default: access.New
	Accounts *account.Book      // nil: without accounts (--no-auth) anyone may do everything
	Cases    *cases.Book        // required with Accounts
	// Dialer says where carriers' cameras may stand; nil: anywhere.
	Dialer *dial.Dialer
	// SubsidyDay is how much of a day a camera records to have been online that day;
	// default 12 h.
	SubsidyDay time.Duration
	// Jobs run imports, which somebody else lets them do; nil: there are none.
	Jobs *jobs.Book
	// Maps are what stands behind the cameras on a map; nil: nothing.
	Maps *tiles.Sources
	// Directory is where people may sign in too; nil: local accounts alone.
	Directory *oidc.Directory
	Viewings  *viewing.Book       // required: what is shown is registered first
	Register  *register.Register  // required
	Metrics   prometheus.Gatherer // default: nothing to see under /metrics
	// Checks are what /readyz asks, beside the registry and the index, which it
	// always asks.
	Checks  []Check
	Version string
	// Proxies are the reverse proxies that speak TLS for this server; if there are any,
	// nobody else is answered.
	Proxies []netip.Prefix
	// LoopbackOnly: the server answers this machine alone. Requests for another host's name are refused:
	// a foreign page cannot reach us by naming its own host 127.0.0.1.
	LoopbackOnly bool
	Hosts        []string // further host names to answer to when LoopbackOnly
	// Slowest is how long a client may take over 512 KiB of an answer before it is
	// cut off; default 20 s.
	Slowest time.Duration
	// AskAgain is how often it is asked whether who receives a long answer still
	// may; default 20 s.
	AskAgain time.Duration
	// Even is what the time of answers is rounded up to that say that there is
	// nothing, for who asks; default 25 ms.
	Even time.Duration
	// PerAccount and PerAddress are held where there are accounts; zero: 100 requests
	// a second and 64 answers at once, 500 and 512.
	PerAccount, PerAddress Limit
	Log                    *slog.Logger     // default: discards
	Now                    func() time.Time // default: time.Now
}

// Check is one condition of readiness.
type Check struct {
	Name string // "spool", "store"; stable
	Next string // what to do when it fails
	Run  func(context.Context) error
}

// Handler answers all requests. It is safe for many goroutines.
type Handler struct {
	cfg  Config
	mux  *http.ServeMux
	doc  []byte // the OpenAPI document
	spec []route
	page *web.App
	// unused are examples that the document has no use for: a test looks.
	unused []string

	foreign   http.CrossOriginProtection
	accounts  *limits
	addresses *limits
	verifying chan struct{} // held while the register is verified
	uploads   chan struct{} // held by each list that is uploaded
}

// New makes the Handler. It starts nothing.
func New(cfg Config) (*Handler, error) {
	if cfg.Registry == nil || cfg.Archive == nil || cfg.Live == nil || cfg.Viewings == nil || cfg.Register == nil {
		return nil, errors.New("api: Config needs Registry, Archive, Live, Viewings and Register")
	}
	if (cfg.Accounts == nil) != (cfg.Cases == nil) {
		return nil, errors.New("api: Accounts and Cases go together")
	}
	if cfg.Pictures == nil {
		cfg.Pictures = picture.New(picture.Config{})
	}
	if cfg.Gate == nil {
		cfg.Gate = access.New()
	}
	if cfg.Metrics == nil {
		cfg.Metrics = prometheus.NewRegistry()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Slowest <= 0 {
		cfg.Slowest = slowest
	}
	if cfg.PerAccount == (Limit{}) {
		cfg.PerAccount = perAccount
	}
	if cfg.PerAddress == (Limit{}) {
		cfg.PerAddress = perAddress
	}
	if cfg.Even <= 0 {
		cfg.Even = 25 * time.Millisecond
	}
	if cfg.SubsidyDay <= 0 {
		cfg.SubsidyDay = 12 * time.Hour
	}
	if cfg.AskAgain <= 0 {
		cfg.AskAgain = askAgain
	}
	h := &Handler{
		cfg: cfg, mux: http.NewServeMux(), verifying: make(chan struct{}, 1), uploads: make(chan struct{}, uploadsAtOnce),
		accounts: newLimits(cfg.PerAccount, time.Now), addresses: newLimits(cfg.PerAddress, time.Now),
	}
	page, err := web.New()
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	h.page, h.spec = page, h.routes(page)
	if err := h.mount(); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(plain http.ResponseWriter, r *http.Request) {
	w := h.paced(plain)
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if len(h.cfg.Proxies) > 0 && !overUnix(r) {
		var err error
		if r, err = h.forwarded(r); err != nil {
			h.fail(w, r, err)
			return
		}
	}
	if secure(r) { // RFC 6797; browsers pass over it where they do not trust the certificate
		header.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if h.cfg.LoopbackOnly && !overUnix(r) && !h.ownHost(r.Host) {
		h.fail(w, r, &Problem{
			Status: http.StatusMisdirectedRequest, Code: "foreign_host",
			Detail: fmt.Sprintf("this server answers this machine only, not for the host %q", r.Host),
			Next:   "open it as http://127.0.0.1 or http://localhost, with the port it listens on",
		})
		return
	}
	if h.cfg.Accounts != nil && !overUnix(r) {
		leave, err := h.addresses.enter(clientOf(r))
		if err != nil {
			h.fail(w, r, err)
			return
		}
		defer leave()
	}
	if err := h.fromElsewhere(r); err != nil { // another site's page sent it
		h.fail(w, r, &Problem{
			Status: http.StatusForbidden, Code: "foreign_origin", Detail: err.Error(), Next: "open the server's own page and do it there",
		})
		return
	}
	h.mux.ServeHTTP(w, r)
}

// overUnix reports whether a request came through the control socket.
func overUnix(r *http.Request) bool {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && a.Network() == "unix"
}

// ownHost reports whether a Host header names this machine.
func (h *Handler) ownHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(h.cfg.Hosts, host) {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// now is the moment of the request.
func (h *Handler) now() timeline.Micros { return timeline.FromTime(h.cfg.Now()) }
