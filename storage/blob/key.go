package blob

import (
	"errors"
	"fmt"
	"strings"
)

// ErrBadKey is returned (wrapped) by every method given a key that has not the
// form which Store asks for.
var ErrBadKey = errors.New("malformed object key")

const (
	maxKey  = 512 // bytes; S3 allows 1,024 with the prefix of a bucket's part
	maxPart = 255 // bytes between slashes; what file systems allow (NAME_MAX)
)

// CheckKey says whether key has the form of a key: parts of [A-Za-z0-9._-] with
// single slashes between them, none of them "." or "..", at most 255 bytes a part
// and 512 in all. The error wraps ErrBadKey.
func CheckKey(key string) error {
	if len(key) > maxKey {
		return fmt.Errorf("%.40q… of %d bytes: %w", key, len(key), ErrBadKey)
	}
	for part := range strings.SplitSeq(key, "/") {
		if !checkPart(part) {
			return fmt.Errorf("%q: %w", key, ErrBadKey)
		}
	}
	return nil
}

func checkPart(part string) bool {
	if part == "" || part == "." || part == ".." || len(part) > maxPart {
		return false
	}
	for i := range len(part) {
		c := part[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
