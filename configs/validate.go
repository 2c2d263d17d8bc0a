package configs

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check collects what is wrong.
type check struct{ faults []error }

func (k *check) bad(key string, value any, allowed string) {
	k.faults = append(k.faults, fmt.Errorf("%s: %q: %s", key, fmt.Sprint(value), allowed))
}

func (k *check) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		k.bad(key, value, "use "+strings.Join(allowed, ", "))
	}
}

func (k *check) duration(key string, v, low, high time.Duration) {
	if v < low || v > high {
		k.bad(key, v, fmt.Sprintf("use %v to %v", low, high))
	}
}

func (k *check) int(key string, v, low, high int) {
	if v < low || v > high {
		k.bad(key, v, fmt.Sprintf("use %d to %d", low, high))
	}
}

var bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// Validate checks every value. The error names all keys that are wrong, each
// with its value and what is allowed.
func (c *Config) Validate() error {
	k := &check{}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		k.bad("tls.cert", c.TLS.Cert, "give both tls.cert and tls.key, or neither")
	}
	if _, err := c.Proxies(); err != nil {
		k.bad("behind_proxy", "", err.Error())
	}
	if why := listenFault(c.Listen, c.TLS.Cert != "" || len(c.BehindProxy) > 0); why != "" {
		k.bad("listen", c.Listen, why)
	}
	if c.Data == "" {
		k.bad("data", c.Data, "give a folder")
	}
	if len(c.Roles) == 0 {
		k.bad("roles", "", "use one or more of ingest, api, upkeep")
	}
	for _, r := range c.Roles {
		k.oneOf("roles", r, "ingest", "api", "upkeep")
	}
	k.oneOf("storage.kind", c.Storage.Kind, "file", "s3")
	k.oneOf("storage.encrypt", c.Storage.Encrypt, "auto", "on", "off")
	if c.Storage.Kind == "s3" {
		k.s3(&c.Storage.S3)
	}
	k.oneOf("spool.sync", c.Spool.Sync, "fragment", "group", "off")
	if s := &c.Spool; s.StopFree > s.RefuseFree || s.RefuseFree > s.AlarmFree {
		k.bad("spool", fmt.Sprintf("stop_free %v, refuse_free %v, alarm_free %v", s.StopFree, s.RefuseFree, s.AlarmFree),
			"each must be at least the one before")
	}
	k.duration("segment.length", c.Segment.Length, 10*time.Second, 300*time.Second)
	k.int("retention.days", c.Retention.Days, 1, 3650)
	k.oidc(&c.OIDC)
	if c.Register.Days != 0 {
		k.int("register.days", c.Register.Days, max(30, c.Retention.Days), 36_500)
	}
	k.int("subsidy.day_hours", c.Subsidy.DayHours, 1, 24)
	k.int("cases.approve_cameras", c.Cases.ApproveCameras, 0, 1_000_000)
	k.duration("cases.approve_span", c.Cases.ApproveSpan, 0, 10*365*24*time.Hour)
	k.duration("ingest.connect", c.Ingest.Connect, time.Second, 5*time.Minute)
	k.duration("ingest.first_frame", c.Ingest.FirstFrame, time.Second, 5*time.Minute)
	k.duration("ingest.stall", c.Ingest.Stall, 2*time.Second, 5*time.Minute)
	k.int("ingest.max_mbit", c.Ingest.MaxMbit, 1, 10_000)
	k.duration("ingest.retry_min", c.Ingest.RetryMin, 100*time.Millisecond, time.Hour)
	k.duration("ingest.retry_max", c.Ingest.RetryMax, max(c.Ingest.RetryMin, time.Second), time.Hour)
	if _, err := c.Ingest.CarrierNetworks(); err != nil {
		k.bad("ingest.networks", "", err.Error())
	}
	k.push(&c.Push)
	k.duration("clips.lead_in", c.Clips.LeadIn, 0, time.Minute)
	if c.Pictures.FFmpeg == "" {
		k.bad("pictures.ffmpeg", "", "give a path, or a name to look up in PATH")
	}
	k.int("pictures.parallel", c.Pictures.Parallel, 1, 64)
	k.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	k.oneOf("log.format", c.Log.Format, "text", "json")
	return errors.Join(k.faults...)
}

func (k *check) oidc(o *OIDC) {
	if o.Issuer == "" {
		return
	}
	// In clear only on this machine: for trying it out.
	inClear := func(u *url.URL) bool {
		ip, err := netip.ParseAddr(u.Hostname())
		return u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
	}
	for _, x := range []struct{ key, value string }{{"oidc.issuer", o.Issuer}, {"oidc.base_url", o.BaseURL}} {
		if u, err := url.Parse(x.value); err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && !inClear(u) {
			k.bad(x.key, x.value, "use https://host, with a path if it has one")
		}
	}
	if o.ClientID == "" || o.GroupsClaim == "" || o.LoginClaim == "" {
		k.bad("oidc", "", "give client_id, groups_claim and login_claim")
	}
	if len(o.Groups) == 0 {
		k.bad("oidc.groups", "", "give at least one rule, for example [xingyi-cid investigator XY]: without any nobody has a role")
	}
}

func (k *check) s3(s *S3) {
	u, err := url.Parse(s.Endpoint)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		shown := s.Endpoint
		if strings.Contains(shown, "@") {
			shown = "***"
		}
		k.bad("storage.s3.endpoint", shown, "use https://host or https://host:port; bucket and keys have settings of their own")
	case u.User != nil:
		k.bad("storage.s3.endpoint", "***", "keys stand in access_key and secret_key, not in the URL")
	}
	if !bucketForm.MatchString(s.Bucket) {
		k.bad("storage.s3.bucket", s.Bucket, "give the name of an existing bucket, 3 to 63 of a-z 0-9 . -")
	}
	if strings.HasPrefix(s.Prefix, "/") || strings.HasSuffix(s.Prefix, "/") || strings.Contains(s.Prefix, "//") {
		k.bad("storage.s3.prefix", s.Prefix, "use a folder name without slashes at its ends, or leave it empty")
	}
	if s.AccessKey == "" {
		k.bad("storage.s3.access_key", "", "give the access key; the environment variable "+EnvName("storage.s3.access_key")+" will do")
	}
	if s.SecretKey == "" && s.SecretKeyFile == "" {
		k.bad("storage.s3.secret_key", "", "give secret_key_file, or the environment variable "+EnvName("storage.s3.secret_key"))
	}
}

func (k *check) push(p *Push) {
	const form = "use an address such as :8554 or 203.0.113.5:8554, or leave it empty for none"
	if p.Listen != "" {
		host, port, err := net.SplitHostPort(p.Listen)
		n, perr := strconv.Atoi(port)
		if _, ierr := netip.ParseAddr(host); err != nil || perr != nil || n < 0 || n > 65535 || host != "" && host != "localhost" && ierr != nil {
			k.bad("push.listen", p.Listen, form)
		}
	}
	if strings.ContainsAny(p.Address, "/@ ") {
		k.bad("push.address", p.Address, "use a host such as cameras.example.org, or host:port")
	}
	if (p.TLSCert == "") != (p.TLSKey == "") {
		k.bad("push.tls_cert", p.TLSCert, "give both push.tls_cert and push.tls_key, or neither")
	}
}

// Proxies reads BehindProxy.
func (c *Config) Proxies() (out []netip.Prefix, err error) {
	for _, text := range c.BehindProxy {
		p, err := netip.ParsePrefix(text)
		if a, aerr := netip.ParseAddr(text); aerr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p.Bits() == 0 {
			return nil, fmt.Errorf("%q: use the address or the network of the proxy, for example 10.0.0.5", text)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// OnLoopback reports whether the HTTP address is reached from this machine alone.
func (c *Config) OnLoopback() bool {
	return listenFault(c.Listen, false) == "" && len(c.BehindProxy) == 0
}

// listenFault says why addr cannot be listened on, or "". In clear it must be on
// loopback: passwords and footage are sent.
func listenFault(addr string, encrypted bool) string {
	const form = "use an address such as 127.0.0.1:8080 or [::1]:8080"
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return form
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return form
	}
	if host == "localhost" {
		return ""
	}
	ip, err := netip.ParseAddr(host)
	if host != "" && err != nil {
		return form
	}
	if !encrypted && (host == "" || !ip.IsLoopback()) {
		return "without a certificate (tls.cert, tls.key) or a proxy that has one (behind_proxy) the server listens on loopback alone: " + form + ", and from another machine: ssh -L 8080:127.0.0.1:8080 USER@THIS-MACHINE, then open http://127.0.0.1:8080 there"
	}
	return ""
}
