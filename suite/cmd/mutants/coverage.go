package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"assay/fixtures/mutants"
	"assay/scenarios"
)

// checkNames finds names in the files of mutants that the catalogue does not have.
func checkNames(all []*mutants.Mutant, catalogue *scenarios.Catalogue) error {
	var wrong []error
	for _, m := range all {
		for _, id := range named(m) {
			if !catalogue.Matches(id) {
				wrong = append(wrong, fmt.Errorf(
					"%s: found %s, expected a requirement of the catalogue, or one of its cases", m.File, id))
			}
		}
	}
	return errors.Join(wrong...)
}

// named returns all requirements and cases that a mutant's file names.
func named(m *mutants.Mutant) []string {
	names := slices.Clone(m.Fails)
	for _, c := range m.Also {
		names = append(names, c.ID)
	}
	return names
}

// unproven returns the judged requirements that no mutant has under "fails",
// except those that say under "unbroken" why no server can break them.
func unproven(all []*mutants.Mutant, catalogue *scenarios.Catalogue) []scenarios.Requirement {
	proven := map[string]bool{}
	for _, m := range all {
		for _, name := range m.Fails {
			proven[idOf(name)] = true
		}
	}
	var missing []scenarios.Requirement
	for _, r := range catalogue.Requirements() {
		if r.Level != scenarios.Observe && r.Unbroken == "" && !proven[r.ID] {
			missing = append(missing, r)
		}
	}
	return missing
}

// idOf returns the ID of "ID" or "ID/case".
func idOf(name string) string {
	id, _, _ := strings.Cut(name, "/")
	return id
}
