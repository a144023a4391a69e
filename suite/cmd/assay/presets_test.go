package main

import (
	"slices"
	"strings"
	"testing"

	"assay/pebble/presets"
)

// CONTRACTS.md has a row for each preset, with its lifetime and its reuse.
func TestPresetsAreDocumented(t *testing.T) {
	_, text, _ := strings.Cut(content(t, "suite/CONTRACTS.md"), "### Presets of the CA")
	text, _, _ = strings.Cut(text, "\n### ")
	var documented []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cells := strings.Split(line, "|")
		name := strings.Trim(cells[1], " `")
		documented = append(documented, name)
		p, ok := presets.Find(name)
		if !ok {
			continue
		}
		lifetime, reuse := "90d", "none"
		if p.Lifetime > 0 {
			lifetime = p.Lifetime.String()
		}
		switch {
		case p.Stock:
			reuse = "at random"
		case p.Reuse > 0:
			reuse = p.Reuse.String()
		}
		for _, cell := range []struct {
			what, got, want string
			whole           bool
		}{
			{"chain", cells[2], string(rune('0' + max(1, p.Chain.Intermediates))), false},
			{"lifetime", cells[3], lifetime, true},
			{"reuse", cells[4], reuse, true},
			{"finalize", cells[6], p.Finalize, false},
		} {
			got := strings.TrimSpace(cell.got)
			if cell.whole && got != cell.want || !strings.HasPrefix(got, cell.want) {
				t.Errorf("%s: %s is documented as %q, expected %q", name, cell.what, got, cell.want)
			}
		}
	}
	if names := presets.Names(); !slices.Equal(documented, names) {
		t.Errorf("CONTRACTS.md documents %v, expected %v", documented, names)
	}
}
