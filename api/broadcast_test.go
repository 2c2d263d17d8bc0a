package api_test

import (
	"context"
	"sync"
	"time"

	"qianshao/registry"
	"qianshao/storage/live"
	"qianshao/storage/media"
	"qianshao/storage/storagetest"
	"qianshao/storage/timeline"
)

// broadcast publishes a loop as a camera's live pictures, in real time, until
// the test ends.
func (s *site) broadcast(id media.CameraID, v *storagetest.Video) {
	topic := s.hub.Topic(media.StreamID(id + ".0"))
	session := &live.Session{Tracks: []media.Track{v.Track}}
	ctx, cancel := context.WithCancel(s.t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(v.Spec.FPS))
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				x := v.Samples[i%len(v.Samples)]
				if topic.Wanted() {
					topic.Publish(live.Sample{
						Session: session, Tick: int64(i) * v.Step(), Dur: uint32(v.Step()), Sync: x.Sync, Wall: timeline.FromTime(now), Data: x.Data,
					})
				}
			}
		}
	})
	s.t.Cleanup(func() { cancel(); wg.Wait() })
}

// streaming says that a camera records.
func (s *site) streaming(id media.CameraID, codec string) {
	s.reg.SetState(registry.State{Stream: media.StreamID(id + ".0"), Phase: registry.Streaming, Since: timeline.FromTime(s.now()), Codec: codec, FPS: 25})
}
