package storage_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"qianshao/storage"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
)

// An answer that was given while a segment grew is given again, byte for byte, when it
// has grown on, when it was sealed, and when it lies in the store. (Its length by the
// fragments that belong to the answer is not that in its name.)
func TestPinnedWhileItGrows(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	stream := camera.Stream(0)
	span := timeline.Span{From: start, To: start + timeline.Minute}
	h.record(t, stream, 1)
	f, err := h.Spool.Create(h.next[stream])
	if err != nil {
		t.Fatal(err)
	}
	write := func(i int) {
		t.Helper()
		if err := f.Append(fragmentOf(int64(i)*25, 25, fmt.Appendf(nil, "pictures %d, %0500d", i, i), []byte("sound"))); err != nil {
			t.Fatal(err)
		}
	}
	write(0)
	write(1)
	first, err := h.Window(t.Context(), stream, span, storage.AsOf{})
	if err != nil || len(first.Segments) != 2 || !first.Growing {
		t.Fatalf("%+v, %v", first, err)
	}
	// given is what an answer holds: the fragments of each of its segments.
	given := func(w *storage.Window) []byte {
		t.Helper()
		var all bytes.Buffer
		for _, s := range w.Segments {
			foot, err := s.Foot(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			r, err := s.Reader(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			last := &foot.Fragments[len(foot.Fragments)-1]
			if _, err := io.Copy(&all, io.NewSectionReader(r, 0, last.End())); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return all.Bytes()
	}
	want := given(first)
	again := func(when string) {
		t.Helper()
		w, err := h.Window(t.Context(), stream, span, first.AsOf)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if got := given(w); !bytes.Equal(got, want) {
			t.Fatalf("%s: %d bytes, not the %d from before", when, len(got), len(want))
		}
	}
	again("at once")
	write(2)
	again("when it has grown")
	v, err := f.Seal(spool.End{Reason: segment.EndLength, ClockUnc: -1})
	if err != nil {
		t.Fatal(err)
	}
	again("when it is sealed and not in the index")
	h.Sealed(t.Context(), f, v)
	again("when it is sealed")
	if err := h.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	again("when it is stored")
}
