package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"assay/fixtures/mutants"
	"assay/scenarios"
)

// checkNames finds the names in mutants that the catalogue does not know.
func checkNames(all []*mutants.Mutant, catalogue *scenarios.Catalogue) error {
	var wrong []error
	for _, m := range all {
		for _, id := range named(m) {
			if !catalogue.Matches(id) {
				wrong = append(wrong, fmt.Errorf("%s: found %s, expected a requirement of the catalogue, or one of its cases", m.File, id))
			}
		}
	}
	return errors.Join(wrong...)
}

// named are all the names that a mutant mentions.
func named(m *mutants.Mutant) []string {
	names := slices.Clone(m.Fails)
	for _, c := range m.Also {
		names = append(names, c.ID)
	}
	return names
}

// unproven lists the judged requirements that no mutant fails by name, and
// that do not say why none can.
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

// idOf is the requirement of "ID" or "ID/case".
func idOf(name string) string {
	id, _, _ := strings.Cut(name, "/")
	return id
}
