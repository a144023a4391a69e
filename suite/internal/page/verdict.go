package page

import (
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"

	"assay/scenarios"
	"assay/suite/report"
)

// A verdict is the run in one sentence.
type verdict struct {
	Accent, Symbol, Sentence string
	More                     string
}

func newVerdict(r *report.Report, all tally) verdict {
	name, n, bad := cut(r.Target.Name, 100), all.judged(), all.failing()
	v := verdict{Accent: "good", Symbol: passed.Key}
	switch {
	case r.Interrupted:
		v.Accent, v.Symbol = "warn", errored.Key
		v.Sentence = fmt.Sprintf("The run against %s was interrupted.", name)
	case r.Error != "":
		v.Accent, v.Symbol = "bad", errored.Key
		v.Sentence = fmt.Sprintf("The run against %s failed.", name)
	case n == 0:
		v.Accent, v.Symbol = "warn", skipped.Key
		v.Sentence = fmt.Sprintf("Nothing about %s was judged.", name)
	case bad > 0:
		v.Accent, v.Symbol = "bad", failed.Key
		v.Sentence = fmt.Sprintf("%s fails %d of %s.", name, bad,
			plural(n, "requirement", "requirements"))
	case r.Exit != report.ExitOK:
		v.Accent, v.Symbol = "bad", failed.Key
		v.Sentence = fmt.Sprintf("The run against %s ended with exit code %d.", name, r.Exit)
	default:
		v.Sentence = passedSentence(name, all)
	}
	v.More = fmt.Sprintf("Exit code %d: %s.", r.Exit, meaning(r, all))
	if r.Exit == report.ExitInterrupted && r.Interrupted { // a note says what it means
		v.More = fmt.Sprintf("Exit code %d.", r.Exit)
	}
	switch n := r.SkippedCases; {
	case n == 1:
		v.More += " 1 case of a judged requirement was skipped."
	case n > 1:
		v.More += " " + number(n) + " cases of judged requirements were skipped."
	}
	return v
}

// meaning says what an exit code says of a run.
func meaning(r *report.Report, all tally) string {
	switch {
	case r.Exit == report.ExitOK:
		return "no MUST failed"
	case r.Exit == report.ExitInterrupted:
		return "a signal ended the run"
	case r.Error != "":
		return "the run came to no verdict"
	case all[errored] > 0:
		return "Assay itself failed at " + plural(all[errored], "requirement", "requirements")
	case r.Exit == report.ExitTrouble:
		return "nothing was judged"
	case failedAt(r, scenarios.Must):
		return "a MUST failed"
	case r.Strict && failedAt(r, scenarios.Should):
		return "a SHOULD failed, and the run is strict"
	}
	return "the list of known failures is not true"
}

// failedAt reports whether a requirement of the level failed.
func failedAt(r *report.Report, level scenarios.Level) bool {
	return slices.ContainsFunc(r.Results, func(x report.Result) bool {
		return x.Status == report.Failed && x.Level == level
	})
}

// passedSentence says what a target passed, and what it is excused for.
func passedSentence(name string, all tally) string {
	var but []string
	if n := all[known]; n > 0 {
		but = append(but, plural(n, "known failure", "known failures"))
	}
	if n := all[notMet]; n > 0 {
		but = append(but, plural(n, "SHOULD", "SHOULDs")+" not met")
	}
	if len(but) > 0 {
		return fmt.Sprintf("%s passed, with %s.", name, strings.Join(but, " and "))
	}
	return fmt.Sprintf("%s passed %s.", name,
		plural(all[passed], "requirement", "requirements"))
}

// notes says what makes a run special.
func notes(r *report.Report, all tally) []note {
	var out []note
	if r.Interrupted {
		out = append(out, note{"warn", "Interrupted",
			"A signal ended the run. The verdicts that were reached are kept; the others are missing."})
	}
	if r.Error != "" {
		out = append(out, note{"bad", "The run failed", r.Error})
	}
	if r.Stopped != "" {
		out = append(out, note{"warn", "Ended early", "The verdict is incomplete: " + r.Stopped})
	}
	if n := all[leftOut]; n > 0 {
		out = append(out, note{"warn", "Partial run", fmt.Sprintf(
			"%d of %s were selected. The rest says nothing about the target.",
			len(r.Results)-n, plural(len(r.Results), "requirement", "requirements"))})
	}
	return out
}

// title returns the title of the page.
func title(r *report.Report) string {
	word := "passed"
	switch {
	case r.Interrupted:
		word = "interrupted"
	case r.Exit != report.ExitOK:
		word = "failed"
	}
	return fmt.Sprintf("%s: %s · Assay", cut(r.Target.Name, 100), word)
}

// iconOf returns the icon of a page: a tick if all is good, else a cross.
func iconOf(good bool) template.URL {
	color, shape := "%231d7044", "M9 17l5 5 9-11"
	if !good {
		color, shape = "%23b3261e", "M11 11l10 10M21 11L11 21"
	}
	return template.URL("data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' " +
		"viewBox='0 0 32 32'><rect width='32' height='32' rx='7' fill='" + color + "'/><path d='" +
		shape + "' stroke='white' stroke-width='3.2' fill='none'/></svg>")
}

// number writes a number with a thin space between thousands.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
