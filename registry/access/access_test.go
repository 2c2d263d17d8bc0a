package access

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"qianshao/storage/media"
)

var actions = Actions

// Every role against every action: on a camera of its own carrier and on another;
// with the facts that are given, and with none.
func TestRolesAndActions(t *testing.T) {
	t.Parallel()
	gate, cam := New(), media.NewCameraID()
	footage := []Action{FindFootage, ReadFootage, ReadPicture, WatchLive}
	begin := []Action{ListCases, OpenCase, OpenViewing}
	audits := []Action{ReadCamera, ReadViewings, ReadRegister, ListCases, ReadCase, ReviewCase}
	all := Facts{InCase: true, InViewing: true, Member: true, Second: true, Own: true}
	li := Subject{Kind: Account, ID: "li", Roles: []string{"investigator"}}
	for _, c := range []struct {
		name    string
		who     Subject
		facts   Facts
		own     []Action // on a camera of unicom, and on unicom, with the facts
		foreign []Action // on one of telecom, and on all, without
	}{
		{"nobody", Subject{}, all, nil, nil},
		{"operator", Subject{Kind: Operator}, Facts{}, actions, actions},
		{"without accounts", Subject{Kind: Anyone}, Facts{}, actions, actions},
		{"an account without a role", Subject{Kind: Account, ID: "operator"}, all, nil, nil},
		{
			"investigator in a case", li,
			Facts{InCase: true, Member: true},
			append([]Action{ListCameras, ReadCamera, ReadTimeline, ReadCase, WorkOnCase}, begin...), begin,
		},
		{"investigator in a viewing", li, Facts{InViewing: true}, append(begin[:3:3], footage...), begin},
		{"second officer", li, Facts{Second: true}, append([]Action{ReadCase, ApproveCase}, begin...), begin},
		{
			"carrier",
			Subject{Kind: Account, ID: "wang", Roles: []string{"carrier"}, Carrier: "unicom"},
			all,
			[]Action{ListCameras, ReadCamera, EditCamera, AddCameras, Reconcile, ReadLife, Decide, ReadTimeline},
			nil,
		},
		{
			"a carrier's program",
			Subject{Kind: Program, ID: "t_1", Roles: []string{"carrier"}, Carrier: "unicom"},
			all,
			[]Action{ListCameras, ReadCamera, EditCamera, AddCameras, Reconcile, ReadLife, Decide, ReadTimeline},
			nil,
		},
		{
			"admin",
			Subject{Kind: Account, ID: "zhao", Roles: []string{"admin"}},
			all,
			[]Action{ListCameras, ReadCamera, EditCamera, AddCameras, Reconcile, ReadLife, ReadTimeline, ManageAccounts, Operate},
			[]Action{ListCameras, ReadCamera, EditCamera, AddCameras, Reconcile, ReadLife, ReadTimeline, ManageAccounts, Operate},
		},
		{"auditor", Subject{Kind: Account, ID: "qian", Roles: []string{"auditor"}}, all, audits, audits},
		{
			"an investigator's program",
			Subject{Kind: Program, ID: "t_2", Roles: []string{"investigator"}},
			all,
			append([]Action{ListCameras, ReadCamera, ReadTimeline, ReadCase, WorkOnCase, OpenViewing}, footage...),
			[]Action{OpenViewing},
		},
		{"household", Subject{Kind: Account, ID: "zhou", Roles: []string{"household"}}, all, []Action{ListCameras, ReadCamera, ReadLife, Decide, ReadTimeline, ReadViewings}, nil},
	} {
		for _, a := range actions {
			for _, own := range []bool{true, false} {
				r := Request{Subject: c.who, Action: a, Carrier: "unicom"}
				want := c.own
				if own {
					r.Facts = c.facts
				} else {
					r.Carrier, want = "telecom", c.foreign
				}
				switch a {
				case ReadCase, WorkOnCase, ApproveCase, ReviewCase:
					r.Case = "k_1"
				case ReadCamera, EditCamera, ReadLife, Decide, ReadTimeline, ReadViewings, ReadFootage, ReadPicture, WatchLive:
					r.Camera = cam
				default:
					if !own {
						r.Carrier = ""
					}
				}
				err := gate.Authorize(t.Context(), r)
				if slices.Contains(want, a) != (err == nil) || err != nil && !errors.Is(err, ErrForbidden) {
					t.Errorf("%s, %s, own %v: %v", c.name, a, own, err)
				}
			}
		}
	}
}

func TestMistakesAreRefused(t *testing.T) {
	t.Parallel()
	gate := New()
	for _, r := range []Request{{}, {Action: "footage.erase"}, {Action: ReadFootage}, {Action: WatchLive}, {Action: ReadCase}} {
		r.Subject.Kind = Operator
		if err := gate.Authorize(t.Context(), r); !errors.Is(err, ErrForbidden) {
			t.Errorf("%+v: %v, want ErrForbidden", r, err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := gate.Authorize(gone, Request{Action: ListCameras}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// The policies name every action, and no other.
func TestPolicyNamesTheActions(t *testing.T) {
	t.Parallel()
	for _, a := range actions {
		if !strings.Contains(Policy(), `Action::"`+string(a)+`"`) {
			t.Errorf("%s stands in no policy", a)
		}
	}
	for _, part := range strings.Split(Policy(), `Action::"`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if !slices.Contains(actions, Action(name)) {
			t.Errorf("there is no action %s", name)
		}
	}
}

func BenchmarkAuthorize(b *testing.B) {
	gate, cam := New(), media.NewCameraID()
	r := Request{Subject: Subject{Kind: Account, ID: "li", Roles: []string{"investigator"}}, Action: ReadFootage, Camera: cam, Carrier: "unicom", Facts: Facts{InCase: true, InViewing: true}}
	b.ReportAllocs()
	for b.Loop() {
		if err := gate.Authorize(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "asked/s")
}

// Whatever stands in the names that policies are asked about, nobody is let in by
// chance: only the role that is meant, with the fact that it needs.
func FuzzAuthorize(f *testing.F) {
	gate := New()
	f.Add("li", "investigator", "", "footage.read", "c_abcdefgh234567ab", "", false)
	f.Add("operator", "carrier", "unicom", "camera.read", "c_x", "unicom", true)
	f.Add(`"; permit(principal,action,resource);`, `investigator" || true`, "\x00", "case.read", "\xff", "k_1", true)
	f.Fuzz(func(t *testing.T, id, role, carrier, action, camera, file string, in bool) {
		r := Request{
			Subject: Subject{Kind: Account, ID: id, Roles: []string{role}, Carrier: carrier}, Action: Action(action),
			Camera: media.CameraID(camera), Carrier: carrier, Case: file, Facts: Facts{InViewing: in},
		}
		if err := gate.Authorize(t.Context(), r); err == nil && r.Action.Shows() && (role != "investigator" || !in) {
			t.Errorf("%+v sees footage", r)
		}
		r.Subject.Kind = Nobody
		if gate.Authorize(t.Context(), r) == nil {
			t.Errorf("nobody may %q", action)
		}
	})
}
