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

// defence is one variant and what it was accused of.
type defence struct {
	variant     *variants.Variant
	whole       bool // the whole suite was run
	took        time.Duration
	judged      int      // requirements that passed or failed
	accusations []string // what failed, and why
	missing     string   // what the machine lacks to try it
	err         error    // it could not be tried
}

// word is what came of a variant, in one word.
func (d defence) word() string {
	switch {
	case d.err != nil:
		return "error"
	case d.missing != "":
		return "skipped"
	case len(d.accusations) > 0:
		return "accused"
	}
	return "clear"
}

// defendAll runs the suite against the variants and reports progress on
// standard error. Its error is an interruption.
func (l *laboratory) defendAll(ctx context.Context, selected []*variants.Variant) ([]defence, error) {
	defences := make([]defence, len(selected))
	err := each(ctx, len(selected), func(i int) string {
		defences[i] = l.defend(ctx, selected[i])
		return fmt.Sprintf("%-8s %s (%.1f s)", defences[i].word(), selected[i].Name, defences[i].took.Seconds())
	})
	return defences, err
}

// defend builds one variant, runs the suite against it, and looks for
// accusations.
func (l *laboratory) defend(ctx context.Context, v *variants.Variant) defence {
	started := time.Now()
	d := defence{variant: v, whole: l.whole[v.Name], missing: v.Missing()}
	if d.missing != "" {
		return d
	}
	var only []string
	if !d.whole {
		only = tried(touched(v, l.catalogue), l.catalogue)
	}
	r, err := l.report(ctx, v.Name, only, func(dir string) ([]string, error) {
		target, executable, err := variants.Build(ctx, l.root, v, dir)
		return []string{"--target", target, "--bin", executable}, err
	})
	if err == nil {
		d.judged, d.accusations, err = accusations(v, r)
	}
	d.err, d.took = err, time.Since(started)
	return d
}

// accusations are what failed, or was excused, but for what a server may leave
// out and the variant's file says that it does. The error is a report that does
// not allow a verdict.
func accusations(v *variants.Variant, r *report.Report) (judged int, accused []string, err error) {
	if r.Error != "" {
		return 0, nil, fmt.Errorf("the run failed: %s", r.Error)
	}
	for _, result := range r.Results {
		switch result.Status {
		case report.Error:
			return 0, nil, fmt.Errorf("%s: an error of Assay's own: %s", result.ID, result.Reason)
		case report.KnownFailed, report.UnexpectedPassed:
			return 0, nil, fmt.Errorf("%s: %s: a correct server has no list of known failures", result.ID, result.Status)
		case report.Passed:
			judged++
		case report.Failed:
			judged++
			if result.Level == scenarios.May && slices.Contains(v.Lacks, result.ID) {
				continue
			}
			for _, f := range failuresOf(result) {
				accused = append(accused, fmt.Sprintf("%s %s: %s", result.Level, f.name, line(f.reason)))
			}
		}
	}
	if judged == 0 {
		return 0, nil, errors.New("nothing was judged")
	}
	return judged, accused, nil
}

// touched are the requirements that a variant's file names, or else the globs.
func touched(v *variants.Variant, catalogue *scenarios.Catalogue) (ids []string) {
	for _, name := range v.Touches {
		for _, r := range catalogue.Requirements() {
			if r.Chapter == name || r.Matches(name, "") {
				ids = append(ids, r.ID)
			}
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// checkTouches finds the names in variants that the catalogue does not know.
func checkTouches(all []*variants.Variant, catalogue *scenarios.Catalogue) error {
	var wrong []error
	for _, v := range all {
		for _, name := range v.Touches {
			if len(touched(&variants.Variant{Touches: []string{name}}, catalogue)) == 0 {
				wrong = append(wrong, fmt.Errorf("%s: touches: found %s, expected a chapter of the catalogue, or a requirement", v.File, strings.TrimSpace(name)))
			}
		}
	}
	return errors.Join(wrong...)
}
