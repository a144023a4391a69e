package harness

import (
	"errors"
	"fmt"
	"slices"

	"assay/scenarios"
)

// A Spec is the test of one requirement of the catalogue: the same ID, and a
// body that runs once, or once for each of the requirement's cases.
type Spec struct {
	id   string
	Slow bool
	// SharesSchedule specs judge the same output of one command.
	SharesSchedule bool
	// unsteady specs see things that depend on when they happen.
	unsteady bool
	// warned specs give servers reason to warn.
	warned bool
	// lint decodes a case's row into the spec's own row type, so that a row
	// that cannot be understood is found before anything runs.
	lint func(scenarios.Case) error
	Body func(*Env)
}

// Specs holds every spec by ID. It is filled while the package initialises
// and enters no Ginkgo tree before [register]: an embedder's own suite stays
// free of it.
var Specs = map[string]*Spec{}

// Requirement gives the requirement id its spec. A requirement with cases
// runs body for each; use [Table] where the cases carry data.
func Requirement(id string, body func(*Env), traits ...Trait) struct{} {
	return define(&Spec{id: id, Body: body,
		lint: func(c scenarios.Case) error { return c.Decode(&struct{}{}) }}, traits)
}

// Table gives the requirement id a spec whose cases are rows of type Row, as
// the chapter's YAML file has them. A row's fields are decoded strictly.
func Table[Row any](id string, body func(e *Env, row Row), traits ...Trait) struct{} {
	decode := func(c scenarios.Case) (row Row, err error) {
		err = c.Decode(&row)
		return row, err
	}
	return define(&Spec{
		id: id,
		lint: func(c scenarios.Case) error {
			_, err := decode(c)
			return err
		},
		Body: func(e *Env) {
			row, err := decode(e.row)
			e.Must(err)
			body(e, row)
		},
	}, traits)
}

// A Trait says something about a spec that the driver uses.
type Trait func(*Spec)

// Slow marks a spec that has to wait for what autocert or acme impose (a
// second after a badNonce, say): it starts early, see [sequence].
func Slow(s *Spec) { s.Slow = true }

// SharesSchedule marks a spec that judges the target's schedule, which the first of
// them computes for all: see [sequence].
func SharesSchedule(s *Spec) { s.SharesSchedule = true }

// TimingDependent marks a spec in which it can be a matter of time how far the server
// got with the CA, or which of several messages comes first: neither is
// compared with other runs.
func TimingDependent(s *Spec) { s.unsteady = true }

// MayWarn marks a spec in which servers have reason to warn: what they warn of
// at start is no finding.
func MayWarn(s *Spec) { s.warned = true }

func define(s *Spec, traits []Trait) struct{} {
	if Specs[s.id] != nil {
		panic("two specs for " + s.id)
	}
	for _, trait := range traits {
		trait(s)
	}
	Specs[s.id] = s
	return struct{}{}
}

// Lint compares the catalogue with the specs: every ID has exactly one spec,
// every spec an ID, and every row can be decoded. All mistakes come at once.
func Lint(catalogue *scenarios.Catalogue) error {
	var mistakes []error
	known := map[string]bool{}
	for _, r := range catalogue.Requirements() {
		known[r.ID] = true
		s := Specs[r.ID]
		if s == nil {
			mistakes = append(mistakes, fmt.Errorf("%s:%d: %s has no spec", r.File, r.Line, r.ID))
			continue
		}
		for _, c := range r.Cases {
			if err := s.lint(c); err != nil {
				mistakes = append(mistakes, err)
			}
		}
	}
	var orphans []string
	for id := range Specs {
		if !known[id] {
			orphans = append(orphans, id)
		}
	}
	slices.Sort(orphans)
	for _, id := range orphans {
		mistakes = append(mistakes, fmt.Errorf("spec %s stands for no requirement of the catalogue", id))
	}
	return errors.Join(mistakes...)
}
