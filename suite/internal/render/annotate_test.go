package render

import (
	"bytes"
	"testing"

	"assay/scenarios"
	"assay/suite/report"
)

func TestAnnotations(t *testing.T) {
	t.Parallel()
	r := &report.Report{
		WorldReason: "no user namespaces",
		Results: []report.Result{
			{ID: "BYO-01", Level: scenarios.Must, Status: report.Passed},
			{
				ID: "BYO-02", Title: "paths, relative: kept", Level: scenarios.Must,
				Status: report.Failed, Reason: "100 % wrong", Detail: "expected  a\nseen      b",
			},
			{
				ID: "BYO-03", Title: "nice", Level: scenarios.Should, Status: report.Failed,
				Reason: "not so nice",
			},
			{
				ID: "BYO-04", Title: "offered", Level: scenarios.May, Status: report.Failed,
				Reason: "not offered",
			},
			{ID: "BYO-05", Level: scenarios.Must, Status: report.KnownFailed, Reason: "known"},
		},
	}
	const want = `::notice title=Assay%3A no namespaces::no user namespaces
::error title=BYO-02 paths%2C relative%3A kept::expected  a%0Aseen      b
::warning title=BYO-03 nice::not so nice
`
	var got bytes.Buffer
	if err := WriteAnnotations(&got, r); err != nil || got.String() != want {
		t.Errorf("error %v, wrote\n%sexpected\n%s", err, got.String(), want)
	}
	got.Reset()
	r = &report.Report{Error: "probe: 50 %", Strict: true, Results: r.Results[2:3]}
	const strict = "::error title=Assay%3A the run failed::probe: 50 %25\n" +
		"::error title=BYO-03 nice::not so nice\n"
	if err := WriteAnnotations(&got, r); err != nil || got.String() != strict {
		t.Errorf("error %v, wrote\n%sexpected\n%s", err, got.String(), strict)
	}
}
