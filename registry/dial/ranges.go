package dial

import "net/netip"

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, s := range texts {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

var (
	// private networks: RFC 1918, RFC 6598 (carriers' own), RFC 4193.
	private = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")

	// metadata services of clouds that stand outside link-local ranges: Alibaba,
	// Azure, AWS, Google. Reaching one gives away the machine's credentials.
	metadata = prefixes("100.100.100.200/32", "168.63.129.16/32", "fd00:ec2::/32", "fd20:ce::254/128")

	// reserved: RFC 6890 and the IANA special-purpose registries. 0.0.0.0/8
	// reaches this machine on Linux.
	reserved = prefixes("0.0.0.0/8", "192.0.0.0/24", "240.0.0.0/4", "100::/64", "fec0::/10", "5f00::/16")

	nat64  = prefixes("64:ff9b::/96", "64:ff9b:1::/48")
	sixTo4 = netip.MustParsePrefix("2002::/16")
)

func within(set []netip.Prefix, a netip.Addr) bool {
	for _, p := range set {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// never says why a may not be reached under any policy, or "".
func never(a netip.Addr) string {
	switch {
	case !a.IsValid() || a.IsUnspecified():
		return "no address"
	case a.IsLinkLocalUnicast():
		return "a link-local address"
	case a.IsMulticast():
		return "a multicast address"
	case within(metadata, a):
		return "a cloud's metadata service"
	case within(reserved, a):
		return "a reserved address"
	}
	return ""
}

// unwrap returns the address and the IPv4 address that a gateway would make of
// it: RFC 6052 2.2 (the last four bytes of a /96), RFC 3056 2 (bytes 2 to 5).
func unwrap(a netip.Addr) []netip.Addr {
	a = a.Unmap().WithZone("")
	out := []netip.Addr{a}
	if !a.Is6() {
		return out
	}
	b := a.As16()
	switch {
	case within(nat64, a):
		out = append(out, netip.AddrFrom4([4]byte(b[12:16])))
	case sixTo4.Contains(a):
		out = append(out, netip.AddrFrom4([4]byte(b[2:6])))
	case [12]byte(b[:12]) == [12]byte{} && !a.IsLoopback() && !a.IsUnspecified():
		out = append(out, netip.AddrFrom4([4]byte(b[12:16]))) // IPv4-compatible, RFC 4291 2.5.5.1
	}
	return out
}
