// Package receipt is the proof that a household is given of what was deleted: how much,
// of when, and one hash that stands for every segment, signed by the site.
//
// A receipt is JSON. Its signature (Ed25519, RFC 8032) is over the same JSON without the
// signature, as encoding/json writes the Receipt. Whoever kept the hashes of the
// segments, in an export or a backup of the index, can compute the root and see that
// they are the ones that were deleted.
package receipt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Version of the JSON form.
const Version = 1

// Receipt says what a withdrawal has deleted.
type Receipt struct {
	V        int             `json:"v"`
	ID       string          `json:"id"` // of the withdrawal
	Camera   media.CameraID  `json:"camera"`
	Carrier  string          `json:"carrier"`
	DeviceID string          `json:"carrier_device_id"`
	Consent  string          `json:"consent,omitempty"` // the carrier's number of the one that ended
	At       timeline.Micros `json:"withdrawn_at"`
	Done     timeline.Micros `json:"deleted_at"`
	Segments int             `json:"segments"`
	Bytes    int64           `json:"bytes"`
	// Span is from the start of the first deleted segment to the end of the last; zero
	// where there was nothing.
	Span timeline.Span `json:"span"`
	// Root is the Merkle root (RFC 6962, section 2.1) over the SHA-256 of the deleted
	// segments, ordered by stream, start, boot, number and epoch; hex.
	Root string `json:"merkle_root"`
	// Keys are the months (yyyymm, UTC) whose data keys were destroyed.
	Keys []string `json:"keys_destroyed,omitempty"`
	// Held are segments that a case holds: they follow when the hold ends, and a receipt
	// of all takes this one's place.
	Held int `json:"held"`

	Key       string `json:"public_key"` // Ed25519, base64
	Signature string `json:"signature,omitempty"`
}

// Signer signs receipts.
type Signer struct{ key ed25519.PrivateKey }

const pemType = "PRIVATE KEY"

// Open reads the site's signing key at path (PKCS #8, PEM), or makes one, mode 0600.
func Open(path string) (*Signer, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != pemType {
		return nil, fmt.Errorf("signing key %s is not a key file: put it back from your backup", path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", path, err)
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("signing key %s: it is no Ed25519 key", path)
	}
	return &Signer{key}, nil
}

func makeKey(path string) (*Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".sign.key-") // 0600
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	err = pem.Encode(tmp, &pem.Block{Type: pemType, Bytes: der})
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Link(tmp.Name(), path) // never over another's
	}
	_ = os.Remove(tmp.Name())
	if errors.Is(err, fs.ErrExist) {
		return Open(path)
	}
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	return &Signer{key}, nil
}

// Sign completes a receipt with key and signature and returns its JSON.
func (s *Signer) Sign(r Receipt) ([]byte, error) {
	r.V, r.Signature = Version, ""
	public, ok := s.key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("sign receipt: the key has no public part")
	}
	r.Key = base64.StdEncoding.EncodeToString(public)
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("sign receipt: %w", err)
	}
	r.Signature = base64.StdEncoding.EncodeToString(ed25519.Sign(s.key, text))
	return json.Marshal(r)
}

// ErrBad is wrapped by Verify for what is no receipt, or was changed.
var ErrBad = errors.New("not a receipt of this key")

// strict knows one text of each value.
var strict = base64.StdEncoding.Strict()

// Verify checks a receipt's signature, and returns it. Whose key it is must be known
// otherwise: compare Fingerprint with what the site has published.
func Verify(text []byte) (Receipt, error) {
	var r Receipt
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields() // they would not be signed
	if err := in.Decode(&r); err != nil {
		return Receipt{}, fmt.Errorf("%w: %w", ErrBad, err)
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return Receipt{}, fmt.Errorf("%w: something follows it", ErrBad)
	}
	if r.V != Version {
		return Receipt{}, fmt.Errorf("%w: version %d, this program reads %d", ErrBad, r.V, Version)
	}
	key, err1 := strict.DecodeString(r.Key)
	signature, err2 := strict.DecodeString(r.Signature)
	plain := r
	plain.Signature = ""
	signed, err3 := json.Marshal(plain)
	if err := errors.Join(err1, err2, err3); err != nil || len(key) != ed25519.PublicKeySize {
		return Receipt{}, fmt.Errorf("%w: key or signature is malformed", ErrBad)
	}
	if !ed25519.Verify(key, signed, signature) {
		return Receipt{}, fmt.Errorf("%w: the signature does not fit: it was changed, or cut", ErrBad)
	}
	return r, nil
}

// Fingerprint names the key that signed it: the first 16 bytes of its SHA-256, hex.
func (r *Receipt) Fingerprint() string {
	key, err := base64.StdEncoding.DecodeString(r.Key)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:16])
}
