package badge

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"assay/scenarios"
	"assay/suite/report"
)

func run(results ...report.Result) *report.Report {
	r := &report.Report{
		Target:  report.Target{Name: "my-server", Version: "v1.2.3"},
		Started: time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC),
		Results: results,
	}
	r.Conclude()
	return r
}

func must(id string, s report.Status) report.Result {
	return report.Result{ID: id, Level: scenarios.Must, Status: s}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	passed := must("X-01", report.Passed)
	left := must("X-02", report.Skipped)
	left.LeftOut = true
	interrupted, broken, stopped := run(passed), run(passed), run(passed)
	interrupted.Interrupted, broken.Error, stopped.Stopped = true, "no CA", "--timeout 1s"
	for _, tt := range []struct {
		name            string
		r               *report.Report
		message, ground string
	}{
		{"passed", run(passed, must("X-02", report.KnownFailed)), "1 passed", good},
		{"failed", run(passed, must("X-02", report.Failed)), "1 failed", bad},
		{"an error", run(passed, must("X-02", report.Error)), "1 failed", bad},
		{
			"a SHOULD",
			run(passed, report.Result{Level: scenarios.Should, Status: report.Failed}),
			"1 passed", good,
		},
		{"partial", run(passed, left), "1 passed, partial", doubtful},
		{"interrupted", interrupted, "interrupted", doubtful},
		{"run failed", broken, "run failed", bad},
		{"ended early", stopped, "ended early", doubtful},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if b := Of(tt.r); b.Message != tt.message || b.Ground != tt.ground {
				t.Errorf("found %q on %s, expected %q on %s", b.Message, b.Ground, tt.message, tt.ground)
			}
		})
	}
	want := "Assay, my-server v1.2.3: 1 passed, 1 known to fail, 2026-11-26"
	if got := Of(run(passed, must("X-02", report.KnownFailed))).Title; got != want {
		t.Errorf("title %q, expected %q", got, want)
	}
}

// TestHostileNames checks that a name can neither leave its element nor grow
// without limit, and that nothing is loaded.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		`</title><script>alert(1)</script>`, `"><image href="https://x/"/>`, "a\x00b\x1b[31m\u202e",
		`&lt;`, strings.Repeat("long", 1000), "\xff\xfe",
	} {
		r := run(must("X-01", report.Passed))
		r.Target.Name, r.Target.Version = name, name
		var b bytes.Buffer
		if err := Of(r).Write(&b); err != nil {
			t.Fatal(err)
		}
		if b.Len() > 4000 {
			t.Errorf("%.20q: found %d bytes, expected at most 4000", name, b.Len())
		}
		d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
		for {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%.20q: %v in %s", name, err, b.String())
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			switch e.Name.Local {
			case "svg", "title", "clipPath", "rect", "g", "text":
			default:
				t.Errorf("%.20q: found the element %s", name, e.Name.Local)
			}
			for _, a := range e.Attr {
				if a.Name.Local == "href" || a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("%.20q: found the attribute %s", name, a.Name.Local)
				}
			}
		}
	}
}

// TestWidth checks that the picture is as wide as its texts need.
func TestWidth(t *testing.T) {
	t.Parallel()
	type svg struct {
		Width int `xml:"width,attr"`
		Texts []struct {
			X      int `xml:"x,attr"`
			Length int `xml:"textLength,attr"`
		} `xml:"g>text"`
	}
	last := 0
	for _, message := range []string{
		"", "1 failed", "165 passed", "1000 passed, partial", "日本語日本語日本語日本語日本語",
	} {
		var b bytes.Buffer
		if err := (Badge{Label: "assay", Message: message, Ground: good}).Write(&b); err != nil {
			t.Fatal(err)
		}
		var s svg
		if err := xml.Unmarshal(b.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		if len(s.Texts) != 2 || s.Texts[1].X+s.Texts[1].Length+margin != s.Width || s.Width <= last {
			t.Errorf("%q: found the width %d of %+v, expected one that grows with the text",
				message, s.Width, s.Texts)
		}
		last = s.Width
	}
}

func TestContrast(t *testing.T) {
	t.Parallel()
	for _, ground := range []string{labelGround, good, bad, doubtful} {
		if c := 1.05 / (luminance(t, ground) + .05); c < 4.5 {
			t.Errorf("%s: found a contrast of %.2f to white, expected at least 4.5", ground, c)
		}
	}
}

// luminance returns the relative luminance of WCAG 2.
func luminance(t *testing.T, color string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
