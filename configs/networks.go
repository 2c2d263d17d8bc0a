package configs

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
)

var carrierForm = regexp.MustCompile(`^[a-z0-9._-]{1,32}$`)

// CarrierNetworks reads Networks: where each carrier's cameras may stand. A
// carrier without an entry is not in it.
func (i Ingest) CarrierNetworks() (map[string][]netip.Prefix, error) {
	out := map[string][]netip.Prefix{}
	for _, text := range i.Networks {
		carrier, cidr, ok := strings.Cut(strings.TrimSpace(text), " ")
		p, err := netip.ParsePrefix(strings.TrimSpace(cidr))
		switch {
		case !ok || err != nil || !carrierForm.MatchString(carrier):
			return nil, fmt.Errorf("%q: use CARRIER NETWORK, for example: unicom 10.8.0.0/16", text)
		case p != p.Masked():
			return nil, fmt.Errorf("%q: the network is %s", text, p.Masked())
		}
		out[carrier] = append(out[carrier], p)
	}
	return out, nil
}
