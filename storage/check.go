package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"qianshao/storage/acts"
	"qianshao/storage/index"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
)

// CheckConfig says how a Check goes.
type CheckConfig struct {
	Deep    bool // read and hash every segment, not its two ends alone
	Workers int  // segments read at once; default 4
	// Progress is called now and then, by one goroutine at a time. May be nil.
	Progress func(CheckProgress)
}

// CheckProgress is how far a Check has come.
type CheckProgress struct {
	Segments int64 // looked at
	Of       int64 // how many the index shows
	Bytes    int64 // of the segments looked at
	Problems int
}

// Check compares index, spool, store and acts, and names every inconsistency.
// It changes nothing. It may run while the archive is in use: what looks wrong
// is looked at again before it is reported. Memory grows with the segments of
// one stream.
//
// The error says that the check could not be finished; the problems found until
// then are returned as well.
func Check(ctx context.Context, a *Archive, cfg CheckConfig) ([]Problem, error) {
	if cfg.Workers <= 0 {
		cfg.Workers = 4
	}
	c := &checker{a: a, cfg: cfg, seen: map[media.StreamID]bool{}}
	if err := c.run(ctx); err != nil {
		return c.problems, fmt.Errorf("check: %w", err)
	}
	return c.problems, nil
}

type checker struct {
	a      *Archive
	cfg    CheckConfig
	survey *spool.Survey
	acts   *decided
	seen   map[media.StreamID]bool // streams done

	mu       sync.Mutex // guards below
	problems []Problem
	done     CheckProgress
}

func (c *checker) report(code Code, subject, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problems = append(c.problems, Problem{code, subject, text})
	c.done.Problems = len(c.problems)
}

func (c *checker) run(ctx context.Context) error {
	var err error
	if c.survey, err = c.a.Spool.Survey(); err != nil {
		return err
	}
	var unreadable error
	if c.acts, unreadable, err = readActs(ctx, c.a.Store, nil); err != nil {
		return err
	}
	if unreadable != nil {
		c.problems = append(c.problems, actProblem(unreadable))
	}
	streams, err := c.a.Index.Streams(ctx)
	if err != nil {
		return err
	}
	for _, s := range streams {
		c.done.Of += s.Segments
	}
	c.folders()
	if err := c.effects(ctx); err != nil {
		return err
	}
	if err := c.store(ctx); err != nil {
		return err
	}
	// What the store has nothing of: from the index, and from the spool.
	for _, s := range streams {
		if err := c.stream(ctx, s.Stream, nil); err != nil {
			return err
		}
	}
	for k := range c.survey.Sealed {
		if err := c.stream(ctx, k.Stream, nil); err != nil {
			return err
		}
	}
	return nil
}

// folders reports what stands in the spool's folders and should not.
func (c *checker) folders() {
	for _, name := range c.survey.Quarantine {
		c.report(InQuarantine, name, "the file could not be read at a start and was moved aside; look at the log of that day, keep a copy, and remove it")
	}
	for _, name := range c.survey.Foreign {
		c.report(UnknownFile, name, "the name is none of ours; the next start moves it to quarantine")
	}
	for _, id := range c.survey.Open {
		c.report(OpenUnowned, id.OpenFile(), "the segment is not sealed and nobody writes it; restart qianshao, which seals it")
	}
}

// effects compares what acts say with what the index knows of them.
func (c *checker) effects(ctx context.Context) error {
	holds, err := c.a.Index.Holds(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, h := range holds {
		known[h.ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(c.acts.holds)) {
		if !known[id] {
			c.report(HoldMissing, id, "the footage it keeps could be deleted; run qianshao reindex before retention runs again")
		}
	}
	byStream := map[media.StreamID]map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(c.acts.causes)) {
		want := c.acts.causes[id]
		if want.Span.Empty() {
			continue
		}
		have := byStream[want.Stream]
		if have == nil {
			entries, err := c.a.Index.Causes(ctx, want.Stream, timeline.Span{To: timeline.Forever})
			if err != nil {
				return err
			}
			have = map[string]bool{}
			for _, e := range entries {
				have[e.ID] = true
			}
			byStream[want.Stream] = have
		}
		if !have[id] {
			c.report(CauseMissing, id, fmt.Sprintf("gaps of %s may be named wrongly; run qianshao reindex", want.Stream))
		}
	}
	return nil
}

// store lists the store and checks it stream by stream, as its keys sort.
func (c *checker) store(ctx context.Context) error {
	var at media.StreamID
	objects := map[segment.Key]int64{}
	flush := func() error {
		if at == "" {
			return nil
		}
		defer clear(objects)
		return c.stream(ctx, at, objects)
	}
	for info, err := range c.a.Store.List(ctx, "", "") {
		if err != nil {
			return err
		}
		key, err := segment.ParseKey(info.Key)
		if err != nil {
			if !otherKey(info.Key) {
				p := unknownKey(info.Key)
				c.report(p.Code, p.Subject, p.Text)
			}
			continue
		}
		if key.Stream != at {
			if err := flush(); err != nil {
				return err
			}
			at = key.Stream
		}
		objects[key] = info.Size
	}
	return flush()
}

// stream checks one stream: every row against its bytes, the bytes without a
// row, and the rows among each other.
func (c *checker) stream(ctx context.Context, stream media.StreamID, objects map[segment.Key]int64) error {
	if c.seen[stream] {
		return nil
	}
	c.seen[stream] = true
	rows, err := c.rows(ctx, stream)
	if err != nil {
		return err
	}
	contents := make([]*inside, len(rows))
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(c.cfg.Workers)
	for i := range rows {
		g.Go(func() error {
			in, err := c.row(each, rows[i], objects)
			contents[i] = in
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i := range rows {
		delete(objects, rows[i].Key())
	}
	if err := c.orphans(ctx, stream, rows, objects); err != nil {
		return err
	}
	c.order(rows, contents)
	return nil
}

// rows reads all rows of a stream, hidden ones too.
func (c *checker) rows(ctx context.Context, stream media.StreamID) (rows []index.Row, err error) {
	var after *index.Row
	for {
		page, err := c.a.Index.Page(ctx, stream, after, indexAtOnce)
		if err != nil {
			return nil, err
		}
		rows = append(rows, page...)
		if len(page) < indexAtOnce {
			return rows, nil
		}
		after = &rows[len(rows)-1]
	}
}

// row checks one row; it returns what the segment's bytes say, nil if unknown.
func (c *checker) row(ctx context.Context, r index.Row, objects map[segment.Key]int64) (*inside, error) {
	defer c.progress(&r)
	key := r.Key()
	name := key.String()
	if r.State == index.Expiring {
		c.report(ExpiringLeft, name, "its deletion has begun and not ended; the next pass of retention finishes it")
		return nil, nil
	}
	if c.acts.removed(&r) {
		c.report(RemovedVisible, name, "an act says that it was removed; run qianshao reindex, which hides it")
	}
	size, stored := objects[key]
	fileSize, spooled := c.survey.Sealed[key]
	if !stored && r.State == index.Stored || !spooled && r.State == index.Spooled {
		return c.missing(ctx, r)
	}
	if r.State == index.Stored && spooled && c.inSpool(key) {
		c.report(SpoolCopyLeft, key.File(), "it is in the store and still takes room on this disk; the next start frees it")
	}
	read := func() (*inside, error) { return c.a.examineObject(ctx, key, size, c.cfg.Deep) }
	if r.State == index.Spooled {
		size, name = fileSize, key.File()
		read = func() (*inside, error) { return examineSpooled(c.a.Spool, key, size, c.cfg.Deep) }
	}
	if size != r.Bytes {
		c.report(SizeDiffers, name, fmt.Sprintf("it has %d bytes, its row says %d; restore it from a copy, or erase that minute", size, r.Bytes))
		return nil, nil
	}
	in, err := read()
	if err != nil {
		return nil, c.unread(ctx, r, name, err)
	}
	if diff := in.differences(&r); diff != "" {
		c.report(ContentDiffers, name, "its row differs from it in "+diff+"; run qianshao reindex")
	}
	return in, nil
}

// unread reports a segment that could not be examined, unless it went the way
// of all segments meanwhile.
func (c *checker) unread(ctx context.Context, r index.Row, name string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, fs.ErrNotExist) {
		_, err := c.missing(ctx, r)
		return err
	}
	p := contentProblem(name, err)
	c.report(p.Code, p.Subject, p.Text)
	return nil
}

// inSpool looks again.
func (c *checker) inSpool(key segment.Key) bool {
	_, err := c.a.Spool.Stat(key)
	return err == nil
}

// missing looks again for a segment that was not where its row says.
func (c *checker) missing(ctx context.Context, was index.Row) (*inside, error) {
	r, err := c.a.Index.Get(ctx, was.ID)
	if errors.Is(err, index.ErrNotExist) || err == nil && r.State == index.Expiring {
		return nil, nil // expired meanwhile
	}
	if err != nil {
		return nil, err
	}
	key := r.Key()
	spooled := c.inSpool(key)
	info, err := c.a.Store.Head(ctx, key.String())
	stored := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	switch {
	case r.State == index.Stored && stored, r.State == index.Spooled && spooled:
		if info.Size != r.Bytes && stored {
			c.report(SizeDiffers, key.String(), fmt.Sprintf("it has %d bytes, its row says %d", info.Size, r.Bytes))
		}
	case r.State == index.Stored && spooled:
		c.report(RowWithoutBytes, key.String(), "the store has lost it and the spool still has it; run qianshao reindex, and it is stored again")
	case r.State == index.Stored:
		c.report(RowWithoutBytes, key.String(), "the object is gone; restore it from a copy of the store, or erase that minute")
	case stored:
		c.report(SpooledButStored, key.String(), "it is in the store already; the next upload notes that")
	default:
		c.report(SpooledFileGone, key.String(), "it is neither in the spool nor in the store; restore it from a copy, or erase that minute")
	}
	return nil, nil
}

// orphans reports objects and sealed files of a stream without a row.
func (c *checker) orphans(ctx context.Context, stream media.StreamID, rows []index.Row, objects map[segment.Key]int64) error {
	left := map[segment.Key]bool{} // true: in the spool
	for k := range objects {
		left[k] = false
	}
	have := make(map[segment.Key]bool, len(rows))
	for i := range rows {
		have[rows[i].Key()] = true
	}
	for k := range c.survey.Sealed {
		if k.Stream == stream && !have[k] {
			left[k] = true
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(left), func(a, b segment.Key) int { return strings.Compare(a.String(), b.String()) }) {
		r, err := c.a.Index.Get(ctx, k.ID)
		if err != nil && !errors.Is(err, index.ErrNotExist) {
			return err
		}
		if err == nil && r.Key() == k {
			continue // came meanwhile
		}
		known := err == nil
		code, name := OrphanObject, k.String()
		if left[k] {
			code, name = OrphanSpoolFile, k.File()
			if !c.inSpool(k) {
				continue
			}
		} else if _, err := c.a.Store.Head(ctx, name); errors.Is(err, fs.ErrNotExist) {
			continue // deleted meanwhile
		} else if err != nil {
			return err
		}
		switch {
		case known:
			c.report(code, name, "no row shows it, because another segment has its identity; keep a copy and remove the wrong one by hand")
		case c.acts.removals.Has(k.Stream, k.Span.From):
			c.report(code, name, "an act removed it and its deletion was not finished; run qianshao reindex, and retention deletes it")
		default:
			c.report(code, name, "no row shows it; run qianshao reindex, which adds it")
		}
	}
	return nil
}

func (c *checker) progress(r *index.Row) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done.Segments++
	c.done.Bytes += r.Bytes
	if c.cfg.Progress != nil {
		c.cfg.Progress(c.done)
	}
}

// otherKey reports whether a key belongs to something else than segments.
func otherKey(key string) bool {
	return key == identityKey || slices.ContainsFunc(knownPrefixes, func(p string) bool { return strings.HasPrefix(key, p) })
}

func unknownKey(key string) Problem {
	return Problem{UnknownKey, key, "the object is none of ours; move it elsewhere, the store should hold nothing else"}
}

func contentProblem(name string, err error) Problem {
	code := Unreadable
	if errors.Is(err, errMismatch) {
		code = ContentDiffers
	}
	return Problem{code, name, fmt.Sprintf("%v; restore it from a copy, or erase that minute", err)}
}

func actProblem(err error) Problem {
	return Problem{ActUnreadable, acts.Prefix, strings.ReplaceAll(err.Error(), "\n", "; ") + "; delete nothing before a version that can read them was run"}
}
