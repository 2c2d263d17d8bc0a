package rtsptest

import (
	"errors"
	"fmt"
	"net"
)

// udpPair is the two sockets of a track: RTP on an even port, RTCP on the next.
type udpPair struct {
	rtp, rtcp *net.UDPConn // connected to the client
	port      int
}

// newUDPPair binds a pair on the address the client reached us at.
func newUDPPair(local, remote *net.TCPAddr, rtpPort, rtcpPort int) (*udpPair, error) {
	dial := func(from, to int) (*net.UDPConn, error) {
		return net.DialUDP("udp", &net.UDPAddr{IP: local.IP, Zone: local.Zone, Port: from},
			&net.UDPAddr{IP: remote.IP, Zone: remote.Zone, Port: to})
	}
	var err error
	for range 50 {
		// A free port to begin with; its neighbour may be taken.
		probe, perr := net.ListenUDP("udp", &net.UDPAddr{IP: local.IP, Zone: local.Zone})
		if perr != nil {
			return nil, perr
		}
		addr, ok := probe.LocalAddr().(*net.UDPAddr)
		if perr := probe.Close(); perr != nil || !ok {
			return nil, errors.Join(perr, fmt.Errorf("UDP socket at %v", probe.LocalAddr()))
		}
		port := addr.Port &^ 1
		p := &udpPair{port: port}
		if p.rtp, err = dial(port, rtpPort); err != nil {
			continue
		}
		if p.rtcp, err = dial(port+1, rtcpPort); err != nil {
			_ = p.rtp.Close()
			continue
		}
		return p, nil
	}
	return nil, fmt.Errorf("no free pair of ports: %w", err)
}

// send writes one packet. UDP promises nothing, and a client that has gone is
// noticed on its TCP connection, so errors say nothing.
func (p *udpPair) send(b []byte, rtcp bool) {
	if rtcp {
		_, _ = p.rtcp.Write(b)
		return
	}
	_, _ = p.rtp.Write(b)
}

func (p *udpPair) close() {
	_ = p.rtp.Close()
	_ = p.rtcp.Close()
}
