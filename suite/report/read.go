package report

import (
	"encoding/json"
	"fmt"
	"os"
)

// Read loads a report.json. It refuses a file that is not a report, another
// schema than [Schema], levels and statuses that the schema does not know, and
// two results for one ID; fields that it does not know are ignored, for the
// schema allows additions. Errors name the file.
func Read(path string) (*Report, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	var head struct {
		Schema *int `json:"schema"`
	}
	if err := json.Unmarshal(b, &head); err != nil {
		return nil, fmt.Errorf("report: %s: not a report: %w", path, err)
	}
	switch {
	case head.Schema == nil:
		return nil, fmt.Errorf("report: %s: not a report: no schema, expected %d", path, Schema)
	case *head.Schema != Schema:
		return nil, fmt.Errorf("report: %s: schema %d, expected %d: written by another version of Assay", path, *head.Schema, Schema)
	}
	var r Report
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("report: %s: %w", path, err)
	}
	seen := map[string]bool{}
	for i, x := range r.Results {
		switch {
		case x.ID == "" || x.Level == "" || x.Status == "":
			return nil, fmt.Errorf("report: %s: results[%d]: expected id, level and status", path, i)
		case seen[x.ID]:
			return nil, fmt.Errorf("report: %s: results[%d]: second result for %s", path, i, x.ID)
		}
		seen[x.ID] = true
	}
	return &r, nil
}
