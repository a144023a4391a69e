package atlas

import (
	"fmt"
	"slices"

	"golang.org/x/mod/semver"
)

// check finds what an atlas that was written by hand, cut short or made by
// another program lacks, before anything relies on it.
func (a *Atlas) check() error {
	if a.Schema != Schema {
		return fmt.Errorf("schema %d, expected %d", a.Schema, Schema)
	}
	if len(a.Releases) == 0 {
		return fmt.Errorf("not an atlas: no releases")
	}
	tried := map[string]bool{}
	for i, r := range a.Releases {
		switch {
		case len(r.Versions) == 0 || slices.ContainsFunc(r.Versions, func(v string) bool { return !semver.IsValid(v) }):
			return fmt.Errorf("releases[%d]: found versions %q, expected one or more", i, r.Versions)
		case !slices.Contains(r.Versions, r.Tried):
			return fmt.Errorf("releases[%d]: found %q tried, expected one of %q", i, r.Tried, r.Versions)
		case tried[r.Tried]:
			return fmt.Errorf("releases[%d]: %s a second time", i, r.Tried)
		case r.Sources == "":
			return fmt.Errorf("releases[%d]: no sources, expected their digest", i)
		}
		tried[r.Tried] = true
	}
	seen := map[string]bool{}
	for i, r := range a.Results {
		switch {
		case r.ID == "" || r.Level == "":
			return fmt.Errorf("results[%d]: expected id and level", i)
		case seen[r.ID]:
			return fmt.Errorf("results[%d]: %s a second time", i, r.ID)
		case len(r.States) == 0:
			return fmt.Errorf("results[%d]: %s without states, expected one or more", i, r.ID)
		}
		seen[r.ID] = true
		if err := r.check(tried); err != nil {
			return fmt.Errorf("results[%d]: %s: %w", i, r.ID, err)
		}
	}
	return nil
}

func (r *Requirement) check(tried map[string]bool) error {
	seen := map[string]bool{}
	for i, s := range r.States {
		if s.Status == "" || len(s.Releases) == 0 {
			return fmt.Errorf("states[%d]: expected status and releases", i)
		}
		for _, v := range s.Releases {
			if !tried[v] || seen[v] {
				return fmt.Errorf("states[%d]: found %q, expected releases that were tried, each in one state", i, v)
			}
			seen[v] = true
		}
	}
	return nil
}
