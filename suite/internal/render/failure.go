package render

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"assay/suite/internal/words"
	"assay/suite/report"
)

// label returns the heading of a result that fails the run.
func label(x *report.Result) string {
	switch x.Status {
	case report.Error:
		return "ERROR"
	case report.UnexpectedPassed:
		return "UNEXPECTED PASS"
	default:
		return "FAILED"
	}
}

// field is one labelled part of a failure.
type field struct {
	name  string
	text  string
	prose bool // may be wrapped; other text is kept line by line
}

// maxConfig is the number of lines of a configuration that a verdict shows. The
// evidence has all lines.
const maxConfig = 24

// fields returns what a verdict says about a failure. Dir is the directory of the
// report.
func fields(x *report.Result, dir string) []field {
	fs := []field{
		{"promised", words.OneLine(x.Text), true},
		{"source", x.Source, true},
	}
	if e := x.Evidence; e != nil {
		fs = append(fs, field{"configured", firstLines(e.Config), false})
	}
	if len(x.Cases) == 0 {
		fs = append(fs, field{"seen", x.Message(), false})
	}
	for _, c := range x.Cases {
		if c.Status != report.Passed && c.Status != report.Skipped {
			fs = append(fs,
				field{"case", c.Case + ": " + string(c.Status), true},
				field{"seen", c.Message(), false})
		}
	}
	if len(x.Cases) > 0 && x.Status == report.UnexpectedPassed {
		fs = append(fs, field{"seen", x.Reason, false})
	}
	if k := x.KnownFailure; k != nil {
		fs = append(fs, field{"listed", words.Join("; ", k.Reason, k.Void, k.Note, k.Link), true})
	}
	if e := x.Evidence; e != nil {
		if e.Dir != "" {
			path := filepath.Join(dir, filepath.FromSlash(e.Dir))
			fs = append(fs, field{"evidence", path, false})
		}
		fs = append(fs, field{"repeat", e.Repeat, false})
	}
	return slices.DeleteFunc(fs, func(f field) bool { return strings.TrimSpace(f.text) == "" })
}

// firstLines returns the lines of a configuration that a verdict shows.
func firstLines(config string) string {
	lines := strings.Split(strings.TrimRight(config, "\n"), "\n")
	if n := len(lines); n > maxConfig {
		rest := fmt.Sprintf("… %d more lines in config.txt", n-maxConfig+1)
		lines = append(lines[:maxConfig-1:maxConfig-1], rest)
	}
	return strings.Join(lines, "\n")
}
