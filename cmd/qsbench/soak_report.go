package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// report prints what the soak gave, draws it, and fails when a promise was not
// kept.
func (b *soakBench) report(samples []sample, verdicts []verdict, unknown time.Duration) error {
	fmt.Printf("\n%-62s  %4s  %9s  %8s  %8s  %6s  %9s\n", "kind", "n", "frames", "missing", "damaged", "other", "off p99")
	byKind := map[string][]verdict{}
	var names []string
	for _, v := range verdicts {
		if byKind[v.kind] == nil {
			names = append(names, v.kind)
		}
		byKind[v.kind] = append(byKind[v.kind], v)
	}
	var sent, wrong, silent, segments, probed int
	var off []string
	for _, name := range names {
		var sum verdict
		for _, v := range byKind[name] {
			if v.sent == 0 {
				silent++
			}
			sum.sent += v.sent
			sum.missing += v.missing
			sum.partial += v.partial
			sum.twice += v.twice
			sum.strange += v.strange
			sum.late = max(sum.late, v.late)
			segments += v.segments
			probed += v.probed
			if sum.example == "" {
				sum.example = v.example
			}
		}
		fmt.Printf("%-62s  %4d  %9d  %8d  %8d  %6d  %6d ms\n", name, len(byKind[name]), sum.sent, sum.missing, sum.partial, sum.twice+sum.strange, sum.late.Milliseconds())
		if sum.example != "" {
			fmt.Println("    the first that is missing:", sum.example)
		}
		sent += sum.sent
		wrong += sum.wrong()
		if sum.late > maxOff {
			off = append(off, name)
		}
	}
	fmt.Printf("%d frames in %d segments, %d wrong; ffprobe read %d segments the same; time in gaps without a cause: %s\n", sent, segments, wrong, probed, unknown)
	late := samples[len(samples)/5:] // when all have found their size
	var errs []error
	for _, c := range []struct {
		name string
		of   func(sample) float64
	}{
		{"MiB of memory", func(s sample) float64 { return float64(s.memory) / (1 << 20) }},
		{"goroutines", func(s sample) float64 { return float64(s.goroutines) }},
	} {
		text, grew := trend(late, c.of)
		fmt.Println(c.name, text)
		if grew {
			errs = append(errs, fmt.Errorf("%s grew by more than a tenth: %s", c.name, text))
		}
	}
	if b.SVG != "" {
		errs = append(errs, os.WriteFile(b.SVG, []byte(drawSoak(samples)), 0o644)) //nolint:gosec // a picture
	}
	if wrong > 0 {
		errs = append(errs, fmt.Errorf("%d frames are not as they were sent", wrong))
	}
	if silent > 0 {
		errs = append(errs, fmt.Errorf("%d cameras sent nothing", silent))
	}
	if len(off) > 0 {
		errs = append(errs, fmt.Errorf("footage lies more than %s wrong: %s", maxOff, strings.Join(off, "; ")))
	}
	if unknown > 0 {
		errs = append(errs, fmt.Errorf("%s of gaps have no cause", unknown))
	}
	return errors.Join(errs...)
}

// trend says what a figure did between the first and the last fifth, and whether
// it grew by more than a tenth.
func trend(samples []sample, of func(sample) float64) (text string, grew bool) {
	var v []float64
	for _, s := range samples {
		v = append(v, of(s))
	}
	n := max(len(v)/5, 1)
	first, last := quantile(v[:n], .5), quantile(v[len(v)-n:], .5)
	text = fmt.Sprintf("%.1f to %.1f (medians of the first and last fifth, between %.1f and %.1f)", first, last, slices.Min(v), slices.Max(v))
	return text, last > 1.1*first
}

// drawSoak draws memory and goroutines over time.
func drawSoak(samples []sample) string {
	const width, height, left, top = 760, 150, 60, 24
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`+"\n", left+width+20, 2*(height+60))
	fmt.Fprintln(&s, `<rect width="100%" height="100%" fill="#fff"/>`)
	until := samples[len(samples)-1].at
	for i, c := range []struct {
		name, colour string
		of           func(sample) float64
	}{
		{"resident memory, MiB", "#1f6feb", func(s sample) float64 { return float64(s.memory) / (1 << 20) }},
		{"goroutines", "#b35900", func(s sample) float64 { return float64(s.goroutines) }},
	} {
		most := 0.0
		for _, x := range samples {
			most = max(most, c.of(x))
		}
		most *= 1.1
		y0 := top + i*(height+60)
		fmt.Fprintf(&s, `<text x="%d" y="%d">%s</text>`+"\n", left, y0-8, c.name)
		for k := range 5 {
			y := float64(y0) + float64(height)*float64(k)/4
			fmt.Fprintf(&s, `<path d="M%d %.1fh%d" stroke="#ddd"/><text x="%d" y="%.1f" text-anchor="end">%.0f</text>`+"\n", left, y, width, left-6, y+4, most*float64(4-k)/4)
		}
		var line strings.Builder
		for k, x := range samples {
			verb := "L"
			if k == 0 {
				verb = "M"
			}
			fmt.Fprintf(&line, "%s%.1f %.1f", verb, left+float64(width)*x.at.Seconds()/until.Seconds(), float64(y0)+float64(height)*(1-c.of(x)/most))
		}
		fmt.Fprintf(&s, `<path d="%s" fill="none" stroke="%s" stroke-width="1.5"/>`+"\n", line.String(), c.colour)
		for k := range 7 {
			at := until * time.Duration(k) / 6
			fmt.Fprintf(&s, `<text x="%.1f" y="%d" text-anchor="middle">%.0f min</text>`+"\n", left+float64(width)*float64(k)/6, y0+height+16, at.Minutes())
		}
	}
	s.WriteString("</svg>\n")
	return s.String()
}
