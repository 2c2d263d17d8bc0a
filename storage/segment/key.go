package segment

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// ErrBadKey is returned by ParseKey.
var ErrBadKey = errors.New("malformed segment key")

// ID is a segment's identity. Epoch is 1 on one machine; Boot is raised at
// every start of the recorder; Seq counts the stream's segments within a boot.
type ID struct {
	Stream media.StreamID
	Epoch  uint64
	Boot   uint64
	Seq    uint32
}

// Key names a sealed segment in the store. Its text form tells which stream,
// when and how long without opening the object:
//
//	v1/{fan}/{stream}/{yyyymmdd}/{start_us}-{dur_us}-{epoch}-{boot}-{seq}-{sha}.mp4
//
// fan is two hex digits of a hash of the stream; the day is the UTC day of the
// start; sha is the first 16 bytes of the SHA-256 in hex.
type Key struct {
	ID
	Span timeline.Span
	SHA  [16]byte
}

// Root is the prefix under which all segments stand.
const Root = "v1/"

// StreamPrefix is the prefix of all keys of a stream.
func StreamPrefix(s media.StreamID) string {
	return Root + fan(s) + "/" + string(s) + "/"
}

// DayPrefix is the prefix of all keys of a stream on the UTC day of t.
func DayPrefix(s media.StreamID, t timeline.Micros) string {
	return StreamPrefix(s) + t.Time().Format("20060102") + "/"
}

func fan(s media.StreamID) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return hex.EncodeToString([]byte{byte(h.Sum32())})
}

// String formats the object key.
func (k Key) String() string {
	return fmt.Sprintf("%s%d-%d-%d-%d-%d-%x.mp4", DayPrefix(k.Stream, k.Span.From),
		k.Span.From, k.Span.Len(), k.Epoch, k.Boot, k.Seq, k.SHA[:])
}

// ParseKey is the inverse of Key.String. It accepts exactly the texts that
// String makes.
func ParseKey(s string) (Key, error) {
	bad := func() (Key, error) { return Key{}, fmt.Errorf("%q: %w", s, ErrBadKey) }
	rest, ok := strings.CutPrefix(s, Root)
	if !ok {
		return bad()
	}
	part := strings.Split(rest, "/")
	if len(part) != 4 {
		return bad()
	}
	stream, err := media.ParseStreamID(part[1])
	if err != nil {
		return bad()
	}
	name, ok := strings.CutSuffix(part[3], ".mp4")
	if !ok {
		return bad()
	}
	f := strings.Split(name, "-")
	if len(f) != 6 || len(f[5]) != 32 {
		return bad()
	}
	var n [5]uint64
	for i := range n {
		if n[i], err = strconv.ParseUint(f[i], 10, 63); err != nil {
			return bad()
		}
	}
	if n[4] > 1<<32-1 || n[0] > uint64(timeline.Forever) || n[1] > uint64(timeline.Forever)-n[0] {
		return bad()
	}
	k := Key{
		ID:   ID{Stream: stream, Epoch: n[2], Boot: n[3], Seq: uint32(n[4])},
		Span: timeline.Span{From: timeline.Micros(n[0]), To: timeline.Micros(n[0] + n[1])},
	}
	if _, err := hex.Decode(k.SHA[:], []byte(f[5])); err != nil {
		return bad()
	}
	if k.String() != s {
		return bad()
	}
	return k, nil
}

// File formats the flat name of the sealed segment in the spool: the key
// without its folders.
func (k Key) File() string {
	return string(k.Stream) + "-" + k.String()[len(DayPrefix(k.Stream, k.Span.From)):]
}

// ParseFile is the inverse of Key.File.
func ParseFile(name string) (Key, error) {
	stream, rest, ok := strings.Cut(name, "-")
	us, _, _ := strings.Cut(rest, "-")
	start, err := strconv.ParseUint(us, 10, 62)
	if !ok || err != nil {
		return Key{}, fmt.Errorf("%q: %w", name, ErrBadKey)
	}
	return ParseKey(DayPrefix(media.StreamID(stream), timeline.Micros(start)) + rest)
}

const footSuffix = ".foot"

// FootFile formats the name under which a copy of the segment's foot is kept.
func (k Key) FootFile() string { return strings.TrimSuffix(k.File(), ".mp4") + footSuffix }

// ParseFootFile is the inverse of Key.FootFile.
func ParseFootFile(name string) (Key, error) {
	base, ok := strings.CutSuffix(name, footSuffix)
	if !ok {
		return Key{}, fmt.Errorf("%q: %w", name, ErrBadKey)
	}
	return ParseFile(base + ".mp4")
}

const openSuffix = ".open"

// OpenFile formats the name of the segment's spool file while it is written.
func (id ID) OpenFile() string {
	return fmt.Sprintf("%s-%d-%d-%d%s", id.Stream, id.Epoch, id.Boot, id.Seq, openSuffix)
}

// ParseOpenFile is the inverse of ID.OpenFile.
func ParseOpenFile(name string) (ID, error) {
	bad := func() (ID, error) { return ID{}, fmt.Errorf("%q: %w", name, ErrBadKey) }
	base, ok := strings.CutSuffix(name, openSuffix)
	f := strings.Split(base, "-")
	if !ok || len(f) != 4 {
		return bad()
	}
	stream, err := media.ParseStreamID(f[0])
	if err != nil {
		return bad()
	}
	epoch, err1 := strconv.ParseUint(f[1], 10, 63)
	boot, err2 := strconv.ParseUint(f[2], 10, 63)
	seq, err3 := strconv.ParseUint(f[3], 10, 32)
	id := ID{Stream: stream, Epoch: epoch, Boot: boot, Seq: uint32(seq)}
	if errors.Join(err1, err2, err3) != nil || id.OpenFile() != name {
		return bad()
	}
	return id, nil
}
