package render

import (
	"bufio"
	"io"
	"strings"

	"assay/scenarios"
	"assay/suite/report"
	"assay/suite/report/words"
)

// WriteAnnotations writes the failures of a report as workflow commands of GitHub
// Actions, which shows them with the log of the job and on its pull request. What
// fails the run is an error, a failed SHOULD that does not fail the run is a
// warning. A run without namespaces gets a notice.
func WriteAnnotations(w io.Writer, r *report.Report) error {
	b := bufio.NewWriter(w)
	annotate := func(kind, title, text string) {
		title, text = property(words.Printable(title)), data(words.Printable(text))
		b.WriteString("::" + kind + " title=" + title + "::" + text + "\n")
	}
	if r.Error != "" {
		annotate("error", "Assay: the run failed", r.Error)
	}
	if r.WorldReason != "" {
		annotate("notice", "Assay: no namespaces", r.WorldReason)
	}
	for i := range r.Results {
		x := &r.Results[i]
		kind := ""
		switch {
		case x.Fails(r.Strict):
			kind = "error"
		case x.Status == report.Failed && x.Level == scenarios.Should:
			kind = "warning"
		default:
			continue
		}
		text := x.Reason
		if x.Detail != "" {
			text = x.Detail
		}
		annotate(kind, x.ID+" "+x.Title, text)
	}
	return b.Flush()
}

// data and property escape the parts of a workflow command. A line break ends the
// command, and a comma or colon ends a property.
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace
	property = strings.NewReplacer(
		"%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace
)
