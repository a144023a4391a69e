package explore

import (
	"fmt"
	"slices"
	"strings"

	"assay/suite/report/words"
)

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// Lines tells the find as a story.
func (f Find) Lines() []string {
	lines := []string{
		"",
		fmt.Sprintf("FOUND %s (%s), in walk %d, after %.0f s", f.Invariant, strings.Join(f.From, ", "),
			f.Number, f.After),
		"  " + f.Text,
		"",
		fmt.Sprintf("  A server in mode %s:", modeWords(f.Walk)),
	}
	for i, note := range f.Story {
		for j, line := range strings.Split(note, "\n") {
			if j == 0 {
				line = fmt.Sprintf("  %3d. %s", i+1, line)
			} else {
				line = "       " + strings.TrimSpace(line)
			}
			lines = append(lines, line)
		}
	}
	indent := func(label, text string) {
		for i, line := range strings.Split(text, "\n") {
			if i > 0 {
				label = strings.Repeat(" ", len(label))
			}
			lines = append(lines, "  "+label+"  "+strings.TrimSpace(line))
		}
	}
	indent("expected", f.Expected)
	indent("seen    ", f.Seen)
	lines = append(lines, "", "  The walk, for assay explore --play FILE:")
	for line := range strings.Lines(f.YAML) {
		lines = append(lines, "    "+strings.TrimRight(line, "\n"))
	}
	return lines
}

func modeWords(w Walk) string {
	if w.By == "" {
		return w.Mode
	}
	return w.Mode + ", whose files are replaced by " + string(w.By)
}

// Summary returns what is printed at the end.
func (r *Result) Summary() []string {
	server := words.Join(" ", r.Target, r.Version)
	minutes := r.Took / 60
	lines := []string{"", fmt.Sprintf("%s · %s world · seed %d · %s with %s, "+
		"%.0f days of the servers' time in %.0f s (%.0f walks a minute)",
		server, r.World, r.Seed, words.Plural(r.Walks, "walk", "walks"),
		words.Plural(r.Steps, "step", "steps"), r.Passed, r.Took, float64(r.Walks)/max(minutes, 1.0/60))}
	var reasons []string
	for why := range r.Unjudged {
		reasons = append(reasons, why)
	}
	slices.Sort(reasons)
	for _, why := range reasons {
		lines = append(lines, fmt.Sprintf("%s not judged to the end: %s",
			words.Plural(r.Unjudged[why], "walk", "walks"), words.OneLine(why)))
	}
	for _, u := range r.Unsteady {
		lines = append(lines, fmt.Sprintf("not there again, so no find: %s, seen %s", u.Invariant,
			words.OneLine(u.Seen)))
	}
	if r.Covered > 0 {
		lines = append(lines, fmt.Sprintf("%d blocks of code reached; %s reached new ones", r.Covered,
			words.Plural(r.Kept, "walk", "walks")))
	}
	verdict := "nothing found"
	if n := len(r.Finds); n > 0 {
		verdict = words.Plural(n, "broken invariant", "broken invariants")
	}
	return append(lines, fmt.Sprintf("assay: %s → exit %d", verdict, r.Exit))
}
