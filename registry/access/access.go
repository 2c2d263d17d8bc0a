// Package access is the one gate in front of every byte of footage and every
// change of a camera. Every handler asks Authorize before it does anything; who
// may do what stands in policy.cedar and nowhere else.
package access

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// ErrForbidden is wrapped by Authorize when the subject may not.
var ErrForbidden = errors.New("not allowed")

// Action is what a request wants to do.
type Action string

// The actions. Those of footage need a camera and a span.
const (
	ListCameras    Action = "camera.list"
	ReadCamera     Action = "camera.read"
	EditCamera     Action = "camera.edit"
	AddCameras     Action = "camera.add"       // one or an import of many
	Reconcile      Action = "camera.reconcile" // a carrier's list and subsidies against what is here
	ReadTimeline   Action = "timeline.read"
	ReadLife       Action = "camera.life"   // its standing, consents, pauses, withdrawals
	Decide         Action = "camera.decide" // what its household may: pause, withdraw
	ReadViewings   Action = "viewing.list"  // who looked at a camera's footage, in plain words
	FindFootage    Action = "footage.find"
	ReadFootage    Action = "footage.read" // clips, playback, playlists
	ReadPicture    Action = "picture.read"
	WatchLive      Action = "live.watch"
	ReadRegister   Action = "register.read"
	ManageAccounts Action = "account.manage"
	Operate        Action = "system.operate" // metrics, retention, checks
	ListCases      Action = "case.list"
	OpenCase       Action = "case.open"
	ReadCase       Action = "case.read"
	WorkOnCase     Action = "case.work" // members, hops, viewings, its end
	ApproveCase    Action = "case.approve"
	ReviewCase     Action = "case.review"
	OpenViewing    Action = "viewing.open"
)

// Shows reports whether an action lets somebody see footage: it is registered
// before the first byte.
func (a Action) Shows() bool {
	switch a {
	case FindFootage, ReadFootage, ReadPicture, WatchLive:
		return true
	}
	return false
}

// Narrows reports whether who may not do it about all cameras may about some of them.
func (a Action) Narrows() bool {
	switch a {
	case ListCameras, AddCameras, Reconcile:
		return true
	}
	return false
}

// Kind is what a subject is. The zero Kind may do nothing.
type Kind uint8

// The kinds of subjects.
const (
	Nobody   Kind = iota
	Operator      // a command on this machine
	Anyone        // whoever asks a server without accounts (--no-auth)
	Account       // somebody who signed in
	Program       // a program with a token
)

// Subject is who asks.
type Subject struct {
	Kind    Kind
	ID      string // login, or id of a token
	Roles   []string
	Unit    string           // of an account
	Carrier string           // of role carrier
	Case    string           // of a program of role investigator: the number of its case
	Cameras []media.CameraID // of a household
}

// Has reports whether the subject has a role.
func (s *Subject) Has(role string) bool { return slices.Contains(s.Roles, role) }

// Request is one question to the gate.
type Request struct {
	Subject Subject
	Action  Action
	Camera  media.CameraID // empty for actions on no single camera
	Carrier string         // of the camera; without one: whose cameras are meant, empty: all
	Span    timeline.Span  // of the footage asked for; zero for other actions
	Case    string         // id of a case; of actions on one
	Facts   Facts
}

// Facts are what holds at the moment of the question and the policies cannot know.
type Facts struct {
	Own       bool // the camera stands at the subject's house
	InCase    bool // an open case of the subject reaches the camera
	InViewing bool // the viewing that the request names is open, the subject's, and contains camera and span
	Member    bool // the subject works on the case
	Second    bool // the subject may be the case's second officer
	Withdrawn bool // the camera's household has withdrawn, and no case holds the span
}

// context is the facts as the policies see them; there are few, and each costs to
// make.
func (f Facts) context() types.Record {
	n := 0
	for i, set := range [...]bool{f.InCase, f.InViewing, f.Member, f.Second, f.Own, f.Withdrawn} {
		if set {
			n |= 1 << i
		}
	}
	return contexts[n]
}

var contexts = func() (all [64]types.Record) {
	for n := range all {
		all[n] = types.NewRecord(types.RecordMap{
			"in_case": types.Boolean(n&1 != 0), "in_viewing": types.Boolean(n&2 != 0), "member": types.Boolean(n&4 != 0), "second": types.Boolean(n&8 != 0),
			"own": types.Boolean(n&16 != 0), "withdrawn": types.Boolean(n&32 != 0),
		})
	}
	return all
}()

//go:embed policy.cedar
var policy []byte

// Policy returns the text of policy.cedar.
func Policy() string { return string(policy) }

// Authorizer decides. Handlers hold one; there is one implementation, New.
type Authorizer struct {
	policies map[Action]*cedar.PolicySet // what could apply to each; nil: none
	roles    sync.Map                    // of types.Set, by the names joined: few there are, and costly to make
}

// New makes the gate.
func New() *Authorizer {
	set, err := cedar.NewPolicySetFromBytes("policy.cedar", policy)
	if err != nil {
		panic(err) // built in, and read by every test
	}
	return &Authorizer{policies: byAction(set)}
}

// Actions are all there are.
var Actions = []Action{
	ReadLife, Decide,
	ListCameras, ReadCamera, EditCamera, AddCameras, Reconcile, ReadTimeline, ReadViewings, FindFootage, ReadFootage, ReadPicture, WatchLive,
	ReadRegister, ManageAccounts, Operate, ListCases, OpenCase, ReadCase, WorkOnCase, ApproveCase, ReviewCase, OpenViewing,
}

// byAction leaves out, for each action, the policies that name others only: a
// question is then answered by a handful of them.
func byAction(set *cedar.PolicySet) map[Action]*cedar.PolicySet {
	out := map[Action]*cedar.PolicySet{}
	for _, a := range Actions {
		some := cedar.NewPolicySet()
		for id, p := range set.All() {
			if text := string(p.MarshalCedar()); !strings.Contains(text, `Action::"`) || strings.Contains(text, `Action::"`+string(a)+`"`) {
				some.Add(id, p)
			}
		}
		out[a] = some
	}
	return out
}

// Authorize returns nil if the request may go on, else an error that wraps
// ErrForbidden. A request that names no action, or asks for footage without
// saying of which camera, is a mistake of ours and is refused.
func (a *Authorizer) Authorize(ctx context.Context, r Request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	switch r.Action {
	case ListCameras, AddCameras, Reconcile, FindFootage, ReadRegister, ManageAccounts, Operate, ListCases, OpenCase, OpenViewing:
	case ReadCase, WorkOnCase, ApproveCase, ReviewCase:
		if r.Case == "" {
			return fmt.Errorf("%s without a case: %w", r.Action, ErrForbidden)
		}
	case ReadCamera, EditCamera, ReadLife, Decide, ReadTimeline, ReadViewings, ReadFootage, ReadPicture, WatchLive:
		if r.Camera == "" {
			return fmt.Errorf("%s without a camera: %w", r.Action, ErrForbidden)
		}
	default:
		return fmt.Errorf("action %q: %w", r.Action, ErrForbidden)
	}
	if r.Subject.Kind == Nobody {
		return fmt.Errorf("%s by nobody: %w", r.Action, ErrForbidden)
	}
	q := a.ask(&r)
	decision, _ := cedar.Authorize(a.policies[r.Action], &q, cedar.Request{
		Principal: q.principal.UID, Action: types.NewEntityUID("Action", types.String(r.Action)), Resource: q.resource.UID,
		Context: r.Facts.context(),
	})
	if decision != cedar.Allow {
		return fmt.Errorf("%s: %w", r.Action, ErrForbidden)
	}
	return nil
}

func (s *Subject) uid() types.EntityUID {
	switch s.Kind {
	case Operator:
		return types.NewEntityUID("Machine", "operator")
	case Anyone:
		return types.NewEntityUID("Machine", "anyone")
	case Account:
		return types.NewEntityUID("Account", types.String(s.ID))
	case Program:
		return types.NewEntityUID("Program", types.String(s.ID))
	case Nobody:
	}
	return types.NewEntityUID("Machine", "nobody")
}

func (r *Request) uid() types.EntityUID {
	switch {
	case r.Case != "":
		return types.NewEntityUID("Case", types.String(r.Case))
	case r.Camera != "":
		return types.NewEntityUID("Camera", types.String(r.Camera))
	case r.Carrier != "":
		return types.NewEntityUID("Carrier", types.String(r.Carrier))
	}
	return types.NewEntityUID("Site", "all")
}

// set is the names of roles as the policies see them.
func (a *Authorizer) set(roles []string) types.Set {
	key := strings.Join(roles, " ")
	if set, ok := a.roles.Load(key); ok {
		return set.(types.Set)
	}
	values := make([]types.Value, len(roles))
	for i, r := range roles {
		values[i] = types.String(r)
	}
	set := types.NewSet(values...)
	a.roles.Store(key, set)
	return set
}

// asked has what the policies look at: who asks, and what for.
type asked struct{ principal, resource types.Entity }

func (a *Authorizer) ask(r *Request) asked {
	of := types.RecordMap{"carrier": types.String(r.Carrier)}
	if r.Camera == "" && r.Carrier != "" {
		of = types.RecordMap{"name": types.String(r.Carrier)}
	}
	return asked{
		types.Entity{UID: r.Subject.uid(), Attributes: types.NewRecord(types.RecordMap{
			"roles": a.set(r.Subject.Roles), "carrier": types.String(r.Subject.Carrier),
		})},
		types.Entity{UID: r.uid(), Attributes: types.NewRecord(of)},
	}
}

// Get implements types.EntityGetter.
func (q *asked) Get(uid types.EntityUID) (types.Entity, bool) {
	switch uid {
	case q.principal.UID:
		return q.principal, true
	case q.resource.UID:
		return q.resource, true
	}
	return types.Entity{}, false
}
