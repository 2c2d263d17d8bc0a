package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"qianshao/storage/media"
)

// ErrUnknown is wrapped by errors about a camera that is not in the registry. It
// is fs.ErrNotExist in other words.
var ErrUnknown error = unknown{}

type unknown struct{}

func (unknown) Error() string        { return "no such camera" }
func (unknown) Is(target error) bool { return target == fs.ErrNotExist }

// ErrUnconfirmed is wrapped by Upsert and Remove when the change is made and
// recorded here, but the store has not confirmed it yet. It will be brought to
// the store as soon as that is back; asking again is harmless.
var ErrUnconfirmed = errors.New("done here, not yet confirmed by the store")

// ErrKeyMissing is wrapped by Open when the registry holds sealed passwords and
// DATA/secret.key is gone. The error's text names the next action.
var ErrKeyMissing = errors.New("secret.key is missing")

// ErrNotEmpty is returned by Restore into a registry that has cameras.
var ErrNotEmpty = errors.New("the registry is not empty")

// ErrBadSnapshot is wrapped by Restore for bytes that are no snapshot, or a
// damaged one.
var ErrBadSnapshot = errors.New("not a registry snapshot")

// ErrBadCursor is returned by List for a Query.After that List did not give.
var ErrBadCursor = errors.New("malformed cursor: use the value of next as it came")

// AmbiguousError is returned by Resolve when a bare device id names cameras of
// several carriers.
type AmbiguousError struct {
	Ref        string
	Candidates []Candidate // at least two, in order of carrier
}

// Candidate is one camera that a reference may mean.
type Candidate struct {
	ID       media.CameraID `json:"id"`
	Carrier  string         `json:"carrier"`
	DeviceID string         `json:"carrier_device_id"`
	Name     string         `json:"name"`
}

func (e *AmbiguousError) Error() string {
	names := make([]string, len(e.Candidates))
	for i, c := range e.Candidates {
		names[i] = c.Carrier + ":" + c.DeviceID
	}
	return fmt.Sprintf("device %q is not unique: say which of %s", e.Ref, strings.Join(names, ", "))
}

// FieldError says what is wrong with one field of a Draft. Field is the name of
// the import column; Code is stable; Message ends with the next action and
// never holds a password.
type FieldError struct {
	Field, Code, Message string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Message }

// The codes of a FieldError and of an Outcome.
const (
	CodeBadDevice    = "bad_device"
	CodeBadCarrier   = "bad_carrier"
	CodeBadName      = "bad_name"
	CodeBadURL       = "bad_url"
	CodeBadTransport = "bad_transport"
	CodeBadPin       = "bad_tls_sha256"
	CodeOutOfRange   = "out_of_range"
	CodeSwapped      = "lon_lat_swapped"
	CodeHalfPlace    = "half_a_place"
	CodeNotANumber   = "not_a_number"
	CodeDuplicate    = "duplicate_row"
	CodeBadText      = "bad_text"
	CodeIndoor       = "indoor"
	CodeTaken        = "taken"
	CodeWithdrawn    = "withdrawn"
	CodeNoConsent    = "no_consent"

	CodeUnknownDevice  = "unknown_device"
	CodeDecommissioned = "decommissioned"
	CodeNoAddress      = "no_address"
)
