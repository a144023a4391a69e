package run

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"time"

	"assay/scenarios"
	"assay/suite/internal/redact"
	"assay/suite/internal/verdict"
	"assay/suite/internal/version"
	"assay/suite/internal/words"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// conclusion holds the result of a run before it is judged.
type conclusion struct {
	started     time.Time
	kind        world.Kind
	reason      string
	outcomes    []outcome
	err         error // the run itself failed: the probe, or Assay
	interrupted bool
}

// conclude judges the outcomes of the specs against the catalogue, the target's
// claims and its known failures. The outcomes are free of secrets. The texts that
// arise here are redacted here.
func (p *plan) conclude(c conclusion) *report.Report {
	var results []verdict.Outcome
	issuances := 0
	for _, o := range c.outcomes {
		results = append(results, o.Outcome)
		issuances += o.Issuances
	}
	var secrets redact.Redactor
	in := verdict.Input{
		Run: report.Report{
			Suite: report.Suite{Version: version.Current().Version, Catalogue: p.catalogue.Digest()},
			Target: report.Target{
				Name:     p.target.Name,
				Version:  secrets.Text(p.target.Version()),
				Autocert: p.target.AutocertVersion(),
				Profiles: p.target.Profiles,
			},
			World:       string(c.kind),
			WorldReason: c.reason,
			CA:          p.CA,
			Go:          runtime.Version(),
			OS:          runtime.GOOS + "/" + runtime.GOARCH,
			Started:     c.started,
			DurationMS:  time.Since(c.started).Milliseconds(),
			CPUMS:       cpuTime().Milliseconds(),
			Issuances:   issuances,
			Interrupted: c.interrupted,
			Strict:      p.Strict,
		},
		Requirements: p.catalogue.Requirements(),
		Outcomes:     results,
		Known:        p.target.KnownFailures,
		LeftOut:      map[string]string{},
		Repeat:       func(ids ...string) string { return secrets.Text(p.repeat(ids...)) },
	}
	if c.err != nil {
		in.Run.Error = secrets.Text(c.err.Error())
	}
	for _, r := range in.Requirements {
		for _, row := range r.Rows() {
			if option := p.deselected(r, row.Name); option != "" {
				in.LeftOut[r.ID+suffix(row.Name)] = option
			}
		}
	}
	return verdict.Gather(in)
}

// deselected is the option that leaves a case out, or "".
func (p *plan) deselected(r scenarios.Requirement, row string) string {
	if len(p.Profiles) > 0 && !slices.Contains(p.Profiles, r.Chapter) {
		return "--profile " + strings.Join(p.Profiles, ",")
	}
	matches := func(glob string) bool { return r.Matches(glob, row) }
	if len(p.Only) > 0 && !slices.ContainsFunc(p.Only, matches) {
		return "--only " + strings.Join(p.Only, ",")
	}
	if i := slices.IndexFunc(p.Skip, matches); i >= 0 {
		return "--skip " + p.Skip[i]
	}
	return ""
}

// selected says whether a case is to be run at all.
func (p *plan) selected(r scenarios.Requirement, row string) bool {
	if p.again != nil {
		return p.again[r.ID+suffix(row)]
	}
	return scenarios.Claimed(r, p.target.Profiles) && p.deselected(r, row) == ""
}

// count is the number of cases to be run.
func (p *plan) count() (n int) {
	for _, r := range p.catalogue.Requirements() {
		for _, row := range r.Rows() {
			if p.selected(r, row.Name) {
				n++
			}
		}
	}
	return n
}

// repeat is the command that repeats the given requirements and keeps
// everything needed to look at them by hand.
func (p *plan) repeat(ids ...string) string {
	// Into a directory of its own: the evidence of the other failures stays.
	parts := []string{p.Command(), "--only " + strings.Join(ids, ","), "--keep", "--out assay-repeat"}
	return strings.Join(parts, " ")
}

// Command returns the command line that runs the same server in the same
// surroundings. It leaves out what is selected.
func (o Options) Command() string {
	parts := []string{"assay run --target " +
		quoted(cmp.Or(words.RelativePath(o.Target), "reference"))}
	if bin := o.Bin; bin != "" {
		if here := words.RelativePath(bin); here != bin {
			bin = "./" + here // a bare name would be looked for on PATH
		}
		parts = append(parts, "--bin "+quoted(bin))
	}
	for _, pair := range o.Env {
		parts = append(parts, "--env "+quoted(pair))
	}
	if o.World == string(world.Loopback) {
		parts = append(parts, "--world loopback")
	}
	if o.CA == "stock" {
		parts = append(parts, "--ca stock")
	}
	return strings.Join(parts, " ")
}

// quoted makes one word of text for a shell.
func quoted(text string) string {
	if strings.ContainsAny(text, " '\"$\\*?&;()<>|`\t\n") {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return cmp.Or(text, "''")
}
