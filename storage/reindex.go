package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"qianshao/storage/acts"
	"qianshao/storage/blob"
	"qianshao/storage/index"
	"qianshao/storage/segment"
	"qianshao/storage/timeline"
)

// ReindexConfig says how a Reindex goes.
type ReindexConfig struct {
	// Deep reads every object whole. Without it an object is read whole only
	// where the store does not know its SHA-256 (a folder).
	Deep    bool
	Workers int // objects read at once; default 8
	// Local is the acts of this machine (acts.Log.Local): some may not have
	// reached the store.
	Local []acts.Act
	// Acts is called with all acts before any segment is indexed, for what else
	// is rebuilt from them: the registry's cameras and places. May be nil.
	Acts func(context.Context, []acts.Act) error
	// Progress is called now and then, by one goroutine at a time. May be nil.
	Progress func(ReindexProgress)
}

// ReindexProgress is how far a Reindex has come.
type ReindexProgress struct {
	Acts     int
	Segments int // indexed or found to be indexed
	Bytes    int64
	At       string // the key reached; the store is listed in key order
}

// ReindexReport is what a Reindex found.
type ReindexReport struct {
	ReindexProgress
	Removed  int       // segments that acts had removed: hidden again, for retention to delete
	Spooled  int       // of the segments, those in the spool
	Problems []Problem // what could not be indexed; nothing was deleted
}

// Reindex rebuilds the index from the store and the spool alone: acts first,
// because what was expired or erased must not come back and what is held must
// stay, then every segment. The rows are those that recording made. It may be
// stopped and run again, and run on an index that is not empty.
//
// A row needs the whole SHA-256, of which a key has the first half. Where the
// store knows the checksum (S3, confirmed at the upload) and its first half is
// the key's, it is taken; elsewhere the object is read through, which verifies
// it as well.
//
// When a node ran is not in the store. It is inferred from segments and causes,
// so that a gap by a camera stays one: a run lasts from its boot to the last
// sign of life.
//
// Deletes are off afterwards (safe mode) until an operator ends that.
func Reindex(ctx context.Context, a *Archive, cfg ReindexConfig) (*ReindexReport, error) {
	if cfg.Workers <= 0 {
		cfg.Workers = 8
	}
	x := &reindexer{a: a, cfg: cfg, rep: &ReindexReport{}, runs: map[uint64]timeline.Span{}}
	if err := x.run(ctx); err != nil {
		return x.rep, fmt.Errorf("reindex: %w", err)
	}
	return x.rep, nil
}

type reindexer struct {
	a    *Archive
	cfg  ReindexConfig
	rep  *ReindexReport
	acts *decided
	runs map[uint64]timeline.Span // by boot
}

func (x *reindexer) run(ctx context.Context) error {
	if err := x.a.Index.EnterSafeMode(ctx, "the index was rebuilt from the store"); err != nil {
		return err
	}
	id, empty, err := Identity(ctx, x.a.Store)
	if err != nil {
		return err
	}
	if err := x.a.Index.Meet(ctx, id.String(), empty); err != nil {
		return err
	}
	if err := x.replay(ctx); err != nil {
		return err
	}
	if err := x.objects(ctx); err != nil {
		return err
	}
	if err := x.spooled(ctx); err != nil {
		return err
	}
	return x.alive(ctx)
}

func (x *reindexer) progress(at string) {
	x.rep.At = at
	if x.cfg.Progress != nil {
		x.cfg.Progress(x.rep.ReindexProgress)
	}
}

// replay gives every act its effect.
func (x *reindexer) replay(ctx context.Context) error {
	var unreadable, err error
	if x.acts, unreadable, err = readActs(ctx, x.a.Store, x.cfg.Local); err != nil {
		return err
	}
	if unreadable != nil {
		x.rep.Problems = append(x.rep.Problems, actProblem(unreadable))
	}
	for part := range slices.Chunk(x.acts.all, indexAtOnce) {
		if err := acts.Apply(ctx, x.a.Index, part...); err != nil {
			return err
		}
		x.rep.Acts += len(part)
		x.progress("")
	}
	if x.cfg.Acts != nil {
		return x.cfg.Acts(ctx, x.acts.all)
	}
	return nil
}

// indexAtOnce is how many segments or acts share one transaction.
const indexAtOnce = 256

// objects indexes what lies in the store.
func (x *reindexer) objects(ctx context.Context) error {
	var batch []object
	for info, err := range x.a.Store.List(ctx, "", "") {
		if err != nil {
			return err
		}
		key, err := segment.ParseKey(info.Key)
		if err != nil {
			if !otherKey(info.Key) {
				x.rep.Problems = append(x.rep.Problems, unknownKey(info.Key))
			}
			continue
		}
		if batch = append(batch, object{key, info}); len(batch) == indexAtOnce {
			if err := x.batch(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return x.batch(ctx, batch)
}

// object is a segment met in the store.
type object struct {
	key  segment.Key
	info blob.Info
}

// batch examines objects side by side and indexes them together.
func (x *reindexer) batch(ctx context.Context, list []object) error {
	if len(list) == 0 {
		return nil
	}
	rows := make([]*index.Row, len(list))
	var mu sync.Mutex // guards rep
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(x.cfg.Workers)
	for i, o := range list {
		g.Go(func() error {
			row, err := x.examine(each, o)
			if each.Err() != nil {
				return each.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				x.rep.Problems = append(x.rep.Problems, contentProblem(o.info.Key, err))
				return nil
			}
			x.rep.Bytes += o.info.Size
			rows[i] = row
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	rows = slices.DeleteFunc(rows, func(r *index.Row) bool { return r == nil })
	if err := x.add(ctx, rows); err != nil {
		return err
	}
	x.progress(list[len(list)-1].info.Key)
	return nil
}

// examine makes the row of an object.
func (x *reindexer) examine(ctx context.Context, o object) (*index.Row, error) {
	info := o.info
	if info.SHA256 == ([32]byte{}) && !x.cfg.Deep {
		var err error
		if info, err = x.a.Store.Head(ctx, info.Key); err != nil {
			return nil, err
		}
	}
	known := !x.cfg.Deep && bytes.Equal(info.SHA256[:len(o.key.SHA)], o.key.SHA[:]) && info.SHA256 != [32]byte{}
	in, err := x.a.examineObject(ctx, o.key, info.Size, !known)
	if err != nil {
		return nil, err
	}
	if known {
		in.row.SHA256 = info.SHA256
	}
	in.row.State = index.Stored
	return &in.row, nil
}

// add indexes rows, those that acts removed as hidden ones.
func (x *reindexer) add(ctx context.Context, rows []*index.Row) error {
	var stored, removed []segment.ID
	good := make([]index.Row, 0, len(rows))
	for _, r := range rows {
		x.saw(r.Boot, r.Span)
		row := *r
		if x.acts.removed(r) {
			row.State = index.Expiring
			removed = append(removed, r.ID)
		} else if r.State == index.Stored {
			stored = append(stored, r.ID)
		}
		good = append(good, row)
	}
	_, err := x.a.Index.Add(ctx, good...)
	if errors.Is(err, index.ErrConflict) || errors.Is(err, index.ErrBadRow) {
		return x.addEach(ctx, rows)
	}
	if err != nil {
		return err
	}
	// What an earlier start of this index had added as spooled is stored, and
	// what it showed is hidden.
	if err := x.a.Index.SetStored(ctx, stored...); err != nil {
		return err
	}
	if len(removed) > 0 {
		if _, err := x.a.Index.Hide(ctx, nil, removed...); err != nil {
			return err
		}
	}
	x.rep.Segments += len(rows)
	x.rep.Removed += len(removed)
	return nil
}

// addEach finds the rows that the index cannot take among rows, and adds the
// others.
func (x *reindexer) addEach(ctx context.Context, rows []*index.Row) error {
	if len(rows) == 1 {
		key := rows[0].Key().String()
		x.rep.Problems = append(x.rep.Problems, Problem{
			ContentDiffers, key,
			"the index cannot take it, because another segment has its identity or its times are impossible; keep a copy and remove the wrong one by hand",
		})
		return nil
	}
	for _, r := range rows {
		if err := x.add(ctx, []*index.Row{r}); err != nil {
			return err
		}
	}
	return nil
}

// spooled seals what an unclean stop left and indexes what lies in the spool.
func (x *reindexer) spooled(ctx context.Context) error {
	if _, err := x.a.Recover(ctx); err != nil {
		return err
	}
	survey, err := x.a.Spool.Survey()
	if err != nil {
		return err
	}
	keys := slices.SortedFunc(maps.Keys(survey.Sealed), func(a, b segment.Key) int { return strings.Compare(a.File(), b.File()) })
	for _, k := range keys {
		in, err := examineSpooled(x.a.Spool, k, survey.Sealed[k], true)
		if err != nil {
			x.rep.Problems = append(x.rep.Problems, contentProblem(k.File(), err))
			continue
		}
		in.row.State = index.Spooled
		if err := x.add(ctx, []*index.Row{&in.row}); err != nil {
			return err
		}
		row, err := x.a.Index.Get(ctx, k.ID)
		if err != nil && !errors.Is(err, index.ErrNotExist) {
			return err
		}
		if err == nil && row.State == index.Stored && row.SHA256 == in.row.SHA256 {
			if err := x.a.Spool.Remove(k); err != nil { // the store has the same bytes
				return err
			}
			continue
		}
		x.rep.Spooled++
		x.rep.Bytes += in.row.Bytes
		x.progress(k.File())
	}
	return nil
}

// saw notes a sign of life of a run.
func (x *reindexer) saw(boot uint64, s timeline.Span) {
	if was, ok := x.runs[boot]; ok {
		s = timeline.Span{From: min(was.From, s.From), To: max(was.To, s.To)}
	}
	x.runs[boot] = s
}

// alive tells the index when nodes ran. A boot is numbered by the second of its
// start, so causes noted by ingest belong to the last boot before.
func (x *reindexer) alive(ctx context.Context) error {
	boots := slices.Sorted(maps.Keys(x.runs))
	for i := range x.acts.all {
		act := &x.acts.all[i]
		if act.Kind != acts.Reason || act.Source != "ingest" {
			continue
		}
		k, exact := slices.BinarySearch(boots, uint64(act.At/timeline.Second))
		if !exact {
			k--
		}
		if k < 0 {
			continue
		}
		x.saw(boots[k], timeline.Span{From: act.At, To: act.At})
	}
	for i, boot := range boots {
		s := x.runs[boot]
		began := timeline.Micros(boot) * timeline.Second
		if began < s.From && (i == 0 || began >= x.runs[boots[i-1]].To) && began > 0 {
			s.From = began
		}
		if err := x.a.Index.AddRun(ctx, index.Run{Node: "node", Boot: boot, Span: s}); err != nil {
			return err
		}
	}
	return nil
}
