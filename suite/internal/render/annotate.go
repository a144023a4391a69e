package report

import (
	"bufio"
	"io"
	"strings"
)

// WriteAnnotations shows what a report finds wrong as workflow commands of
// GitHub Actions, which appear beside the job's log and on its pull request:
// an error for what fails the run, a warning for a SHOULD that does not, a
// notice if namespaces were not to be had.
func WriteAnnotations(w io.Writer, r *Report) error {
	b := bufio.NewWriter(w)
	annotate := func(kind, title, text string) {
		b.WriteString("::" + kind + " title=" + property(title) + "::" + data(text) + "\n")
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
		case x.Status == Failed && x.Level == Should:
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

// Workflow commands end with the line, properties with a comma or colon too.
var (
	data     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace
	property = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace
)
