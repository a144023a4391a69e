// Package rehearsal shows what came of runs of one server with several CAs.
package rehearsal

import (
	"fmt"
	"io"
	"strings"

	"assay/suite/report"
	"assay/suite/report/words"
)

// A Trial is the run with one CA.
type Trial struct {
	CA     string
	Report *report.Report
}

// Exit returns the worst exit code of the runs.
func Exit(trials []Trial) int {
	worst := report.ExitOK
	for _, t := range trials {
		worst = max(worst, t.Report.Exit)
	}
	return worst
}

// Write writes a line for each CA, with what failed there, and the verdict. wanted is the
// number of CAs that there would be without an interruption.
func Write(w io.Writer, trials []Trial, wanted int) error {
	widest := len("CA")
	for _, t := range trials {
		widest = max(widest, len(t.CA))
	}
	text := fmt.Sprintf("  %-*s  passed  failed  skipped  what failed\n", widest, "CA")
	for _, t := range trials {
		counts := t.Report.Tally()
		line := fmt.Sprintf("  %-*s  %6d  %6d  %7d  %s", widest, t.CA,
			counts.Passed, counts.Failing, counts.Skipped, whatFailed(t.Report))
		text += strings.TrimRight(line, " ") + "\n"
	}
	_, err := io.WriteString(w, text+"\n"+Verdict(trials, wanted)+"\n")
	return err
}

// whatFailed returns the IDs of what failed, and why the run itself did.
func whatFailed(r *report.Report) string {
	var failed []string
	for i := range r.Results {
		if x := &r.Results[i]; x.Fails(r.Strict) {
			failed = append(failed, x.ID)
		}
	}
	why := r.Error
	if r.Interrupted {
		why = "interrupted"
	}
	return words.Join("; ", strings.Join(failed, " "), words.Printable(words.Headline(why)))
}

// Verdict says in one line what came of the runs.
func Verdict(trials []Trial, wanted int) string {
	if len(trials) == 0 {
		return "assay: nothing was tried"
	}
	exit, name := Exit(trials), words.Printable(trials[0].Report.Target.Name)
	var not []string
	for _, t := range trials {
		if t.Report.Exit != report.ExitOK {
			not = append(not, t.CA)
		}
	}
	switch {
	case len(not) == 0 && len(trials) == wanted:
		return fmt.Sprintf("assay: %s passed with all %d CAs → exit %d", name, wanted, exit)
	case len(trials) < wanted:
		return fmt.Sprintf("assay: %s was tried with %d of %d CAs → exit %d", name, len(trials),
			wanted, exit)
	}
	return fmt.Sprintf("assay: %s passed with %d of %d CAs, and not with %s → exit %d", name,
		len(trials)-len(not), wanted, strings.Join(not, ", "), exit)
}
