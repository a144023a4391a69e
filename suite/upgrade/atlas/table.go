package atlas

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"assay/suite/report"
)

// table writes how many requirements differ between releases, and a table of these
// with a column for each release.
func (a *Atlas) table(b *bufio.Writer) {
	var same, some, skipped int
	var rows []*Requirement
	for i := range a.Results {
		r := &a.Results[i]
		switch {
		case len(r.States) > 1:
			rows = append(rows, r)
		case r.States[0].Status == report.Skipped:
			skipped++
		case slices.ContainsFunc(a.Releases, func(release Release) bool {
			return release.Failure == "" && !slices.Contains(r.States[0].Releases, release.Tried)
		}):
			some++
		default:
			same++
		}
	}
	between := "settings"
	if a.hasVersions() {
		between = "releases"
	}
	fmt.Fprintf(b, "\nOf %d requirements, %d differ between %s, %d do not",
		len(a.Results), len(rows), between, same)
	if skipped > 0 {
		fmt.Fprintf(b, ", %d were skipped wherever they were tried", skipped)
	}
	if some > 0 {
		fmt.Fprintf(b, ", and %d were tried with some releases alone: they use neither a CA "+
			"nor the renewal schedule, and so do not reach what is compared", some)
	}
	b.WriteString(".")
	if len(rows) == 0 {
		b.WriteString("\n\n")
		return
	}
	fmt.Fprintf(b, " The table shows those that differ; `%s` holds all.\n\n", JSONFile)
	b.WriteString("✓ kept · ✗ broken · ○ observed, holds · ● observed, does not hold · " +
		"s skipped · empty: not run; equal letters: equal observations\n\n")
	b.WriteString("| requirement | level |")
	for _, r := range a.Releases {
		name := r.name()
		if a.hasVersions() {
			name = strings.NewReplacer("v0.", "", ".0", "").Replace(name)
		}
		fmt.Fprintf(b, " %s |", name)
	}
	b.WriteString("\n|---|---|" + strings.Repeat(":-:|", len(a.Releases)) + "\n")
	for _, r := range rows {
		fmt.Fprintf(b, "| %s %s | %s |", r.ID, strings.ReplaceAll(r.Title, "|", `\|`), r.Level)
		for _, release := range a.Releases {
			s, n := r.At(release.Tried)
			if s == nil {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(b, " %s %s |", s.symbol(), letter(n))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// symbol returns the sign for a state in the table.
func (s *State) symbol() string {
	switch {
	case s.Status == report.Passed, s.Status == report.UnexpectedPassed:
		return "✓"
	case s.Status == report.Skipped:
		return "s"
	case s.Status == report.Observed && s.Broken:
		return "●"
	case s.Status == report.Observed:
		return "○"
	}
	return "✗"
}

// letter returns the name of the nth state: a to z, then numbers.
func letter(n int) string {
	if n < 26 {
		return string(rune('a' + n))
	}
	return fmt.Sprint(n + 1)
}
