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
		for _, id := range slices.Concat(named(m), m.Clear) {
			if !catalogue.Matches(id) {
				wrong = append(wrong, fmt.Errorf(
					"%s: found %s, expected a requirement of the catalogue, or one of its cases", m.File, id))
			}
		}
	}
	return errors.Join(wrong...)
}

// named returns all requirements and cases that may fail by a mutant's file.
func named(m *mutants.Mutant) []string {
	names := slices.Clone(m.Fails)
	for _, c := range m.Also {
		names = append(names, c.ID)
	}
	return names
}

// idOf returns the ID of "ID" or "ID/case".
func idOf(name string) string {
	id, _, _ := strings.Cut(name, "/")
	return id
}
