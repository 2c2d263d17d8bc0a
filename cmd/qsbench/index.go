package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"qianshao/storage/index"
	"qianshao/storage/index/indextest"
	"qianshao/storage/timeline"
)

// indexBench looks footage up in a large time index.
type indexBench struct {
	Rows    int `default:"10000000" help:"Rows in the index."`
	Lookups int `default:"5000" help:"Look-ups of each kind."`
}

// Run implements the command.
func (b *indexBench) Run(ctx context.Context) error {
	dir, err := os.MkdirTemp(".", ".qsbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a leftover is visible and harmless
	db, err := index.Open(ctx, index.Config{Path: filepath.Join(dir, "index.db")})
	if err != nil {
		return err
	}
	defer db.Close()         //nolint:errcheck // the folder goes
	const perStream = 43_200 // thirty days of minutes
	streams := max(1, b.Rows/perStream)
	fmt.Printf("\nTime index: %d streams x %d rows\n", streams, perStream)
	if err := indextest.Fill(ctx, db, streams, perStream); err != nil {
		return err
	}
	fmt.Printf("%28s  %10s  %10s\n", "look-up", "p50 ms", "p99 ms")
	for _, c := range []struct {
		name string
		span timeline.Micros
	}{{"rows of one minute", timeline.Minute}, {"rows of one hour", timeline.Hour}, {"rows of a day", timeline.Day}} {
		var took []float64
		for range b.Lookups {
			from := indextest.Start + timeline.Micros(rand.Int64N(int64(29*timeline.Day)))
			s := indextest.Stream(rand.IntN(streams))
			begin := time.Now()
			if _, err := db.Rows(ctx, s, timeline.Span{From: from, To: from + c.span}, 0); err != nil {
				return err
			}
			took = append(took, time.Since(begin).Seconds())
		}
		fmt.Printf("%28s  %10.2f  %10.2f\n", c.name, 1000*quantile(took, .5), 1000*quantile(took, .99))
	}
	return nil
}
