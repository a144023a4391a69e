package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadCompletesOlderReports reads results as versions of Assay wrote them that
// had no fields for what the reason says.
func TestReadCompletesOlderReports(t *testing.T) {
	t.Parallel()
	const text = `{"schema":1,"results":[
		{"id":"X-01","level":"MUST","status":"observed",
		 "reason":"autocert v0.1.0 is outside the range; does not hold: a storm",
		 "cases":[{"case":"a","status":"observed","reason":"does not hold: a storm"},
		          {"case":"b","status":"observed"}]},
		{"id":"X-02","level":"MUST","status":"observed",
		 "reason":"autocert v0.1.0 is outside the range"},
		{"id":"X-03","level":"MUST","status":"skipped","reason":"not selected (--only X-01)"},
		{"id":"X-04","level":"MUST","status":"skipped","reason":"no openssl"},
		{"id":"X-05","level":"MUST","status":"passed","cases":[
		  {"case":"a","status":"passed"},
		  {"case":"b","status":"skipped","reason":"not selected (--skip X-05/b)"}]},
		{"id":"X-06","level":"MUST","status":"not-claimed",
		 "reason":"the target does not claim acme, renewal"}]}`
	path := filepath.Join(t.TempDir(), ReportFile)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	type facts struct {
		ID                  string
		DidNotHold, LeftOut bool
		Unclaimed           []string
	}
	want := []facts{
		{"X-01", true, false, nil},
		{"X-01/a", true, false, nil},
		{"X-01/b", false, false, nil},
		{"X-02", false, false, nil},
		{"X-03", false, true, nil},
		{"X-04", false, false, nil},
		{"X-05", false, false, nil},
		{"X-05/a", false, false, nil},
		{"X-05/b", false, true, nil},
		{"X-06", false, false, []string{"acme", "renewal"}},
	}
	var got []facts
	for _, x := range r.Results {
		got = append(got, facts{x.ID, x.DidNotHold, x.LeftOut, x.Unclaimed})
		for _, c := range x.Cases {
			got = append(got, facts{x.ID + "/" + c.Case, c.DidNotHold, c.LeftOut, nil})
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestConclude(t *testing.T) {
	t.Parallel()
	r := sample(t)
	want := *r
	r.Summary, r.SkippedCases, r.Exit = Summary{}, 0, 0
	r.Conclude()
	if diff := cmp.Diff(&want, r); diff != "" {
		t.Error(diff)
	}
}
