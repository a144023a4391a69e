package submission

import (
	"strings"

	"assay/suite/report"
	"assay/suite/report/words"
)

// Command returns the command line that repeats the run of a report in the
// directory of its submission. It is made of what the report says, so that it
// holds neither paths nor the values of variables.
func Command(r *report.Report) string {
	parts := []string{"assay run --target " + TargetFile}
	if r.World == "loopback" {
		parts = append(parts, "--world loopback")
	}
	if r.CA == "stock" {
		parts = append(parts, "--ca stock")
	}
	if r.Strict {
		parts = append(parts, "--strict")
	}
	if s := r.Selection; s != nil {
		for _, x := range []struct {
			flag   string
			values []string
		}{{"--only", s.Only}, {"--skip", s.Skip}, {"--profile", s.Profiles}} {
			if len(x.values) > 0 {
				parts = append(parts, x.flag+" "+words.ShellWord(strings.Join(x.values, ",")))
			}
		}
		if s.Shard != "" {
			parts = append(parts, "--shard "+words.ShellWord(s.Shard))
		}
	}
	return strings.Join(parts, " ")
}
