package register

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"qianshao/storage/blob"
	"qianshao/storage/timeline"
)

// Wrong says what is wrong with an entry.
type Wrong string

// What Verify finds.
const (
	Altered   Wrong = "altered"   // its text is not what was written
	Missing   Wrong = "missing"   // it was removed
	Reordered Wrong = "reordered" // it stands elsewhere in the chain
)

// Fault is the first entry of a chain that is not as it was written.
type Fault struct {
	Wrong  Wrong  `json:"wrong" enum:"altered,missing,reordered"`
	Seq    uint64 `json:"seq" doc:"of the entry"`
	File   string `json:"file" doc:"where it stands, or should"`
	Detail string `json:"detail"`
}

// Finding is what Verify says of one chain.
type Finding struct {
	Chain   string          `json:"chain"`
	Own     bool            `json:"own" doc:"this machine writes it"`
	Entries uint64          `json:"entries"`
	First   uint64          `json:"first" doc:"seq of the oldest entry kept"`
	Last    uint64          `json:"last"`
	From    timeline.Micros `json:"from" format:"date-time" doc:"when the oldest was written"`
	To      timeline.Micros `json:"to" format:"date-time"`
	Hash    string          `json:"hash" doc:"of the last entry: it stands for all before it"`
	Stored  uint64          `json:"stored" doc:"the store's copy goes up to this seq; 0: there is none, or it was not looked at"`
	Notices []string        `json:"notices,omitempty" doc:"nothing that was promised is touched by these"`
	Fault   *Fault          `json:"fault,omitempty"`
}

// Verify reads every chain of the folder and names the first entry of each that
// was altered, removed or moved. With store, it also holds the chain against
// its copy there.
func (r *Register) Verify(ctx context.Context, store bool) ([]Finding, error) {
	chains, err := r.chains()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("verify the access register: %w", err)
	}
	out := []Finding{}
	for _, c := range chains {
		v := &verifier{c: c, last: 1 << 62}
		v.f = Finding{Chain: c.id, Own: c.id == r.own.id}
		if v.f.Own {
			_, head := r.Head()
			v.last = head.Seq
		}
		if err := v.local(ctx); err != nil {
			return nil, fmt.Errorf("verify the access register: %w", err)
		}
		if store && r.cfg.Store != nil && v.f.Fault == nil {
			if err := v.stored(ctx, r.cfg.Store); err != nil {
				return nil, fmt.Errorf("verify the access register: %w", err)
			}
		}
		out = append(out, v.f)
	}
	return out, nil
}

// verifier walks one chain.
type verifier struct {
	c      chain
	f      Finding
	last   uint64 // entries beyond it are being written
	prev   Hash
	pruned []*Mark
	begun  Hash   // Prev of the oldest entry
	hashes []Hash // of all entries, from f.First on
}

func (v *verifier) fault(w Wrong, seq uint64, file fileName, format string, args ...any) {
	v.f.Fault = &Fault{w, seq, v.c.path(file), fmt.Sprintf(format, args...)}
}

func (v *verifier) notice(format string, args ...any) {
	v.f.Notices = append(v.f.Notices, fmt.Sprintf(format, args...))
}

func (v *verifier) local(ctx context.Context) error {
	names, err := v.c.files()
	if err != nil {
		return err
	}
	for i, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		limit := v.last + 1
		if i+1 < len(names) {
			limit = min(limit, names[i+1].seq)
		}
		b, err := v.c.read(name)
		if err != nil {
			return err
		}
		lines, tail := split(b)
		if len(tail) > 0 {
			lines = append(lines, tail)
		}
		for k, line := range lines {
			if v.line(name, line, limit, func() bool { return anySound(lines[k+1:], limit) }); v.f.Fault != nil {
				return v.name(names)
			}
		}
	}
	if v.f.Own && v.f.Last < v.last {
		v.fault(Missing, v.f.Last+1, fileName{v.f.Last + 1, 0}, "entries %d to %d were written since this program started", v.f.Last+1, v.last)
		return nil
	}
	return v.beginning()
}

// line takes the next line of a file. more says whether a sound entry follows.
func (v *verifier) line(name fileName, line []byte, limit uint64, more func() bool) {
	want := v.f.Last + 1
	e, sound, err := parseLine(line)
	switch {
	case err != nil && want < limit && v.f.Own && want <= v.last:
		v.fault(Altered, want, name, "its line cannot be read: %v", err)
	case err != nil && !more():
		if !v.f.Own || want <= v.last { // else it is being written, or will be
			v.notice("%s ends with %d bytes of an entry that nobody was promised", v.c.path(name), len(line))
		}
	case err != nil:
		v.fault(Altered, want, name, "its line cannot be read: %v", err)
	case e.Chain != v.c.id:
		v.fault(Altered, want, name, "an entry of chain %s stands in its place", e.Chain)
	case e.Seq >= limit && sound:
		if e.Seq <= v.last { // else it is being written
			v.notice("%s has entry %d once more, left by a write that failed", v.c.path(name), e.Seq)
		}
	case !sound:
		v.fault(Altered, want, name, "its hash is not that of its text")
	case v.f.Entries == 0:
		v.begun = e.Prev
		v.f.First, v.f.From = e.Seq, e.At
		v.take(&e)
	case e.Seq > want:
		v.fault(Missing, want, name, "entry %d stands where it should be", e.Seq)
	case e.Seq < want:
		v.fault(Reordered, e.Seq, name, "it stands after entry %d", v.f.Last)
	case e.Prev != v.prev:
		v.fault(Altered, e.Seq-1, name, "entry %d was written after one with the hash %s, its hash is %s", e.Seq, e.Prev, v.prev)
	default:
		v.take(&e)
	}
}

func (v *verifier) take(e *Entry) {
	v.f.Entries++
	v.f.Last, v.f.To, v.f.Hash = e.Seq, e.At, e.Hash.String()
	v.prev = e.Hash
	v.hashes = append(v.hashes, e.Hash)
	if e.Kind == Pruned && e.Through != nil {
		v.pruned = append(v.pruned, e.Through)
	}
}

// name tells an entry that stands elsewhere from one that is gone.
func (v *verifier) name(names []fileName) error {
	if v.f.Fault.Wrong != Missing {
		return nil
	}
	for _, name := range names {
		b, err := v.c.read(name)
		if err != nil {
			return err
		}
		lines, _ := split(b)
		for _, line := range lines {
			if e, sound, err := parseLine(line); err == nil && sound && e.Seq == v.f.Fault.Seq {
				v.fault(Reordered, e.Seq, name, "it does not stand after entry %d", e.Seq-1)
				return nil
			}
		}
	}
	return nil
}

// beginning says whether the entries before the oldest were removed by Prune.
func (v *verifier) beginning() error {
	if v.f.Entries == 0 || v.f.First == 1 {
		return nil
	}
	for _, m := range v.pruned {
		if m.Seq+1 > v.f.First || m.Seq+1 == v.f.First && m.Hash == v.begun.String() {
			v.notice("entries before %d were removed because of their age", v.f.First)
			return nil
		}
	}
	v.fault(Missing, v.f.First-1, fileName{v.f.First, v.f.From}, "the oldest entry is %d, and none says that those before it were removed because of their age", v.f.First)
	return nil
}

func anySound(lines [][]byte, limit uint64) bool {
	for _, line := range lines {
		if e, sound, err := parseLine(line); err == nil && sound && e.Seq < limit {
			return true
		}
	}
	return false
}

// stored holds the chain against its copy in the store.
func (v *verifier) stored(ctx context.Context, store blob.Store) error {
	next := uint64(0)
	for info, err := range store.List(ctx, Prefix+v.c.id+"/", "") {
		if err != nil {
			return err
		}
		k, ok := parseBatchKey(info.Key)
		if !ok {
			v.notice("%s in the store is not part of the register", info.Key)
			continue
		}
		if next != 0 && k.first > next {
			v.notice("the store's copy lacks entries %d to %d", next, k.first-1)
		}
		next = max(next, k.last+1)
		if err := v.batch(ctx, store, k); err != nil || v.f.Fault != nil {
			return err
		}
	}
	if next > 0 {
		v.f.Stored = next - 1
	}
	return nil
}

func (v *verifier) batch(ctx context.Context, store blob.Store, k batchKey) (err error) {
	b, err := readBatch(ctx, store, k)
	if errors.Is(err, blob.ErrNotExist) {
		return nil // removed because of its age meanwhile
	}
	if err != nil {
		return err
	}
	for line := range bytes.Lines(b) {
		e, sound, err := parseLine(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil || !sound {
			v.notice("the store's copy %s has a line that is no sound entry", k)
			continue
		}
		where := fileName{e.Seq, e.At}
		switch {
		case e.Seq < v.f.First:
		case e.Seq > v.f.Last && e.Seq > v.last:
			v.fault(Missing, e.Seq, where, "the store has it (%s), written %s", k, e.At)
			return nil
		case e.Seq > v.f.Last:
			// Written since the walk began.
		case v.hashes[e.Seq-v.f.First] != e.Hash:
			v.fault(Altered, e.Seq, where, "the store's copy (%s) has another text", k)
			return nil
		}
	}
	return nil
}
