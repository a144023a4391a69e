package report

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"assay/scenarios"
)

// sample returns a report with one result of each kind, which an older version of
// Assay wrote.
func sample(t *testing.T) *Report {
	t.Helper()
	r, err := Read("testdata/report.json")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWriteAndRead(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not", "yet")
	want := sample(t)
	if err := Write(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := Read(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	files := tree(t, dir)
	for name, text := range map[string]string{
		"config.txt": "listen_addr: 127.0.0.10:443\ntls_cert_path: ../cert.pem\n",
		"log.txt":    "listening\nserved\n",
		"acme.jsonl": `{"t_ms":3,"from":"target","to":"edge","what":"POST newOrder","status":201}` + "\n",
	} {
		name = "evidence/BYO-02/dot-dot/" + name
		if files[name] != text {
			t.Errorf("%s: %q, expected %q", name, files[name], text)
		}
	}
	if len(files) != 3+3 {
		t.Errorf("expected 3 files of evidence, the manifest, report.json and junit.xml, got %v",
			names(files))
	}
}

// An error after the report was written is added to it, and the evidence stays.
func TestRewrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	passed := &Report{Schema: Schema, Results: []Result{
		{ID: "BYO-01", Level: scenarios.Must, Profile: "byo", Status: Passed},
		{
			ID: "BYO-02", Level: scenarios.Should, Profile: "byo", Status: Failed,
			Evidence: &Evidence{Dir: "evidence/BYO-02", Log: []string{"x"}},
		},
	}}
	if err := Write(dir, passed); err != nil || passed.Exit != ExitOK {
		t.Fatalf("exit %d, error %v: expected a run that went well", passed.Exit, err)
	}
	r, err := Read(filepath.Join(dir, ReportFile))
	if err != nil {
		t.Fatal(err)
	}
	r.Blame(errors.New("killed"))
	if err := Rewrite(dir, r); err != nil {
		t.Fatal(err)
	}
	got, err := Read(filepath.Join(dir, ReportFile))
	if err != nil || got.Exit != ExitTrouble || got.Error != "killed" {
		t.Errorf("exit %d, trouble %q, error %v: expected exit %d for %q",
			got.Exit, got.Error, err, ExitTrouble, "killed")
	}
	for name, says := range map[string]string{JUnitFile: "killed", "evidence/BYO-02/log.txt": "x"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(text), says) {
			t.Errorf("%s: error %v, expected %q in:\n%s", name, err, says, text)
		}
	}
}

// TestReportJSONToTheLetter holds the names and the order of the members, which
// other programs rely on.
func TestReportJSONToTheLetter(t *testing.T) {
	t.Parallel()
	r := &Report{
		Schema: 1, Suite: Suite{"v0.1.0", "sha256:1"}, Target: Target{
			"reference", "v0.1.0", "v0.58.0", []string{"byo"},
		},
		World: "namespace", CA: "edge", Go: "go1.26.8", OS: "linux/amd64", Exit: 1,
		Results: []Result{{
			ID: "BYO-02", Title: "…", Level: scenarios.Must, Profile: "byo", Source: "…",
			Status: Failed, Reason: "read <cert.pem>", DurationMS: 41,
			Cases: []Case{{Case: "dot-dot", Status: Failed, Reason: "…"}},
			Observations: []Observation{
				{Kind: "chain", Name: "served", Value: []map[string]string{{"serial": "<serial>"}}},
			},
			Evidence: &Evidence{
				Dir: "evidence/BYO-02", Config: "…", Log: []string{"…"},
				ACME:   []Exchange{{TMS: 3, From: "target", To: "edge", What: "POST newOrder", Status: 201}},
				Repeat: "assay run",
			},
		}},
	}
	r.Conclude()
	b, err := marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"schema":1,"suite":{"version":"v0.1.0","catalogue":"sha256:1"},` +
		`"target":{"name":"reference","version":"v0.1.0","autocert":"v0.58.0","profiles":["byo"]},` +
		`"world":"namespace","world_reason":"","ca":"edge","go":"go1.26.8","os":"linux/amd64",` +
		`"started":"0001-01-01T00:00:00Z","duration_ms":0,"cpu_ms":0,"issuances":0,"exit":1,` +
		`"summary":{"MUST":{"failed":1},"SHOULD":{},"MAY":{},"OBSERVE":{}},` +
		`"results":[{"id":"BYO-02","title":"…","level":"MUST","profile":"byo","source":"…",` +
		`"status":"failed","reason":"read <cert.pem>","duration_ms":41,` +
		`"cases":[{"case":"dot-dot","status":"failed","reason":"…"}],` +
		`"observations":[{"kind":"chain","name":"served","value":[{"serial":"<serial>"}]}],` +
		`"evidence":{"dir":"evidence/BYO-02","config":"…","log":["…"],` +
		`"acme":[{"t_ms":3,"from":"target","to":"edge","what":"POST newOrder","status":201}],` +
		`"repeat":"assay run"}}]}`
	got := unspace(strings.Join(strings.Fields(string(b)), " "))
	if diff := cmp.Diff(unspace(want), got); diff != "" {
		t.Error(diff)
	}
}

// unspace drops what indentation adds to JSON.
func unspace(s string) string {
	return strings.NewReplacer(
		"{ ", "{", " }", "}", "[ ", "[", " ]", "]", `": `, `":`, `, "`, `,"`, ", {", ",{",
	).Replace(s)
}

func TestReadIsStrict(t *testing.T) {
	t.Parallel()
	const result = `{"id":"X-01","level":"MUST","status":"passed"}`
	for name, tt := range map[string]struct{ in, err string }{
		"a report":       {`{"schema":1,"results":[` + result + `],"later":true}`, ""},
		"not JSON":       {`nonsense`, "not a report"},
		"no schema":      {`{"results":[]}`, "no schema, expected 1"},
		"schema 0":       {`{"schema":0}`, "schema 0, expected 1"},
		"a later schema": {`{"schema":2}`, "schema 2, expected 1"},
		"cut off":        {`{"schema":1,"results":[`, "not a report"},
		"an unknown status": {
			`{"schema":1,"results":[{"id":"X-01","level":"MUST","status":"fine"}]}`,
			`status "fine"`,
		},
		"an unknown level": {
			`{"schema":1,"results":[{"id":"X-01","level":"must","status":"passed"}]}`,
			`level "must"`,
		},
		"a result without ID": {
			`{"schema":1,"results":[{"level":"MUST","status":"passed"}]}`,
			"results[0]: expected id",
		},
		"two results": {
			`{"schema":1,"results":[` + result + `,` + result + `]}`,
			"results[1]: second result for X-01",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "report.json")
			write(t, path, tt.in)
			_, err := Read(path)
			if tt.err == "" {
				if err != nil {
					t.Errorf("unexpected error: %v", err)
				}
				return
			}
			for _, says := range []string{tt.err, path} {
				if err == nil || !strings.Contains(err.Error(), says) {
					t.Errorf("error %v, expected %q", err, says)
				}
			}
		})
	}
}

func TestWriteRemovesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "notes.txt"), "mine")
	if err := Write(dir, sample(t)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "evidence/BYO-02/mine.txt"), "mine")
	next := sample(t)
	next.Results[1].Evidence = &Evidence{Dir: "evidence/BYO-01", Log: []string{"new"}}
	if err := Write(dir, next); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"evidence/.assay", "evidence/BYO-01/log.txt", "evidence/BYO-02/mine.txt", "junit.xml",
		"notes.txt", "report.json",
	}
	if diff := cmp.Diff(want, names(tree(t, dir))); diff != "" {
		t.Error(diff)
	}
	next.Results[1].Evidence = nil
	if err := Write(dir, next); err != nil {
		t.Fatal(err)
	}
	want = []string{"evidence/BYO-02/mine.txt", "junit.xml", "notes.txt", "report.json"}
	if diff := cmp.Diff(want, names(tree(t, dir))); diff != "" {
		t.Error(diff)
	}
}

// TestWriteCutShortIsCleanedUpLater checks that the next run removes the files of a
// run that ended while it wrote.
func TestWriteCutShortIsCleanedUpLater(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Write(dir, sample(t)); err != nil {
		t.Fatal(err)
	}
	junit := filepath.Join(dir, JUnitFile)
	if err := os.Remove(junit); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(junit, "obstacle"), "")
	next := sample(t)
	next.Results[1].Evidence = &Evidence{Dir: "evidence/BYO-01", Log: []string{"new"}}
	if err := Write(dir, next); err == nil || !strings.Contains(err.Error(), junit) {
		t.Fatalf("error %v, expected one that names %s", err, junit)
	}
	if err := os.RemoveAll(junit); err != nil {
		t.Fatal(err)
	}
	next.Results[1].Evidence = nil
	if err := Write(dir, next); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"junit.xml", "report.json"}, names(tree(t, dir))); diff != "" {
		t.Error(diff)
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	evidence := func(dir string) *Report {
		return &Report{
			Schema: 1,
			Results: []Result{
				{
					ID: "X-01", Level: scenarios.Must, Status: Failed,
					Evidence: &Evidence{Dir: dir, Log: []string{"x"}},
				},
			},
		}
	}
	tests := []struct {
		name string
		r    *Report
		prep func(t *testing.T, dir string)
		err  string // must hold the path
	}{
		{
			"a report.json of another program", sample(t),
			func(t *testing.T, dir string) {
				write(t, filepath.Join(dir, "report.json"), `{"mine": 1}`)
			},
			"report.json exists and is not a report of Assay",
		},
		{
			"a directory in place of junit.xml", sample(t),
			func(t *testing.T, dir string) { write(t, filepath.Join(dir, "junit.xml", "x"), "") },
			"junit.xml",
		},
		{
			"a file in place of the directory of evidence", sample(t),
			func(t *testing.T, dir string) { write(t, filepath.Join(dir, "evidence"), "") },
			"evidence",
		},
		{
			"evidence outside of its directory", evidence(".."), nil,
			`expected a relative name below evidence/`,
		},
		{
			"evidence beside its directory", evidence("evidences"), nil,
			`expected a relative name below evidence/`,
		},
		{
			"evidence that climbs", evidence("evidence/../x"), nil,
			`expected a relative name below evidence/`,
		},
		{"evidence through a symbolic link", evidence("evidence/X-01"), linkEvidence, "evidence"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if tt.prep != nil {
				tt.prep(t, dir)
			}
			err := Write(dir, tt.r)
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v, expected one with %q", err, tt.err)
			}
			for name := range tree(t, dir) {
				if strings.HasSuffix(name, ".assay-tmp") {
					t.Errorf("left behind: %s", name)
				}
			}
		})
	}
}

func TestWriteReplacesATemporaryFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(
		t, filepath.Join(dir, ".report.json.assay-tmp"),
		"left by a killed run, and longer than the new file: "+strings.Repeat("x", 1<<16),
	)
	if err := Write(dir, sample(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(filepath.Join(dir, "report.json")); err != nil {
		t.Error(err)
	}
	if _, ok := tree(t, dir)[".report.json.assay-tmp"]; ok {
		t.Error("the temporary file is still there")
	}
}

// linkEvidence makes evidence/ a symbolic link to another directory.
func linkEvidence(t *testing.T, dir string) {
	t.Helper()
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "evidence")); err != nil {
		t.Fatal(err)
	}
}

// names returns the names of files in order.
func names(files map[string]string) []string { return slices.Sorted(maps.Keys(files)) }

// tree returns every regular file below dir by its slash-separated name.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(rel)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestCheck checks that directories which Write would refuse are refused, and that
// Check leaves no file behind.
func TestCheck(t *testing.T) {
	t.Parallel()
	good := filepath.Join(t.TempDir(), "new", "report")
	if err := Check(good); err != nil {
		t.Error(err)
	}
	if left := tree(t, good); len(left) > 0 {
		t.Errorf("it left %v", names(left))
	}
	foreign := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreign, ReportFile), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Check(foreign); err == nil || !strings.Contains(err.Error(), ReportFile) {
		t.Errorf("a report.json of another program: %v", err)
	}
	file := filepath.Join(foreign, ReportFile)
	if err := Check(filepath.Join(file, "below")); err == nil {
		t.Error("a directory below a file was taken")
	}
}
