package badge

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"assay/suite/report"
	"assay/suite/report/words"
)

// A Badge is two texts on two grounds, and what a screen reader says instead.
type Badge struct {
	Label, Message string
	Title          string
	Ground         string // the colour behind the message, "#1d7044"
}

// The colours. White text has a contrast of more than 4.5 on each of them, which
// WCAG 2 demands of small text.
const (
	labelGround = "#3d4248"
	good        = "#1d7044"
	bad         = "#b3261e"
	doubtful    = "#8a5200"
	textColor   = "#ffffff"
)

// maxTitle is the length in bytes of the longest name or version in a title.
const maxTitle = 100

// Of returns the badge of a report. A run that did not try everything says so in
// place of a number that would look like a whole one.
func Of(r *report.Report) Badge {
	b := Badge{Label: "assay", Ground: good}
	t := r.Tally()
	switch {
	case r.Interrupted:
		b.Message, b.Ground = "interrupted", doubtful
	case r.Error != "":
		b.Message, b.Ground = "run failed", bad
	case t.Failing > 0:
		b.Message, b.Ground = fmt.Sprintf("%d failed", t.Failing), bad
	case r.Stopped != "":
		b.Message, b.Ground = "ended early", doubtful
	case t.LeftOut > 0:
		b.Message, b.Ground = fmt.Sprintf("%d passed, partial", t.Passed), doubtful
	case r.Exit != report.ExitOK:
		b.Message, b.Ground = fmt.Sprintf("exit code %d", r.Exit), bad
	default:
		b.Message = fmt.Sprintf("%d passed", t.Passed)
	}
	parts := []string{
		"Assay, " + words.Join(" ", short(r.Target.Name), short(r.Target.Version)) + ": " + b.Message,
	}
	if t.KnownFailures > 0 {
		parts = append(parts, fmt.Sprintf("%d known to fail", t.KnownFailures))
	}
	if r.Started.Year() > 1 {
		parts = append(parts, r.Started.UTC().Format("2006-01-02"))
	}
	b.Title = strings.Join(parts, ", ")
	return b
}

func short(text string) string {
	return words.Cut(words.OneLine(words.Printable(text)), maxTitle)
}

// The measures of the picture, in pixels.
const (
	height = 20
	margin = 6 // on both sides of a text
)

// Write draws the badge. The width follows from the texts, and textLength makes
// every font as wide as the picture expects.
func (b Badge) Write(w io.Writer) error {
	label, message := width(b.Label), width(b.Message)
	left, right := label+2*margin, message+2*margin
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" `+
		`viewBox="0 0 %[1]d %[2]d" role="img" aria-labelledby="t"><title id="t">%[3]s</title>`+
		`<clipPath id="c"><rect width="%[1]d" height="%[2]d" rx="3"/></clipPath><g clip-path="url(#c)">`+
		`<rect width="%[4]d" height="%[2]d" fill="%[5]s"/>`+
		`<rect x="%[4]d" width="%[6]d" height="%[2]d" fill="%[7]s"/></g>`+
		`<g fill="%[8]s" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" `+
		`aria-hidden="true"><text x="%[9]d" y="14" textLength="%[10]d" `+
		`lengthAdjust="spacingAndGlyphs">%[11]s</text><text x="%[12]d" y="14" textLength="%[13]d" `+
		`lengthAdjust="spacingAndGlyphs">%[14]s</text></g></svg>`+"\n",
		left+right, height, escape(b.Title), left, labelGround, right, b.Ground, textColor,
		margin, label, escape(b.Label), left+margin, message, escape(b.Message))
	return err
}

// escape returns a text for use in XML.
func escape(text string) string {
	var b strings.Builder
	// A strings.Builder returns no error.
	_ = xml.EscapeText(&b, []byte(words.OneLine(words.Printable(text))))
	return b.String()
}
