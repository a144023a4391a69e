package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// word is the trial's outcome in one word.
func (t trial) word() string {
	switch {
	case t.err != nil:
		return "error"
	case t.verdict.outcome == wrong:
		return "wrong"
	}
	return string(t.verdict.outcome)
}

// short lists names, as many as a column has room for.
func short(names []string) string {
	const room = 40
	text := strings.Join(names, " ")
	if len(text) <= room {
		return text
	}
	for i := len(names) - 1; ; i-- {
		text = fmt.Sprintf("%s … (%d)", strings.Join(names[:i], " "), len(names))
		if len(text) <= room || i == 1 {
			return text
		}
	}
}

// printTrials prints the table, what is not as it should be, and the sums,
// and returns the exit code.
func printTrials(w io.Writer, trials []trial, took time.Duration) (exit int) {
	count := map[string]int{}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MUTANT\tSUITE\tTO FAIL\tFAILED\tVERDICT")
	for _, t := range trials {
		count[t.word()]++
		extent, outcome := "part", string(t.verdict.outcome)
		if t.whole {
			extent = "whole"
		}
		if t.err != nil {
			outcome = "error"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", t.mutant.Name, extent, short(t.mutant.Fails), short(t.verdict.failed), outcome)
	}
	table.Flush()
	for _, t := range trials {
		remarks := t.verdict.remarks
		if t.err != nil {
			remarks = []string{t.err.Error()}
		}
		printRemarks(w, fmt.Sprintf("%s (%s)\n  it breaks: %s", t.mutant.Name, t.mutant.File, t.mutant.Breaks), remarks)
	}
	fmt.Fprintf(w, "\n%d caught, %d missed, %d wrong", count["caught"], count["missed"], count["wrong"])
	exit = exitCaught
	if count["caught"] < len(trials) {
		exit = exitMissed
	}
	if n := count["error"]; n > 0 {
		fmt.Fprintf(w, ", %d in error", n)
		exit = exitTrouble
	}
	fmt.Fprintf(w, "; %.1f s\n%d passed, %d failed\n", took.Seconds(), count["caught"], len(trials)-count["caught"])
	return exit
}

// printRemarks prints what there is to say of one server, if anything is.
func printRemarks(w io.Writer, server string, remarks []string) {
	if len(remarks) > 0 {
		fmt.Fprintf(w, "\n%s\n  %s\n", server, strings.ReplaceAll(strings.Join(remarks, "\n"), "\n", "\n  "))
	}
}

// printDefences prints the table of the variants and what they were accused
// of, and returns the exit code.
func printDefences(w io.Writer, defences []defence) (exit int) {
	count := map[string]int{}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VARIANT\tSUITE\tJUDGED\tACCUSATIONS\tVERDICT")
	for _, d := range defences {
		count[d.word()]++
		extent, outcome := "part", d.word()
		if d.whole {
			extent = "whole"
		}
		if d.missing != "" {
			outcome += ": " + d.missing
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n", d.variant.Name, extent, d.judged, len(d.accusations), outcome)
	}
	table.Flush()
	for _, d := range defences {
		remarks := d.accusations
		if d.err != nil {
			remarks = []string{d.err.Error()}
		}
		printRemarks(w, fmt.Sprintf("%s (%s)\n  it differs: %s", d.variant.Name, d.variant.File, d.variant.Differs), remarks)
	}
	fmt.Fprintf(w, "\n%d clear, %d accused, %d skipped", count["clear"], count["accused"], count["skipped"])
	exit = exitCaught
	if count["accused"] > 0 {
		exit = exitMissed
	}
	if n := count["error"]; n > 0 {
		fmt.Fprintf(w, ", %d in error", n)
		exit = exitTrouble
	}
	fmt.Fprint(w, "\n\n")
	return exit
}
