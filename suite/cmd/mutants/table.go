package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// short joins names, as many as fit into a column, and their number if some do
// not fit.
func short(names []string) string {
	const width = 40
	text := strings.Join(names, " ")
	if len(text) <= width {
		return text
	}
	for i := len(names) - 1; ; i-- {
		text = fmt.Sprintf("%s … (%d)", strings.Join(names[:i], " "), len(names))
		if len(text) <= width || i == 1 {
			return text
		}
	}
}

// extent says how much of the suite was run.
func extent(whole bool) string {
	if whole {
		return "whole"
	}
	return "part"
}

// printMutants prints the table of the mutants, what is not as their files say,
// and the totals, and returns the exit code.
func printMutants(w io.Writer, tested []testedMutant, took time.Duration) (exit int) {
	count := map[string]int{}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MUTANT\tSUITE\tHAS TO FAIL\tFAILED\tVERDICT")
	for _, t := range tested {
		count[t.result()]++
		outcome := string(t.verdict.outcome)
		if t.err != nil {
			outcome = "error"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", t.mutant.Name, extent(t.whole),
			short(t.mutant.Fails), short(t.verdict.failed), outcome)
	}
	table.Flush()
	for _, t := range tested {
		m := t.mutant
		server := fmt.Sprintf("%s (%s)\n  what is wrong with it: %s", m.Name, m.File, m.Breaks)
		printRemarks(w, server, t.verdict.remarks, t.err)
	}
	fmt.Fprintf(w, "\n%d caught, %d missed, %d wrong",
		count["caught"], count["missed"], count["wrong"])
	exit = exitOK
	if count["caught"] < len(tested) {
		exit = exitWrong
	}
	if n := count["error"]; n > 0 {
		fmt.Fprintf(w, ", %d in error", n)
		exit = exitTrouble
	}
	passed := count["caught"]
	fmt.Fprintf(w, "; %.1f s\n%d passed, %d failed\n", took.Seconds(), passed, len(tested)-passed)
	return exit
}

// printVariants prints the table of the variants, their failures, and the totals,
// and returns the exit code.
func printVariants(w io.Writer, tested []testedVariant) (exit int) {
	count := map[string]int{}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "VARIANT\tSUITE\tJUDGED\tFAILURES\tVERDICT")
	for _, t := range tested {
		count[t.result()]++
		outcome := t.result()
		if t.missing != "" {
			outcome += ": " + t.missing
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%s\n",
			t.variant.Name, extent(t.whole), t.judged, len(t.accusations), outcome)
	}
	table.Flush()
	for _, t := range tested {
		v := t.variant
		server := fmt.Sprintf("%s (%s)\n  how it differs: %s", v.Name, v.File, v.Differs)
		printRemarks(w, server, t.accusations, t.err)
	}
	fmt.Fprintf(w, "\n%d clear, %d accused, %d skipped",
		count["clear"], count["accused"], count["skipped"])
	exit = exitOK
	if count["accused"] > 0 {
		exit = exitWrong
	}
	if n := count["error"]; n > 0 {
		fmt.Fprintf(w, ", %d in error", n)
		exit = exitTrouble
	}
	fmt.Fprint(w, "\n\n")
	return exit
}

// printInstruments prints the table of the instruments, what is not as their files say,
// and the totals, and returns the exit code.
func printInstruments(w io.Writer, tested []testedInstrument, took time.Duration) (exit int) {
	count := map[string]int{}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "INSTRUMENT\tHAS TO CATCH IT\tVERDICT")
	for _, t := range tested {
		count[t.result()]++
		verdict := t.result()
		if t.missing != "" {
			verdict += ": " + t.missing
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", t.instrument.Name, t.instrument.CaughtBy, verdict)
	}
	table.Flush()
	for _, t := range tested {
		i := t.instrument
		var remarks []string
		if t.remark != "" {
			remarks = []string{t.remark}
		}
		what := fmt.Sprintf("%s (%s)\n  what is wrong with it: %s", i.Name, i.File, i.Breaks)
		printRemarks(w, what, remarks, t.err)
	}
	fmt.Fprintf(w, "\n%d caught, %d missed, %d wrong, %d skipped",
		count["caught"], count["missed"], count["wrong"], count["skipped"])
	exit = exitOK
	if count["missed"]+count["wrong"] > 0 {
		exit = exitWrong
	}
	if n := count["error"]; n > 0 {
		fmt.Fprintf(w, ", %d in error", n)
		exit = exitTrouble
	}
	fmt.Fprintf(w, "; %.1f s\n", took.Seconds())
	return exit
}

// printRemarks prints a server's error, or else its remarks. It prints nothing
// for a server without either.
func printRemarks(w io.Writer, server string, remarks []string, err error) {
	if err != nil {
		remarks = []string{err.Error()}
	}
	if len(remarks) > 0 {
		text := strings.ReplaceAll(strings.Join(remarks, "\n"), "\n", "\n  ")
		fmt.Fprintf(w, "\n%s\n  %s\n", server, text)
	}
}
