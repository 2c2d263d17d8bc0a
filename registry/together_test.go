package registry

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// Everyone at once: importers, a remover, readers, ingest's states, snapshots,
// and Run. What is left must agree with itself.
func TestEveryoneAtOnce(t *testing.T) {
	t.Parallel()
	log := &actLog{}
	r := open(t, Config{Acts: log, Poll: time.Millisecond})
	run(t, r)
	ch := r.Watch(t.Context())
	const importers, rounds, cams = 3, 8, 5
	var wg sync.WaitGroup
	fail := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for i := range importers {
		wg.Go(func() {
			for n := range rounds {
				var drafts []Draft
				for c := range cams {
					drafts = append(drafts, Draft{DeviceID: fmt.Sprint("cam", c), Name: Set(fmt.Sprint(i, " ", n)), Lon: Set(float64(i)), Lat: Set(float64(n))})
				}
				_, err := r.Upsert(t.Context(), drafts)
				fail(err)
			}
		})
	}
	wg.Go(func() {
		for n := range rounds {
			cam, err := r.Resolve(t.Context(), fmt.Sprint("cam", n%cams))
			if errors.Is(err, ErrUnknown) {
				continue
			}
			fail(err)
			fail(r.Remove(t.Context(), cam.ID, ""))
		}
	})
	wg.Go(func() {
		for n := range rounds {
			_, err := r.List(t.Context(), Query{State: QueryAll})
			fail(err)
			_, err = r.Near(t.Context(), 1, 1, 1e6, timeline.Span{})
			fail(err)
			r.SetState(State{Stream: media.CameraID("c_aaaaaaaaaaaaaaaa").Stream(0), Phase: []Phase{Connecting, Streaming}[n%2]})
			_, err = r.Snapshot(t.Context())
			fail(err)
		}
	})
	wg.Wait()
	await(t, ch)

	page, err := r.List(t.Context(), Query{State: QueryAll})
	if err != nil || len(page.Items) != cams {
		t.Fatalf("%d cameras, %v", len(page.Items), err)
	}
	for _, c := range page.Items {
		spans, err := r.Enrolled(t.Context(), c.ID.Stream(0))
		if err != nil || len(spans) == 0 {
			t.Fatalf("%v, %v", spans, err)
		}
		for i := 1; i < len(spans); i++ {
			if spans[i-1].To > spans[i].From {
				t.Errorf("%s: enrolments overlap: %v", c.DeviceID, spans)
			}
		}
		if open := spans[len(spans)-1].To == timeline.Forever; open != (c.Lifecycle == Active) {
			t.Errorf("%s is %s, enrolled %v", c.DeviceID, c.Lifecycle, spans)
		}
	}
	again := open(t, Config{})
	if made, err := again.Replay(t.Context(), log.list); err != nil || made != cams {
		t.Errorf("made %d, %v", made, err)
	}
}
