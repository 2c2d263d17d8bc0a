package configs

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes, written like 500MB (10^6), 1.5GiB (2^30) or 4096.
type Size int64

// The decimal units; they end at TB.
const (
	KB Size = 1000
	MB      = 1000 * KB
	GB      = 1000 * MB
	TB      = 1000 * GB
)

var units = []struct {
	name string
	size Size
}{
	{"TiB", 1 << 40},
	{"GiB", 1 << 30},
	{"MiB", 1 << 20},
	{"KiB", 1 << 10},
	{"TB", TB},
	{"GB", GB},
	{"MB", MB},
	{"KB", KB},
	{"B", 1},
}

var errSize = errors.New("use a size such as 500MB, 10GB, 4GiB, or 0")

// ParseSize reads a size; capitals do not matter. Fractions are rounded down.
func ParseSize(text string) (Size, error) {
	s, unit := strings.TrimSpace(text), Size(1)
	for _, u := range units {
		if n := len(s) - len(u.name); n > 0 && strings.EqualFold(s[n:], u.name) {
			s, unit = strings.TrimSpace(s[:n]), u.size
			break
		}
	}
	if s == "" || strings.Trim(s, "0123456789.") != "" {
		return 0, errSize
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		if n > math.MaxInt64/int64(unit) {
			return 0, errSize
		}
		return Size(n) * unit, nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f*float64(unit) >= math.MaxInt64 {
		return 0, errSize
	}
	return Size(f * float64(unit)), nil
}

// String writes the size in the largest unit that divides it.
func (s Size) String() string {
	for _, u := range units {
		if s > 0 && s%u.size == 0 && u.size > 1 {
			return strconv.FormatInt(int64(s/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// MarshalText is the form in JSON and YAML.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is ParseSize.
func (s *Size) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSize(string(b))
	return err
}

// parseDuration reads 10s, 1m30s, 500ms.
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || d < 0 {
		return 0, errors.New("use a duration such as 10s, 1m30s or 500ms")
	}
	return d, nil
}

// Secret is a setting that does not print.
type Secret string

// Reveal returns the text.
func (s Secret) Reveal() string { return string(s) }

// String is ***, or empty for an empty secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// Format makes every verb of fmt print String.
func (s Secret) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, s.String()) // fmt.State has nowhere to report to
}

// LogValue is what slog writes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is what JSON and YAML write.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
