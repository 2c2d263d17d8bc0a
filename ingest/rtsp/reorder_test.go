package rtsp

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"
)

// A process that paused takes what it finds then as what it is: packets that had
// come, not such as never will.
func TestReorderAfterAPause(t *testing.T) {
	t.Parallel()
	var got []uint16
	r := reorder{out: func(b []byte, _ time.Duration) { got = append(got, binary.BigEndian.Uint16(b[2:])) }}
	send := func(at time.Duration, seqs ...uint16) {
		for _, n := range seqs {
			b := make([]byte, 12)
			b[0] = 0x80
			binary.BigEndian.PutUint16(b[2:], n)
			r.packet(b, at)
		}
	}
	ms := time.Millisecond
	send(0, 0, 1, 2)
	send(110*ms, 3)          // ends the opening
	send(120*ms, 6, 5)       // 4 is on its way
	send(300*ms, 9, 8, 7, 4) // the process had paused
	send(310*ms, 12)         // 10 and 11 never come
	for i := range time.Duration(7) {
		send((355+45*i)*ms, 13+uint16(i)) // when the last comes, 12 has waited for long enough
	}
	if want := []uint16{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19}; !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
