package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// label is the word under which a result that fails the run is shown.
func (r *Result) label() string {
	switch r.Status {
	case Error:
		return "ERROR"
	case UnexpectedPassed:
		return "UNEXPECTED PASS"
	default:
		return "FAILED"
	}
}

// field is one labelled part of a failure.
type field struct {
	name string
	text string
	flow bool // prose: may be wrapped; else kept line by line
}

// maxConfig is how many lines of a configuration a verdict shows; the whole is
// in the evidence.
const maxConfig = 24

// fields returns what there is to say about a result in full.
func (r *Result) fields(dir string) []field {
	fs := []field{
		{"promised", oneSpace(r.Text), true},
		{"source", r.Source, true},
	}
	if e := r.Evidence; e != nil && e.Config != "" {
		lines := strings.Split(strings.TrimRight(e.Config, "\n"), "\n")
		if n := len(lines); n > maxConfig {
			lines = append(lines[:maxConfig-1:maxConfig-1], fmt.Sprintf("… %d more lines in config.txt", n-maxConfig+1))
		}
		fs = append(fs, field{"configured", strings.Join(lines, "\n"), false})
	}
	if len(r.Cases) == 0 {
		fs = append(fs, field{"seen", whole(r.Reason, r.Detail), false})
	} else {
		for _, c := range r.Cases {
			if c.Status != Passed && c.Status != Skipped {
				fs = append(fs, field{"case", c.Case + ": " + string(c.Status), true})
				fs = append(fs, field{"seen", whole(c.Reason, c.Detail), false})
			}
		}
		if r.Status == UnexpectedPassed {
			fs = append(fs, field{"seen", r.Reason, false})
		}
	}
	if k := r.KnownFailure; k != nil {
		fs = append(fs, field{"listed", joinWords("; ", k.Reason, k.Void, k.Link), true})
	}
	if e := r.Evidence; e != nil {
		if e.Dir != "" {
			fs = append(fs, field{"evidence", filepath.Join(dir, filepath.FromSlash(e.Dir)), false})
		}
		fs = append(fs, field{"repeat", e.Repeat, false})
	}
	return slices.DeleteFunc(fs, func(f field) bool { return strings.TrimSpace(f.text) == "" })
}

// whole returns the text of a failure: the detail where there is one, with the
// one line before it if that says something else.
func whole(reason, detail string) string {
	if detail == "" {
		return reason
	}
	if h := headline(detail); reason != h && !strings.HasSuffix(reason, h) {
		return reason + "\n" + detail
	}
	return detail
}

func oneSpace(s string) string { return strings.Join(strings.Fields(s), " ") }
