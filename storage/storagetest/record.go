package storagetest

import (
	"math"
	"sort"

	"qianshao/storage/fmp4"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
	"qianshao/storage/timeline"
)

// picture is one sample of a piece on its way into a segment.
type picture struct {
	Sample
	place int64 // in presentation order since the piece began
	clean bool  // everything before it in decode order is presented before it and all that follow
}

// recorder writes one script.
type recorder struct {
	a      *Archive
	s      Script
	out    *Recorded
	wall   timeline.Micros // where the next segment begins
	newRun bool
	run    int
	count  int
	prev   [32]byte
	left   *spool.File
}

// Record writes the script into the archive.
func (a *Archive) Record(s Script) *Recorded {
	a.t.Helper()
	if s.Stream == "" {
		s.Stream = media.StreamID(string(media.NewCameraID()) + ".0")
	}
	if s.Start == 0 {
		s.Start = 1_795_424_400 * timeline.Second // 2026-11-23T09:00:00Z
	}
	if s.Segment == 0 {
		s.Segment = 4
	}
	if s.Fragment == 0 {
		s.Fragment = 1
	}
	r := &recorder{a: a, s: s, out: &Recorded{Stream: s.Stream}, wall: s.Start}
	for i, run := range s.Runs {
		r.run, r.newRun = i, true
		r.wall += timeline.Micros(run.After * 1e6)
		for k, p := range run.Pieces {
			r.piece(p, i == len(s.Runs)-1 && k == len(run.Pieces)-1)
		}
	}
	sort.SliceStable(r.out.Frames, func(i, j int) bool {
		x, y := r.out.Frames[i], r.out.Frames[j]
		return x.Run < y.Run || x.Run == y.Run && x.Wall < y.Wall
	})
	r.out.End = r.wall
	return r.out
}

// piece cuts one piece into segments.
func (r *recorder) piece(p Piece, last bool) {
	v := p.Video
	total := int(math.Round(p.Seconds * float64(v.Spec.FPS)))
	// Whole decode order up to the last picture wanted; what would be presented
	// behind it is left out, as a camera that stops does.
	var pics []picture
	for loop := 0; len(pics) < total+len(v.Samples); loop++ {
		for _, s := range v.Samples {
			pics = append(pics, picture{Sample: s, place: int64(loop*v.Spec.Frames + s.Number)})
		}
	}
	cut := pics[:0]
	for _, x := range pics {
		if x.place < int64(total) {
			cut = append(cut, x)
		}
	}
	pics = cut
	markClean(pics)
	sound := make([]int64, len(p.Sounds)) // samples of each sound already recorded
	for from := 0; from < len(pics); {
		to := r.cut(pics, from, v)
		r.segment(p, pics[from:to], sound, last && to == len(pics))
		from = to
	}
}

// markClean finds the pictures at which a cut leaves no frame on the wrong side.
func markClean(pics []picture) {
	after := make([]int64, len(pics)+1)
	after[len(pics)] = math.MaxInt64
	for i := len(pics) - 1; i >= 0; i-- {
		after[i] = min(after[i+1], pics[i].place)
	}
	before := int64(-1)
	for i := range pics {
		pics[i].clean = before < after[i]
		before = max(before, pics[i].place)
	}
}

// cut finds where the segment that begins at from ends.
func (r *recorder) cut(pics []picture, from int, v *Video) int {
	length := int64(math.Round(r.s.Segment * float64(v.Spec.FPS)))
	for i := from + 1; i < len(pics); i++ {
		if int64(i-from) >= length && (pics[i].Sync != media.NoSync || r.s.Forced) && pics[i].clean {
			return i
		}
	}
	return len(pics)
}

// segment writes one segment. sound counts the samples recorded of each track.
func (r *recorder) segment(p Piece, pics []picture, sound []int64, last bool) {
	v, step := p.Video, p.Video.Step()
	ts := int64(v.Track.Timescale)
	places := make([]int64, len(pics))
	for i, x := range pics {
		places[i] = x.place
	}
	sort.Slice(places, func(i, j int) bool { return places[i] < places[j] })
	first := places[0]
	ppb := int32(0)
	if len(r.s.PPB) > 0 {
		ppb = r.s.PPB[r.count%len(r.s.PPB)]
	}
	r.count++
	seq := r.a.seq[r.s.Stream]
	r.a.seq[r.s.Stream]++
	head := &segment.Head{
		ID:    segment.ID{Stream: r.s.Stream, Epoch: 1, Boot: uint64(1_795_000_000), Seq: seq},
		Start: r.wall, NewRun: r.newRun, Created: r.wall, Prev: r.prev, Tracks: []media.Track{v.Track},
		Maps: []segment.TimeMap{{Tick0: ts, US0: r.wall, PPB: ppb}},
	}
	if seq == 0 {
		head.Break = "first segment"
	}
	for i, s := range p.Sounds {
		track := s.Track
		track.ID = uint32(2 + i)
		head.Tracks = append(head.Tracks, track)
		head.Maps = append(head.Maps, segment.TimeMap{Tick0: int64(track.Timescale), US0: r.wall, PPB: ppb})
	}
	r.newRun = false
	file, err := r.a.Spool.Create(head)
	if err != nil {
		r.a.t.Fatal(err)
	}
	tick := func(place int64) int64 { return ts + (place-first)*step }
	for from := 0; from < len(pics); {
		to := r.fragmentEnd(pics, from, v)
		end := places[len(places)-1] + 1
		if to < len(pics) {
			end = places[to]
		}
		fr := &spool.Fragment{}
		var chain media.Chain
		run := fmp4.Run{TrackID: 1, FirstTick: tick(places[from]) - int64(v.Track.ReorderDelay)}
		for i := from; i < to; i++ {
			next := places[i] + 1
			if i+1 < len(places) {
				next = places[i+1]
			}
			run.Sizes = append(run.Sizes, uint32(len(pics[i].Data)))
			run.Durs = append(run.Durs, uint32((next-places[i])*step))
			run.Kinds = append(run.Kinds, uint8(pics[i].Sync))
			if v.Track.ReorderDelay > 0 {
				run.CTS = append(run.CTS, uint32((pics[i].place-places[i])*step+int64(v.Track.ReorderDelay)))
			}
			chain.Append(pics[i].Data)
			wall := head.Maps[0].Wall(tick(pics[i].place), v.Track.Timescale)
			r.out.Frames = append(r.out.Frames, Frame{Wall: wall, Number: pics[i].Number, Video: v, Run: r.run, Key: pics[i].Sync != 0})
		}
		fr.Runs = append(fr.Runs, run)
		fr.Parts = append(fr.Parts, media.Part{})
		chain.Take(chain.End(), &fr.Parts[0])
		chain.Close()
		for i, s := range p.Sounds {
			r.sound(fr, head, i, s, p.Lag, sound, float64(first)/float64(v.Spec.FPS), float64(end)/float64(v.Spec.FPS))
		}
		if err := file.Append(fr); err != nil {
			r.a.t.Fatal(err)
		}
		for i := range fr.Parts {
			fr.Parts[i].Release()
		}
		from = to
	}
	r.wall = head.Maps[0].Wall(tick(places[len(places)-1]+1), v.Track.Timescale)
	if last && r.s.Open {
		r.left = file
		return
	}
	end := spool.End{At: r.wall, Reason: segment.EndLength, ClockUnc: -1}
	if r.s.Clock != nil {
		end.ClockOff, end.ClockUnc = r.s.Clock(r.wall)
	}
	sealed, err := file.Seal(end)
	if err != nil {
		r.a.t.Fatal(err)
	}
	r.prev = sealed.SHA256
	r.a.index(sealed, r.s.Stored && seq%2 == 0)
	r.a.Spool.Forget(file)
}

// sound adds the samples of sound i that begin before the media time end.
func (r *recorder) sound(fr *spool.Fragment, head *segment.Head, i int, s *Sound, lag float64, done []int64, start, end float64) {
	ts := float64(s.Track.Timescale)
	run := fmp4.Run{TrackID: uint32(2 + i)}
	var chain media.Chain
	for {
		at := lag + float64(done[i]*s.Dur)/ts
		if at >= end {
			break
		}
		if len(run.Sizes) == 0 {
			run.FirstTick = head.Maps[1+i].Tick0 + int64(math.Round((at-start)*ts))
		}
		x := s.Samples[done[i]%int64(len(s.Samples))]
		run.Sizes = append(run.Sizes, uint32(len(x.Data)))
		run.Durs = append(run.Durs, uint32(s.Dur))
		chain.Append(x.Data)
		done[i]++
	}
	fr.Runs = append(fr.Runs, run)
	fr.Parts = append(fr.Parts, media.Part{})
	chain.Take(chain.End(), &fr.Parts[1+i])
	chain.Close()
}

// fragmentEnd finds where the fragment that begins at from ends.
func (r *recorder) fragmentEnd(pics []picture, from int, v *Video) int {
	long := int(math.Round(r.s.Fragment * float64(v.Spec.FPS)))
	for i := from + 1; i < len(pics); i++ {
		if !pics[i].clean {
			continue
		}
		if pics[i].Sync != media.NoSync && (i-from)*2 >= long || i-from >= long {
			return i
		}
	}
	return len(pics)
}
