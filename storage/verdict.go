package storage

import (
	"context"
	"errors"
	"fmt"

	"qianshao/storage/acts"
	"qianshao/storage/blob"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// decided is what the acts of a store say about footage, all taken together.
type decided struct {
	all      []acts.Act
	removals acts.Removals
	taken    map[string][]timeline.Span // expired and erased spans by stream or camera
	holds    map[string]index.Hold      // not released
	causes   map[string]index.CauseInterval
}

// readActs replays the acts of the store, and then those of this machine that
// have not been shipped. unreadable is the error of acts that were passed over.
func readActs(ctx context.Context, store blob.Store, local []acts.Act) (d *decided, unreadable error, err error) {
	d = &decided{taken: map[string][]timeline.Span{}, holds: map[string]index.Hold{}, causes: map[string]index.CauseInterval{}}
	seen := map[string]bool{}
	take := func(a acts.Act) error {
		if !seen[a.ID] {
			seen[a.ID] = true
			d.all = append(d.all, a)
		}
		return nil
	}
	err = acts.Replay(ctx, store, take)
	if errors.Is(err, acts.ErrBadAct) {
		unreadable, err = err, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, a := range local {
		_ = take(a) // never fails
	}
	released := map[string]bool{}
	for i := range d.all {
		a := &d.all[i]
		d.removals.Add(a)
		switch a.Kind {
		case acts.Expire, acts.Erase:
			subject := string(a.Stream) + string(a.Camera) // one of them is set
			d.taken[subject] = append(d.taken[subject], a.Span)
		case acts.Hold:
			d.holds[a.ID] = index.Hold{ID: a.ID, Stream: a.Stream, Camera: a.Camera, Span: a.Span}
		case acts.Release:
			released[a.Of] = true
		}
		if c, ok := a.Interval(); ok {
			if was, known := d.causes[c.ID]; !known || was.Span.To == timeline.Forever || c.Span.To != timeline.Forever {
				d.causes[c.ID] = c
			}
		}
	}
	for id := range released {
		delete(d.holds, id)
	}
	return d, unreadable, nil
}

// removed reports whether a segment was expired or erased and nothing holds it.
func (d *decided) removed(r *index.Row) bool {
	if !d.removals.Has(r.Stream, r.Span.From) {
		return false
	}
	for _, h := range d.holds {
		if h.Keeps(r.Stream, r.Span) {
			return false
		}
	}
	return true
}

// tookFrom reports whether footage of the stream within span was expired or
// erased.
func (d *decided) tookFrom(stream media.StreamID, span timeline.Span) bool {
	for _, subject := range []string{string(stream), string(stream.Camera())} {
		for _, s := range d.taken[subject] {
			if s.Overlaps(span) {
				return true
			}
		}
	}
	return false
}

// knownPrefixes are where other things than segments stand in a store.
var knownPrefixes = []string{acts.Prefix, registryPrefix, registerPrefix, accountsPrefix, casesPrefix, receiptsPrefix, keysPrefix}

const (
	registryPrefix = "v1/registry/" // snapshots of the cameras (registry/ship.go)
	registerPrefix = "v1/register/" // the access register (registry/register/ship.go)
	accountsPrefix = "v1/accounts/" // copies of the accounts (registry/copies)
	casesPrefix    = "v1/cases/"    // copies of the cases (registry/copies)
	receiptsPrefix = "v1/receipts/" // of deletions for households (registry/receipt)
	keysPrefix     = "v1/keys/"     // data keys, where nothing is sealed over them (storage/blob/sealblob)
)

// Code says what kind of a problem it is; codes are stable.
type Code string

// The codes of problems.
const (
	RowWithoutBytes  Code = "row_without_bytes"   // a stored row, and no object
	SpooledFileGone  Code = "spooled_file_gone"   // a spooled row, and neither file nor object
	SpooledButStored Code = "spooled_but_stored"  // a spooled row whose file is gone and whose object is there
	OrphanObject     Code = "orphan_object"       // an object without a row
	OrphanSpoolFile  Code = "orphan_spool_file"   // a sealed spool file without a row
	SizeDiffers      Code = "size_differs"        // object or file has not the row's size
	ContentDiffers   Code = "content_differs"     // the bytes are not what key or row say
	Unreadable       Code = "unreadable"          // HEAD or FOOT cannot be read
	SpoolCopyLeft    Code = "spool_copy_left"     // a stored row that still takes room in the spool
	ExpiringLeft     Code = "expiring_left"       // a deletion that was not finished
	RemovedVisible   Code = "removed_but_visible" // an act removed it, and it is still shown
	Overlap          Code = "overlap"             // two segments of one boot claim the same time
	ChainBroken      Code = "chain_broken"        // prev_sha256 names a segment that nobody removed
	ChainUnexplained Code = "chain_unexplained"   // prev_sha256 is zero without a reason
	NotAbutting      Code = "not_abutting"        // a hole or overlap between segments of one run
	InQuarantine     Code = "quarantine"          // a file was moved aside
	UnknownKey       Code = "unknown_key"         // an object that is none of ours
	UnknownFile      Code = "unknown_file"        // a file in the spool that is none of ours
	OpenUnowned      Code = "open_file_unowned"   // an unsealed segment that nobody writes
	ActUnreadable    Code = "act_unreadable"      // acts that this version cannot read
	HoldMissing      Code = "hold_missing"        // an act holds footage, the index does not
	CauseMissing     Code = "cause_missing"       // an act names a cause, the index does not
)

// Problem is one inconsistency. Nothing was changed because of it.
type Problem struct {
	Code    Code   `json:"code"`
	Subject string `json:"subject"` // a key, a file, an act
	Text    string `json:"text"`    // a sentence, with the next action
}

// String gives one line.
func (p Problem) String() string { return fmt.Sprintf("%s: %s: %s", p.Code, p.Subject, p.Text) }
