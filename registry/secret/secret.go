// Package secret keeps what must not be read: camera passwords in memory (a
// Secret prints as ***), at rest (a Key seals them with AES-256-GCM), and in
// URLs (SplitURL takes them out at the door).
package secret

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// mask is what every printed form of a Secret says.
const mask = "***"

// Secret is a text that must not be shown. Every way of printing or encoding it
// gives ***, or nothing when it is empty; Reveal is the only way in. It may be
// copied; compare with Equal.
//
// The text stands behind a pointer: fmt calls no methods on unexported fields
// and prints what lies in them, which here is an address.
type Secret struct{ p *string }

// New makes a Secret of s.
func New(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{&s}
}

// Reveal returns the text. Its callers dial a camera or seal it.
func (s Secret) Reveal() string {
	if s.p == nil {
		return ""
	}
	return *s.p
}

// IsZero reports whether the secret is empty.
func (s Secret) IsZero() bool { return s.p == nil }

// Equal compares in constant time.
func (s Secret) Equal(o Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(o.Reveal())) == 1
}

// String is ***, or empty for an empty secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return mask
}

// GoString is what %#v prints.
func (s Secret) GoString() string { return fmt.Sprintf("secret.Secret(%q)", s.String()) }

// Format makes every verb of fmt print the mask, %x and %d included.
func (s Secret) Format(f fmt.State, verb rune) {
	text := s.String()
	switch {
	case verb == 'v' && f.Flag('#'):
		text = s.GoString()
	case verb == 'q':
		text = `"` + text + `"`
	}
	_, _ = io.WriteString(f, text) // fmt.State has nowhere to report to
}

// LogValue is what slog writes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is what JSON, YAML and XML write.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
