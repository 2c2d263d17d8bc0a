package registry

import (
	"context"
	"crypto/md5" //nolint:gosec // RFC 2617: all that publishers have in common
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"qianshao/registry/secret"
	"qianshao/storage/media"
)

// PushRealm is the realm of publishers' keys.
const PushRealm = "qianshao"

// pushKeyBytes of randomness make a key: nobody guesses 160 bits, and a hash of
// them needs no salt and no stretching.
const pushKeyBytes = 20

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// PushVerifier is what is kept of a key: H(A1) of RFC 2617 3.2.2.2, MD5 of
// user:realm:key in hex, with which Digest and Basic can be checked. The user is
// the camera's id. For Digest it is as good as the key: it is sealed at rest.
func PushVerifier(id media.CameraID, key string) secret.Secret {
	sum := md5.Sum([]byte(string(id) + ":" + PushRealm + ":" + key)) //nolint:gosec // see above
	return secret.New(hex.EncodeToString(sum[:]))
}

// IssuePushKey makes the main stream of a camera one that the camera publishes,
// and returns the key that it publishes with. The key is told this once, and
// the one before is void. With keep a camera that has a key keeps it, and the
// key returned is empty.
func (r *Registry) IssuePushKey(ctx context.Context, id media.CameraID, keep bool) (key secret.Secret, err error) {
	err = r.write(ctx, func(tx *sql.Tx) (bool, error) {
		list, err := r.cameras(ctx, tx, `WHERE c.id = ?`, string(id))
		if err != nil {
			return false, err
		}
		if len(list) == 0 || list[0].Lifecycle != Active {
			return false, ErrUnknown
		}
		old := &list[0]
		if keep && !old.Streams[0].Push.IsZero() {
			return false, nil
		}
		var raw [pushKeyBytes]byte
		_, _ = rand.Read(raw[:]) // never fails (Go 1.24)
		key = secret.New(base32Lower.EncodeToString(raw[:]))
		cam := *old
		cam.Streams = append([]Stream(nil), old.Streams...)
		cam.Streams[0] = Stream{ID: old.Streams[0].ID, Push: PushVerifier(id, key.Reveal()), Transport: Auto}
		w := writer{r: r, tx: tx, now: r.now()}
		defer w.close()
		return true, w.put(ctx, old, &cam, By{})
	})
	if err != nil {
		return secret.Secret{}, fmt.Errorf("push key of %s: %w", id, err)
	}
	return key, nil
}

// HA1 is a verifier as bytes.
func (s *Stream) HA1() (sum [16]byte, err error) {
	b, err := hex.DecodeString(strings.TrimSpace(s.Push.Reveal()))
	if err != nil || len(b) != len(sum) {
		return sum, errors.New("the push key is damaged: issue a new one with qianshao camera push-key")
	}
	return [16]byte(b), nil
}

// pushPlace is the part of a sealed box's address that names a stream's key.
func pushPlace(id media.StreamID) string { return "streams/" + string(id) + "/push_key" }
