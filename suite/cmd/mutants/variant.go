package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/fixtures/variants"
	"assay/scenarios"
	"assay/suite/report"
)

// A testedVariant is a variant and the result of the suite against it.
type testedVariant struct {
	variant     *variants.Variant
	whole       bool // the whole suite was run
	took        time.Duration
	judged      int      // number of requirements that passed or failed
	accusations []string // every failure that the variant is not allowed, with its reason
	missing     string   // what this machine lacks to run the variant
	err         error    // why the variant could not be tested
}

// result returns the result in one word.
func (t testedVariant) result() string {
	switch {
	case t.err != nil:
		return "error"
	case t.missing != "":
		return "skipped"
	case len(t.accusations) > 0:
		return "accused"
	}
	return "clear"
}

// testVariants tests variants and reports progress on standard error. Its error
// is an interruption.
func (r *runner) testVariants(
	ctx context.Context, selected []*variants.Variant,
) ([]testedVariant, error) {
	tested := make([]testedVariant, len(selected))
	err := forEach(ctx, len(selected), func(i int) string {
		tested[i] = r.testVariant(ctx, selected[i])
		t := tested[i]
		return progress(t.result(), t.variant.Name, t.took, t.accusations, t.err)
	})
	return tested, err
}

// testVariant builds a variant, runs the suite against it and looks for failures.
func (r *runner) testVariant(ctx context.Context, v *variants.Variant) testedVariant {
	started := time.Now()
	t := testedVariant{variant: v, whole: r.whole[v.Name], missing: v.Missing()}
	if t.missing != "" {
		return t
	}
	var only []string
	if !t.whole {
		only = requirementsFor(touched(v.Touches, r.catalogue), r.catalogue)
	}
	report, err := r.run(ctx, v.Name, only, func(dir string) ([]string, error) {
		target, executable, err := variants.Build(ctx, r.root, v, dir)
		return []string{"--target", target, "--bin", executable}, err
	})
	if err == nil {
		t.judged, t.accusations, err = accusations(v, report)
	}
	t.err, t.took = err, time.Since(started)
	return t
}

// accusations returns how many requirements were judged, and every failure of
// one. A requirement of level MAY or SHOULD may fail if the variant's file lists it under
// "lacks". A report that allows no verdict is an error.
func accusations(v *variants.Variant, r *report.Report) (judged int, accused []string, err error) {
	if r.Error != "" {
		return 0, nil, fmt.Errorf("the run failed: %s", r.Error)
	}
	for _, result := range r.Results {
		switch result.Status {
		case report.Error:
			return 0, nil, fmt.Errorf("%s: error of Assay itself: %s", result.ID, result.Reason)
		case report.KnownFailed, report.UnexpectedPassed:
			return 0, nil, fmt.Errorf("%s: found status %s, expected none of a known failure",
				result.ID, result.Status)
		case report.Passed:
			judged++
		case report.Failed:
			judged++
			if result.Level != scenarios.Must && slices.Contains(v.Lacks, result.ID) {
				continue
			}
			for _, f := range failuresOf(result) {
				accused = append(accused, fmt.Sprintf("%s %s: %s", result.Level, f.name, line(f.reason)))
			}
		}
	}
	if judged == 0 {
		return 0, nil, errors.New("the run judged no requirement, expected at least one")
	}
	return judged, accused, nil
}

// touched returns the IDs of the requirements that the names of a variant's file
// cover: chapters, IDs and globs of IDs.
func touched(names []string, catalogue *scenarios.Catalogue) (ids []string) {
	for _, name := range names {
		for _, r := range catalogue.Requirements() {
			if r.Chapter == name || r.Matches(name, "") {
				ids = append(ids, r.ID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// checkTouches finds names under "touches" that cover no requirement of the
// catalogue.
func checkTouches(all []*variants.Variant, catalogue *scenarios.Catalogue) error {
	var wrong []error
	for _, v := range all {
		for _, name := range v.Touches {
			if len(touched([]string{name}, catalogue)) == 0 {
				wrong = append(wrong, fmt.Errorf(
					"%s: touches: found %s, expected a chapter of the catalogue, or a requirement",
					v.File, strings.TrimSpace(name)))
			}
		}
	}
	return errors.Join(wrong...)
}
