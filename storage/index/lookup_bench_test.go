package index_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"qianshao/storage/index"
	"qianshao/storage/index/indextest"
	"qianshao/storage/timeline"
)

var benchRows = flag.Int("index.rows", 1_000_000, "rows in the index of BenchmarkLookup (10000000 for the published figure)")

// BenchmarkLookup asks for one hour of a random stream among many rows, and
// reports percentiles. The target is p99 ≤ 5 ms among 10 million.
func BenchmarkLookup(b *testing.B) {
	const streams = 200
	per := *benchRows / streams
	path := filepath.Join(b.TempDir(), "index.db")
	db, err := index.Open(b.Context(), index.Config{Path: path})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	}()
	begin := time.Now()
	if err := indextest.Fill(b.Context(), db, streams, per); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d rows in %v, %d bytes a row", *benchRows, time.Since(begin).Round(time.Second), info.Size()/int64(*benchRows))

	window := func() (int, timeline.Span) {
		from := indextest.Start + timeline.Micros(rand.IntN(per))*timeline.Minute
		return rand.IntN(streams), timeline.Span{From: from, To: from + timeline.Hour}
	}
	for name, ask := range map[string]func() error{
		"rows": func() error {
			s, w := window()
			_, err := db.Rows(b.Context(), indextest.Stream(s), w, 0)
			return err
		},
		"covered": func() error {
			s, w := window()
			_, err := db.Covered(b.Context(), indextest.Stream(s), w)
			return err
		},
		"nearest": func() error {
			s, w := window()
			_, _, err := db.Nearest(b.Context(), indextest.Stream(s), w)
			return err
		},
		"day": func() error {
			s, w := window()
			w.To = w.From + timeline.Day
			_, err := db.Rows(b.Context(), indextest.Stream(s), w, 0)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				t := time.Now()
				if err := ask(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(t))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkAdd is one recorder that seals; BenchmarkAddMany are 200 at once.
func BenchmarkAdd(b *testing.B)     { benchAdd(b, 1) }
func BenchmarkAddMany(b *testing.B) { benchAdd(b, 200) }

func benchAdd(b *testing.B, writers int) {
	db, err := index.Open(b.Context(), index.Config{Path: filepath.Join(b.TempDir(), "index.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	}()
	work := make(chan int)
	done := make(chan error, writers)
	for w := range writers {
		go func() {
			var failed error
			for i := range work {
				if _, err := db.Add(b.Context(), indextest.Row(indextest.Stream(w), i)); err != nil {
					failed = fmt.Errorf("row %d: %w", i, err)
				}
			}
			done <- failed
		}()
	}
	for i := 0; b.Loop(); i++ {
		work <- i
	}
	close(work)
	for range writers {
		if err := <-done; err != nil {
			b.Error(err)
		}
	}
}
