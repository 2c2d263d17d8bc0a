package rtsp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// udpMedia receives the tracks of an attempt over UDP, a pair of ports a track
// (RFC 3550 11). The library knows nothing of it: what it is told is TCP.
type udpMedia struct {
	// sink takes packets, one call at a time.
	sink   func(track int, rtcp bool, b []byte, at time.Duration)
	clock  func() time.Duration
	dialed func() net.IP // of the camera's connection
	local  net.IP        // where it listens; nil: everywhere

	flooded atomic.Bool // more comes than is taken

	mu     sync.Mutex // one packet at a time
	flow   bucket     // guarded by mu; its rate may be read by all
	tracks []*udpTrack
	wg     sync.WaitGroup
}

type udpTrack struct {
	socks  [2]*net.UDPConn
	peer   [2]netip.AddrPort // where reports go; the port is 0 when it is not known
	from   [2]netip.Addr     // where media may come from: the address dialled, and the one named
	order  reorder
	opened time.Duration
}

// listen opens the ports of a track, an even one and the next.
func (u *udpMedia) listen(track int) (ports [2]int, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.tracks) <= track {
		u.tracks = append(u.tracks, &udpTrack{})
	}
	t := u.tracks[track]
	local := u.local
	if local.IsLinkLocalUnicast() { // which is none without its zone
		local = nil
	}
	for range 64 {
		if t.socks[0], err = net.ListenUDP("udp", &net.UDPAddr{IP: local}); err != nil {
			return ports, err
		}
		port := localPort(t.socks[0])
		if port%2 == 0 {
			if t.socks[1], err = net.ListenUDP("udp", &net.UDPAddr{IP: local, Port: port + 1}); err == nil {
				_ = t.socks[0].SetReadBuffer(1 << 20) // a key frame at once; what the kernel allows of it
				return [2]int{port, port + 1}, nil
			}
		}
		err = errors.Join(errors.New("no free pair of UDP ports"), t.socks[0].Close())
		t.socks[0] = nil
	}
	return ports, err
}

func localPort(c *net.UDPConn) int {
	if a, ok := c.LocalAddr().(*net.UDPAddr); ok {
		return a.Port
	}
	return 0
}

// connect is told where a track comes from: an address that the camera named,
// nil for the one that was dialled, and the ports, 0 when they are not named.
func (u *udpMedia) connect(track int, source net.IP, ports [2]int) error {
	dialed, ok := netip.AddrFromSlice(u.dialed())
	if !ok {
		return fmt.Errorf("media over UDP from %q: %w", u.dialed(), ErrTransport)
	}
	u.mu.Lock()
	t := u.tracks[track]
	t.from = [2]netip.Addr{dialed.Unmap(), dialed.Unmap()}
	if named, ok := netip.AddrFromSlice(source); ok {
		t.from[1] = named.Unmap()
	}
	t.order.out = func(b []byte, at time.Duration) { u.sink(track, false, b, at) }
	for i, p := range ports {
		t.peer[i] = netip.AddrPortFrom(t.from[1], uint16(p))
	}
	u.mu.Unlock()
	t.open()
	for i := range t.socks {
		u.wg.Go(func() { u.read(t, i == 1) })
	}
	return nil
}

// open lets the camera's packets through what translates addresses on the way:
// something must have gone there first.
func (t *udpTrack) open() {
	// An RTP packet and a receiver report without content.
	for i, b := range [][]byte{{0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0x80, 201, 0, 1, 0, 0, 0, 0}} {
		if t.peer[i].Port() != 0 {
			_, _ = t.socks[i].WriteToUDPAddrPort(b, t.peer[i]) // a courtesy
		}
	}
}

// read takes datagrams until the socket is closed.
func (u *udpMedia) read(t *udpTrack, rtcp bool) {
	sock, size := t.socks[0], 64<<10
	if rtcp {
		sock, size = t.socks[1], datagram
	}
	b := make([]byte, size) // of which only the pages that are used are resident
	for {
		n, from, err := sock.ReadFromUDPAddrPort(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue // an ICMP error of what we sent
		}
		at := u.clock()
		u.mu.Lock()
		if ip := from.Addr().Unmap().WithZone(""); ip == t.from[0] || ip == t.from[1] {
			if !u.flow.take(n, at) {
				u.flooded.Store(true)
			} else if rtcp {
				u.deliver(t, b[:n], at)
			} else {
				t.order.packet(b[:n], at)
			}
		}
		u.mu.Unlock()
	}
}

// alone runs f while nothing is taken off the sockets.
func (u *udpMedia) alone(f func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	f()
}

// deliver hands on RTCP. mu is held.
func (u *udpMedia) deliver(t *udpTrack, b []byte, at time.Duration) {
	for i, other := range u.tracks {
		if other == t {
			u.sink(i, true, b, at)
		}
	}
}

// idle is called about once a second: late packets are given up, and every few
// seconds a receiver report shows the camera that somebody listens.
func (u *udpMedia) idle(at time.Duration, then func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, t := range u.tracks {
		t.order.idle(at)
		if at-t.opened >= 5*time.Second && t.socks[1] != nil {
			t.opened = at
			t.open()
		}
	}
	then()
}

// close ends all reading, and returns when it has ended.
func (u *udpMedia) close() {
	u.mu.Lock()
	for _, t := range u.tracks {
		for _, s := range t.socks {
			if s != nil {
				_ = s.Close() // nothing is left to write
			}
		}
	}
	u.mu.Unlock()
	u.wg.Wait()
	u.alone(func() {
		for _, t := range u.tracks {
			t.order.flush()
		}
	})
}

// serverPorts reads server_port of a Transport header (RFC 2326 12.39); zeros
// where it is missing.
func serverPorts(transport string) (ports [2]int) {
	for p := range strings.SplitSeq(transport, ";") {
		name, value, _ := strings.Cut(p, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "server_port") {
			continue
		}
		return portPair(value)
	}
	return ports
}
