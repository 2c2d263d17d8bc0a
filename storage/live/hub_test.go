package live

import (
	"testing"
	"testing/synctest"
	"time"

	"qianshao/storage/media"
)

func TestSameTopicPerStream(t *testing.T) {
	t.Parallel()
	var h Hub
	first, again, other := h.Topic("c_a.0"), h.Topic("c_a.0"), h.Topic("c_a.1")
	if first != again || first == other {
		t.Fatal("topics are mixed up")
	}
}

func video(s *Session, tick int64, sync media.Sync) Sample {
	return Sample{Session: s, Tick: tick, Sync: sync, Data: []byte{1}}
}

func TestLaterListenerBeginsAtTheLastKeyFrame(t *testing.T) {
	t.Parallel()
	var topic Topic
	s := &Session{}
	first := topic.Subscribe(10)
	defer first.Close()
	if len(first.Kept) != 0 {
		t.Fatal("the first listener has nothing before it")
	}
	topic.Publish(video(s, 1, media.NoSync)) // no key frame yet
	topic.Publish(video(s, 2, media.KeyFrame))
	topic.Publish(video(s, 3, media.NoSync))
	topic.Publish(video(s, 4, media.KeyFrame))
	topic.Publish(video(s, 5, media.NoSync))
	second := topic.Subscribe(10)
	defer second.Close()
	if len(second.Kept) != 2 || second.Kept[0].Tick != 4 || second.Kept[1].Tick != 5 {
		t.Fatalf("kept %+v", second.Kept)
	}
	topic.Publish(video(s, 6, media.NoSync))
	if got := <-second.C; got.Tick != 6 {
		t.Fatalf("after the kept ones came %d", got.Tick)
	}
	// Another coding begins: what was kept does not belong to it.
	topic.Publish(video(&Session{}, 7, media.NoSync))
	third := topic.Subscribe(10)
	defer third.Close()
	if len(third.Kept) != 0 {
		t.Fatalf("kept of two sessions: %+v", third.Kept)
	}
}

func TestSlowListenerIsCutOff(t *testing.T) {
	t.Parallel()
	var topic Topic
	s := &Session{}
	slow, quick := topic.Subscribe(1), topic.Subscribe(3)
	defer quick.Close()
	for i := range 3 {
		topic.Publish(video(s, int64(i), media.KeyFrame))
	}
	if <-slow.C; true {
		if _, ok := <-slow.C; ok {
			t.Fatal("the slow listener goes on with a hole")
		}
	}
	slow.Close() // a second end is harmless
	if len(quick.C) != 3 {
		t.Fatalf("the quick one got %d of 3", len(quick.C))
	}
}

func TestWantedLingersAndEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var topic Topic
		if topic.Wanted() {
			t.Fatal("wanted by nobody")
		}
		s := &Session{}
		sub := topic.Subscribe(4)
		topic.Publish(video(s, 1, media.KeyFrame))
		sub.Close()
		time.Sleep(linger / 2)
		if topic.Publish(video(s, 2, media.KeyFrame)); !topic.Wanted() {
			t.Fatal("ended at once")
		}
		back := topic.Subscribe(4)
		if len(back.Kept) != 1 {
			t.Fatal("who comes back waits for a key frame")
		}
		back.Close()
		time.Sleep(linger + time.Second)
		if topic.Publish(video(s, 3, media.KeyFrame)); topic.Wanted() {
			t.Fatal("goes on for nobody")
		}
		late := topic.Subscribe(4)
		defer late.Close()
		if len(late.Kept) != 0 {
			t.Fatal("old pictures are no live view")
		}
	})
}

func TestLongGroupIsNotKept(t *testing.T) {
	t.Parallel()
	var topic Topic
	s := &Session{}
	sub := topic.Subscribe(maxKept + 2)
	defer sub.Close()
	topic.Publish(video(s, 0, media.KeyFrame))
	for i := range maxKept {
		topic.Publish(video(s, int64(i+1), media.NoSync))
	}
	late := topic.Subscribe(1)
	defer late.Close()
	if len(late.Kept) != 0 {
		t.Fatalf("%d samples kept", len(late.Kept))
	}
}
