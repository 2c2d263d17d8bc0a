// Package s3blob is a blob.Store in a bucket of an S3 server.
//
// Objects up to 64 MiB are one PUT, larger ones a multipart upload. Every PUT
// carries its SHA-256 three times: signed as the payload's hash and as
// x-amz-checksum-sha256, which servers verify, and as x-amz-meta-sha256, which
// comes back from Head. The last bytes are sent only when our own hash of what
// was read agrees, so that no server ever holds the whole of a wrong content.
//
// A key that is taken is left alone by If-None-Match where the server honours
// it, which is tried once; elsewhere by a Head before the PUT, one writer at a
// time within this process.
//
// Requests that fail by the network, by 5xx or by throttling are repeated with
// back-off and full jitter; other refusals are not. The store starts nothing in
// the background.
package s3blob

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"qianshao/storage/blob"
)

// Secret is a key that does not print: every format gives ***.
type Secret string

const hidden = "***"

// String hides the secret.
func (Secret) String() string { return hidden }

// GoString hides the secret from %#v.
func (Secret) GoString() string { return hidden }

// Format hides the secret from every verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue hides the secret from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the secret from JSON and YAML.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Config says where a bucket is and how to speak to it. Endpoint, Bucket,
// AccessKey and SecretKey are required; every other zero value is safe.
type Config struct {
	// Endpoint is the server's URL without the bucket, as
	// "https://s3.example.com:9000". http is for loopback and trusted networks:
	// bytes are signed but not encrypted.
	Endpoint string
	// Bucket must exist.
	Bucket string
	// Prefix is a folder within the bucket that all keys stand under, without
	// slashes at its ends. Default: none.
	Prefix string
	// Region of the bucket. Default "us-east-1", which servers without regions
	// accept.
	Region string
	// AccessKey and SecretKey need the rights to get, put, delete, list, and to
	// abort multipart uploads.
	AccessKey string
	SecretKey Secret
	// PathStyle puts the bucket into the path (https://host/bucket/key), not
	// into the host name. Most servers other than Amazon's need it.
	PathStyle bool
	// CAFile holds certificates in PEM of authorities to trust instead of the
	// system's. Default: the system's.
	CAFile string
	// Parallel is the most requests open at once; the bodies of Gets do not
	// count. Default 32.
	Parallel int
	// Small is the most open at once of Gets of up to 256 KiB, which have places of
	// their own: who needs a thousand tables should not wait a hundred times. Default
	// 720.
	Small int
	// Attempts is how often a request is made before its error is returned.
	// Default 4.
	Attempts int
	// Backoff is the longest wait before the second attempt; it doubles with
	// each, up to BackoffMax. The wait is drawn evenly between zero and that.
	// Defaults 200 ms and 10 s.
	Backoff, BackoffMax time.Duration
	// Grace and MinRate make the deadline of one attempt: Grace + size/MinRate.
	// A Get that delivers no byte for Grace has failed. Defaults 10 s and
	// 256 KiB/s.
	Grace   time.Duration
	MinRate int64 // bytes a second
}

func (c *Config) setDefaults() {
	def := func(n *int, to int) {
		if *n <= 0 {
			*n = to
		}
	}
	dur := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	def(&c.Parallel, 32)
	def(&c.Small, 720)
	def(&c.Attempts, 4)
	dur(&c.Backoff, 200*time.Millisecond)
	dur(&c.BackoffMax, 10*time.Second)
	dur(&c.Grace, 10*time.Second)
	if c.MinRate <= 0 {
		c.MinRate = 256 << 10
	}
}

// New makes a Store. It speaks to nobody yet, so it succeeds while the server is
// away; its errors are those of the configuration.
func New(cfg Config) (*Store, error) {
	cfg.setDefaults()
	fail := func(err error) (*Store, error) { return nil, fmt.Errorf("s3 store: %w", err) }
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil ||
		u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		// The text is not repeated: it may hold a password.
		return fail(errors.New("endpoint: want a URL such as https://s3.example.com:9000, without path and user"))
	}
	if cfg.Bucket == "" || cfg.AccessKey == "" || cfg.SecretKey == "" {
		return fail(errors.New("bucket, access key and secret key are required"))
	}
	prefix := ""
	if cfg.Prefix != "" {
		if err := blob.CheckKey(cfg.Prefix); err != nil {
			return fail(fmt.Errorf("prefix: %w", err))
		}
		prefix = cfg.Prefix + "/"
	}
	roots, err := authorities(cfg.CAFile)
	if err != nil {
		return fail(err)
	}
	lookup := minio.BucketLookupDNS
	if cfg.PathStyle {
		lookup = minio.BucketLookupPath
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: cfg.Grace}).DialContext,
		TLSClientConfig:     &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: cfg.Grace,
		MaxIdleConnsPerHost: max(cfg.Parallel, cfg.Small),
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true, // or a compressed object would come out changed
	}
	client, err := minio.NewCore(u.Host, &minio.Options{
		Creds:        credentials.NewStaticV4(cfg.AccessKey, string(cfg.SecretKey), ""),
		Secure:       u.Scheme == "https",
		Transport:    transport,
		Region:       cfg.Region,
		BucketLookup: lookup,
		MaxRetries:   1, // retries are ours: they open the content again
	})
	if err != nil {
		return fail(err)
	}
	return &Store{
		cfg: cfg, prefix: prefix, client: client, transport: transport,
		slots: make(places, cfg.Parallel), small: make(places, cfg.Small), writing: map[string]chan struct{}{},
	}, nil
}

// authorities reads a file of certificates; no file gives the system's.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("certificate authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("certificate authorities: no certificate in %s", file)
	}
	return pool, nil
}
