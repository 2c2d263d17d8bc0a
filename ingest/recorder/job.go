package recorder

import (
	"sync"
	"time"

	"qianshao/storage/fmp4"
	"qianshao/storage/media"
	"qianshao/storage/segment"
	"qianshao/storage/spool"
)

type jobKind uint8

const (
	jobHead     jobKind = iota + 1 // a segment begins
	jobFragment                    // append
	jobSeal                        // the segment is complete
)

// job is one order to the writer.
type job struct {
	kind     jobKind
	head     *segment.Head
	fragment *spool.Fragment
	captured time.Duration // arrival of the newest unit, monotonic
	end      spool.End
	begin    time.Time // when it was written
	again    bool      // its sync failed once
}

var (
	jobs      = sync.Pool{New: func() any { return new(job) }}
	fragments = sync.Pool{New: func() any { return new(spool.Fragment) }}
)

func newJob(kind jobKind) *job {
	j := jobs.Get().(*job)
	*j = job{kind: kind}
	return j
}

// newFragment returns a fragment with n empty runs and parts; their memory is
// that of fragments written before.
func newFragment(n int) *spool.Fragment {
	fr := fragments.Get().(*spool.Fragment)
	if cap(fr.Runs) < n || cap(fr.Parts) < n {
		fr.Runs, fr.Parts = make([]fmp4.Run, n), make([]media.Part, n)
	}
	fr.Runs, fr.Parts = fr.Runs[:n], fr.Parts[:n]
	for i := range fr.Runs {
		r := &fr.Runs[i]
		*r = fmp4.Run{Sizes: r.Sizes[:0], Durs: r.Durs[:0], CTS: r.CTS[:0], Kinds: r.Kinds[:0]}
	}
	return fr
}

// release gives the media chunks of a fragment back.
func (j *job) release() {
	for i := range j.fragment.Parts {
		j.fragment.Parts[i].Release()
	}
}

// restore puts media that was read back into the parts of a fragment.
func (j *job) restore(media []byte) {
	for i := range j.fragment.Runs {
		n := 0
		for _, s := range j.fragment.Runs[i].Sizes {
			n += int(s)
		}
		p := &j.fragment.Parts[i]
		p.Bufs = append(p.Bufs[:0], media[:n])
		media = media[n:]
	}
}

// done gives a job's memory back, media chunks included.
func (j *job) done() {
	if j.fragment != nil {
		j.release()
		fragments.Put(j.fragment)
	}
	*j = job{}
	jobs.Put(j)
}

// largest is the bytes of the largest picture.
func (j *job) largest() int64 {
	if j.fragment == nil {
		return 0
	}
	n := uint32(0)
	for _, s := range j.fragment.Runs[0].Sizes {
		n = max(n, s)
	}
	return int64(n)
}

// size is the media bytes a job holds.
func (j *job) size() int64 {
	n := int64(0)
	if j.fragment != nil {
		for i := range j.fragment.Runs {
			for _, s := range j.fragment.Runs[i].Sizes {
				n += int64(s)
			}
		}
	}
	return n
}
