package rtsp

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// agent is our User-Agent.
const agent = "qianshao"

// address reads a camera's URL. rtsp+http and rtsps+http are RTSP and RTSPS
// over HTTP, whose ports are those of the web; u is rtsp or rtsps in any case.
func address(raw string, overHTTP bool) (u *url.URL, tunnelled bool, err error) {
	u, err = url.Parse(raw)
	if err != nil || u.Host == "" {
		return nil, false, ErrURL // the text may hold a password: it is not repeated
	}
	u.Scheme, tunnelled = strings.CutSuffix(u.Scheme, "+http")
	if u.Scheme != "rtsp" && u.Scheme != "rtsps" {
		return nil, false, ErrURL
	}
	if (tunnelled || overHTTP) && u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), map[string]string{"rtsp": "80", "rtsps": "443"}[u.Scheme])
	}
	u.Host, u.User = hostPort(u), nil
	if !dialable(u.Host) {
		return nil, false, ErrURL
	}
	return u, tunnelled, nil
}

// dialable reports whether an address has a host and a port.
func dialable(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	return err == nil && host != "" && port != "" && (!strings.Contains(host, ":") || net.ParseIP(host) != nil)
}

// hostPort is the URL's host with its port, the scheme's default filled in
// (554, 322 for rtsps).
func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	port := "554"
	if u.Scheme == "rtsps" {
		port = "322"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// secure puts TLS over a connection. Without a pin the certificate must be good
// by the system's roots; with a pin it must be that very certificate, whatever
// its name and dates, because cameras sign their own.
func secure(ctx context.Context, raw net.Conn, host, pin string) (net.Conn, error) {
	cfg := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if pin != "" {
		want := strings.ToLower(strings.ReplaceAll(pin, ":", ""))
		cfg.InsecureSkipVerify = true //nolint:gosec // VerifyConnection below checks the pin instead
		cfg.VerifyConnection = func(s tls.ConnectionState) error {
			return checkPin(s.PeerCertificates, want)
		}
	}
	c := tls.Client(&buffered{Conn: raw, r: bufio.NewReaderSize(raw, readSize)}, cfg)
	if err := c.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS with the camera: %w", err)
	}
	return c, nil
}

func checkPin(certs []*x509.Certificate, want string) error {
	if len(certs) == 0 {
		return ErrPin
	}
	got := sha256.Sum256(certs[0].Raw)
	if hex.EncodeToString(got[:]) != want {
		return fmt.Errorf("SHA-256 of the certificate is %x: %w", got, ErrPin)
	}
	return nil
}

// buffered reads large below TLS, whose own reads are a record each.
type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.r.Read(p) }
