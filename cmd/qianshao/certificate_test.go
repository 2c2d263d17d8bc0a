package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest"
)

// writeCertificate writes the files of a certificate, as of a time, without their
// last bytes.
func writeCertificate(t *testing.T, cfg *tls.Config, c *certificate, at time.Time, cut int) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(cfg.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*pem.Block{
		c.cert: {Type: "CERTIFICATE", Bytes: cfg.Certificates[0].Certificate[0]}, c.key: {Type: "PRIVATE KEY", Bytes: key},
	} {
		text := pem.EncodeToMemory(b)
		if err := errors.Join(os.WriteFile(name, text[:len(text)-cut], 0o600), os.Chtimes(name, at, at)); err != nil {
			t.Fatal(err)
		}
	}
}

// newCertificate makes one, and its files.
func newCertificate(t *testing.T) (*certificate, *tls.Config) {
	t.Helper()
	dir := t.TempDir()
	c := &certificate{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	cfg, _, err := rtsptest.SelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	writeCertificate(t, cfg, c, time.Now(), 0)
	return c, cfg
}

// A certificate that is renewed is used at once; one that is half written is not.
func TestCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &certificate{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
	if _, err := c.get(nil); err == nil {
		t.Error("a certificate out of nothing")
	}
	at := time.Now()
	var used [][]byte
	for _, cut := range []int{0, 100, 0} {
		cfg, _, err := rtsptest.SelfSigned()
		if err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Minute)
		writeCertificate(t, cfg, c, at, cut)
		got, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		if fresh := bytes.Equal(got.Certificate[0], cfg.Certificates[0].Certificate[0]); fresh != (cut == 0) {
			t.Errorf("cut by %d: the new one is used: %v", cut, fresh)
		}
		used = append(used, got.Certificate[0])
	}
	if !bytes.Equal(used[0], used[1]) || bytes.Equal(used[1], used[2]) {
		t.Error("another one is used")
	}
}

// A key that everybody may read is none.
func TestKeyForEverybody(t *testing.T) {
	t.Parallel()
	c, _ := newCertificate(t)
	if _, err := withCertificate(c.cert, c.key); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(c.key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := withCertificate(c.cert, c.key); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v", err)
	}
}

// With a certificate pages and API are served over TLS alone, and the cookie of a
// session is kept to it.
func TestServeTLS(t *testing.T) {
	t.Parallel()
	c, cfg := newCertificate(t)
	settings := settingsFile(t, fmt.Sprintf("listen: \":0\"\ntls: {cert: %q, key: %q}\n", c.cert, c.key))
	data := filepath.Join(t.TempDir(), "data")
	p := program(t, "serve", "--config", settings, "--data", data)
	p.waits = "until it is used)"
	if err := p.ready(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(p.url, "https://") || !strings.Contains(p.out, p.url+"/sign-in#setup=") {
		t.Errorf("it says %s", p.out)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(p.url, "https://"), ":")
	port = port[strings.LastIndexByte(port, ':')+1:]
	site := "https://127.0.0.1:" + port
	pool := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(cfg.Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	pool.AddCert(leaf)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: leaf.DNSNames[0]}}}
	defer client.CloseIdleConnections()
	ask := func(path, body string) (status int, cookie string) {
		t.Helper()
		method := http.MethodGet
		if body != "" {
			method = http.MethodPost
		}
		req, err := http.NewRequestWithContext(t.Context(), method, site+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil || resp.TLS.Version < tls.VersionTLS12 {
			t.Fatalf("TLS %x, %v", resp.TLS.Version, err)
		}
		return resp.StatusCode, resp.Header.Get("Set-Cookie")
	}
	if status, _ := ask("/readyz", ""); status != http.StatusOK {
		t.Errorf("HTTP %d", status)
	}
	_, setup, _ := strings.Cut(p.out, "#setup=")
	link := strings.Fields(setup)[0]
	if status, _ := ask("/api/v1/links", `{"link":"`+link+`","login":"zhao","name":"赵","password":"correct horse battery"}`); status != http.StatusOK {
		t.Errorf("set up: HTTP %d", status)
	}
	if status, set := ask("/api/v1/session", `{"login":"zhao","password":"correct horse battery"}`); status != http.StatusOK || !strings.Contains(set, "; Secure") {
		t.Errorf("sign in: HTTP %d %q", status, set)
	}
	// In clear there is nothing to be had.
	if plain, err := http.Get("http://127.0.0.1:" + port + "/readyz"); err == nil {
		if err := plain.Body.Close(); err != nil || plain.StatusCode != http.StatusBadRequest {
			t.Errorf("in clear: %s, %v", plain.Status, err)
		}
	}
	p.terminate(t)
}
