package registry

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"qianshao/storage/acts"
	"qianshao/storage/timeline"
)

var shanghai = SiteZone

// at is a moment of the site's clock on a day of November 2026.
func at(day, hour, minute int) timeline.Micros {
	return timeline.FromTime(time.Date(2026, 11, day, hour, minute, 0, 0, shanghai))
}

func TestPauseHolds(t *testing.T) {
	t.Parallel()
	always := timeline.Span{From: at(1, 0, 0), To: timeline.Forever}
	night := Pause{Span: always, Daily: &Hours{From: 22 * 60, To: 6 * 60}}
	noon := Pause{Span: timeline.Span{From: at(10, 0, 0), To: at(12, 12, 30)}, Daily: &Hours{From: 12 * 60, To: 14 * 60}}
	once := Pause{Span: timeline.Span{From: at(20, 8, 0), To: at(20, 9, 0)}}
	for _, c := range []struct {
		p     Pause
		t     timeline.Micros
		holds bool
		next  timeline.Micros
	}{
		{night, at(5, 21, 59), false, at(5, 22, 0)},
		{night, at(5, 22, 0), true, at(6, 6, 0)},
		{night, at(6, 3, 0), true, at(6, 6, 0)},
		{night, at(6, 6, 0), false, at(6, 22, 0)},
		{noon, at(9, 12, 30), false, at(10, 0, 0)},
		{noon, at(10, 12, 30), true, at(10, 14, 0)},
		{noon, at(12, 12, 0), true, at(12, 12, 30)}, // it ends for good
		{noon, at(12, 12, 30), false, timeline.Forever},
		{once, at(20, 7, 59), false, at(20, 8, 0)},
		{once, at(20, 8, 0), true, at(20, 9, 0)},
		{once, at(20, 9, 0), false, timeline.Forever},
	} {
		if holds, next := c.p.at(c.t, shanghai); holds != c.holds || next != c.next {
			t.Errorf("%+v at %s: %v until %s, want %v until %s", c.p.Daily, c.t, holds, next, c.holds, c.next)
		}
	}
	if paused, next := PausedAt([]Pause{night, once}, at(20, 8, 30), shanghai); !paused || next != at(20, 9, 0) {
		t.Errorf("both: %v until %s", paused, next)
	}
	if paused, next := PausedAt(nil, at(20, 8, 30), shanghai); paused || next != timeline.Forever {
		t.Errorf("none: %v until %s", paused, next)
	}
}

// Between a moment and what is told to be the next change nothing changes, and there it
// does, or it is the end of the pause.
func TestPauseChangesWhenItSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := at(1, 0, 0) + timeline.Micros(rapid.IntRange(0, 5000).Draw(t, "from"))*timeline.Minute
		p := Pause{Span: timeline.Span{From: from, To: from + timeline.Micros(rapid.IntRange(1, 6000).Draw(t, "minutes"))*timeline.Minute}}
		if rapid.Bool().Draw(t, "daily") {
			a := rapid.IntRange(0, minutesADay-1).Draw(t, "a")
			p.Daily = &Hours{From: a, To: (a + rapid.IntRange(1, minutesADay-1).Draw(t, "long")) % minutesADay}
		}
		moment := at(1, 0, 0) + timeline.Micros(rapid.IntRange(0, 20_000).Draw(t, "at"))*timeline.Minute
		holds, next := p.at(moment, shanghai)
		if next <= moment {
			t.Fatalf("the next change of %+v is at %s, not after %s", p, next, moment)
		}
		end := min(next, moment+3*timeline.Day)
		for m := moment; m < end; m += timeline.Minute {
			if got, _ := p.at(m, shanghai); got != holds {
				t.Fatalf("it changes at %s, before %s", m, next)
			}
		}
	})
}

func TestPauses(t *testing.T) {
	t.Parallel()
	clk := newClock()
	r := open(t, Config{Now: clk.now})
	cam := put(t, r, Draft{Carrier: "unicom", DeviceID: "a"}, Created)
	now := timeline.FromTime(clk.now())
	p, err := r.AddPause(t.Context(), Pause{Camera: cam.ID, Span: timeline.Span{To: timeline.Forever}, By: By{"household", "婚礼"}})
	if err != nil || p.Span.From < now {
		t.Fatalf("%+v, %v: the past is not paused", p, err)
	}
	quiet, err := r.AddPause(t.Context(), Pause{Camera: cam.ID, Span: timeline.Span{From: now + timeline.Day, To: now + 9*timeline.Day}, Daily: &Hours{1320, 360}, By: By{"household", ""}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.Pauses(t.Context(), "")
	if d := cmp.Diff([]Pause{p, quiet}, list); err != nil || d != "" {
		t.Error(d, err)
	}
	woken := r.Watch(t.Context())
	<-woken
	for range 2 {
		if err := r.EndPause(t.Context(), cam.ID, p.ID); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-woken:
	case <-time.After(10 * time.Second):
		t.Error("who watches is not told")
	}
	if list, err = r.Pauses(t.Context(), cam.ID); err != nil || len(list) != 1 || list[0].ID != quiet.ID {
		t.Errorf("%+v, %v", list, err)
	}
	if err := r.EndPause(t.Context(), "c_aaaaaaaaaaaaaaaa", quiet.ID); err != nil {
		t.Error(err)
	}
	if list, err = r.Pauses(t.Context(), cam.ID); err != nil || len(list) != 1 {
		t.Errorf("another camera's: %+v, %v", list, err)
	}
	for name, bad := range map[string]Pause{
		"backwards": {Camera: cam.ID, Span: timeline.Span{From: now + 2*timeline.Day, To: now + timeline.Day}},
		"past":      {Camera: cam.ID, Span: timeline.Span{From: 1, To: 2}},
		"no hours":  {Camera: cam.ID, Span: timeline.Span{To: timeline.Forever}, Daily: &Hours{60, 60}},
		"25 hours":  {Camera: cam.ID, Span: timeline.Span{To: timeline.Forever}, Daily: &Hours{60, 1440}},
	} {
		if _, err := r.AddPause(t.Context(), bad); !errors.Is(err, ErrPause) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.AddPause(t.Context(), Pause{Camera: "c_aaaaaaaaaaaaaaaa", Span: timeline.Span{To: timeline.Forever}}); !errors.Is(err, ErrUnknown) {
		t.Errorf("no camera: %v", err)
	}
}

func TestConsents(t *testing.T) {
	t.Parallel()
	clk := newClock()
	r := open(t, Config{Now: clk.now})
	signed := timeline.FromTime(clk.now()) - timeline.Day
	first := ConsentDraft{Ref: "XY-1", Version: "2026-1", Scope: "录像、案件调阅", Signed: signed, By: "王"}
	cam := put(t, r, Draft{Carrier: "unicom", DeviceID: "a", Consent: &first, Actor: "clerk"}, Created)
	put(t, r, Draft{Carrier: "unicom", DeviceID: "a", Consent: &first, Actor: "other"}, Unchanged)
	second := first
	second.Version = "2026-2"
	put(t, r, Draft{Carrier: "unicom", DeviceID: "a", Consent: &second, Actor: "other"}, Updated)
	got, err := r.Consents(t.Context(), cam.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := []Consent{
		{Ref: "XY-1", Version: "2026-2", Scope: first.Scope, Signed: signed, By: "王", Clerk: "other"},
		{Ref: "XY-1", Version: "2026-1", Scope: first.Scope, Signed: signed, By: "王", Clerk: "clerk", EndedBy: "other"},
	}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(Consent{}, "ID", "Entered", "Ended")); d != "" {
		t.Error(d)
	}
	if got[0].Ended != 0 || got[1].Ended == 0 || got[0].ID == got[1].ID {
		t.Errorf("%+v", got)
	}
	for name, c := range map[string]ConsentDraft{
		"no number":  {Version: "1", Signed: signed},
		"no version": {Ref: "1", Signed: signed},
		"no date":    {Ref: "1", Version: "1"},
		"tomorrow":   {Ref: "1", Version: "1", Signed: signed + 5*timeline.Day},
	} {
		out, err := r.Upsert(t.Context(), []Draft{{Carrier: "unicom", DeviceID: "a", Consent: &c}})
		if err != nil || out[0].Code != CodeNoConsent {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
}

// A household withdraws: all at once, once, with its act; only a consent that was
// signed since, and when all is deleted, brings it back, to be looked at anew.
func TestWithdraw(t *testing.T) {
	t.Parallel()
	clk := newClock()
	log := &actLog{}
	r := open(t, Config{Now: clk.now, Acts: log})
	signed := timeline.FromTime(clk.now())
	cam := put(t, r, Draft{Carrier: "unicom", DeviceID: "a", URL: Set("rtsp://10.0.0.1/"), Consent: &ConsentDraft{Ref: "1", Version: "1", Signed: signed}}, Created)
	w, err := r.Withdraw(t.Context(), cam.ID, By{"household", "搬家"})
	if err != nil {
		t.Fatal(err)
	}
	if w.State != WithdrawalBegun || w.Until <= w.At || w.By.Reason != "搬家" {
		t.Errorf("%+v", w)
	}
	if err := w.Act().Check(); err != nil || w.Act().Cause != timeline.ConsentWithdrawn || !w.Act().Removes(cam.ID.Stream(1), w.At) {
		t.Errorf("act %+v, %v", w.Act(), err)
	}
	again, err := r.Withdraw(t.Context(), cam.ID, By{"clerk", "again"})
	if d := cmp.Diff(w, again); err != nil || d != "" {
		t.Errorf("again: %s, %v", d, err)
	}
	gone, err := r.Get(t.Context(), cam.ID)
	if err != nil || gone.Lifecycle != Withdrawn {
		t.Errorf("%+v, %v", gone, err)
	}
	if c, err := r.Consents(t.Context(), cam.ID); err != nil || c[0].Ended == 0 || c[0].EndedBy != "household" {
		t.Errorf("consents %+v, %v", c, err)
	}
	if d := cmp.Diff([]acts.Kind{acts.Enrol, acts.Remove}, log.kinds()); d != "" {
		t.Error(d)
	}
	open, err := r.Withdrawals(t.Context())
	if err != nil || len(open) != 1 {
		t.Fatalf("%+v, %v", open, err)
	}
	w.State, w.Trouble = WithdrawalHeld, "a case holds 3"
	if err := r.SetWithdrawal(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	w.State, w.Trouble, w.Receipt = WithdrawalDone, "", []byte(`{"v":1}`)
	if err := r.SetWithdrawal(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if err := r.SetWithdrawal(t.Context(), w); !errors.Is(err, ErrDone) {
		t.Errorf("done twice: %v", err)
	}
	if open, err = r.Withdrawals(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("%+v, %v", open, err)
	}
	if list, err := r.WithdrawalsOf(t.Context(), cam.ID); err != nil || len(list) != 1 || string(list[0].Receipt) != `{"v":1}` {
		t.Errorf("%+v, %v", list, err)
	}
	back := func(signed timeline.Micros) Outcome {
		t.Helper()
		out, err := r.Upsert(t.Context(), []Draft{{Carrier: "unicom", DeviceID: "a", Begin: Imported, Consent: &ConsentDraft{Ref: "2", Version: "1", Signed: signed}}})
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	if o := back(w.At - 1); o.Code != CodeWithdrawn {
		t.Errorf("with an old consent: %+v", o)
	}
	if o := back(w.At + 1); o.Code != CodeWithdrawn {
		t.Errorf("while footage may still come: %+v", o)
	}
	clk.mu.Lock()
	clk.t = w.Until.Time()
	clk.mu.Unlock()
	if o := back(w.At + 1); o.Status != Updated {
		t.Errorf("with a new consent: %+v", o)
	}
	if now, err := r.Get(t.Context(), cam.ID); err != nil || now.Lifecycle != Imported {
		t.Errorf("%+v, %v", now, err)
	}
	if _, err := r.Withdraw(t.Context(), "c_aaaaaaaaaaaaaaaa", By{}); !errors.Is(err, ErrUnknown) {
		t.Errorf("no camera: %v", err)
	}
}
