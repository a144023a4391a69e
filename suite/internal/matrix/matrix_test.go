package matrix

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
	"assay/suite/report"
)

var update = flag.Bool("update", false, "write the golden file")

var day = time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)

const digest = "sha256:1111"

// sample returns a report of a server with every status.
func sample(name, version string) *report.Report {
	r := &report.Report{
		Schema:  1,
		Suite:   report.Suite{Version: "v0.1.0", Catalogue: digest},
		World:   "namespace",
		CA:      "edge",
		Target:  report.Target{Name: name, Version: version, Profiles: []string{"config", "byo"}},
		Started: day,
		OS:      "linux/amd64",
		Results: []report.Result{
			{
				ID:      "CFG-01",
				Title:   "plain HTTP",
				Level:   scenarios.Must,
				Profile: "config",
				Status:  report.Passed,
			},
			{ID: "CFG-02", Title: "both are refused", Level: scenarios.Should, Profile: "config",
				Status: report.Failed, Reason: "expected a refusal; seen none"},
			{
				ID:      "BYO-01",
				Title:   "absolute paths",
				Level:   scenarios.Must,
				Profile: "byo",
				Status:  report.Passed,
			},
			{
				ID:      "BYO-02",
				Title:   "relative | paths",
				Level:   scenarios.Must,
				Profile: "byo",
				Status:  report.KnownFailed,
				Reason:  "beside: seen decoy",
				Cases: []report.Case{
					{
						Case:   "beside",
						Status: report.KnownFailed,
						Reason: "seen decoy",
						KnownFailure: &report.Excuse{
							Reason: "paths count from the working directory", Link: "https://example.org/issue(1)",
							Until: "2026-12-31",
						},
					},
					{Case: "above", Status: report.Passed},
				},
				Evidence: &report.Evidence{
					Config: "listen_addr: x",
					Log:    []string{"one", "two"},
					Repeat: "assay run",
				},
			},
			{
				ID:      "BYO-10",
				Title:   "later",
				Level:   scenarios.Must,
				Profile: "byo",
				Status:  report.Skipped,
				Reason:  "no openssl",
			},
			{
				ID:        "ACME-01",
				Title:     "issuance",
				Level:     scenarios.Must,
				Profile:   "acme",
				Status:    report.NotClaimed,
				Unclaimed: []string{"acme"},
			},
		},
	}
	r.Conclude()
	return r
}

// partial returns a run that was asked for CFG-01 alone.
func partial() *report.Report {
	r := sample("partial", "v1.0.0")
	for i := range r.Results[1:] {
		r.Results[i+1] = report.Result{
			ID: r.Results[i+1].ID, Title: r.Results[i+1].Title, Level: r.Results[i+1].Level,
			Profile: r.Results[i+1].Profile, Status: report.Skipped, LeftOut: true, Reason: "not selected",
		}
	}
	r.Conclude()
	return r
}

func TestNotes(t *testing.T) {
	t.Parallel()
	change := func(f func(*report.Report)) *report.Report {
		r := sample("x", "v1.0.0")
		f(r)
		return r
	}
	for _, tt := range []struct {
		name string
		r    *report.Report
		want []string
	}{
		{"whole", sample("x", "v1"), nil},
		{"selected", partial(), []string{"partial"}},
		{"shard", change(func(r *report.Report) {
			r.Selection = &report.Selection{Shard: "1/3"}
		}), []string{"partial"}},
		{"interrupted", change(func(r *report.Report) { r.Interrupted = true }), []string{"interrupted"}},
		{"failed", change(func(r *report.Report) { r.Error = "no CA" }), []string{"run failed"}},
		{"stopped", change(func(r *report.Report) {
			r.Stopped = "--timeout 1s"
		}), []string{"ended early"}},
		{"catalogue", change(func(r *report.Report) {
			r.Suite.Catalogue = "sha256:2"
		}), []string{"other catalogue"}},
		{"of the last day", change(func(r *report.Report) { r.Started = day.AddDate(0, 0, -30) }), nil},
		{"old", change(func(r *report.Report) {
			r.Started = day.AddDate(0, 0, -31)
		}), []string{"expired"}},
		{"on the last day of an excuse", change(func(r *report.Report) {
			r.Results[3].Cases[0].KnownFailure.Until = "2026-11-26"
		}), nil},
		{"excuse", change(func(r *report.Report) {
			r.Results[3].Cases[0].KnownFailure.Until = "2026-11-25"
		}), []string{"expired entry"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := New([]Source{{Report: tt.r}}, Options{
				Now: day.Add(time.Hour), MaxAge: 31 * 24 * time.Hour, Catalogue: digest,
			})
			if diff := cmp.Diff(tt.want, noteWords(m.Columns[0])); diff != "" {
				t.Error(diff)
			}
			var md, page bytes.Buffer
			if err := m.WriteMarkdown(&md); err != nil {
				t.Fatal(err)
			}
			if err := m.WriteHTML(&page); err != nil {
				t.Fatal(err)
			}
			for _, word := range tt.want {
				if !strings.Contains(md.String(), word) || !strings.Contains(page.String(), ">"+word+"<") {
					t.Errorf("found no %q in the Markdown or on the page", word)
				}
			}
		})
	}
}

// TestDifferentCatalogues checks that rows of both catalogues are there, in order,
// and that a missing one is no pass.
func TestDifferentCatalogues(t *testing.T) {
	t.Parallel()
	old, now := sample("old", "v1"), sample("new", "v2")
	old.Results = old.Results[1:4]
	now.Results[0].Level = scenarios.May
	now.Results = append(now.Results, report.Result{
		ID: "BYO-09", Title: "new", Level: scenarios.Must, Profile: "byo", Status: report.Passed,
	})
	old.Results = append(old.Results, report.Result{
		ID:      "CFG-01",
		Title:   "plain HTTP",
		Level:   scenarios.Must,
		Profile: "config",
		Status:  report.Failed,
	})
	m := New([]Source{{Report: old}, {Report: now}}, Options{Now: day, Catalogue: digest})
	var got []string
	for _, c := range m.Chapters {
		for _, row := range c.Rows {
			got = append(got, fmt.Sprintf("%s %s %s", row.ID, row.Cells[0].Kind.Key, row.Cells[1].Kind.Key))
		}
	}
	want := []string{
		"CFG-01 failed passed", "CFG-02 not-met not-met", "BYO-01 passed passed",
		"BYO-02 known-failure known-failure", "BYO-09 missing passed", "BYO-10 missing skipped",
		"ACME-01 missing not-claimed",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var b bytes.Buffer
	if err := m.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "| ✗ MUST | ✓ |") {
		t.Errorf("found no level of its own in\n%s", b.String())
	}
}

func TestMarkdownIsGolden(t *testing.T) {
	t.Parallel()
	broken := sample("my <server>", "v2.0.0 of | today")
	broken.Results[0].Status, broken.Results[0].Reason = report.Failed, "seen TLS `at` _once_ [x](y)"
	broken.Results[2].Status, broken.Results[2].Reason = report.Error, "the CA did not start"
	broken.Results[3].Cases[0].KnownFailure.Until = "2026-11-01"
	broken.Interrupted = true
	broken.Conclude()
	m := New([]Source{
		{Report: sample("server", "server version 1.0.0"), Page: "a/report.html", Anchors: true},
		{Report: broken, Page: "b (2)/report.json"},
		{Report: partial()},
	}, Options{Now: day})
	var b bytes.Buffer
	if err := m.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "matrix.md.golden")
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// hostile are texts that a server or a report of a stranger may hold.
var hostile = []string{
	`</table><script>alert(1)</script>`,
	`"><img src=x onerror=alert(1)>`,
	`javascript:alert(1)`,
	"a\x1b[2Jb\u202ec\x00",
	"| a | b |\n# heading",
	"[x](javascript:alert(1))",
	`{{.}}`,
	`x-n-1-BYO-02`,
	"\xff",
}

// TestHostileTexts checks that no text leaves its place, wherever it stands.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	tags := regexp.MustCompile(`<(/?[a-z0-9]+)`)
	plain := func(text string) []string {
		r := sample("x", "v1")
		spoil(r, text)
		m := New([]Source{{Report: r, Page: "a/report.json"}, {Report: sample("y", "v1")}},
			Options{Now: day})
		var page, md bytes.Buffer
		if err := m.WriteHTML(&page); err != nil {
			t.Fatal(err)
		}
		if err := m.WriteMarkdown(&md); err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{
			"<script>alert", "<img", `href="javascript`, "\x1b", "\u202e", "\x00",
		} {
			if strings.Contains(page.String(), bad) {
				t.Errorf("%q: found %q on the page", text, bad)
			}
		}
		for _, bad := range []string{"<script", "<img", "](javascript", "\x1b", "\u202e", "\n# heading"} {
			if strings.Contains(strings.ReplaceAll(md.String(), `\]`, ""), bad) {
				t.Errorf("%q: found %q in the Markdown", text, bad)
			}
		}
		for _, x := range regexp.MustCompile(`id="([^"]*)"`).FindAllStringSubmatch(page.String(), -1) {
			if n := strings.Count(page.String(), `id="`+x[1]+`"`); n != 1 {
				t.Errorf("%q: found %d elements with the ID %q, expected 1", text, n, x[1])
			}
		}
		return tags.FindAllString(page.String(), -1)
	}
	want := plain("harmless")
	for _, text := range hostile {
		if got := plain(text); !slices.Equal(got, want) {
			t.Errorf("%q: found other elements than for a harmless text", text)
		}
	}
}

// spoil puts a text into every place that a server can reach, and further ones.
func spoil(r *report.Report, text string) {
	r.Target.Name, r.Target.Version, r.Target.Autocert = text, text, text
	r.World, r.Suite.Version, r.Error, r.Stopped = text, text, text, text
	for i := range r.Results {
		x := &r.Results[i]
		x.Title, x.Reason, x.Detail = text, text, text
		for k := range x.Cases {
			x.Cases[k].Case, x.Cases[k].Reason = text, text
			x.Cases[k].KnownFailure = &report.Excuse{Reason: text, Link: text, Until: text, Note: text}
		}
		if x.Evidence != nil {
			x.Evidence = &report.Evidence{Config: text, Log: []string{text}, Repeat: text, Case: text}
		}
	}
	r.Results[2].ID, r.Results[2].Profile = text, text
}

// TestSize checks that large reports leave a page that a browser can open.
func TestSize(t *testing.T) {
	t.Parallel()
	var sources []Source
	for range 6 {
		r := sample("large", "v1")
		r.Results = nil
		for i := range 300 {
			r.Results = append(r.Results, report.Result{
				ID: fmt.Sprintf("BYO-%02d", i), Title: strings.Repeat("long title ", 10), Level: scenarios.Must,
				Profile: "byo", Status: report.Failed, Reason: strings.Repeat("r", 500),
				Detail: strings.Repeat("detail ", 500),
				Evidence: &report.Evidence{
					Config: strings.Repeat("key: value\n", 100),
					Log:    slices.Repeat([]string{"a line of the log"}, 200),
				},
			})
		}
		r.Conclude()
		sources = append(sources, Source{Report: r})
	}
	var b bytes.Buffer
	if err := New(sources, Options{Now: day}).WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 2_000_000 {
		t.Errorf("found %d bytes, expected no more than two million", b.Len())
	}
	if n := strings.Count(b.String(), `class="k-failed"`); n != 6*300 {
		t.Errorf("found %d cells, expected %d", n, 6*300)
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"out", "a b#", "c", "deep/er"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "a b#", "report.html"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		to, link string
		anchors  bool
	}{
		{"a b#", "../a%20b%23/report.html", true},
		{"c", "../c/report.json", false},
		{"../../../../etc", "", false},
	} {
		link, anchors := Beside(filepath.Join(dir, "out"), filepath.Join(dir, tt.to))
		if link != tt.link || anchors != tt.anchors {
			t.Errorf("%s: found %q, %v, expected %q, %v", tt.to, link, anchors, tt.link, tt.anchors)
		}
	}
	m := New([]Source{{Report: sample("x", "v1"), Page: "../a%20b%23/report.html", Anchors: true}},
		Options{Now: day})
	var b bytes.Buffer
	if err := m.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{
		`href="../a%20b%23/report.html#CFG-01"`, `href="#x-n-1-BYO-02"`, `id="x-n-1-BYO-02"`,
		`href="../a%20b%23/report.html#BYO-02"`, `href="https://example.org/issue%281%29"`,
		`title="known failure: paths count from the working directory"`,
	} {
		if !strings.Contains(b.String(), link) {
			t.Errorf("found no %s on the page", link)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"nginx version: nginx/1.22.1":                                     "1.22.1",
		"registry github.com/distribution/distribution/v3 v3.1.2+unknown": "v3.1.2+unknown",
		"2.6.2 h1:abc": "2.6.2", "headscale version dev": "dev", "": "",
		"HAProxy version 2.6.12-1+deb12u2 2025/04/15": "2.6.12-1+deb12u2",
	} {
		if got := Version(line); got != want {
			t.Errorf("%q: found %q, expected %q", line, got, want)
		}
	}
}
