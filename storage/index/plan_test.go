package index

import (
	"path/filepath"
	"strings"
	"testing"

	"qianshao/storage/media"
	"qianshao/storage/timeline"
)

// The questions that must stay fast are answered by one range of one key.
func TestQueryPlans(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "index.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, stream, span := t.Context(), media.NewCameraID().Stream(0), timeline.Span{From: 1, To: 2}
	for _, c := range []struct {
		name string
		ask  func() error
		want string
	}{
		{
			"Rows", func() error { _, err := db.Rows(ctx, stream, span, 0); return err },
			"SEARCH g USING PRIMARY KEY (stream_no=? AND start_us>? AND start_us<?)",
		},
		{
			"Rows as of", func() error { _, err := db.Rows(ctx, stream, span, db.Head()); return err },
			"SEARCH g USING PRIMARY KEY (stream_no=? AND start_us>? AND start_us<?)",
		},
		{
			"Covered", func() error { _, err := db.Covered(ctx, stream, span); return err },
			"SEARCH g USING PRIMARY KEY (stream_no=? AND start_us>? AND start_us<?)",
		},
		{
			"Nearest", func() error { _, _, err := db.Nearest(ctx, stream, span); return err },
			"SEARCH g USING PRIMARY KEY (stream_no=? AND start_us>? AND start_us<?)",
		},
		{
			"ByState", func() error { _, err := db.ByState(ctx, Spooled, &Row{}, 1); return err },
			"SEARCH g USING INDEX segments_pending (state=?",
		},
		{
			"Page", func() error { _, err := db.Page(ctx, stream, &Row{}, 1); return err },
			"SEARCH g USING PRIMARY KEY (stream_no=? AND (start_us,boot,seq,epoch)>(?,?,?,?))",
		},
		{
			"Causes", func() error { _, err := db.Causes(ctx, stream, span); return err },
			"SEARCH c USING INDEX causes_current (stream_no=? AND reach=? AND from_us>? AND from_us<?)",
		},
	} {
		db.mu.Lock()
		known := map[string]bool{}
		for text := range db.stmts {
			known[text] = true
		}
		db.mu.Unlock()
		if err := c.ask(); err != nil {
			t.Fatal(err)
		}
		plans := ""
		for text := range db.stmts {
			if !known[text] {
				plans += explain(t, db, text)
			}
		}
		if !strings.Contains(plans, c.want) || strings.Contains(plans, "SCAN") {
			t.Errorf("%s: plan is\n%swant %s", c.name, plans, c.want)
		}
	}
}

func explain(t *testing.T, db *DB, text string) string {
	t.Helper()
	args := make([]any, strings.Count(text, "?"))
	rows, err := db.sql.R().QueryContext(t.Context(), `EXPLAIN QUERY PLAN `+text, args...)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = each(rows, func(scan scanner) error {
		var id, parent, unused int
		var detail string
		if err := scan(&id, &parent, &unused, &detail); err != nil {
			return err
		}
		out.WriteString(detail + "\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}
