package render

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"assay/suite/internal/logtext"
	"assay/suite/report"
)

const (
	// mostSaid is the number of lines of a log that a verdict shows.
	mostSaid = 4
	// mostExchanged is the number of exchanges with the CA that it shows.
	mostExchanged = 8
)

// said returns the lines of the log that matter most: the last warnings and errors
// since the target was started last, or else its last lines. It is empty without
// evidence of a server.
func said(e *report.Evidence) string {
	if e == nil || len(e.Log) == 0 && e.Config == "" {
		return ""
	}
	lines, start := lastStart(e.Log)
	shown := distinct(complaints(lines))
	if len(shown) == 0 {
		shown = distinct(lines)
	}
	if n := len(shown) - mostSaid; n > 0 {
		shown = shown[n:]
	}
	if len(shown) == 0 {
		return strings.TrimSpace("nothing " + start)
	}
	return strings.Join(shown, "\n")
}

// startLine matches the line that the suite puts before the lines of each start.
var startLine = regexp.MustCompile(`^--- (start \d+ of \d+) ---$`)

// lastStart returns the lines since the target was started last, and which start
// that was if there was more than one.
func lastStart(log []string) (lines []string, start string) {
	for i, line := range slices.Backward(log) {
		if m := startLine.FindStringSubmatch(line); m != nil {
			return log[i+1:], "in " + m[1]
		}
	}
	return log, ""
}

// complaints returns the lines that say that something is wrong.
func complaints(lines []string) []string {
	var found []string
	for _, line := range lines {
		if logtext.Complains(line) {
			found = append(found, line)
		}
	}
	return found
}

// distinct leaves out lines that a later line repeats with other numbers at most.
// The last of them says how often it was written.
func distinct(lines []string) []string {
	count := map[string]int{}
	for _, line := range lines {
		count[mask("", "", line)]++
	}
	var kept []string
	for _, line := range slices.Backward(lines) {
		key := mask("", "", line)
		switch n := count[key]; {
		case n > 1:
			kept = append(kept, fmt.Sprintf("%s (%d times)", line, n))
		case n == 1 && strings.TrimSpace(line) != "":
			kept = append(kept, line)
		}
		count[key] = 0
	}
	slices.Reverse(kept)
	return kept
}

// caSaw returns the requests of the target and the CA's answers that matter: the
// first and the last ones, with each problem. It is empty if there was no CA.
func caSaw(x *report.Result) string {
	if !x.UsedCA || x.Evidence == nil {
		return ""
	}
	if !asked(x.Evidence.ACME) {
		return "no request"
	}
	var lines []string
	repeated := 1
	for _, a := range x.Evidence.ACME {
		line := exchange(a)
		if line == "" {
			continue
		}
		if n := len(lines); n > 0 && strings.TrimSuffix(lines[n-1], times(repeated)) == line {
			repeated++
			lines[n-1] = line + times(repeated)
			continue
		}
		lines, repeated = append(lines, line), 1
	}
	if n := len(lines) - mostExchanged; n > 0 {
		left := fmt.Sprintf("… %d more", n+1)
		if x.Evidence.Dir != "" {
			left += " in acme.jsonl"
		}
		lines = slices.Concat(lines[:2], []string{left}, lines[len(lines)-mostExchanged+3:])
	}
	return strings.Join(lines, "\n")
}

func times(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d times)", n)
}

// asked reports whether the target sent any request to the CA.
func asked(journal []report.Exchange) bool {
	return slices.ContainsFunc(journal, func(a report.Exchange) bool { return a.From == "target" })
}

// exchange describes an exchange in a line, or returns "" for one that only leads
// to the next: a nonce, or a poll that was answered.
func exchange(a report.Exchange) string {
	problem := a.Status >= 400 || a.Fault != "" || a.Detail != ""
	poll := strings.HasSuffix(a.What, "newNonce") || a.What == "POST-as-GET authz" ||
		a.What == "POST-as-GET order"
	if poll && !problem {
		return ""
	}
	text := a.What
	if a.From == "target" {
		text = strings.TrimPrefix(strings.TrimPrefix(text, "POST-as-GET "), "POST ")
	} else {
		text = "CA: " + text
	}
	if a.Status != 0 {
		text += fmt.Sprintf(" → %d", a.Status)
	}
	if a.Fault != "" {
		text += " (the suite made it so: " + a.Fault + ")"
	}
	if a.Detail != "" {
		text += ": " + a.Detail
	}
	return text
}
