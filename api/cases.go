package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"qianshao/registry"
	"qianshao/registry/access"
	"qianshao/registry/account"
	"qianshao/registry/area"
	"qianshao/registry/cases"
	"qianshao/registry/place"
	"qianshao/registry/register"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// caseJSON is a case as it is told.
type caseJSON struct {
	ID        string          `json:"id" example:"k_abcdefgh234567ab"`
	Number    string          `json:"number,omitempty" doc:"as the bureau counts; absent: an emergency that has none yet" example:"A5223012026110017"`
	State     cases.State     `json:"state" enum:"waiting,open,closed,expired" doc:"waiting: for a second officer"`
	Unit      string          `json:"unit" example:"XY-JP"`
	Class     string          `json:"class,omitempty" example:"盗窃"`
	Reason    string          `json:"reason" example:"村民三头黄牛被盗，查找运牛车辆"`
	Area      area.Area       `json:"area"`
	AreaNames []string        `json:"area_names,omitempty" doc:"what the area's divisions are called, in their order; empty: not known" example:"[\"兴义市桔山街道\"]"`
	From      timeline.Micros `json:"from" format:"date-time" doc:"of the footage that may be seen"`
	To        timeline.Micros `json:"to" format:"date-time"`
	Members   []string        `json:"members" doc:"logins"`
	By        string          `json:"by" doc:"who opened it"`
	Opened    timeline.Micros `json:"opened" format:"date-time"`
	Expires   timeline.Micros `json:"expires" format:"date-time"`
	Emergency bool            `json:"emergency,omitempty" doc:"it began as one"`
	Growth    bool            `json:"growth,omitempty" doc:"a route may be followed beyond the area, hop by hop"`
	Hops      []hopJSON       `json:"hops,omitempty"`
	Large     []cases.Large   `json:"large,omitempty" doc:"why it needs a second officer"`
	Approved  *markJSON       `json:"approved,omitempty"`
	Adopted   *markJSON       `json:"adopted,omitempty" doc:"an emergency became a case"`
	Closed    *markJSON       `json:"closed,omitempty"`
	Reviews   []markJSON      `json:"reviews,omitempty"`
	Due       bool            `json:"due_for_review,omitempty"`
	May       mayJSON         `json:"may" doc:"what who asks may do with it"`
}

type mayJSON struct {
	Work    bool `json:"work"`
	Approve bool `json:"approve"`
	Review  bool `json:"review"`
}

type markJSON struct {
	By   string          `json:"by"`
	At   timeline.Micros `json:"at" format:"date-time"`
	Note string          `json:"note,omitempty"`
}

type hopJSON struct {
	Camera media.CameraID  `json:"camera"`
	At     timeline.Micros `json:"at" format:"date-time"`
	By     string          `json:"by"`
	Added  timeline.Micros `json:"added" format:"date-time"`
}

func markOf(m *cases.Mark) *markJSON {
	if m == nil {
		return nil
	}
	return &markJSON{m.By, m.At, m.Note}
}

func (h *Handler) caseJSON(ctx context.Context, a *asked, c *cases.Case) caseJSON {
	state := c.State(a.now)
	out := caseJSON{
		ID: c.ID, Number: c.Number, State: state, Unit: c.Unit, Class: c.Class, Reason: c.Reason, Area: c.Area, From: c.Span.From, To: c.Span.To,
		Members: c.Members, By: c.By, Opened: c.Opened, Expires: c.Expires, Emergency: c.Emergency, Growth: c.Growth, Large: c.Large,
		Approved: markOf(c.Approved), Adopted: markOf(c.Adopted), Closed: markOf(c.Closed), Due: c.DueForReview(a.now),
	}
	for _, code := range c.Area.Divisions { // auditors may not look for places
		out.AreaNames = append(out.AreaNames, place.FullName(code))
	}
	for i := range c.Reviews {
		out.Reviews = append(out.Reviews, *markOf(&c.Reviews[i]))
	}
	for _, hop := range c.Hops {
		out.Hops = append(out.Hops, hopJSON{hop.Camera, hop.At, hop.By, hop.Added})
	}
	of := *a
	of.file = *c
	may := func(act access.Action) bool { return h.mayCase(ctx, &of, act) == nil }
	out.May = mayJSON{
		Work: may(access.WorkOnCase) && state != cases.Closed, Approve: may(access.ApproveCase) && c.Pending(a.now),
		Review: may(access.ReviewCase) && out.Due,
	}
	return out
}

func (a *asked) by() cases.By {
	return cases.By{Login: a.subject.ID, Unit: a.subject.Unit, Address: a.address}
}

type casesIn struct {
	State string `query:"state" enum:"waiting,open,closed,expired,due" doc:"only those that stand so; due: that wait for a review"`
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"200" doc:"at most so many, the newest"`
}

type casesOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Items []caseJSON `json:"items" doc:"newest first"`
		More  int        `json:"more" doc:"how many older ones there are"`
	}
}

// listCases answers GET /api/v1/cases: those that who asks works on, may approve,
// or, as an auditor, all.
func (h *Handler) listCases(ctx context.Context, a *asked, in *casesIn) (*casesOut, error) {
	found := h.cfg.Cases.List(func(c *cases.Case) bool {
		of := *a
		of.file = *c
		switch in.State {
		case "":
		case "due":
			if !c.DueForReview(a.now) {
				return false
			}
		default:
			if c.State(a.now) != cases.State(in.State) {
				return false
			}
		}
		return h.mayCase(ctx, &of, access.ReadCase) == nil
	})
	out := &casesOut{Cache: "no-store"}
	out.Body.Items, out.Body.More = []caseJSON{}, max(0, len(found)-in.Limit)
	for i := range found[:min(len(found), in.Limit)] {
		out.Body.Items = append(out.Body.Items, h.caseJSON(ctx, a, &found[i]))
	}
	return out, nil
}

// CaseBody is exported for the JSON library, which looks into it. It is what a case
// is opened with.
type CaseBody struct {
	Number  string          `json:"number,omitempty" maxLength:"64" doc:"as the bureau counts" example:"A5223012026110017"`
	Class   string          `json:"class,omitempty" maxLength:"64" example:"盗窃"`
	Reason  string          `json:"reason,omitempty" maxLength:"500" example:"村民三头黄牛被盗，查找运牛车辆"`
	Area    area.Area       `json:"area,omitempty"`
	From    timeline.Micros `json:"from,omitempty" format:"date-time" doc:"of the footage" example:"2026-11-22T20:00:00+08:00"`
	To      timeline.Micros `json:"to,omitempty" format:"date-time" example:"2026-11-23T08:00:00+08:00"`
	Expires timeline.Micros `json:"expires,omitempty" format:"date-time" doc:"default: in 30 days" example:"2026-12-23T00:00:00+08:00"`
	Growth  bool            `json:"growth,omitempty" doc:"a route may be followed: each hop adds 2 km and 30 minutes around a camera that the case reaches"`
}

type openCaseIn struct {
	Body struct {
		CaseBody
		Members   []string `json:"members,omitempty" maxItems:"200" doc:"logins; who opens it is one" example:"[\"li.na\"]"`
		Emergency bool     `json:"emergency,omitempty" doc:"on a reason alone: for 24 hours, in the area of one's own unit"`
	}
}

type caseOut struct {
	Cache string `header:"Cache-Control"`
	Body  caseJSON
}

func (h *Handler) told(ctx context.Context, a *asked, c cases.Case, err error) (*caseOut, error) {
	if err != nil {
		return nil, err
	}
	return &caseOut{Cache: "no-store", Body: h.caseJSON(ctx, a, &c)}, nil
}

const caseTime = 30 * timeline.Day

func (b *CaseBody) fill(c *cases.Case, now timeline.Micros) {
	c.Number, c.Class, c.Reason, c.Area, c.Growth = b.Number, b.Class, b.Reason, b.Area, b.Growth
	c.Span = timeline.Span{From: b.From, To: b.To}
	c.Expires = cmp.Or(b.Expires, now+caseTime)
}

// openCase answers POST /api/v1/cases.
func (h *Handler) openCase(ctx context.Context, a *asked, in *openCaseIn) (*caseOut, error) {
	c := cases.Case{Members: in.Body.Members, Emergency: in.Body.Emergency}
	in.Body.fill(&c, a.now)
	if err := h.areInvestigators(ctx, c.Members); err != nil {
		return nil, err
	}
	c, err := h.cfg.Cases.Begin(ctx, a.by(), c)
	return h.told(ctx, a, c, err)
}

// areInvestigators says whether people may work on a case.
func (h *Handler) areInvestigators(ctx context.Context, logins []string) error {
	for _, login := range logins {
		x, err := h.cfg.Accounts.Get(ctx, login)
		if err != nil && !errors.Is(err, account.ErrUnknown) {
			return err
		}
		if err != nil || x.Login != login || x.Disabled != 0 || !x.Has(account.Investigator) {
			return &Problem{
				Status: http.StatusUnprocessableEntity, Code: "no_investigator", Detail: fmt.Sprintf("members: %.64q is no investigator", login),
				Next: "use the logins of investigators, as they sign in with",
			}
		}
	}
	return nil
}

// OneCase is exported for the JSON library, which looks into it.
type OneCase struct {
	Case string `path:"case" pattern:"^[^\\p{Cc}\\p{Cf}]{1,64}$" doc:"its id or number" example:"k_abcdefgh234567ab"`
}

// getCase answers GET /api/v1/cases/{case}.
func (h *Handler) getCase(ctx context.Context, a *asked, _ *OneCase) (*caseOut, error) {
	return h.told(ctx, a, a.file, nil)
}

type membersIn struct {
	OneCase
	Body struct {
		Members []string `json:"members" maxItems:"200" doc:"logins; who opened the case stays one" example:"[\"li.na\"]"`
	}
}

// setMembers answers PUT /api/v1/cases/{case}/members.
func (h *Handler) setMembers(ctx context.Context, a *asked, in *membersIn) (*caseOut, error) {
	if err := h.areInvestigators(ctx, in.Body.Members); err != nil {
		return nil, err
	}
	c, err := h.cfg.Cases.SetMembers(ctx, a.by(), a.file.ID, in.Body.Members)
	return h.told(ctx, a, c, err)
}

type approvalIn struct {
	OneCase
	Body struct {
		Approve bool   `json:"approve" doc:"false: the case is refused, and closed"`
		Note    string `json:"note,omitempty" maxLength:"500"`
	}
}

// approveCase answers POST /api/v1/cases/{case}/approval.
func (h *Handler) approveCase(ctx context.Context, a *asked, in *approvalIn) (*caseOut, error) {
	decide := h.cfg.Cases.Refuse
	if in.Body.Approve {
		decide = h.cfg.Cases.Approve
	}
	c, err := decide(ctx, a.by(), a.file.ID, in.Body.Note)
	return h.told(ctx, a, c, err)
}

type adoptIn struct {
	OneCase
	Body CaseBody
}

// adoptCase answers POST /api/v1/cases/{case}/adoption.
func (h *Handler) adoptCase(ctx context.Context, a *asked, in *adoptIn) (*caseOut, error) {
	var as cases.Case
	in.Body.fill(&as, a.now)
	c, err := h.cfg.Cases.Adopt(ctx, a.by(), a.file.ID, as)
	return h.told(ctx, a, c, err)
}

type hopIn struct {
	OneCase
	Body struct {
		Camera string          `json:"camera" maxLength:"256" doc:"where the route passed: our id, carrier:device, or a device id"`
		At     timeline.Micros `json:"at" format:"date-time" doc:"when" example:"2026-11-23T02:13:00+08:00"`
	}
}

// growCase answers POST /api/v1/cases/{case}/hops.
func (h *Handler) growCase(ctx context.Context, a *asked, in *hopIn) (*caseOut, error) {
	cam, err := h.known(ctx, a, in.Body.Camera)
	if err != nil {
		return nil, err
	}
	spot := cam.Spot()
	c, err := h.cfg.Cases.Grow(ctx, a.by(), a.file.ID, &spot, in.Body.At)
	return h.told(ctx, a, c, err)
}

type noteIn struct {
	OneCase
	Body struct {
		Note string `json:"note,omitempty" maxLength:"500"`
	}
}

// closeCase answers POST /api/v1/cases/{case}/closing.
func (h *Handler) closeCase(ctx context.Context, a *asked, in *noteIn) (*caseOut, error) {
	c, err := h.cfg.Cases.End(ctx, a.by(), a.file.ID, in.Body.Note)
	return h.told(ctx, a, c, err)
}

// reviewCase answers POST /api/v1/cases/{case}/reviews.
func (h *Handler) reviewCase(ctx context.Context, a *asked, in *noteIn) (*caseOut, error) {
	c, err := h.cfg.Cases.Review(ctx, a.by(), a.file.ID, in.Body.Note)
	return h.told(ctx, a, c, err)
}

type caseViewingsOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Items []entryJSON `json:"items" doc:"who saw what in this case: entries of the register, newest first"`
	}
}

// caseViewings answers GET /api/v1/cases/{case}/viewings.
func (h *Handler) caseViewings(ctx context.Context, a *asked, _ *OneCase) (*caseViewingsOut, error) {
	out := &caseViewingsOut{Cache: "no-store"}
	out.Body.Items = []entryJSON{}
	names := []string{a.file.ID}
	if a.file.Number != "" {
		names = append(names, a.file.Number)
	}
	for _, name := range names {
		page, err := h.cfg.Register.List(ctx, register.Query{Case: name, Limit: 500})
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			if e := &page.Items[i]; e.Viewing != "" {
				out.Body.Items = append(out.Body.Items, entryOf(e))
			}
		}
	}
	slices.SortStableFunc(out.Body.Items, func(x, y entryJSON) int { return cmp.Compare(y.At, x.At) })
	return out, nil
}

type officerJSON struct {
	Login    string `json:"login"`
	Unit     string `json:"unit"`
	Opened   int    `json:"opened" doc:"emergencies"`
	Adopted  int    `json:"adopted" doc:"of these became cases"`
	Due      int    `json:"due_for_review"`
	Reviewed int    `json:"reviewed"`
}

type emergenciesIn struct {
	From string `query:"from" doc:"only those opened from then on; RFC 3339" example:"2026-11-01T00:00:00+08:00"`
}

type emergenciesOut struct {
	Cache string `header:"Cache-Control"`
	Body  struct {
		Items []officerJSON `json:"items" doc:"an officer each, who opened most first"`
	}
}

// emergencies answers GET /api/v1/emergencies.
func (h *Handler) emergencies(_ context.Context, a *asked, in *emergenciesIn) (*emergenciesOut, error) {
	var since timeline.Micros
	if in.From != "" {
		t, err := time.Parse(time.RFC3339Nano, in.From)
		if err != nil {
			return nil, badParam("from", in.From, "a time like 2026-11-23T09:00:00+08:00")
		}
		since = timeline.FromTime(t)
	}
	by := map[string]*officerJSON{}
	for _, c := range h.cfg.Cases.List(func(c *cases.Case) bool { return c.Emergency && c.Opened >= since }) {
		o := by[c.By]
		if o == nil {
			o = &officerJSON{Login: c.By, Unit: c.Unit}
			by[c.By] = o
		}
		o.Opened++
		switch {
		case c.Adopted != nil:
			o.Adopted++
		case c.DueForReview(a.now):
			o.Due++
		case len(c.Reviews) > 0:
			o.Reviewed++
		}
	}
	out := &emergenciesOut{Cache: "no-store"}
	out.Body.Items = []officerJSON{}
	for _, o := range by {
		out.Body.Items = append(out.Body.Items, *o)
	}
	slices.SortFunc(out.Body.Items, func(x, y officerJSON) int {
		return cmp.Or(cmp.Compare(y.Opened, x.Opened), cmp.Compare(x.Login, y.Login))
	})
	return out, nil
}

// known resolves a camera that a body names, among those that who asks may know of.
func (h *Handler) known(ctx context.Context, a *asked, ref string) (registry.Camera, error) {
	of := *a
	if err := h.find(ctx, &of, ref); err != nil {
		h.even(ctx, a.began, err)
		return registry.Camera{}, err
	}
	return of.camera, nil
}

// caseProblem finds the answer for what cases say; nil: it is not theirs.
func caseProblem(err error) *Problem {
	switch {
	case errors.Is(err, cases.ErrOutside):
		return &Problem{Status: http.StatusForbidden, Code: "outside_case", Detail: err.Error(), Next: "ask for what the case's area and time contain, or follow the route to there by hops"}
	case errors.Is(err, cases.ErrState):
		return &Problem{Status: http.StatusConflict, Code: "case_state", Detail: err.Error(), Next: "look at the case: GET /api/v1/cases/{case}"}
	case errors.Is(err, cases.ErrTaken):
		return &Problem{Status: http.StatusConflict, Code: "case_taken", Detail: err.Error(), Next: "ask its members to make you one, or correct the number"}
	case errors.Is(err, cases.ErrBad):
		return &Problem{Status: http.StatusUnprocessableEntity, Code: "not_possible", Detail: err.Error(), Next: "correct it and send it again"}
	case errors.Is(err, cases.ErrNotRegistered):
		return &Problem{Status: http.StatusServiceUnavailable, Code: "register_unavailable", Detail: cases.ErrNotRegistered.Error(), Next: "free space on the server's disk, or look at its log", retry: "10"}
	}
	return nil
}
