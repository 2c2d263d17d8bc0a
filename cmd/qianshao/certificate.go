package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// withCertificate is TLS 1.2 or newer with a certificate that may be renewed under
// way. The files must be readable now.
func withCertificate(cert, key string) (*tls.Config, error) {
	c := &certificate{cert: cert, key: key}
	if info, err := os.Stat(key); err == nil && info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("%s can be read by everybody on this machine: chmod 600 %s", key, key)
	}
	if _, err := c.get(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, nil
}

// certificate reads a certificate's files again when they have changed.
type certificate struct {
	cert, key string

	mu   sync.Mutex
	at   [2]time.Time     // of the files that were read; guarded by mu
	pair *tls.Certificate // guarded by mu
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var at [2]time.Time
	for i, name := range []string{c.cert, c.key} {
		if info, err := os.Stat(name); err == nil {
			at[i] = info.ModTime()
		}
	}
	if c.pair != nil && at == c.at {
		return c.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		if c.pair != nil { // half written: the next handshake looks again
			return c.pair, nil
		}
		return nil, err
	}
	c.at, c.pair = at, &pair
	return c.pair, nil
}
