// Package dial is the one way out to addresses that people type in: cameras
// now, webhooks later. It resolves a name, refuses the addresses that must not
// be reached, and dials the very address it has checked, so that a name cannot
// change its mind in between (DNS rebinding).
//
// Never reached: unspecified, link-local and metadata addresses, multicast,
// broadcast and reserved ones, also when wrapped in NAT64, 6to4 or IPv4-mapped
// form. Loopback only with AllowLoopback. Private networks for carrier "local",
// and for others where Networks says so.
package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// ErrDenied is wrapped when an address or a scheme is refused by policy. Trying
// again does not help until the camera or the policy is changed.
var ErrDenied = errors.New("dialling this address is not allowed")

// Local is the carrier whose cameras stand in the site's own networks.
const Local = "local"

// Config of a Dialer. The zero value is the strictest.
type Config struct {
	// AllowLoopback permits 127.0.0.0/8 and ::1: the demo, and servers without
	// accounts, which listen on loopback alone.
	AllowLoopback bool
	// Networks returns the networks a carrier's cameras may stand in; nil means
	// the default rule (private ones for Local, public ones for all). It never
	// permits what the package refuses always.
	Networks func(carrier string) []netip.Prefix
	// Conceal reports whether why a carrier's camera is not reached is kept from the
	// carrier: from refused, closed and denied it could learn what stands in networks
	// that are not its own. nil: never.
	Conceal func(carrier string) bool
	// LookupNetIP resolves names; default: net.DefaultResolver.
	LookupNetIP func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Dialer makes Guards. It may be used from many goroutines.
type Dialer struct {
	cfg Config
	net net.Dialer
}

// New makes a Dialer.
func New(cfg Config) *Dialer {
	if cfg.LookupNetIP == nil {
		cfg.LookupNetIP = net.DefaultResolver.LookupNetIP
	}
	return &Dialer{cfg: cfg}
}

// For returns the guard of a carrier's cameras.
func (d *Dialer) For(carrier string) Guard { return Guard{d: d, carrier: carrier} }

// Guard dials within one carrier's policy. It is a small value; DialContext has
// the form that RTSP and HTTP clients ask for.
type Guard struct {
	d       *Dialer
	carrier string
}

// Conceals reports whether why a camera is not reached is kept from its carrier.
func (g Guard) Conceals() bool { return g.d.cfg.Conceal != nil && g.d.cfg.Conceal(g.carrier) }

// DialContext dials address (host:port; a name or an IP address) over network
// (tcp, tcp4, tcp6, udp, udp4, udp6). Of a name's addresses it tries those that
// are allowed, in the resolver's order, sharing ctx's deadline among them. If
// none is allowed the error wraps ErrDenied.
func (g Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	addrs, err := g.Resolve(ctx, network, host)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	var last error
	for i, addr := range addrs {
		conn, err := g.dialOne(ctx, network, net.JoinHostPort(addr.String(), port), len(addrs)-i)
		if err == nil {
			return conn, nil
		}
		last = err // net.OpError: it names the address itself
		if ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

// dialOne leaves time for the addresses that follow; left counts this one too.
func (g Guard) dialOne(ctx context.Context, network, literal string, left int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	return g.d.net.DialContext(ctx, network, literal)
}

// Resolve returns the allowed addresses of host, a name or an IP address. The
// error wraps ErrDenied if it has addresses and none is allowed.
func (g Guard) Resolve(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		if err := g.Check(addr); err != nil {
			return nil, err
		}
		return []netip.Addr{addr.Unmap()}, nil
	}
	family := "ip"
	switch {
	case strings.HasSuffix(network, "4"):
		family = "ip4"
	case strings.HasSuffix(network, "6"):
		family = "ip6"
	}
	addrs, err := g.d.cfg.LookupNetIP(ctx, family, host)
	if err != nil {
		return nil, err
	}
	var allowed []netip.Addr
	var denied error
	for _, a := range addrs {
		if err := g.Check(a); err != nil {
			denied = err
			continue
		}
		if a = a.Unmap(); !slices.Contains(allowed, a) {
			allowed = append(allowed, a)
		}
	}
	if len(allowed) == 0 {
		if denied == nil {
			return nil, &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
		}
		return nil, denied
	}
	return allowed, nil
}

// Check reports whether the policy allows addr; the error wraps ErrDenied.
func (g Guard) Check(addr netip.Addr) error {
	deny := func(why string) error { return fmt.Errorf("%s: %w: %s", addr, ErrDenied, why) }
	for _, a := range unwrap(addr) {
		if why := never(a); why != "" {
			return deny(why)
		}
		if a.IsLoopback() {
			if !g.d.cfg.AllowLoopback {
				return deny("this machine's own address; allowed in the demo and without accounts")
			}
			continue
		}
		if g.d.cfg.Networks != nil {
			if nets := g.d.cfg.Networks(g.carrier); nets != nil {
				if !slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(a) }) {
					return deny("outside the networks set for carrier " + g.carrier)
				}
				continue
			}
		}
		if g.carrier != Local && within(private, a) {
			return deny("a private network; set the networks of carrier " + g.carrier + " to allow it")
		}
	}
	return nil
}

// CheckUDPPeer reports whether media may come from, and reports go to, ip: an
// RTSP server names it in its Transport header.
func (g Guard) CheckUDPPeer(ip net.IP) error {
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return fmt.Errorf("UDP peer %v: %w: not an IP address", ip, ErrDenied)
	}
	return g.Check(addr)
}
