package registry

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"qianshao/registry/secret"
	"qianshao/storage/acts"
	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// path leads to each lifecycle from a new import.
var path = map[Lifecycle][]Lifecycle{
	Imported: nil, Probing: {Probing}, PendingReview: {Probing, PendingReview}, Active: {Probing, PendingReview, Active},
	Suspended: {Probing, PendingReview, Active, Suspended}, Withdrawn: {Withdrawn}, Decommissioned: {Decommissioned},
}

func move(t *testing.T, r *Registry, id media.CameraID, to Lifecycle) {
	t.Helper()
	moved, err := r.Move(t.Context(), to, By{Actor: "ann", Reason: "to " + string(to)}, id)
	if err != nil || len(moved) != 1 || moved[0].Err != nil {
		t.Fatalf("to %s: %+v, %v", to, moved, err)
	}
}

// Every lifecycle may be followed by those of the table, and by no other; only an
// active camera is listed for recording, owes footage, and is in the acts.
func TestEveryStep(t *testing.T) {
	t.Parallel()
	table := map[Lifecycle]string{
		Imported: "probing withdrawn decommissioned", Probing: "imported pending_review withdrawn decommissioned",
		PendingReview: "imported probing active withdrawn decommissioned", Active: "suspended withdrawn decommissioned",
		Suspended: "active withdrawn decommissioned", Withdrawn: "decommissioned", Decommissioned: "imported withdrawn",
	}
	log := &actLog{}
	r := open(t, Config{Now: newClock().now, Acts: log})
	want := map[Lifecycle]int{}
	for from, may := range table {
		for _, to := range Lifecycles {
			cam := put(t, r, Draft{Carrier: "unicom", DeviceID: string(from + "." + to), URL: Set("rtsp://10.0.0.1/"), Begin: Imported}, Created)
			for _, l := range path[from] {
				move(t, r, cam.ID, l)
			}
			moved, err := r.Move(t.Context(), to, By{Actor: "ann"}, cam.ID)
			if err != nil || len(moved) != 1 || moved[0].From != from {
				t.Fatalf("%s to %s: %+v, %v", from, to, moved, err)
			}
			is := from
			if from == to || slices.Contains(strings.Fields(may), string(to)) {
				if is = to; moved[0].Err != nil {
					t.Error(moved[0].Err)
				}
			} else if step := (*StepError)(nil); !errors.As(moved[0].Err, &step) || step.From != from || step.To != to || !strings.Contains(step.Error(), string(from)) {
				t.Errorf("%s to %s: error %v", from, to, moved[0].Err)
			}
			want[is]++
			now, err := r.Get(t.Context(), cam.ID)
			if err != nil || now.Lifecycle != is {
				t.Errorf("%s to %s: it is %s, %v", from, to, now.Lifecycle, err)
			}
			spans, err := r.Enrolled(t.Context(), cam.ID.Stream(0))
			owed := len(spans) > 0 && spans[len(spans)-1].To == timeline.Forever
			if err != nil || owed != (is == Active) {
				t.Errorf("%s to %s: owed in %v, %v", from, to, spans, err)
			}
			last := acts.Kind("")
			for _, a := range log.list {
				if a.Camera == cam.ID {
					last = a.Kind
				}
			}
			if (last == acts.Enrol) != (is == Active) {
				t.Errorf("%s to %s: the last act is %q", from, to, last)
			}
		}
	}
	counted, err := r.CountByLifecycle(t.Context(), "unicom")
	if d := cmp.Diff(want, counted); err != nil || d != "" {
		t.Errorf("counted: %s, %v", d, err)
	}
	for _, l := range Lifecycles {
		page, err := r.List(t.Context(), Query{Lifecycle: []Lifecycle{l}})
		if err != nil || len(page.Items) != want[l] {
			t.Errorf("%d listed as %s, want %d, %v", len(page.Items), l, want[l], err)
		}
	}
	if page, err := r.List(t.Context(), Query{}); err != nil || len(page.Items) != want[Active] {
		t.Errorf("%d to record, want %d, %v", len(page.Items), want[Active], err)
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	log := &actLog{}
	r := open(t, Config{Now: newClock().now, Acts: log})
	cam := put(t, r, Draft{Carrier: "unicom", DeviceID: "a", URL: Set("rtsp://10.0.0.1/"), Begin: Imported, Actor: "import-7"}, Created)
	if cam.EnrolledAt != 0 || cam.LeftAt != 0 {
		t.Errorf("enrolled %v, left %v", cam.EnrolledAt, cam.LeftAt)
	}
	for _, l := range path[Suspended] {
		move(t, r, cam.ID, l)
	}
	move(t, r, cam.ID, Active)
	put(t, r, Draft{Carrier: "unicom", DeviceID: "a", Name: Set("村口"), Begin: Imported}, Updated) // a later import changes no standing
	move(t, r, cam.ID, Withdrawn)
	steps, err := r.Steps(t.Context(), cam.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := []Step{
		{To: Imported, By: By{"import-7", "import"}},
		{From: Imported, To: Probing, By: By{"ann", "to probing"}},
		{From: Probing, To: PendingReview, By: By{"ann", "to pending_review"}},
		{From: PendingReview, To: Active, By: By{"ann", "to active"}},
		{From: Active, To: Suspended, By: By{"ann", "to suspended"}},
		{From: Suspended, To: Active, By: By{"ann", "to active"}},
		{From: Active, To: Withdrawn, By: By{"ann", "to withdrawn"}},
	}
	if d := cmp.Diff(want, steps, cmpopts.IgnoreFields(Step{}, "At")); d != "" {
		t.Error(d)
	}
	if !slices.IsSortedFunc(steps, func(a, b Step) int { return int(a.At - b.At) }) {
		t.Errorf("not in order: %v", steps)
	}
	if d := cmp.Diff([]acts.Kind{acts.Enrol, acts.Remove, acts.Enrol, acts.Enrol, acts.Remove}, log.kinds()); d != "" {
		t.Error(d)
	}
	// Nothing but a new consent brings it back.
	out, err := r.Upsert(t.Context(), []Draft{{Carrier: "unicom", DeviceID: "a", Name: Set("again")}})
	if err != nil || out[0].Status != Rejected || out[0].Code != CodeWithdrawn {
		t.Errorf("%+v, %v", out, err)
	}
	// The acts alone tell that the household has withdrawn.
	again := open(t, Config{})
	if _, err := again.Replay(t.Context(), log.list); err != nil {
		t.Fatal(err)
	}
	if got, err := again.Get(t.Context(), cam.ID); err != nil || got.Lifecycle != Withdrawn {
		t.Errorf("replayed: %+v, %v", got, err)
	}
}

func TestMoveMany(t *testing.T) {
	t.Parallel()
	r := open(t, Config{})
	drafts := make([]Draft, 1200)
	for i := range drafts {
		drafts[i] = Draft{Carrier: "unicom", DeviceID: "d" + number(float64(i)), Begin: Imported}
	}
	out, err := r.Upsert(t.Context(), drafts)
	if err != nil {
		t.Fatal(err)
	}
	ids := []media.CameraID{"c_aaaaaaaaaaaaaaaa"}
	for _, o := range out {
		ids = append(ids, o.Camera)
	}
	move(t, r, ids[5], Withdrawn)
	moved, err := r.Move(t.Context(), Probing, By{}, ids...)
	if err != nil || len(moved) != len(ids) {
		t.Fatal(len(moved), err)
	}
	step := (*StepError)(nil)
	for i, m := range moved {
		if m.Camera != ids[i] || (m.Err != nil) != (i == 0 || i == 5) || i == 0 && !errors.Is(m.Err, ErrUnknown) || i == 5 && !errors.As(m.Err, &step) {
			t.Errorf("%d: %+v", i, m)
		}
	}
	if _, err := r.Move(t.Context(), Probing, By{Reason: "two\nlines"}, ids[1]); !errors.Is(err, ErrReason) {
		t.Errorf("a reason of two lines: %v", err)
	}
}

// An operator's own import accepts what waits.
func TestImportAccepts(t *testing.T) {
	t.Parallel()
	r := open(t, Config{})
	put(t, r, Draft{Carrier: "unicom", DeviceID: "a", Begin: Imported}, Created)
	cam := put(t, r, Draft{Carrier: "unicom", DeviceID: "a"}, Updated)
	if cam.Lifecycle != Active || cam.EnrolledAt == 0 {
		t.Errorf("%+v", cam)
	}
	move(t, r, cam.ID, Suspended)
	if cam = put(t, r, Draft{Carrier: "unicom", DeviceID: "a", Name: Set("x")}, Updated); cam.Lifecycle != Suspended {
		t.Errorf("an import made it %s", cam.Lifecycle)
	}
}

func TestDossier(t *testing.T) {
	t.Parallel()
	r := open(t, Config{})
	text := func(pairs ...string) map[string]Field[string] {
		out := map[string]Field[string]{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = Set(pairs[i+1])
		}
		return out
	}
	full := Draft{
		Carrier: "unicom", DeviceID: "a", Phone: Set(secret.New("138 0859 0000")), Height: Set(4.5),
		Texts: text("household_ref", "H-17", "site_class", "院坝", "gb_id", "52230101001320000001", "package_account", "0859123", "package_name", "平安乡村 20 元",
			"address", "桔山街道 3 组 12 号", "resolution", "1920x1080", "codec", "H.265", "install_date", "2026/3/5", "installer", "王师傅", "notice_sign", "是"),
	}
	height := 4.5
	want := Dossier{
		Household: "H-17", Phone: secret.New("138 0859 0000"), SiteClass: Yard, GBID: "52230101001320000001", PackageAccount: "0859123",
		PackageName: "平安乡村 20 元", Address: "桔山街道 3 组 12 号", HeightM: &height, Resolution: "1920x1080", Codec: "H.265", InstallDate: "2026-03-05",
		Installer: "王师傅", NoticeSign: "yes",
	}
	cam := put(t, r, full, Created)
	if !cam.Dossier.equal(&want) {
		t.Errorf("%+v", cam.Dossier)
	}
	put(t, r, full, Unchanged)
	cam = put(t, r, Draft{Carrier: "unicom", DeviceID: "a", Texts: map[string]Field[string]{"installer": Clear[string]()}, Phone: Clear[secret.Secret](), Height: Clear[float64]()}, Updated)
	want.Installer, want.Phone, want.HeightM = "", secret.Secret{}, nil
	if !cam.Dossier.equal(&want) {
		t.Errorf("cleared: %+v", cam.Dossier)
	}

	for name, c := range map[string]struct {
		draft       Draft
		field, code string
	}{
		"indoor":          {Draft{Texts: text("site_class", "室内")}, "site_class", CodeIndoor},
		"no class":        {Draft{Texts: text("site_class", "garden")}, "site_class", CodeBadText},
		"gb short":        {Draft{Texts: text("gb_id", "5.22301E+19")}, "gb_id", CodeBadText},
		"gb of no camera": {Draft{Texts: text("gb_id", "52230101002000000001")}, "gb_id", CodeBadText},
		"gb taken":        {Draft{Texts: text("gb_id", "52230101001320000001")}, "gb_id", CodeTaken},
		"date":            {Draft{Texts: text("install_date", "2026-13-01")}, "install_date", CodeBadText},
		"sign":            {Draft{Texts: text("notice_sign", "maybe")}, "notice_sign", CodeBadText},
		"phone":           {Draft{Phone: Set(secret.New("1.38E+10"))}, "phone", CodeBadText},
		"height":          {Draft{Height: Set(900.0)}, "height_m", CodeOutOfRange},
		"a line too long": {Draft{Texts: text("address", strings.Repeat("长", 257))}, "address", CodeBadText},
		"two lines":       {Draft{Texts: text("installer", "a\nb")}, "installer", CodeBadText},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.draft.Carrier, c.draft.DeviceID = "unicom", "b"
			out, err := r.Upsert(t.Context(), []Draft{c.draft})
			if err != nil || out[0].Status != Rejected || out[0].Field != c.field || out[0].Code != c.code {
				t.Errorf("%+v, %v", out, err)
			}
			if strings.Contains(out[0].Message, "1.38") {
				t.Errorf("a phone number is repeated: %s", out[0].Message)
			}
		})
	}
}
