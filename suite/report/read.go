package report

import (
	"encoding/json"
	"fmt"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// Read loads a report.json. It refuses a file that is not a report, another
// schema than [Schema], levels and statuses that the schema does not know, and
// two results for one ID, and what is no regular file. It ignores fields that it does
// not know, because [Schema] allows additions. Errors name the file.
func Read(path string) (*Report, error) {
	b, err := careful.ReadFollowing(path, limits.Report)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	r, err := Decode(b)
	if err != nil {
		return nil, fmt.Errorf("report: %s: %w", path, err)
	}
	return r, nil
}

// Decode returns the report that is the content of a report.json. It refuses what
// [Read] refuses.
func Decode(b []byte) (*Report, error) {
	var head struct {
		Schema *int `json:"schema"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("not a report: %w", err)
	}
	switch {
	case head.Schema == nil:
		return nil, fmt.Errorf("not a report: no schema, expected %d", Schema)
	case *head.Schema != Schema:
		return nil, fmt.Errorf("schema %d, expected %d: written by another version of Assay",
			*head.Schema, Schema)
	}
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := range r.Results {
		x := &r.Results[i]
		switch {
		case x.ID == "" || x.Level == "" || x.Status == "":
			return nil, fmt.Errorf("results[%d]: expected id, level and status", i)
		case seen[x.ID]:
			return nil, fmt.Errorf("results[%d]: second result for %s", i, x.ID)
		}
		seen[x.ID] = true
		x.complete()
	}
	return &r, nil
}
