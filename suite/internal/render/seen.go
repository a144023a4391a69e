package render

import (
	"slices"

	"assay/suite/report"
)

// A Cause is why one or several results failed.
type Cause struct {
	Text    string           // in words
	Results []*report.Result // in the order of the report
	key     string
}

// Causes groups failures by their cause, as [WriteVerdict] does, in the order of the
// first failure of each.
func Causes(failures []*report.Result) []Cause {
	var causes []Cause
	for _, t := range byCause(failures) {
		causes = append(causes, Cause{Text: t.cause, Results: t.results, key: t.key})
	}
	return causes
}

// Explains reports whether another result failed for the same cause.
func (c Cause) Explains(x *report.Result) bool {
	key, _ := causeOf(x)
	return key == c.key
}

// A Part is one labelled part of what was seen of a failure.
type Part struct {
	Name  string // such as "expected"; "" for a text that says neither expected nor seen
	Text  string
	Prose bool // the line breaks of the text mean nothing
}

// Seen returns what was seen of a failure: in which case, what was expected and
// seen there, what the target said, and what the CA saw. Of several cases, Seen shows
// the case that decided the status.
func Seen(x *report.Result) []Part {
	var parts []Part
	cases := 0
	for _, f := range fields(x, "", nil) {
		if f.name == "case" {
			cases++
		}
		if cases <= 1 && slices.Contains(seenFields, f.name) {
			parts = append(parts, Part{f.name, f.text, f.form == prose})
		}
	}
	return parts
}

// seenFields are the labels of the fields that tell what was seen.
var seenFields = []string{
	"case", "about", "expected", "seen", "decoy", "said", "CA saw", "to do", "usual fix",
}

// Message splits the message of a result or of a case into its parts.
func Message(text string) []Part {
	var parts []Part
	for _, f := range message(text) {
		if f.text == "" {
			continue
		}
		parts = append(parts, Part{f.name, f.text, f.form == prose})
	}
	if len(parts) > 0 && parts[0].Text == text {
		parts[0].Name = ""
	}
	return parts
}
