package atlas

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"golang.org/x/mod/semver"
)

// Read reads an atlas or a part of one. Errors name the file.
func Read(path string) (*Atlas, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("atlas: %w", err)
	}
	var a Atlas
	if err := json.Unmarshal(text, &a); err != nil {
		return nil, fmt.Errorf("atlas: %s: expected an atlas: %w", path, err)
	}
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("atlas: %s: %w", path, err)
	}
	return &a, nil
}

// Join makes one atlas of parts. All parts must have the same target, suite, system
// and world, because a difference in these would look like a change of the module.
// No version may occur in two parts. Errors call the parts by names.
func Join(parts []*Atlas, names []string) (*Atlas, error) {
	whole := *parts[0]
	whole.Releases, whole.Results = nil, nil
	from := map[string]string{}
	for i, p := range parts {
		for _, x := range []struct{ what, first, here string }{
			{"module", whole.Module, p.Module},
			{"target", whole.Target, p.Target},
			{"suite", whole.Suite.Version, p.Suite.Version},
			{"catalogue", whole.Suite.Catalogue, p.Suite.Catalogue},
			{"Go", whole.Go, p.Go},
			{"system", whole.OS, p.OS},
			{"world", whole.World, p.World},
			{"CA", whole.CA, p.CA},
		} {
			if x.first != x.here {
				return nil, fmt.Errorf("atlas: %s: found %s %q, expected %q as in %s",
					names[i], x.what, x.here, x.first, names[0])
			}
		}
		for _, r := range p.Releases {
			for _, v := range r.Versions {
				if other, taken := from[v]; taken {
					return nil, fmt.Errorf("atlas: %s: found %s, which %s has too, expected it in one part",
						names[i], v, other)
				}
				from[v] = names[i]
			}
			whole.Releases = append(whole.Releases, r)
		}
		whole.addResults(p)
	}
	whole.sort()
	whole.merge()
	return &whole, nil
}

// addResults adds the results of a part. It keeps requirements in the order of the
// catalogue, although a part may lack some.
func (a *Atlas) addResults(p *Atlas) {
	at := 0
	for _, q := range p.Results {
		i := slices.IndexFunc(a.Results, func(r Requirement) bool { return r.ID == q.ID })
		if i < 0 {
			i = at
			empty := q
			empty.States = nil
			a.Results = slices.Insert(a.Results, i, empty)
		}
		at = i + 1
		for _, s := range q.States {
			s.Releases = slices.Clone(s.Releases)
			a.Results[i].add(s)
		}
	}
}

// merge joins neighbouring releases that have the same sources but came from
// different parts. It keeps the results of the newer run, unless that run failed.
func (a *Atlas) merge() {
	for i := 0; i+1 < len(a.Releases); {
		old, next := a.Releases[i], &a.Releases[i+1]
		if old.Sources != next.Sources {
			i++
			continue
		}
		next.Versions = append(slices.Clone(old.Versions), next.Versions...)
		semver.Sort(next.Versions)
		next.Notes = append(slices.Clone(old.Notes), next.Notes...)
		drop := old.Tried
		if next.Failure != "" && old.Failure == "" {
			drop = next.Tried
			next.Tried, next.Exit, next.Failure = old.Tried, old.Exit, ""
		}
		a.Releases = slices.Delete(a.Releases, i, i+1)
		for k := range a.Results {
			a.Results[k].forget(drop)
		}
	}
	a.Results = slices.DeleteFunc(a.Results, func(r Requirement) bool { return len(r.States) == 0 })
	a.sort()
}

// forget removes a release from the states, and states without releases.
func (r *Requirement) forget(tried string) {
	for i := range r.States {
		s := &r.States[i]
		s.Releases = slices.DeleteFunc(s.Releases, func(v string) bool { return v == tried })
	}
	r.States = slices.DeleteFunc(r.States, func(s State) bool { return len(s.Releases) == 0 })
}
