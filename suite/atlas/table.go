package atlas

import (
	"bufio"
	"fmt"
	"strings"

	"assay/suite/report"
)

// table shows requirement × release, of the requirements that are not the
// same everywhere.
func (a *Atlas) table(b *bufio.Writer) {
	var same, once int
	var rows []*Requirement
	for i := range a.Results {
		r := &a.Results[i]
		switch {
		case len(r.States) > 1:
			rows = append(rows, r)
		case len(r.States[0].Releases) < len(a.Releases):
			once++
		default:
			same++
		}
	}
	fmt.Fprintf(b, "Of %d requirements, %d differ between releases, %d do not", len(a.Results), len(rows), same)
	if once > 0 {
		fmt.Fprintf(b, ", and %d, which have nothing to do with a CA, were tried with the newest release alone", once)
	}
	b.WriteString(".\n\n")
	if len(rows) == 0 {
		return
	}
	b.WriteString("✓ kept · ✗ broken · ○ observed, holds · ● observed, does not hold · s skipped · empty: not run; equal letters: equal observations\n\n")
	b.WriteString("| requirement | level |")
	for _, r := range a.Releases {
		fmt.Fprintf(b, " %s |", strings.ReplaceAll(strings.ReplaceAll(r.name(), "v0.", ""), ".0", ""))
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

// letter names a state: a, b, … z, then numbers.
func letter(n int) string {
	if n < 26 {
		return string(rune('a' + n))
	}
	return fmt.Sprint(n + 1)
}
