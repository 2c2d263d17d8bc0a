package cases

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"qianshao/registry/area"
	"qianshao/registry/copies"
	"qianshao/registry/register"
	"qianshao/storage/blob"
	"qianshao/storage/media"
	"qianshao/storage/sqldb"
	"qianshao/storage/timeline"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Config says where a Book lies and what it asks.
type Config struct {
	Dir string        // folder of cases.db
	Key copies.Sealer // required: of the copies in the store
	// Register has every change before it counts; required.
	Register *register.Register
	Limits   Limits
	// Spots visits all cameras that are there, until f returns false; required.
	Spots func(ctx context.Context, f func(*area.Spot) bool) error
	// UnitArea is what a unit looks after; required.
	UnitArea func(ctx context.Context, unit string) (area.Area, error)
	Log      *slog.Logger     // default: discards
	Now      func() time.Time // default: time.Now
}

// Book has the cases. All methods may be called at once from many goroutines.
type Book struct {
	*copies.Shelf // in the store
	cfg           Config
	db            *sqldb.DB

	changing sync.Mutex // held while a case changes
	mu       sync.RWMutex
	cases    map[string]*Case    // by id; guarded by mu, a Case in it never changes
	of       map[string][]string // member → ids; guarded by mu
}

// Party is who asks for something in a case: an account by its login, or a program
// by the number of the case that its token is bound to.
type Party struct {
	Login string
	Case  string
}

// By is who changes a case.
type By struct{ Login, Unit, Address string }

// Open opens the cases of a folder, and makes an empty book where there is none.
func Open(ctx context.Context, cfg Config) (*Book, error) {
	if cfg.Key == nil || cfg.Register == nil || cfg.Spots == nil || cfg.UnitArea == nil {
		return nil, errors.New("open cases: Config needs Key, Register, Spots and UnitArea")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	migrations, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open cases: %w", err)
	}
	db, err := sqldb.Open(ctx, filepath.Join(cfg.Dir, "cases.db"), migrations, sqldb.Options{Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("open cases: %w", err)
	}
	b := &Book{cfg: cfg, db: db, cases: map[string]*Case{}, of: map[string][]string{}}
	b.Shelf = copies.New(copies.Config{Name: "cases", Place: "cases 1", Key: cfg.Key, Content: b.content, Log: cfg.Log, Now: cfg.Now})
	if err := b.load(ctx); err != nil {
		return nil, errors.Join(b.explain("open cases", err), db.Close())
	}
	return b, nil
}

// Close closes the database. It may be called twice.
func (b *Book) Close() error { return b.db.Close() }

func (b *Book) now() timeline.Micros { return timeline.FromTime(b.cfg.Now()) }

func (b *Book) explain(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, b.db.Explain(err))
}

func (b *Book) load(ctx context.Context) error {
	rows, err := b.db.R().QueryContext(ctx, `SELECT body FROM cases`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	b.mu.Lock()
	defer b.mu.Unlock()
	for rows.Next() {
		var body []byte
		c := new(Case)
		if err := rows.Scan(&body); err != nil {
			return err
		}
		if err := json.Unmarshal(body, c); err != nil {
			return err
		}
		b.hold(c)
	}
	return rows.Err()
}

// hold puts a case into memory; mu is held.
func (b *Book) hold(c *Case) {
	if old := b.cases[c.ID]; old != nil {
		for _, m := range old.Members {
			b.of[m] = slices.DeleteFunc(b.of[m], func(id string) bool { return id == c.ID })
		}
	}
	b.cases[c.ID] = c
	for _, m := range c.Members {
		b.of[m] = append(b.of[m], c.ID)
	}
}

// put makes a case durable, and then known.
func (b *Book) put(ctx context.Context, c *Case) error {
	body, err := json.Marshal(c)
	if err != nil {
		return err
	}
	err = b.db.WriteTx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO cases (id, number, body) VALUES (?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET number = excluded.number, body = excluded.body`, c.ID, c.Name(), string(body))
		if sqldb.IsUnique(err) {
			return ErrTaken
		}
		return err
	})
	if err != nil {
		return b.explain("case "+c.Name(), err)
	}
	b.mu.Lock()
	b.hold(c)
	b.mu.Unlock()
	return nil
}

// Get returns a case by its id or number. The error wraps ErrUnknown.
func (b *Book) Get(ref string) (Case, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	c := b.cases[ref]
	if c == nil {
		for _, x := range b.cases {
			if x.Number == ref && ref != "" {
				c = x
			}
		}
	}
	if c == nil {
		return Case{}, Unknown(ref)
	}
	return c.clone(), nil
}

// Unknown is the error for a case that there is not, or that somebody may not know
// of.
func Unknown(ref string) error { return fmt.Errorf("case %.80q: %w", ref, ErrUnknown) }

// List returns all cases that want says yes to, the newest first.
func (b *Book) List(want func(*Case) bool) []Case {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := []Case{}
	for _, c := range b.cases {
		if want(c) {
			out = append(out, c.clone())
		}
	}
	slices.SortFunc(out, func(x, y Case) int { return cmp.Or(cmp.Compare(y.Opened, x.Opened), cmp.Compare(x.ID, y.ID)) })
	return out
}

// open visits the open cases of somebody until f returns true, and reports whether
// it did.
func (b *Book) open(p Party, f func(*Case) bool) bool {
	now := b.now()
	b.mu.RLock()
	defer b.mu.RUnlock()
	if p.Case != "" {
		for _, c := range b.cases {
			if c.Number == p.Case {
				return c.State(now) == Running && f(c)
			}
		}
		return false
	}
	for _, id := range b.of[p.Login] {
		if c := b.cases[id]; c.State(now) == Running && f(c) {
			return true
		}
	}
	return false
}

// Reaches reports whether an open case of somebody reaches a camera: they may know
// of it then.
func (b *Book) Reaches(p Party, s *area.Spot) bool {
	return b.open(p, func(c *Case) bool { return c.Reaches(s) })
}

// May reports whether somebody may see a span of a camera in a case, by its id.
func (b *Book) May(p Party, id string, s *area.Spot, span timeline.Span) bool {
	return b.open(p, func(c *Case) bool { return c.ID == id && c.Allows(s, span) })
}

// Works reports whether a case, by its id, is open and somebody works on it.
func (b *Book) Works(p Party, id string) bool {
	return b.open(p, func(c *Case) bool { return c.ID == id })
}

// IsMember reports whether somebody works on a case, whatever its state.
func IsMember(c *Case, p Party) bool {
	if p.Case != "" {
		return c.Number == p.Case
	}
	return slices.Contains(c.Members, p.Login)
}

// Begin opens a case. Its opener is a member. What reaches further than the limits
// waits for a second officer.
func (b *Book) Begin(ctx context.Context, by By, c Case) (Case, error) {
	b.changing.Lock()
	defer b.changing.Unlock()
	c.By, c.Unit = by.Login, by.Unit
	c.ID, c.Opened, c.Hops, c.Approved, c.Adopted, c.Changed, c.Closed, c.Reviews, c.Large = media.NewID("k_"), b.now(), nil, nil, nil, false, nil, nil, nil
	if c.Emergency {
		if err := b.emergency(ctx, &c); err != nil {
			return Case{}, err
		}
	}
	c.Members = members(c.By, c.Members)
	if err := c.check(); err != nil {
		return Case{}, err
	}
	if !c.Emergency {
		if err := b.measure(ctx, &c); err != nil {
			return Case{}, err
		}
	}
	if b.taken(&c) {
		return Case{}, fmt.Errorf("number %q: %w", c.Number, ErrTaken)
	}
	act := "case.open"
	if c.Emergency {
		act = "emergency.open"
	}
	if err := b.registered(ctx, by, &c, done{act: act, note: c.largeText(), span: c.Span}); err != nil {
		return Case{}, err
	}
	return c, nil
}

func (c *Case) largeText() string {
	texts := make([]string, len(c.Large))
	for i, l := range c.Large {
		texts[i] = l.String()
	}
	return strings.Join(texts, "; ")
}

// taken reports whether another case has the number.
func (b *Book) taken(c *Case) bool {
	if c.Number == "" {
		return false
	}
	other, err := b.Get(c.Number)
	return err == nil && other.ID != c.ID
}

// registered writes into the register what somebody does with a case, and then makes
// it durable.
func (b *Book) registered(ctx context.Context, by By, c *Case, what done) error {
	e := &register.Entry{
		Kind: register.Admin, Who: register.Clean(by.Login), Unit: by.Unit, Address: register.Clean(by.Address), Act: what.act,
		Case: c.Name(), Reason: register.Clean(c.Reason), Note: register.Clean(what.note), Span: what.span,
	}
	if what.camera != "" {
		e.Cameras = []media.CameraID{what.camera}
	}
	return b.cfg.Register.Act(ctx, e, func() error { return b.put(ctx, c) })
}

// emergency gives a case what it has as one: a day, its unit's area.
func (b *Book) emergency(ctx context.Context, c *Case) error {
	whole, err := b.cfg.UnitArea(ctx, c.Unit)
	if err != nil {
		return err
	}
	if whole.Empty() {
		return bad("unit", "unit %q has no area: an administrator gives it one (qianshao account unit)", c.Unit)
	}
	reach := timeline.Span{From: c.Opened - emergencyBack, To: c.Opened + emergencyTime}
	if c.Span.Empty() {
		c.Span = reach
	}
	if c.Span.Intersect(reach) != c.Span {
		return bad("span", "an emergency reaches from three days back to a day ahead")
	}
	c.Number, c.Area, c.Growth, c.Expires = "", whole, false, c.Opened+emergencyTime
	return nil
}

// measure says why a case needs a second officer.
func (b *Book) measure(ctx context.Context, c *Case) error {
	c.Large = nil
	if most := b.cfg.Limits.Cameras; most > 0 {
		n := 0
		err := b.cfg.Spots(ctx, func(s *area.Spot) bool {
			if c.Area.Holds(s) {
				n++
			}
			return true
		})
		if err != nil {
			return fmt.Errorf("count the cameras of the case: %w", err)
		}
		if n > most {
			c.Large = append(c.Large, Large{"cameras", n, most})
		}
	}
	if most, is := b.cfg.Limits.Span, time.Duration(c.Span.Len())*time.Microsecond; most > 0 && is > most {
		c.Large = append(c.Large, Large{"hours", int((is + time.Hour - 1) / time.Hour), int(most / time.Hour)})
	}
	return nil
}

// members are logins, each once, the opener first.
func members(by string, list []string) []string {
	out := []string{by}
	for _, m := range list {
		if m != "" && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// done is what a change is registered as.
type done struct {
	act, note string
	camera    media.CameraID
	span      timeline.Span
}

// change lets f change a case, checks it, registers it, and makes it durable.
func (b *Book) change(ctx context.Context, by By, id string, f func(c *Case, now timeline.Micros) (done, error)) (Case, error) {
	b.changing.Lock()
	defer b.changing.Unlock()
	c, err := b.Get(id)
	if err != nil {
		return Case{}, err
	}
	what, err := f(&c, b.now())
	if err == nil {
		err = errors.Join(text("note", what.note, maxReason, what.act == "case.review"), c.check())
	}
	if err == nil && b.taken(&c) {
		err = ErrTaken
	}
	if err != nil {
		return Case{}, fmt.Errorf("case %s: %w", c.Name(), err)
	}
	if err := b.registered(ctx, by, &c, what); err != nil {
		return Case{}, err
	}
	return c, nil
}

func notNow(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrState}, args...)...)
}

// SetMembers says who works on a case, beside its opener.
func (b *Book) SetMembers(ctx context.Context, by By, id string, logins []string) (Case, error) {
	return b.change(ctx, by, id, func(c *Case, now timeline.Micros) (done, error) {
		if s := c.State(now); s != Running && s != Waiting {
			return done{}, notNow("it is %s", s)
		}
		was := c.Members
		c.Members = members(c.By, logins)
		note, err := memberNote(was, c.Members)
		return done{act: "case.members", note: note}, err
	})
}

// memberNote is what the register has of a change of members: all of them, or where that
// is too long who came and who went.
func memberNote(was, are []string) (string, error) {
	note := strings.Join(are, " ")
	if utf8.RuneCountInString(note) <= maxReason {
		return note, nil
	}
	var changed []string
	for _, m := range are {
		if !slices.Contains(was, m) {
			changed = append(changed, "+"+m)
		}
	}
	for _, m := range was {
		if !slices.Contains(are, m) {
			changed = append(changed, "-"+m)
		}
	}
	if note = strings.Join(changed, " "); utf8.RuneCountInString(note) > maxReason {
		return "", bad("members", "so many at once are more than one entry of the register holds: change them in several steps")
	}
	return note, nil
}

// second says whether somebody may decide on a case that waits.
func (c *Case) second(by By, now timeline.Micros) error {
	switch {
	case !c.Pending(now):
		return notNow("it waits for nobody: it is %s", c.State(now))
	case by.Login == c.By:
		return notNow("%s opened it: another officer is to decide", by.Login)
	}
	return nil
}

// Approve lets a case begin that waited for a second officer.
func (b *Book) Approve(ctx context.Context, by By, id, note string) (Case, error) {
	return b.change(ctx, by, id, func(c *Case, now timeline.Micros) (done, error) {
		err := c.second(by, now)
		c.Approved = &Mark{by.Login, now, note}
		return done{act: "case.approve", note: note}, err
	})
}

// Refuse closes a case that waited for a second officer.
func (b *Book) Refuse(ctx context.Context, by By, id, note string) (Case, error) {
	return b.change(ctx, by, id, func(c *Case, now timeline.Micros) (done, error) {
		err := c.second(by, now)
		c.Closed = &Mark{by.Login, now, note}
		return done{act: "case.refuse", note: note}, err
	})
}

// Adopt makes a proper case of an emergency.
func (b *Book) Adopt(ctx context.Context, by By, id string, as Case) (Case, error) {
	return b.change(ctx, by, id, func(c *Case, now timeline.Micros) (done, error) {
		switch {
		case !c.Emergency || c.Adopted != nil:
			return done{}, notNow("it is no emergency")
		case c.Closed != nil || len(c.Reviews) > 0:
			return done{}, notNow("the emergency is over and was reviewed or closed")
		case as.Number == "" || as.Class == "":
			return done{}, bad("number", "a case has a number and a class")
		}
		was := c.ID
		c.Number, c.Class, c.Expires, c.Growth = as.Number, as.Class, as.Expires, as.Growth
		if as.Reason != "" {
			c.Reason = as.Reason
		}
		if !as.Area.Empty() {
			c.Area, c.Changed = as.Area, true
		}
		if !as.Span.Empty() {
			c.Span, c.Changed = as.Span, true
		}
		c.Adopted = &Mark{By: by.Login, At: now}
		return done{act: "case.adopt", note: was, span: c.Span}, b.measure(ctx, c)
	})
}

// Grow follows a route to a camera that the case allows to see at that moment. No
// route is followed while the case waits for its second officer.
func (b *Book) Grow(ctx context.Context, by By, id string, s *area.Spot, at timeline.Micros) (Case, error) {
	return b.change(ctx, by, id, func(c *Case, now timeline.Micros) (done, error) {
		switch {
		case c.State(now) != Running:
			return done{}, notNow("it is %s", c.State(now))
		case c.Pending(now): // an emergency of before, which goes on in what it was alone
			return done{}, notNow("it waits for its second officer: a route may be followed once they approve it")
		case !c.Growth:
			return done{}, notNow("no route may be followed in it: it was opened without growth")
		case len(c.Hops) >= maxHops:
			return done{}, notNow("it has %d hops: open another case", maxHops)
		case !s.Placed:
			return done{}, bad("camera", "its position is not known")
		case !c.Allows(s, timeline.Span{From: at, To: at + 1}):
			return done{}, fmt.Errorf("camera %s at %v: %w", s.Camera, at, ErrOutside)
		}
		c.Hops = append(c.Hops, Hop{Camera: s.Camera, At: at, Lon: s.Lon, Lat: s.Lat, By: by.Login, Added: now})
		return done{act: "case.grow", camera: s.Camera, span: timeline.Span{From: at - HopTime, To: at + HopTime}}, nil
	})
}

// End closes a case for good.
func (b *Book) End(ctx context.Context, by By, id, note string) (Case, error) {
	return b.change(ctx, by, id, func(c *Case, now timeline.Micros) (done, error) {
		if c.Closed != nil {
			return done{}, notNow("it is closed already")
		}
		c.Closed = &Mark{by.Login, now, note}
		return done{act: "case.close", note: note}, nil
	})
}

// Review notes that somebody looked at what was done without a second officer.
func (b *Book) Review(ctx context.Context, by By, id, note string) (Case, error) {
	return b.change(ctx, by, id, func(c *Case, now timeline.Micros) (done, error) {
		if !c.DueForReview(now) {
			return done{}, notNow("there is nothing to review")
		}
		c.Reviews = append(c.Reviews, Mark{by.Login, now, note})
		return done{act: "case.review", note: note}, nil
	})
}

// content is what a copy in the store holds.
func (b *Book) content(context.Context) ([]byte, error) {
	all := b.List(func(*Case) bool { return true })
	if len(all) == 0 {
		return nil, nil
	}
	return json.Marshal(all)
}

// Restore fills an empty book from the newest copy in the store, and says how many
// cases came.
func (b *Book) Restore(ctx context.Context, store blob.Store) (int, error) {
	b.changing.Lock()
	defer b.changing.Unlock()
	if len(b.List(func(*Case) bool { return true })) > 0 {
		return 0, nil
	}
	plain, err := b.Newest(ctx, store)
	if err != nil || plain == nil {
		return 0, err
	}
	var all []Case
	if err := json.Unmarshal(plain, &all); err != nil {
		return 0, fmt.Errorf("restore cases: %w", err)
	}
	for i := range all {
		if err := b.put(ctx, &all[i]); err != nil {
			return i, fmt.Errorf("restore cases: %w", err)
		}
	}
	return len(all), nil
}
