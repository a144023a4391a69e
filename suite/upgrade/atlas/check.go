package atlas

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/semver"
)

// check returns an error if an atlas lacks something that this package relies on,
// for example because it was edited by hand or cut short.
func (a *Atlas) check() error {
	if a.Schema != Schema {
		return fmt.Errorf("schema %d, expected %d", a.Schema, Schema)
	}
	if len(a.Releases) == 0 {
		return errors.New("releases: found none, expected one or more")
	}
	tried := map[string]bool{}
	for i, r := range a.Releases {
		invalid := func(v string) bool { return v == "" || a.hasVersions() && !semver.IsValid(v) }
		switch {
		case len(r.Versions) == 0 || slices.ContainsFunc(r.Versions, invalid):
			return fmt.Errorf("releases[%d]: found versions %q, expected one or more", i, r.Versions)
		case !slices.Contains(r.Versions, r.Tried):
			return fmt.Errorf("releases[%d]: tried: found %q, expected one of %q", i, r.Tried, r.Versions)
		case tried[r.Tried]:
			return fmt.Errorf("releases[%d]: found %s a second time, expected it once", i, r.Tried)
		case r.Sources == "":
			return fmt.Errorf("releases[%d]: sources: found nothing, expected a digest", i)
		}
		tried[r.Tried] = true
	}
	seen := map[string]bool{}
	for i, r := range a.Results {
		switch {
		case r.ID == "" || r.Level == "":
			return fmt.Errorf("results[%d]: found no id or no level, expected both", i)
		case seen[r.ID]:
			return fmt.Errorf("results[%d]: found %s a second time, expected it once", i, r.ID)
		case len(r.States) == 0:
			return fmt.Errorf("results[%d]: %s: states: found none, expected one or more", i, r.ID)
		}
		seen[r.ID] = true
		if err := r.check(tried); err != nil {
			return fmt.Errorf("results[%d]: %s: %w", i, r.ID, err)
		}
	}
	return nil
}

// check returns an error if the states of a requirement are incomplete. tried holds
// the versions that were run.
func (r *Requirement) check(tried map[string]bool) error {
	seen := map[string]bool{}
	for i, s := range r.States {
		if s.Status == "" || len(s.Releases) == 0 {
			return fmt.Errorf("states[%d]: found no status or no releases, expected both", i)
		}
		for _, v := range s.Releases {
			if !tried[v] || seen[v] {
				return fmt.Errorf(
					"states[%d]: found %q, expected releases that were tried, each in one state", i, v)
			}
			seen[v] = true
		}
	}
	return nil
}
