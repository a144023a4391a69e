// Package shards joins the reports of the parts of one run.
package shards

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"assay/suite/report"
	"assay/suite/report/words"
)

// Join returns one report from those of all parts of a run, "1/3" to "3/3" in any
// order. names are the names of the reports in messages. The parts have to agree
// in the target, the suite, the surroundings and the selection, and no requirement
// may be in two of them; the error joins everything that is wrong.
//
// The joined report has the wall time of the part that took longest, and the sum
// of the CPU times. It fails like the part that failed worst.
func Join(parts []*report.Report, names []string) (*report.Report, error) {
	if len(parts) != len(names) || len(parts) == 0 {
		return nil, fmt.Errorf("join: found %d reports and %d names, expected one name for each",
			len(parts), len(names))
	}
	mistakes := []error{complete(parts, names)}
	for i, r := range parts[1:] {
		mistakes = append(mistakes, alike(parts[0], r, names[0], names[i+1]))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	whole := surroundings(parts)
	var err error
	if whole.Results, err = results(parts, names); err != nil {
		return nil, err
	}
	whole.Conclude()
	return whole, nil
}

// OfOneRun reports whether all reports are of parts of a run against the same
// server, so that [Join] is meant. The parts need not be complete.
func OfOneRun(reports []*report.Report) bool {
	for _, r := range reports {
		if shard(r) == "" || show(r.Target) != show(reports[0].Target) {
			return false
		}
	}
	return len(reports) > 0
}

// complete checks that there is exactly one report of each part.
func complete(parts []*report.Report, names []string) error {
	var mistakes []error
	by := map[string]string{} // the name of the report by the part
	count := 0
	for i, r := range parts {
		part := shard(r)
		n := 0
		if k, err := fmt.Sscanf(part, "%d/%d", new(int), &n); err != nil || k != 2 {
			mistakes = append(mistakes, fmt.Errorf(
				"%s: found a report of a whole run, expected one of assay run --shard", names[i]))
			continue
		}
		count = max(count, n)
		if first, twice := by[part]; twice {
			mistakes = append(mistakes,
				fmt.Errorf("%s: found shard %s, which %s is too, expected each part once",
					names[i], part, first))
		}
		by[part] = names[i]
	}
	if len(mistakes) > 0 {
		return errors.Join(mistakes...)
	}
	var missing, strange []string
	for i := range count {
		if part := fmt.Sprintf("%d/%d", i+1, count); by[part] == "" {
			missing = append(missing, part)
		}
	}
	for part := range by {
		if !strings.HasSuffix(part, fmt.Sprintf("/%d", count)) {
			strange = append(strange, part)
		}
	}
	slices.Sort(strange)
	switch {
	case len(strange) > 0:
		return fmt.Errorf("join: found shard %s beside parts of %d, expected parts of one run",
			strings.Join(strange, ", "), count)
	case len(missing) > 0:
		return fmt.Errorf("join: found no report of shard %s, expected all %d parts",
			strings.Join(missing, ", "), count)
	}
	return nil
}

func shard(r *report.Report) string {
	if r.Selection == nil {
		return ""
	}
	return r.Selection.Shard
}

// alike checks that two reports are of the same target, suite, surroundings and
// selection.
func alike(a, b *report.Report, nameA, nameB string) error {
	selection := func(r *report.Report) report.Selection {
		var s report.Selection
		if r.Selection != nil {
			s = *r.Selection
		}
		s.Shard = ""
		return s
	}
	var mistakes []error
	for _, x := range []struct {
		what string
		a, b any
	}{
		{"target", a.Target, b.Target},
		{"suite", a.Suite, b.Suite},
		{"world", a.World, b.World},
		{"CA", a.CA, b.CA},
		{"Go version", a.Go, b.Go},
		{"system", a.OS, b.OS},
		{"strictness", a.Strict, b.Strict},
		{"selection", selection(a), selection(b)},
	} {
		textA, textB := show(x.a), show(x.b)
		if textA != textB {
			mistakes = append(mistakes, fmt.Errorf("%s: found the %s %s, expected that of %s, which is %s",
				nameB, x.what, textB, nameA, textA))
		}
	}
	return errors.Join(mistakes...)
}

// show returns a value as text, in which different values differ.
func show(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%+v", value)
	}
	return string(text)
}

// surroundings returns a report without results, of all parts together.
func surroundings(parts []*report.Report) *report.Report {
	whole := *parts[0]
	whole.Selection, whole.Results, whole.LeftAside, whole.Limits = nil, nil, nil, nil
	if s := *parts[0].Selection; len(s.Only)+len(s.Skip)+len(s.Profiles) > 0 {
		s.Shard = ""
		whole.Selection = &s
	}
	whole.DurationMS, whole.CPUMS, whole.Issuances = 0, 0, 0
	whole.Error, whole.Stopped, whole.WorldReason = "", "", ""
	whole.Interrupted = false
	seen := map[report.LeftAside]bool{}
	for _, r := range parts {
		if r.Started.Before(whole.Started) {
			whole.Started = r.Started
		}
		whole.DurationMS = max(whole.DurationMS, r.DurationMS)
		whole.CPUMS += r.CPUMS
		whole.Issuances += r.Issuances
		whole.Limits = report.JoinLimits(whole.Limits, r.Limits)
		whole.Interrupted = whole.Interrupted || r.Interrupted
		whole.WorldReason = cmp.Or(whole.WorldReason, r.WorldReason)
		if r.Error != "" {
			whole.Error = words.Join("\n", whole.Error, "shard "+shard(r)+": "+r.Error)
		}
		if r.Stopped != "" {
			whole.Stopped = words.Join("; ", whole.Stopped, "shard "+shard(r)+": "+r.Stopped)
		}
		for _, entry := range r.LeftAside {
			if !seen[entry] {
				seen[entry] = true
				whole.LeftAside = append(whole.LeftAside, entry)
			}
		}
	}
	return &whole
}

// results returns each requirement's result from the part that had it. A
// requirement that no part had was left out of the run by another option, and all
// parts say so.
func results(parts []*report.Report, names []string) ([]report.Result, error) {
	var whole []report.Result
	var mistakes []error
	byID := make([]map[string]*report.Result, len(parts))
	for i, r := range parts {
		byID[i] = map[string]*report.Result{}
		for k := range r.Results {
			byID[i][r.Results[k].ID] = &r.Results[k]
		}
		if len(r.Results) != len(parts[0].Results) {
			mistakes = append(mistakes, fmt.Errorf("%s: found %d results, expected %d as in %s",
				names[i], len(r.Results), len(parts[0].Results), names[0]))
		}
	}
	for _, first := range parts[0].Results {
		chosen, from := &first, -1
		for i := range parts {
			x := byID[i][first.ID]
			switch {
			case x == nil:
				mistakes = append(mistakes, fmt.Errorf("%s: found no result for %s", names[i], first.ID))
			case x.LeftOut || x.Status == report.NotClaimed:
			case from >= 0:
				mistakes = append(mistakes, fmt.Errorf("%s: found a result for %s, which %s has too, "+
					"expected it in one part", names[i], first.ID, names[from]))
			default:
				chosen, from = x, i
			}
		}
		whole = append(whole, *chosen)
	}
	return whole, errors.Join(mistakes...)
}
