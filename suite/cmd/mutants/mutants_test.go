package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"assay/fixtures/mutants"
	"assay/fixtures/overlay"
	"assay/scenarios"
)

var errTest = errors.New("broken.yaml does not compile")

// load reads the mutants of this module. It fails if a text that a mutant replaces
// does not occur exactly once in the server.
func load(t *testing.T) []*mutants.Mutant {
	t.Helper()
	root, err := overlay.Root(mutants.Dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := mutants.Load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func catalogue(t *testing.T) *scenarios.Catalogue {
	t.Helper()
	c, err := scenarios.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMutantsNameRequirementsOfTheCatalogue(t *testing.T) {
	t.Parallel()
	if err := checkNames(load(t), catalogue(t)); err != nil {
		t.Error(err)
	}
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

// TestEveryJudgedRequirementCanFail checks that each judged requirement has a
// known-bad server that fails it.
func TestEveryJudgedRequirementCanFail(t *testing.T) {
	t.Parallel()
	for _, r := range unproven(load(t), catalogue(t)) {
		t.Errorf("%s:%d: %s (%s): found no known-bad server in %s that fails it, expected one, "+
			"or under unbroken the reason why none is possible",
			r.File, r.Line, r.ID, r.Title, mutants.Dir)
	}
}

func TestSmokeIsKnown(t *testing.T) {
	t.Parallel()
	for _, id := range smoke {
		if !catalogue(t).Knows(id) {
			t.Errorf("smoke: found %s, expected a requirement of the catalogue", id)
		}
	}
}

func serverNamed(name string) overlay.Server {
	return overlay.Server{Name: name, File: name + ".yaml"}
}

func TestUnknownNamesAreFound(t *testing.T) {
	t.Parallel()
	m := &mutants.Mutant{
		Server: serverNamed("m"),
		Fails:  []string{"BYO-01", "BYO-99"},
		Also:   []mutants.Consequence{{ID: "BYO-02/no-such-case"}, {ID: "NONE-*"}, {ID: "CFG-*"}},
	}
	err := checkNames([]*mutants.Mutant{m}, catalogue(t))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"BYO-99", "BYO-02/no-such-case", "NONE-*"} {
		if !strings.Contains(err.Error(), "m.yaml: found "+want+",") {
			t.Errorf("expected %s in\n%v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "found"); n != 3 {
		t.Errorf("found %d mistakes, expected 3:\n%v", n, err)
	}
}

func TestUnprovenIsFound(t *testing.T) {
	t.Parallel()
	known := []*mutants.Mutant{{Fails: []string{"BYO-01", "BYO-02/dot-dot"}}}
	missing := unproven(known, catalogue(t))
	ids := map[string]bool{}
	for _, r := range missing {
		ids[r.ID] = true
	}
	if ids["BYO-01"] || ids["BYO-02"] || !ids["CFG-01"] {
		t.Errorf("unproven: %v", ids)
	}
}

func TestPick(t *testing.T) {
	t.Parallel()
	all := []*mutants.Mutant{
		{Server: serverNamed("chain-short")},
		{Server: serverNamed("chain-swapped")},
		{Server: serverNamed("no-tls")},
	}
	for name, c := range map[string]struct {
		globs []string
		want  string
	}{
		"all":      {nil, "chain-short chain-swapped no-tls"},
		"a name":   {[]string{"no-tls"}, "no-tls"},
		"a glob":   {[]string{"chain-*"}, "chain-short chain-swapped"},
		"in order": {[]string{"no-*", "*-short"}, "chain-short no-tls"},
		"twice":    {[]string{"no-tls", "no-*"}, "no-tls"},
		"nothing": {
			[]string{"x"},
			`found "x", expected the name of a server in fixtures/mutants or fixtures/variants`,
		},
		"not a glob": {[]string{"["}, `found "[", expected a glob: syntax error in pattern`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			picked, err := servers{mutants: all}.pick(c.globs)
			var names []string
			for _, m := range picked.mutants {
				names = append(names, m.Name)
			}
			got := strings.Join(names, " ")
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("found %q, expected %q", got, c.want)
			}
		})
	}
}

func TestSample(t *testing.T) {
	t.Parallel()
	all := strings.Fields("a b c d e f g h")
	first := sample(all, 3)
	if len(first) != 3 {
		t.Errorf("found %v, expected three", first)
	}
	kept := 0
	for name := range sample(append(all, "i"), 3) {
		if first[name] {
			kept++
		}
	}
	if kept < 2 {
		t.Errorf("one more mutant left %d of %v chosen, expected at least 2", kept, first)
	}
	if n := len(sample(all, 99)); n != len(all) {
		t.Errorf("found %d of %d, expected all", n, len(all))
	}
	if n := len(sample(all, 0)); n != 0 {
		t.Errorf("found %d, expected none", n)
	}
}

func TestModuleRootFromBelow(t *testing.T) {
	root, err := overlay.Root(mutants.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(root, "suite", "report"))
	if again, err := overlay.Root(mutants.Dir); err != nil || again != root {
		t.Errorf("found %s (%v), expected %s", again, err, root)
	}
	t.Chdir(t.TempDir())
	if _, err := overlay.Root(mutants.Dir); err == nil {
		t.Error("found a module outside it")
	}
}

// TestMutantsAreRunByTheirOwnTargets checks that a mutant with a target file of its own is
// started by it, in runs of the suite and on walks alike, and that others are not.
func TestMutantsAreRunByTheirOwnTargets(t *testing.T) {
	t.Parallel()
	root, err := overlay.Root(mutants.Dir)
	if err != nil {
		t.Fatal(err)
	}
	r := &runner{root: root}
	for _, own := range []bool{true, false} {
		i := slices.IndexFunc(load(t), func(m *mutants.Mutant) bool { return (m.Target != nil) == own })
		m, dir := load(t)[i], t.TempDir()
		options, err := r.buildMutant(t.Context(), m, dir)
		if err != nil {
			t.Fatal(err)
		}
		named := slices.Index(options, "--target")
		if (named >= 0) != own {
			t.Errorf("%s: found the options %q, expected a target file: %t", m.Name, options, own)
		}
		if named < 0 {
			continue
		}
		if text, err := os.ReadFile(options[named+1]); err != nil || !bytes.Equal(text, m.Target) {
			t.Errorf("%s: found the target file %q (%v), expected %q", m.Name, text, err, m.Target)
		}
	}
}
