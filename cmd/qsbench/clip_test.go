package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"qianshao/storage/timeline"
)

// The server that clips are measured on answers: figures are not asked of one
// that only refuses.
func TestSiteAnswers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, err := openArchive(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	day, site, err := openSite(t.Context(), a, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := fill(t.Context(), a, day, 0, 2, 120); err != nil {
		t.Fatal(err)
	}
	window := "?from=" + fillStart.String() + "&to=" + (fillStart + timeline.Minute).String()
	for _, path := range []string{"timeline", "clip.mp4"} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/cameras/"+dayDevice+"/"+path+window, nil))
		if w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: %d %.300s", path, w.Code, w.Body)
		}
	}
}
