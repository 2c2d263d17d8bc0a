package onboard

import (
	"context"

	"qianshao/registry"
	"qianshao/storage/media"
)

// Answer is what became of one row.
type Answer struct {
	Row      int             `json:"row" doc:"of the file, from 1"`
	Camera   media.CameraID  `json:"id,omitempty" doc:"of the camera; not of one that a dry run would make"`
	Carrier  string          `json:"carrier,omitempty"`
	DeviceID string          `json:"carrier_device_id,omitempty"`
	Status   registry.Status `json:"status,omitempty" doc:"created, updated, unchanged or error"`
	Problems []Problem       `json:"problems,omitempty" doc:"all that is wrong with it"`
}

// Settle gives the rows that passed Check what became of them: outcomes are those of
// List.Drafts, in order.
func Settle(answers []Answer, outcomes []registry.Outcome) {
	byRow := make(map[int]*Answer, len(answers))
	for i := range answers {
		byRow[answers[i].Row] = &answers[i]
	}
	for _, o := range outcomes {
		a := byRow[o.Row]
		if a == nil || a.Status == registry.Rejected {
			continue
		}
		a.Camera, a.Status = o.Camera, o.Status
		if o.Status == registry.Rejected {
			p := ofField(&registry.FieldError{Field: o.Field, Code: o.Code, Message: o.Message})
			p.Row = o.Row
			a.Problems = append(a.Problems, *p)
		}
	}
}

// Enter holds a list against the rules, has what passed entered by put, which is
// Registry.Upsert or, for a dry run, Registry.UpsertDry, and answers every row. The
// answers to rows that put did not come to have no status. An error may come with
// answers, as Upsert's may.
func Enter(ctx context.Context, d Deps, l *List, accept bool, put func(context.Context, []registry.Draft) ([]registry.Outcome, error)) ([]Answer, error) {
	answers, err := Check(ctx, d, l)
	if err != nil {
		return nil, err
	}
	outcomes, err := put(ctx, l.Drafts(answers, accept))
	Settle(answers, outcomes)
	return answers, err
}

// Count counts answers by their status.
func Count(answers []Answer) map[registry.Status]int {
	count := map[registry.Status]int{}
	for i := range answers {
		count[answers[i].Status]++
	}
	return count
}
