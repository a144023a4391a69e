package atlas

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
	"assay/suite/report"
	"assay/suite/report/diff"
	"assay/suite/upgrade"
)

// tried returns the report of a run with one version. X-01 has the given result, and
// X-02 passes.
func tried(status report.Status, reason string, seen any) *report.Report {
	return &report.Report{
		Schema: report.Schema, Suite: report.Suite{Catalogue: "sha256:1"},
		Target: report.Target{Name: "t"}, World: "namespace", CA: "edge",
		Results: []report.Result{
			{
				ID: "X-01", Title: "renewal", Level: scenarios.Must,
				Status: status, DidNotHold: status == report.Observed, Reason: reason,
				Observations: []report.Observation{{Kind: "count", Name: "n", Value: seen}},
			},
			{ID: "X-02", Title: "plain", Level: scenarios.Must, Status: report.Passed},
		},
	}
}

func release(exit int, versions ...string) Release {
	return Release{
		Versions: versions, Tried: versions[len(versions)-1], Sources: versions[0], Exit: exit,
	}
}

func sample() (old, new *Atlas) {
	const outside = "autocert v0.2.0 is outside the range; does not hold: a storm"
	broken := tried(report.Observed, outside, 9.0)
	old = New("example.com/m", broken)
	old.Add(release(0, "v0.2.0"), tried(report.Observed, outside, 9.0))
	old.Add(release(1, "v0.1.0", "v0.1.1"), broken)
	fine := tried(report.Passed, "", 1.0)
	new = New("example.com/m", fine)
	new.Add(release(0, "v0.10.0"), fine)
	return old, new
}

func TestJoin(t *testing.T) {
	t.Parallel()
	old, new := sample()
	whole, err := Join([]*Atlas{new, old}, []string{"new.json", "old.json"})
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, r := range whole.Releases {
		order = append(order, r.Tried)
	}
	if diff := cmp.Diff([]string{"v0.1.1", "v0.2.0", "v0.10.0"}, order); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if n := len(whole.Results[0].States); n != 2 {
		t.Errorf("X-01 has %d states, want 2", n)
	}
	if whole.Exit() != report.ExitOK {
		t.Errorf("exit %d: an old release that fails must not fail the atlas", whole.Exit())
	}
	var trends [][]diff.Trend
	for _, step := range whole.Steps() {
		trend := []diff.Trend{}
		for _, change := range step.Diff.Changes {
			trend = append(trend, change.Trend)
		}
		trends = append(trends, trend)
	}
	if diff := cmp.Diff([][]diff.Trend{{diff.Better}, {}}, trends); diff != "" {
		t.Errorf("trends of the steps (-want +got):\n%s", diff)
	}
}

func TestJoinMergesReleasesWithTheSameSources(t *testing.T) {
	t.Parallel()
	old, new := sample()
	new.Releases[0].Sources = "v0.2.0"
	whole, err := Join([]*Atlas{old, new}, []string{"old.json", "new.json"})
	if err != nil {
		t.Fatal(err)
	}
	last := whole.Releases[len(whole.Releases)-1]
	if diff := cmp.Diff([]string{"v0.2.0", "v0.10.0"}, last.Versions); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if s, _ := whole.Results[0].At("v0.2.0"); s != nil {
		t.Error("the older run of two with the same sources was kept")
	}
}

func TestJoinRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(old, new *Atlas)
		says   string
	}{
		"another catalogue": {
			func(_, new *Atlas) { new.Suite.Catalogue = "sha256:2" },
			`new.json: found catalogue "sha256:2", expected "sha256:1" as in old.json`,
		},
		"another Go": {
			func(_, new *Atlas) { new.Go = "go1.27" },
			`new.json: found Go "go1.27", expected ""`,
		},
		"another suite": {
			func(_, new *Atlas) { new.Suite.Version = "v9" },
			`new.json: found suite "v9", expected ""`,
		},
		"a version twice": {
			func(_, new *Atlas) { new.Releases[0].Versions = []string{"v0.2.0"} },
			"new.json: found v0.2.0, which old.json has too, expected it in one part",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old, new := sample()
			tt.change(old, new)
			_, err := Join([]*Atlas{old, new}, []string{"old.json", "new.json"})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("found %v, expected %s", err, tt.says)
			}
		})
	}
}

func TestJoinPrefersARunThatDidNotFail(t *testing.T) {
	t.Parallel()
	old, new := sample()
	new.Releases[0].Sources, new.Releases[0].Failure, new.Releases[0].Exit = "v0.2.0", "no", 2
	whole, err := Join([]*Atlas{old, new}, []string{"old.json", "new.json"})
	if err != nil {
		t.Fatal(err)
	}
	last := whole.Releases[len(whole.Releases)-1]
	want := Release{Versions: []string{"v0.2.0", "v0.10.0"}, Tried: "v0.2.0", Sources: "v0.2.0"}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if s, _ := whole.Results[0].At("v0.10.0"); s != nil {
		t.Error("the run that failed was kept")
	}
}

// TestStatesAreThoseOfADiff checks that two results are one state if their diff is
// empty. Observations that a failed run lacks are no difference.
func TestStatesAreThoseOfADiff(t *testing.T) {
	t.Parallel()
	seen, unseen := tried(report.Failed, "a storm", 9.0), tried(report.Failed, "another storm", 9.0)
	unseen.Results[0].Observations = nil
	a := New("example.com/m", seen)
	a.Add(release(1, "v0.2.0"), seen)
	a.Add(release(1, "v0.1.0"), unseen)
	if n := len(a.Results[0].States); n != 1 || len(a.Steps()[0].Diff.Changes) != 0 {
		t.Errorf("%d states, expected 1, as the diff is empty: %+v", n, a.Steps()[0].Diff.Changes)
	}
}

// TestReleasesThatFailed checks that a release that cannot be tried does not change
// the verdicts of the others, and that the atlas compares the releases before and
// after it.
func TestReleasesThatFailed(t *testing.T) {
	t.Parallel()
	fine, broken := tried(report.Passed, "", 1.0), tried(report.Failed, "a storm", 9.0)
	a := New("example.com/m", fine)
	a.Add(release(0, "v0.4.0"), fine)
	part := tried(report.Error, "no CA", nil)
	partly := release(2, "v0.3.0")
	partly.Failure = "X-01: no CA"
	a.Add(partly, part)
	unbuilt := release(2, "v0.2.0")
	unbuilt.Failure = "undefined: acme.Foo"
	a.Add(unbuilt, nil)
	a.Add(release(1, "v0.1.0"), broken)

	if s, _ := a.Results[0].At("v0.3.0"); s != nil {
		t.Errorf("found %+v, expected no state for an error of Assay itself", s)
	}
	if s, _ := a.Results[1].At("v0.3.0"); s == nil {
		t.Error("found no state of X-02, expected the verdict of the run that failed in part")
	}
	var from []string
	for _, s := range a.Steps() {
		from = append(from, s.From.Tried+" "+s.To.Tried)
	}
	want := []string{"v0.3.0 v0.4.0", "v0.1.0 v0.3.0", "v0.1.0 v0.2.0"}
	if diff := cmp.Diff(want, from); diff != "" {
		t.Errorf("steps: -want +got\n%s", diff)
	}
	var text bytes.Buffer
	if err := a.WriteMarkdown(&text); err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{
		"\nv0.2.0 could not be tried: undefined: acme.Foo.\n",
		"\nv0.3.0 could not be tried in full: X-01: no CA.\n",
		"| X-01 renewal | MUST | ✗ a | | | ✓ b |",
		"## v0.2.0\n\nv0.2.0 could not be tried: undefined: acme.Foo.\n\n",
		"Of 2 requirements, 1 differ between releases, 1 do not.",
	} {
		if !strings.Contains(text.String(), says) {
			t.Errorf("expected %q in:\n%s", says, text.String())
		}
	}
}

// TestSettingsKeepTheirOrder checks an atlas of settings that have no version.
func TestSettingsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	fine, broken := tried(report.Passed, "", 1.0), tried(report.Failed, "a storm", 9.0)
	a := New(upgrade.GODEBUG, fine)
	for _, r := range []Release{release(0, "none"), release(1, "tlsmlkem=0")} {
		a.Add(r, map[int]*report.Report{0: fine, 1: broken}[r.Exit])
	}
	dir := t.TempDir()
	if err := a.Write(dir); err != nil {
		t.Fatal(err)
	}
	read, err := Read(filepath.Join(dir, JSONFile))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a, read); diff != "" {
		t.Errorf("-written +read\n%s", diff)
	}
	text, err := os.ReadFile(filepath.Join(dir, MarkdownFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{
		"# Atlas of GODEBUG\n", "run with each value of GODEBUG below",
		"| requirement | level | none | tlsmlkem=0 |", "✓ a | ✗ b |",
		"Of 2 requirements, 1 differ between settings, 1 do not.", "## tlsmlkem=0\n",
	} {
		if !strings.Contains(string(text), says) {
			t.Errorf("expected %q in:\n%s", says, text)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	const good = `{"versions": ["v0.1.0"], "tried": "v0.1.0", "sources": "x"}`
	releases := func(list string) string { return `{"schema": 1, "releases": [` + list + `]}` }
	results := func(result string) string {
		return `{"schema": 1, "releases": [` + good + `], "results": [` + result + `]}`
	}
	states := func(state string) string {
		return results(`{"id": "X-01", "level": "MUST", "states": [` + state + `]}`)
	}
	for text, says := range map[string]string{
		`{"schema": 2}`:                 "schema 2, expected 1",
		`{"schema": 1}`:                 "releases: found none, expected one or more",
		releases(good + ", {}"):         "releases[1]: found versions [], expected one or more",
		releases(`{"versions": ["x"]}`): `releases[0]: found versions ["x"]`,
		releases(`{"versions": ["v0.1.0"], "tried": "v0.2.0"}`): `releases[0]: tried: found "v0.2.0"`,
		releases(`{"versions": ["v0.1.0"], "tried": "v0.1.0"}`): "releases[0]: sources: found nothing",
		results(`{"level": "MUST"}`):                            "results[0]: found no id or no level",
		results(`{"id": "X-01", "level": "MUST"}`):              "results[0]: X-01: states: found none",
		states("{}"): "results[0]: X-01: states[0]: found no status or no releases, expected both",
		states(`{"releases": ["v0.2.0"], "status": "passed"}`): `X-01: states[0]: found "v0.2.0"`,
	} {
		path := filepath.Join(t.TempDir(), JSONFile)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil || !strings.Contains(err.Error(), path+": ") ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%s:\nfound    %v\nexpected the file's name and %s", text, err, says)
		}
	}
}

func TestWriteAndRead(t *testing.T) {
	t.Parallel()
	old, new := sample()
	whole, err := Join([]*Atlas{old, new}, []string{"old.json", "new.json"})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	notes := filepath.Join(dir, NotesFile)
	const note = "v0.10.0:\n" +
		"  - {text: storms are over, ids: [X-01], link: 'https://example.com/1'}\n"
	if err := os.WriteFile(notes, []byte(note), 0o644); err != nil {
		t.Fatal(err)
	}
	explained, err := ReadNotes(notes, Known{})
	if err != nil {
		t.Fatal(err)
	}
	whole.Annotate(explained)
	if err := whole.Write(dir); err != nil {
		t.Fatal(err)
	}
	back, err := Read(filepath.Join(dir, JSONFile))
	if err != nil {
		t.Fatal(err)
	}
	var first, second bytes.Buffer
	if err := json.NewEncoder(&first).Encode(whole); err != nil {
		t.Fatal(err)
	}
	if err := json.NewEncoder(&second).Encode(back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.String(), second.String()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	text, err := os.ReadFile(filepath.Join(dir, MarkdownFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{
		"| X-01 renewal | MUST | ● a | ● a | ✓ b |",
		"## v0.10.0\n\n- storms are over (X-01) <https://example.com/1>",
		"- 9\n+ 1", "The code differs; nothing of it was seen from outside.",
	} {
		if !strings.Contains(string(text), says) {
			t.Errorf("expected %q in:\n%s", says, text)
		}
	}
}

func TestReadNotesNamesMistakes(t *testing.T) {
	t.Parallel()
	known := Known{
		Version: func(v string) bool { return v == "v0.1.0" },
		ID:      func(id string) bool { return id == "X-01" },
	}
	for text, says := range map[string][]string{
		"v0.1.0: [{text: x, ids: [X-01], link: 'https://example.com'}]": nil,
		"# nothing to explain yet\n":                                    nil,
		"":                                                              nil,
		"v0.1.0:\n- {text: x, txt: x}": {":2: v0.1.0[0].txt: found an unknown key, " +
			"expected one of text, ids, link"},
		"v0.1.0:\n- text: y\n- {link: 'https'}\n- text: ' '": {
			":3: v0.1.0[1].text: found nothing, expected text",
			`:4: v0.1.0[2].text: found " ", expected text`,
		},
		"v0.1.0: [{text: x}]\nv0.10.0: [{text: x, ids: [X-99]}]": {
			`:2: v0.10.0: found "v0.10.0", expected a version that exists`,
			`:2: v0.10.0[0].ids[0]: found "X-99", expected an ID of the catalogue`,
		},
		"v0.1.0: [{text: x}]\nv0.1.0: [{text: y}]": {":2: v0.1.0: found the key a second time, " +
			"expected each key once"},
		"v0.1.0: [{text: x}\n":           {":2: ", "expected one well-formed YAML document"},
		"v0.1.0: x":                      {`:1: v0.1.0: found "x", expected a list`},
		"v0.1.0: [{text: x, ids: X-01}]": {`:1: v0.1.0[0].ids: found "X-01", expected a list`},
		"- v0.1.0":                       {":1: YAML: found a list, expected a mapping"},
	} {
		path := filepath.Join(t.TempDir(), NotesFile)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadNotes(path, known)
		if len(says) == 0 && err != nil {
			t.Errorf("%q: %v, want no mistake", text, err)
		}
		for _, words := range says {
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), words) {
				t.Errorf("%q: found %v, expected the file's name and %s", text, err, words)
			}
		}
	}
}
