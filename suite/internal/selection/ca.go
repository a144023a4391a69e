package selection

import (
	"slices"

	"assay/scenarios"
)

// UsesCA returns the IDs of the requirements that are tried with a CA, and of those that
// they need.
func UsesCA(catalogue *scenarios.Catalogue) (ids []string) {
	chapters := []string{"acme", "http-01", "tls-alpn-01", "renewal", "expiry", "autocert"}
	add := func(id string) {
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, r := range catalogue.Requirements() {
		if slices.Contains(chapters, r.Chapter) || slices.ContainsFunc(r.Needs,
			func(n scenarios.Need) bool { return slices.Contains(chapters, n.Chapter) }) {
			add(r.ID)
			for _, id := range needs(r.ID, catalogue) {
				add(id)
			}
		}
	}
	return ids
}
