package selection

import (
	"fmt"
	"slices"
	"strings"

	"assay/pebble/presets"
	"assay/scenarios"
	"assay/scenarios/near"
)

// CA returns the preset that --ca names. The error lists the names, and others that the
// flag takes.
func CA(name string, others ...string) (presets.Preset, error) {
	if p, ok := presets.Find(name); ok {
		return p, nil
	}
	names := append(presets.Names(), others...)
	return presets.Preset{}, fmt.Errorf("--ca: found %q, expected one of %s%s", name,
		strings.Join(names, ", "), near.Hint(name, names))
}

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
