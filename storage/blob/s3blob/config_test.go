package s3blob_test

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"qianshao/storage/blob/s3blob"
)

func TestSecretDoesNotPrint(t *testing.T) {
	t.Parallel()
	cfg := s3blob.Config{SecretKey: "hunter2", Endpoint: "ftp://user:hunter2@host/"}
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("x", "key", cfg.SecretKey, "cfg", cfg)
	text, err := json.Marshal(struct{ K s3blob.Secret }{cfg.SecretKey})
	check(t, err)
	_, broken := s3blob.New(cfg)
	all := fmt.Sprint(cfg.SecretKey) + fmt.Sprintf("%v %+v %#v %s %q %x %d", cfg.SecretKey, cfg.SecretKey, cfg.SecretKey,
		cfg.SecretKey, cfg.SecretKey, cfg.SecretKey, cfg.SecretKey) + string(text) + broken.Error()
	if strings.Contains(all, "hunter2") || strings.Contains(all, "68756e74657232") {
		t.Errorf("printed: %s", all)
	}
	if !strings.Contains(logged.String(), "key=***") {
		t.Errorf("logged: %s", logged.String())
	}
}

func TestConfigRefused(t *testing.T) {
	t.Parallel()
	good := s3blob.Config{Endpoint: "https://s3.example.com", Bucket: "b", AccessKey: "a", SecretKey: "s"}
	if _, err := s3blob.New(good); err != nil {
		t.Fatal(err)
	}
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	check(t, os.WriteFile(notPEM, []byte("no"), 0o600))
	for name, change := range map[string]func(*s3blob.Config){
		"no scheme":      func(c *s3blob.Config) { c.Endpoint = "s3.example.com" },
		"path":           func(c *s3blob.Config) { c.Endpoint += "/bucket" },
		"no bucket":      func(c *s3blob.Config) { c.Bucket = "" },
		"no secret":      func(c *s3blob.Config) { c.SecretKey = "" },
		"prefix climbs":  func(c *s3blob.Config) { c.Prefix = "../x" },
		"prefix slashes": func(c *s3blob.Config) { c.Prefix = "x/" },
		"no such CA":     func(c *s3blob.Config) { c.CAFile = notPEM + "x" },
		"CA not PEM":     func(c *s3blob.Config) { c.CAFile = notPEM },
	} {
		cfg := good
		change(&cfg)
		if _, err := s3blob.New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// A server's certificate is trusted through CAFile only, and a wrong one is not
// tried again.
func TestCertificates(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusNotFound)
	}))
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	check(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	cfg := s3blob.Config{Endpoint: server.URL, Bucket: "bucket", AccessKey: "a", SecretKey: "s", PathStyle: true}
	_, err := open(t, cfg).Head(t.Context(), "a")
	if err == nil || !strings.Contains(err.Error(), "certificate") || strings.Contains(err.Error(), "attempts") || asked.Load() != 0 {
		t.Errorf("unknown authority: %v", err)
	}
	cfg.CAFile = file
	if _, err := open(t, cfg).Head(t.Context(), "a"); asked.Load() != 1 {
		t.Errorf("known authority: %v", err)
	}
}
