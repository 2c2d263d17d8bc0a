package onboard

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"qianshao/registry"
	"qianshao/registry/jobs"
	"qianshao/registry/register"
	"qianshao/storage/media"
)

// ImportKind is the kind of jobs that import a list.
const ImportKind = "import"

// The options of such a job: "true".
const (
	OptionDryRun = "dry_run"
	OptionAccept = "accept"
)

// Importer enters lists, and has it registered before it happens.
type Importer struct {
	Registry *registry.Registry
	Register *register.Register
	// Rules are what a list is held against.
	Rules func(ctx context.Context) (Deps, error)
	// NoRoom says why new cameras must wait, as when the disk is nearly full; empty: they
	// need not.
	NoRoom func() string
	// Wait bounds how long the store may take to confirm; what is in is in without it.
	Wait time.Duration
}

// How says how a list is entered.
type How struct {
	DryRun bool // nothing is changed
	Accept bool // carriers' new cameras are recorded at once
	ByHand bool // Deps.ByHand
}

// Imported is what became of a list.
type Imported struct {
	Answers     []Answer  `json:"answers"`
	Warnings    []Warning `json:"warnings,omitempty"`
	Unconfirmed bool      `json:"unconfirmed,omitempty"` // the store has still to confirm
}

// Import enters a list. e says who does it, and what is done: its cameras and its note are
// filled in. What was entered before an error, as when ctx ends, is answered. done, if
// given, is told of every part.
func (im *Importer) Import(ctx context.Context, l *List, how How, e *register.Entry, done func(count map[registry.Status]int)) (Imported, error) {
	var out Imported
	rules, err := im.Rules(ctx)
	if err != nil {
		return out, err
	}
	rules.ByHand = how.ByHand
	if how.DryRun {
		out.Answers, err = Enter(ctx, rules, l, how.Accept, im.parts(len(l.Rows), im.withRoom(im.Registry.UpsertDry), done))
		out.Warnings = l.Warnings
		return out, err
	}
	if err := im.name(ctx, l, e); err != nil {
		return out, err
	}
	var stopped error // in the middle: the register has what is in
	err = im.Register.Act(ctx, e, func() (err error) {
		out.Answers, err = Enter(ctx, rules, l, how.Accept, im.parts(len(l.Rows), im.withRoom(im.confirmed(&out.Unconfirmed)), done))
		if _, cameras := out.became(); len(cameras) > 0 {
			stopped, err = err, nil
		}
		return err
	})
	out.Warnings = l.Warnings
	if err != nil {
		return out, err
	}
	note, cameras := out.became()
	if stopped != nil {
		note = register.Clean(note + ", and stopped there: " + stopped.Error())
	}
	if err := im.Register.Outcome(ctx, e, register.Done, note, cameras...); err != nil {
		out.Warnings = append(out.Warnings, Warning{Code: "not_registered", Message: Text{
			ZH: fmt.Sprintf("名单已导入，但结果未写入调用登记：%v", err),
			EN: fmt.Sprintf("the list is in, but what became of it is not in the access register: %v", err),
		}})
	}
	return out, stopped
}

type putter = func(context.Context, []registry.Draft) ([]registry.Outcome, error)

// confirmed enters cameras, and waits a while for the store to confirm it.
func (im *Importer) confirmed(unconfirmed *bool) putter {
	return func(ctx context.Context, drafts []registry.Draft) ([]registry.Outcome, error) {
		short, cancel := context.WithTimeout(ctx, im.Wait)
		defer cancel()
		out, err := im.Registry.Upsert(short, drafts)
		if errors.Is(err, registry.ErrUnconfirmed) {
			*unconfirmed, err = true, nil
		}
		return out, err
	}
}

// partRows is how many rows are entered at once.
const partRows = 1000

// parts enters cameras part by part, and tells of each. Of so many rows those that are not
// among the drafts have failed already. Without done all is one part.
func (im *Importer) parts(rows int, put putter, done func(map[registry.Status]int)) putter {
	if done == nil {
		return put
	}
	return func(ctx context.Context, drafts []registry.Draft) (all []registry.Outcome, err error) {
		count := map[registry.Status]int{}
		if failed := rows - len(drafts); failed > 0 {
			count[registry.Rejected] = failed
		}
		for part := range slices.Chunk(drafts, partRows) {
			if err := ctx.Err(); err != nil {
				return all, err
			}
			out, err := put(ctx, part)
			all = append(all, out...)
			for i := range out {
				count[out[i].Status]++
			}
			if err != nil {
				return all, err
			}
			done(count)
		}
		return all, nil
	}
}

// withRoom makes and changes cameras by put. New ones are refused while there is no room:
// those that are there come first.
func (im *Importer) withRoom(put putter) putter {
	return func(ctx context.Context, drafts []registry.Draft) ([]registry.Outcome, error) {
		var refused []registry.Outcome
		if why := im.NoRoom(); why != "" {
			drafts = slices.DeleteFunc(slices.Clone(drafts), func(d registry.Draft) bool {
				_, err := im.Registry.Resolve(ctx, d.Carrier+":"+d.DeviceID)
				fresh := errors.Is(err, registry.ErrUnknown)
				if fresh {
					refused = append(refused, registry.Outcome{Row: d.Row, Carrier: d.Carrier, DeviceID: d.DeviceID, Status: registry.Rejected, Code: CodeNoSpace, Message: why})
				}
				return fresh
			})
		}
		done, err := put(ctx, drafts)
		return append(refused, done...), err
	}
}

// name fills in what the register has of an import before it happens: how many rows, the
// devices of the first, and which of them are cameras already.
func (im *Importer) name(ctx context.Context, l *List, e *register.Entry) error {
	var names []string
	named := 0
	for i := range l.Rows {
		d := &l.Rows[i].Draft
		carrier := cmp.Or(d.Carrier, registry.DefaultCarrier)
		if registry.CheckRef(carrier, d.DeviceID) != nil {
			continue // whatever it is, it is no name
		}
		if named++; named > register.MostListed {
			continue
		}
		ref := carrier + ":" + d.DeviceID
		if len(names) < register.MostNamed {
			names = append(names, ref)
		}
		cam, err := im.Registry.Resolve(ctx, ref)
		switch {
		case err == nil:
			e.Cameras = append(e.Cameras, cam.ID)
		case !errors.Is(err, registry.ErrUnknown):
			return err
		}
	}
	rows := "1 row"
	if n := len(l.Rows); n != 1 {
		rows = fmt.Sprintf("%d rows", n)
	}
	e.Note = register.Clean(rows + ": " + register.AndMore(names, named))
	return nil
}

// became says what came of an import: how many of each, and the cameras that were made or
// changed, the first of them.
func (i *Imported) became() (note string, cameras []media.CameraID) {
	count := Count(i.Answers)
	for _, o := range i.Answers {
		if (o.Status == registry.Created || o.Status == registry.Updated) && len(cameras) < register.MostListed {
			cameras = append(cameras, o.Camera)
		}
	}
	return fmt.Sprintf("%d created, %d updated, %d unchanged, %d failed", count[registry.Created], count[registry.Updated],
		count[registry.Unchanged], count[registry.Rejected]), cameras
}

// Run is a jobs.Runner: it reads a list and enters it. What comes out is an Imported as
// JSON, and the sheet of errors.
func (im *Importer) Run(ctx context.Context, j jobs.Job, input []byte, report jobs.Report) (jobs.Output, error) {
	var out jobs.Output
	l, err := Read(bytes.NewReader(input), Options{Carrier: j.Carrier})
	var bad *FileError
	if errors.As(err, &bad) {
		return out, &jobs.Failure{Code: bad.Code, ZH: bad.Message.ZH, EN: bad.Message.EN}
	}
	if err != nil {
		return out, err
	}
	report(len(l.Rows), 0, nil)
	e := &register.Entry{Kind: register.Admin, Who: register.Clean(j.Actor), Unit: j.Unit, Address: register.Clean(j.Address), Act: "camera.import"}
	how := How{DryRun: j.Options[OptionDryRun] == "true", Accept: j.Options[OptionAccept] == "true"}
	done, err := im.Import(ctx, l, how, e, func(count map[registry.Status]int) {
		n, by := counted(count)
		report(len(l.Rows), n, by)
	})
	if errors.Is(err, register.ErrUnwritten) {
		err = errors.Join(&jobs.Failure{
			Code: "register_unavailable", ZH: "调用登记无法写入，未导入任何一行：请联系管理员，稍后重新导入",
			EN: "the access register cannot be written, and nothing was imported: tell the administrator, and import it again",
		}, err)
	}
	if done.Answers == nil {
		return out, err
	}
	n, by := counted(Count(done.Answers))
	report(len(l.Rows), n, by)
	var jerr, serr error
	out.Result, jerr = json.Marshal(done)
	if Count(done.Answers)[registry.Rejected] > 0 {
		var sheet bytes.Buffer
		serr = ErrorSheet(&sheet, l, done.Answers, false)
		out.Sheet = sheet.Bytes()
	}
	return out, errors.Join(err, jerr, serr)
}

// counted is how many rows have an answer, and how many each.
func counted(count map[registry.Status]int) (int, map[string]int) {
	n, out := 0, map[string]int{}
	for status, k := range count {
		if status != "" {
			n += k
			out[string(status)] = k
		}
	}
	return n, out
}
