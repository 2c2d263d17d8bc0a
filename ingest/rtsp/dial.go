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
