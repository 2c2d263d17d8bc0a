package jobs

import (
	"context"
	"errors"
	"maps"

	"qianshao/storage/timeline"
)

// State is where a job stands.
type State string

// The states. Those from Done on are ends.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Ended reports whether nothing more happens.
func (s State) Ended() bool { return s == Done || s == Failed || s == Cancelled }

// Job is what is told of one.
type Job struct {
	ID      string            `json:"id"`
	Kind    string            `json:"kind"`
	Carrier string            `json:"carrier,omitempty"` // whose it is; empty: the site's
	Actor   string            `json:"actor"`             // who began it
	Unit    string            `json:"unit,omitempty"`    // of the actor
	Address string            `json:"address,omitempty"` // of the client
	Options map[string]string `json:"options,omitempty"` // of its kind

	State   State           `json:"state"`
	Created timeline.Micros `json:"created"`
	Started timeline.Micros `json:"started,omitempty"`
	Ended   timeline.Micros `json:"ended,omitempty"`
	Tries   int             `json:"tries,omitempty"` // more than 1: the process ended meanwhile
	Total   int             `json:"total,omitempty"`
	Done    int             `json:"done,omitempty"`
	Counts  map[string]int  `json:"counts,omitempty"` // of what is done, by what became of it
	Failure *Failure        `json:"failure,omitempty"`
	Sheet   bool            `json:"sheet,omitempty"` // there is one to download
}

func (j *Job) clone() Job {
	out := *j
	out.Counts, out.Options = maps.Clone(j.Counts), maps.Clone(j.Options)
	return out
}

// Failure is why a job failed, in words for people. It is an error, and a Runner may
// return one.
type Failure struct {
	Code string `json:"code"`
	ZH   string `json:"zh"`
	EN   string `json:"en"`
}

func (f *Failure) Error() string { return f.EN }

// Output is what comes out of a job, also of one that failed or was cancelled.
type Output struct {
	Result []byte // as its kind wants it
	Sheet  []byte // to download; nil: there is none
}

// Report tells how far a job is.
type Report func(total, done int, counts map[string]int)

// Runner does one kind of jobs. What it did before ctx ended stays done; after a crash it
// is called again with the same input. An error that is no *Failure is told as one of the
// server.
type Runner func(ctx context.Context, j Job, input []byte, report Report) (Output, error)

// The errors of a Book.
var (
	ErrUnknown = errors.New("no such job")
	ErrKeyUsed = errors.New("the key was used for something else")
	ErrFull    = errors.New("too many jobs wait")
	ErrEnded   = errors.New("the job has ended")
)
