package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"

	"assay/fixtures/mutants"
	"assay/fixtures/variants"
	"assay/scenarios"
)

// servers holds the servers that are to be tested.
type servers struct {
	mutants  []*mutants.Mutant
	variants []*variants.Variant
}

// loadServers reads the files of all servers and checks the names in them.
func loadServers(root string, catalogue *scenarios.Catalogue) (s servers, err error) {
	var bad, good error
	s.mutants, bad = mutants.Load(os.DirFS(root))
	s.variants, good = variants.Load(os.DirFS(root))
	return s, errors.Join(bad, good,
		checkNames(s.mutants, catalogue), checkTouches(s.variants, catalogue))
}

// pick returns the servers whose names match one of the globs, or all servers if
// there are no globs. A glob that matches no server is an error.
func (s servers) pick(globs []string) (picked servers, err error) {
	names := s.names()
	chosen, err := matching(names, globs, "a server in "+mutants.Dir+" or "+variants.Dir)
	if err != nil {
		return servers{}, err
	}
	picked.mutants = slices.DeleteFunc(slices.Clone(s.mutants), func(m *mutants.Mutant) bool {
		return !chosen[m.Name]
	})
	picked.variants = slices.DeleteFunc(slices.Clone(s.variants), func(v *variants.Variant) bool {
		return !chosen[v.Name]
	})
	return picked, nil
}

// matching returns the names that match one of the globs, or all names if there are no
// globs. A glob that matches none is an error, which says what has such names.
func matching(names, globs []string, what string) (map[string]bool, error) {
	chosen := map[string]bool{}
	if len(globs) == 0 {
		return sample(names, len(names)), nil
	}
	for _, glob := range globs {
		found := false
		for _, name := range names {
			ok, err := path.Match(glob, name)
			if err != nil {
				return nil, fmt.Errorf("found %q, expected a glob: %w", glob, err)
			}
			chosen[name], found = chosen[name] || ok, found || ok
		}
		if !found {
			return nil, fmt.Errorf("found %q, expected the name of %s", glob, what)
		}
	}
	return chosen, nil
}

// names returns the names of all servers.
func (s servers) names() []string {
	names := s.ofMutants()
	for _, v := range s.variants {
		names = append(names, v.Name)
	}
	return names
}

// ofMutants returns the names of the mutants.
func (s servers) ofMutants() (names []string) {
	for _, m := range s.mutants {
		names = append(names, m.Name)
	}
	return names
}

// whole returns the names of the servers that the whole suite is run against.
func (s servers) whole(o options) map[string]bool {
	if !o.All {
		return sample(s.ofMutants(), o.Whole)
	}
	return sample(s.names(), len(s.names()))
}

// sample returns n of the mutants and no variants.
func (s servers) sample(n int) servers {
	chosen := sample(s.ofMutants(), n)
	return servers{mutants: slices.DeleteFunc(slices.Clone(s.mutants), func(m *mutants.Mutant) bool {
		return !chosen[m.Name]
	})}
}
