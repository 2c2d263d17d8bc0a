package api

import (
	"errors"
	"math"
	"testing"
)

func FuzzParsePoint(f *testing.F) {
	for _, s := range []string{"104.895,25.092", " 104 , 25 ", "181,0", "NaN,1", "1e3,2", "1,2,3", ","} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lon, lat, err := parsePoint(s)
		if err != nil {
			var p *Problem
			if !errors.As(err, &p) || p.Status != 400 || p.Next == "" {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		if math.IsNaN(lon) || math.IsNaN(lat) || math.Abs(lon) > 180 || math.Abs(lat) > 90 {
			t.Errorf("%q is %f, %f", s, lon, lat)
		}
	})
}
