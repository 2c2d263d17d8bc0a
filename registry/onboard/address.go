package onboard

import (
	"context"
	"net/netip"

	"qianshao/registry"
	"qianshao/registry/dial"
)

// MaxAddresses is how many addresses may be told at once.
const MaxAddresses = 10_000

// Address is where a carrier says that one of its cameras is reached now.
type Address struct {
	DeviceID string `json:"carrier_device_id" doc:"the carrier's own id of the device"`
	Host     string `json:"host" doc:"its IPv4 or IPv6 address, in the carrier's networks" example:"10.8.3.21"`
	Port     int    `json:"port,omitempty" doc:"0 or absent: each stream keeps its own" example:"554"`
}

// AddressAnswer is what became of one Address.
type AddressAnswer struct {
	Index    int             `json:"index" doc:"in items, from 0" example:"0"`
	DeviceID string          `json:"carrier_device_id"`
	Status   registry.Status `json:"status" enum:"changed,unchanged,error"`
	Code     string          `json:"code,omitempty" doc:"of an error, for programs" example:"address_not_allowed"`
	Message  *Text           `json:"message,omitempty" doc:"what it is and what to do, for people"`
}

// Readdressing is a list of addresses on its way into the registry.
type Readdressing struct {
	Answers []AddressAnswer // those of Enter have no status before

	carrier string
	good    []registry.Address
	at      []int // of each good one, its place among the answers
}

// Readdress looks at what a carrier says. dialer says where its cameras may stand; nil:
// anywhere. A name is no address: it would not change.
func Readdress(dialer *dial.Dialer, carrier string, list []Address) *Readdressing {
	p := &Readdressing{carrier: carrier}
	for i := range list {
		a := &list[i]
		p.Answers = append(p.Answers, AddressAnswer{Index: i, DeviceID: a.DeviceID})
		good, bad := a.check(dialer, carrier)
		if bad != nil {
			p.Answers[i].refuse(bad)
			continue
		}
		p.good, p.at = append(p.good, good), append(p.at, i)
	}
	return p
}

func (a *Address) check(dialer *dial.Dialer, carrier string) (good registry.Address, bad *Problem) {
	if registry.CheckRef(carrier, a.DeviceID) != nil {
		return good, problem(deviceColumn, registry.CodeBadDevice)
	}
	addr, err := netip.ParseAddr(a.Host)
	if err != nil || addr.Zone() != "" {
		return good, problem("host", codeBadAddress, short(a.Host))
	}
	if addr = addr.Unmap(); a.Port < 0 || a.Port > 65535 {
		return good, &Problem{Code: registry.CodeOutOfRange, Message: say(registry.CodeOutOfRange + "/port")}
	}
	return registry.Address{DeviceID: a.DeviceID, Host: addr, Port: a.Port}, within(dialer, "host", carrier, addr)
}

func (a *AddressAnswer) refuse(p *Problem) {
	a.Status, a.Code, a.Message = registry.Rejected, p.Code, &p.Message
}

// Devices are those that Enter is about.
func (p *Readdressing) Devices() []string {
	out := make([]string, len(p.good))
	for i := range p.good {
		out[i] = p.good[i].DeviceID
	}
	return out
}

// Enter changes the addresses that are right, and answers for them.
func (p *Readdressing) Enter(ctx context.Context, reg *registry.Registry) error {
	done, err := reg.Readdress(ctx, p.carrier, p.good)
	for i, o := range done {
		a := &p.Answers[p.at[i]]
		if a.Status = o.Status; o.Status == registry.Rejected {
			a.refuse(ofField(&registry.FieldError{Field: o.Field, Code: o.Code, Message: o.Message}))
		}
	}
	return err
}
