package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// sample returns n of the names. It chooses by hashes of the names, so that the choice
// is the same in every run, and a new name replaces at most one of the chosen.
func sample(names []string, n int) map[string]bool {
	hash := func(name string) string {
		sum := sha256.Sum256([]byte(name))
		return hex.EncodeToString(sum[:])
	}
	sorted := slices.SortedFunc(slices.Values(names), func(a, b string) int {
		return cmp.Compare(hash(a), hash(b))
	})
	chosen := map[string]bool{}
	for _, name := range sorted[:max(0, min(n, len(sorted)))] {
		chosen[name] = true
	}
	return chosen
}
