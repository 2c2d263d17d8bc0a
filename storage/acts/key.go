package acts

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"qianshao/storage/timeline"
)

// Prefix is where all acts stand in the store.
const Prefix = "v1/acts/"

// errBadKey says that a text is not the key of a batch of acts.
var errBadKey = errors.New("not the key of a batch of acts")

// batchKey names a batch in the store:
//
//	v1/acts/{yyyymmdd}/{at_us}-{id}-{sha:16 hex}.jsonl
//
// at_us and id are those of the batch's first act, the day its UTC day; sha is
// the start of the content's SHA-256, so that the same batch sent twice is the
// same object and two batches never claim one key. Keys sort by time.
type batchKey struct {
	at  timeline.Micros
	id  string
	sha [8]byte
}

func (k batchKey) String() string {
	return fmt.Sprintf("%s%s/%016d-%s-%x.jsonl", Prefix, k.at.Time().Format("20060102"), int64(k.at), k.id, k.sha[:])
}

// parseBatchKey is the inverse of batchKey.String and accepts nothing else.
func parseBatchKey(s string) (k batchKey, err error) {
	bad := fmt.Errorf("%q: %w", s, errBadKey)
	rest, ok := strings.CutPrefix(s, Prefix)
	_, name, slash := strings.Cut(rest, "/")
	name, suffix := strings.CutSuffix(name, ".jsonl")
	at, tail, dash := strings.Cut(name, "-")
	i := strings.LastIndexByte(tail, '-')
	if !ok || !slash || !suffix || !dash || i < 0 {
		return k, bad
	}
	n, err := strconv.ParseInt(at, 10, 64)
	if err != nil || n > int64(timeline.Forever) {
		return k, bad
	}
	k.at, k.id = timeline.Micros(n), tail[:i]
	if sha := tail[i+1:]; len(sha) != 2*len(k.sha) || !idForm.MatchString(k.id) {
		return k, bad
	} else if _, err := hex.Decode(k.sha[:], []byte(sha)); err != nil {
		return k, bad
	}
	if k.String() != s {
		return k, bad
	}
	return k, nil
}
