package rtsptest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"qianshao/ingest/rtsp/rtsptest/loop"
)

// missing returns the numbers that are not in the list between its ends.
func missing(numbers []uint64) []uint64 {
	numbers = slices.Sorted(slices.Values(numbers))
	var out []uint64
	for i := 1; i < len(numbers); i++ {
		for n := numbers[i-1] + 1; n < numbers[i]; n++ {
			out = append(out, n)
		}
	}
	return out
}

func span(first, last uint64) []uint64 {
	var out []uint64
	for n := first; n <= last; n++ {
		out = append(out, n)
	}
	return out
}

// TestStallIsLoggedToTheFrame compares what a client misses with the fault log,
// with and without B-frames.
func TestStallIsLoggedToTheFrame(t *testing.T) {
	t.Parallel()
	for _, bframes := range []int{0, 2} {
		cfg := small(loop.H264)
		cfg.BFrames = bframes
		cfg.Faults = []Fault{{Kind: Stall, At: 700 * time.Millisecond, For: 900 * time.Millisecond, FromPlay: true}}
		var log bytes.Buffer
		cfg.FaultLog = &log
		s := start(t, cfg)
		c := dial(t, s)
		c.play(s.URL(1), videoTrack)
		until := s.FrameAt(s.Now()) + 30
		numbers := slices.DeleteFunc(c.frames(until+4), func(n uint64) bool {
			return n > until // B-frames between these are still to come
		})
		faults := s.Faults()
		if len(faults) != 1 || faults[0].First == nil {
			t.Fatalf("log %+v", faults)
		}
		f := faults[0]
		got := missing(numbers)
		if len(got) != f.Missed || got[0] != *f.First || got[len(got)-1] != *f.Last {
			t.Errorf("B-frames %d: missing %v, logged %d of %d to %d", bframes, got, f.Missed, *f.First, *f.Last)
		}
		if bframes == 0 && f.Missed != int(*f.Last-*f.First)+1 {
			t.Errorf("%d frames of %d to %d", f.Missed, *f.First, *f.Last)
		}
		if n := len(missing(numbers)); n < 9 || n > 19 {
			t.Errorf("%d frames missing of a 0.9 s stall at 10 a second, GOP 1 s", n)
		}
		var line FaultRecord
		if err := json.Unmarshal(log.Bytes(), &line); err != nil || line.Camera != "cam0001" || line.Kind != Stall || *line.First != *f.First {
			t.Errorf("log line %s: %v", log.Bytes(), err)
		}
		if d := f.ToUS - f.FromUS; d != 900_000 {
			t.Errorf("fault of %d µs", d)
		}
	}
}

// TestNothingIsSaidInAStall: a camera that hangs answers nothing either.
func TestNothingIsSaidInAStall(t *testing.T) {
	t.Parallel()
	s := start(t, small(loop.H264))
	if err := s.Inject(0, Fault{Kind: Stall, For: 600 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	c := dial(t, s)
	if r := c.do("DESCRIBE", s.URL(1)); r.status != 200 {
		t.Errorf("DESCRIBE: %d", r.status)
	}
	if d := time.Since(begin); d < 500*time.Millisecond {
		t.Errorf("answered after %v", d)
	}
}

// TestHealEndsAStall lets a test choose the moment.
func TestHealEndsAStall(t *testing.T) {
	t.Parallel()
	s := start(t, small(loop.H264))
	c := dial(t, s)
	c.play(s.URL(1), videoTrack)
	first := c.frames(s.FrameAt(s.Now()))
	if err := s.Inject(1, Fault{Kind: Stall, For: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if err := s.Inject(1, Fault{Kind: Cut, At: time.Hour}); err != nil {
		t.Fatal(err)
	}
	d := dial(t, s)
	if _, err := io.WriteString(d.conn, "DESCRIBE "+s.URL(1)+" RTSP/1.0\r\nCSeq: 1\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	s.Heal(1)
	// What was missed lies before now: the client may be behind.
	numbers := append(first, c.frames(s.FrameAt(s.Now())+12)...)
	if _, r, err := d.message(); err != nil || r == nil || r.status != 200 {
		t.Errorf("DESCRIBE: %+v, %v", r, err)
	}
	faults := s.Faults()
	if len(faults) != 1 || faults[0].Kind != Stall {
		t.Fatalf("log %+v", faults)
	}
	if got := missing(numbers); len(got) != faults[0].Missed {
		t.Errorf("missing %v, logged %+v", got, faults[0])
	}
}

// TestHealAtOnce: a fault that is ended before its goroutine ran has begun all
// the same, and is logged.
func TestHealAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, small(loop.H264))
	if r := dial(t, s).do("DESCRIBE", s.URL(1)); r.status != 200 { // it runs
		t.Fatalf("DESCRIBE: %d", r.status)
	}
	const n = 200
	for range n {
		if err := s.Inject(1, Fault{Kind: Stall, For: time.Hour}); err != nil {
			t.Fatal(err)
		}
		s.Heal(1)
	}
	if got := len(s.Faults()); got != n {
		t.Errorf("%d of %d faults logged", got, n)
	}
}

func TestCutAndReboot(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]Fault{
		"fin":    {Kind: Cut, For: 500 * time.Millisecond},
		"rst":    {Kind: Cut, Reset: true, For: 500 * time.Millisecond},
		"reboot": {Kind: Reboot, For: 500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := small(loop.H264)
			cfg.Cameras, cfg.Seed = 2, 11
			s := start(t, cfg)
			other := dial(t, s)
			other.play(s.URL(2), videoTrack)
			c := dial(t, s)
			c.play(s.URL(1), videoTrack)
			c.frames(s.FrameAt(s.Now()))
			if err := s.Inject(1, f); err != nil {
				t.Fatal(err)
			}
			got, err := c.framesUntil(1 << 60)
			if !gone(err) {
				t.Fatalf("after %v: %v", got, err)
			}
			if name == "fin" { // what was written has arrived
				sent := s.Sent(1)
				if len(got) > 0 && got[len(got)-1] != sent[len(sent)-1].Last {
					t.Errorf("got up to %d, sent %v", got[len(got)-1], sent)
				}
			}
			if _, err := dial(t, s).try("DESCRIBE", s.URL(1)); !gone(err) {
				t.Errorf("while down: %v, want a closed connection", err)
			}
			from := s.FrameAt(s.Now())
			if n := missing(other.frames(from + 8)); len(n) > 0 {
				t.Errorf("the other camera lost %v", n)
			}
			again := dial(t, s)
			again.play(s.URL(1), videoTrack)
			again.frames(from)
			if n := len(s.Sessions(1)); n != 2 {
				t.Errorf("%d sessions", n)
			}
			if faults := s.Faults(); len(faults) != 1 || faults[0].Kind != f.Kind || faults[0].First == nil {
				t.Errorf("log %+v", faults)
			}
		})
	}
}

func TestLossIsLoggedToTheFrame(t *testing.T) {
	t.Parallel()
	cfg := small(loop.H264)
	cfg.Seed = 3
	cfg.Faults = []Fault{{Kind: Loss, Percent: 30, At: 500 * time.Millisecond, For: time.Second, FromPlay: true}}
	s := start(t, cfg)
	c := dial(t, s)
	c.play(s.URL(1), videoTrack)
	until := s.FrameAt(s.Now()) + 22
	var seq uint16
	dropped, packets := 0, 0
	for {
		a, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if a.channel != 0 {
			continue
		}
		n := binary.BigEndian.Uint16(a.data[2:])
		if packets > 0 {
			dropped += int(n - seq - 1)
		}
		seq = n
		packets++
		if st, ok := c.stampOf(a.data); ok && st.Number >= until {
			break
		}
	}
	faults := s.Faults()
	if len(faults) != 1 || faults[0].Dropped == 0 || faults[0].Dropped != dropped {
		t.Fatalf("%d packets missing; log %+v", dropped, faults)
	}
	var sent []uint64
	for _, r := range s.Sent(1) {
		sent = append(sent, span(r.First, r.Last)...)
	}
	for _, n := range faults[0].Lost {
		if slices.Contains(sent, n) {
			t.Errorf("frame %d is both lost and sent", n)
		}
	}
	if got := missing(sent); !slices.Equal(got, faults[0].Lost) {
		t.Errorf("not sent %v, logged %v", got, faults[0].Lost)
	}
}

func TestSilentTracks(t *testing.T) {
	t.Parallel()
	for _, track := range []string{"video", "audio"} {
		t.Run(track, func(t *testing.T) {
			t.Parallel()
			cfg := small(loop.H264)
			cfg.Audio = loop.PCMA
			s := start(t, cfg)
			c := dial(t, s)
			c.play(s.URL(1), videoTrack, audioTrack)
			c.frames(s.FrameAt(s.Now()))
			if err := s.Inject(1, Fault{Kind: Silent, Track: track, For: time.Second}); err != nil {
				t.Fatal(err)
			}
			// While one track is silent for half a second, the other goes on.
			quiet, loud := byte(0), byte(2)
			if track == "audio" {
				quiet, loud = loud, quiet
			}
			lastQuiet := time.Now()
			heard := 0
			for heard < 3 || time.Since(lastQuiet) < 500*time.Millisecond {
				a, err := c.next()
				if err != nil {
					t.Fatal(err)
				}
				switch a.channel {
				case quiet:
					lastQuiet, heard = a.at, 0
				case loud:
					heard++
				}
			}
			for { // and it comes back
				a, err := c.next()
				if err != nil {
					t.Fatal(err)
				}
				if a.channel == quiet {
					break
				}
			}
		})
	}
}

func TestClockJumps(t *testing.T) {
	t.Parallel()
	cfg := small(loop.H264)
	cfg.ReportEvery = 100 * time.Millisecond
	cfg.Faults = []Fault{{Kind: Clock, At: 500 * time.Millisecond, Offset: -10 * time.Minute, FromPlay: true}}
	s := start(t, cfg)
	c := dial(t, s)
	c.play(s.URL(1), videoTrack)
	right := 0
	for {
		a, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		if a.channel != 1 {
			continue
		}
		off := int64(binary.BigEndian.Uint32(a.data[8:])) - ntpEpoch - a.at.Unix()
		if off > -5 && off < 5 {
			right++
			continue
		}
		if off < -605 || off > -595 {
			t.Errorf("clock %d s off", off)
		}
		break
	}
	if right == 0 {
		t.Error("the clock was never right")
	}
}

func TestParseFault(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Fault{
		"stall@30":           {Kind: Stall, At: 30 * time.Second},
		"stall@0.5+10":       {Kind: Stall, At: 500 * time.Millisecond, For: 10 * time.Second},
		"3:loss=2.5%@10+60":  {Kind: Loss, Camera: 3, Percent: 2.5, At: 10 * time.Second, For: time.Minute},
		"cut=rst@20":         {Kind: Cut, Reset: true, At: 20 * time.Second},
		"cut=fin@20+5":       {Kind: Cut, At: 20 * time.Second, For: 5 * time.Second},
		"reboot@1":           {Kind: Reboot, At: time.Second},
		"clock=-3600@5":      {Kind: Clock, Offset: -time.Hour, At: 5 * time.Second},
		"silent=video@40+.5": {Kind: Silent, Track: "video", At: 40 * time.Second, For: 500 * time.Millisecond},
	} {
		if got, err := ParseFault(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "stall", "stall@", "stall@x", "stall@-1", "fire@1", "0:stall@1", "x:stall@1", "stall=3@1",
		"loss=0@1", "loss=101@1", "loss=x@1", "clock=x@1", "cut=maybe@1", "silent=smell@1", "stall@1+", "stall@NaN", "stall@1e99", "loss=NaN@1",
	} {
		if f, err := ParseFault(text); !errors.Is(err, ErrFault) {
			t.Errorf("%s: %+v, %v; want ErrFault", text, f, err)
		}
	}
}
