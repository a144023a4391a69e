package main

import (
	"errors"
	"fmt"
	"maps"
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
	if len(globs) == 0 {
		return s, nil
	}
	found := map[string]bool{}
	matches := func(name string) (any bool) {
		for _, glob := range globs {
			ok, wrong := path.Match(glob, name)
			if wrong != nil {
				err = fmt.Errorf("found %q, expected a glob: %w", glob, wrong)
			}
			any, found[glob] = any || ok, found[glob] || ok
		}
		return any
	}
	for _, m := range s.mutants {
		if matches(m.Name) {
			picked.mutants = append(picked.mutants, m)
		}
	}
	for _, v := range s.variants {
		if matches(v.Name) {
			picked.variants = append(picked.variants, v)
		}
	}
	for _, glob := range globs {
		if err == nil && !found[glob] {
			err = fmt.Errorf("found %q, expected the name of a server in %s or %s",
				glob, mutants.Dir, variants.Dir)
		}
	}
	if err != nil {
		return servers{}, err
	}
	return picked, nil
}

// whole returns the names of the servers that the whole suite is run against.
func (s servers) whole(o options) map[string]bool {
	if !o.All {
		return sample(s.mutants, o.Whole)
	}
	whole := maps.Clone(sample(s.mutants, len(s.mutants)))
	for _, v := range s.variants {
		whole[v.Name] = true
	}
	return whole
}

// sample returns n of the mutants and no variants.
func (s servers) sample(n int) servers {
	chosen := sample(s.mutants, n)
	return servers{mutants: slices.DeleteFunc(slices.Clone(s.mutants), func(m *mutants.Mutant) bool {
		return !chosen[m.Name]
	})}
}
