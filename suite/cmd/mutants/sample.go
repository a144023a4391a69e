package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"assay/fixtures/mutants"
)

// sample returns the names of n mutants. It chooses by hashes of the names, so
// that the choice is the same in every run, and a new mutant replaces at most one
// of the chosen.
func sample(all []*mutants.Mutant, n int) map[string]bool {
	hash := func(m *mutants.Mutant) string {
		sum := sha256.Sum256([]byte(m.Name))
		return hex.EncodeToString(sum[:])
	}
	sorted := slices.SortedFunc(slices.Values(all), func(a, b *mutants.Mutant) int {
		return cmp.Compare(hash(a), hash(b))
	})
	chosen := map[string]bool{}
	for _, m := range sorted[:max(0, min(n, len(sorted)))] {
		chosen[m.Name] = true
	}
	return chosen
}
