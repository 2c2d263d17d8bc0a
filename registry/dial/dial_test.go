package dial

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	strict, demo := New(Config{}), New(Config{AllowLoopback: true})
	for _, c := range []struct {
		addr               string
		local, other, demo bool
	}{
		{"8.8.8.8", true, true, true},
		{"2001:4860::1", true, true, true},
		{"10.1.2.3", true, false, true},
		{"172.31.0.1", true, false, true},
		{"192.168.1.1", true, false, true},
		{"100.64.0.1", true, false, true},
		{"fd12::1", true, false, true},
		{"127.0.0.1", false, false, true},
		{"127.8.0.1", false, false, true},
		{"::1", false, false, true},
		{"::ffff:127.0.0.1", false, false, true},
		{"::ffff:10.0.0.1", true, false, true},
		{"0.0.0.0", false, false, false},
		{"0.1.2.3", false, false, false},
		{"::", false, false, false},
		{"169.254.169.254", false, false, false},
		{"::ffff:169.254.169.254", false, false, false},
		{"64:ff9b::a9fe:a9fe", false, false, false},
		{"64:ff9b::808:808", true, true, true},
		{"2002:a9fe:a9fe::1", false, false, false},
		{"2002:7f00:1::1", false, false, true},
		{"::169.254.169.254", false, false, false},
		{"fe80::1", false, false, false},
		{"fe80::1%eth0", false, false, false},
		{"fd00:ec2::254", false, false, false},
		{"100.100.100.200", false, false, false},
		{"168.63.129.16", false, false, false},
		{"224.0.0.1", false, false, false},
		{"ff02::1", false, false, false},
		{"255.255.255.255", false, false, false},
	} {
		a := netip.MustParseAddr(c.addr)
		for what, got := range map[string]struct {
			err  error
			want bool
		}{
			"local": {strict.For(Local).Check(a), c.local},
			"other": {strict.For("telecom").Check(a), c.other},
			"demo":  {demo.For(Local).Check(a), c.demo},
		} {
			if (got.err == nil) != got.want {
				t.Errorf("%s %s: %v, want allowed %v", what, c.addr, got.err, got.want)
			}
			if got.err != nil && !errors.Is(got.err, ErrDenied) {
				t.Errorf("%s: %v is not ErrDenied", c.addr, got.err)
			}
		}
		if err := strict.For(Local).CheckUDPPeer(net.IP(a.AsSlice())); (err == nil) != c.local {
			t.Errorf("UDP %s: %v", c.addr, err)
		}
	}
	if err := strict.For(Local).CheckUDPPeer(nil); !errors.Is(err, ErrDenied) {
		t.Errorf("UDP nil: %v", err)
	}
}

func TestNetworksOfACarrier(t *testing.T) {
	t.Parallel()
	d := New(Config{Networks: func(carrier string) []netip.Prefix {
		if carrier == "telecom" {
			return []netip.Prefix{netip.MustParsePrefix("10.8.0.0/16"), netip.MustParsePrefix("169.254.0.0/16")}
		}
		return nil
	}})
	for addr, want := range map[string]bool{"10.8.1.1": true, "10.9.1.1": false, "8.8.8.8": false, "169.254.169.254": false} {
		if err := d.For("telecom").Check(netip.MustParseAddr(addr)); (err == nil) != want {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if err := d.For("unicom").Check(netip.MustParseAddr("8.8.8.8")); err != nil {
		t.Error(err)
	}
}

// A resolver that answers otherwise the second time: what was checked is what
// is dialled, so the second answer is never asked for.
func TestANameIsResolvedOnce(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	d := New(Config{AllowLoopback: true, LookupNetIP: func(context.Context, string, string) ([]netip.Addr, error) {
		asked++
		if asked > 1 {
			return []netip.Addr{netip.MustParseAddr("169.254.169.254")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("::ffff:127.0.0.1")}, nil
	}})
	conn, err := d.For(Local).DialContext(t.Context(), "tcp", "cam.example:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if asked != 1 || conn.RemoteAddr().String() != "127.0.0.1:"+port {
		t.Errorf("asked %d times, dialled %v", asked, conn.RemoteAddr())
	}
	if _, ok := conn.(*net.TCPConn); !ok {
		t.Errorf("got %T, want a plain TCP connection", conn)
	}
	if _, err := d.For(Local).DialContext(t.Context(), "tcp", "cam.example:"+port); !errors.Is(err, ErrDenied) {
		t.Errorf("got %v, want ErrDenied", err)
	}
}

func TestTheNextAddressIsTried(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// Nobody listens on this port of 127.0.0.2 as l is bound to 127.0.0.1.
	d := New(Config{AllowLoopback: true, LookupNetIP: func(context.Context, string, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")}, nil
	}})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	conn, err := d.For(Local).DialContext(ctx, "tcp", "cam:"+port)
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
}

func TestDialReportsWhatFailed(t *testing.T) {
	t.Parallel()
	nobody := func(context.Context, string, string) ([]netip.Addr, error) { return nil, nil }
	broken := func(context.Context, string, string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "cam", IsNotFound: true}
	}
	for what, lookup := range map[string]func(context.Context, string, string) ([]netip.Addr, error){"nobody": nobody, "broken": broken} {
		_, err := New(Config{LookupNetIP: lookup}).For(Local).DialContext(t.Context(), "tcp", "cam:554")
		if dns := (*net.DNSError)(nil); !errors.As(err, &dns) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := New(Config{}).For(Local).DialContext(t.Context(), "tcp", "10.0.0.1"); err == nil {
		t.Error("an address without a port was dialled")
	}
	if _, err := New(Config{}).For(Local).DialContext(t.Context(), "tcp", "169.254.169.254:80"); !errors.Is(err, ErrDenied) {
		t.Errorf("got %v", err)
	}
}
