package run

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"time"

	"assay/scenarios"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// Version is the version of the suite, as reports give it.
const Version = "v0.1.0"

// conclusion is what a run came to, before it is judged.
type conclusion struct {
	started     time.Time
	kind        world.Kind
	reason      string
	outcomes    []outcome
	err         error // the run itself failed: the probe, or Assay
	interrupted bool
}

// conclude judges the outcomes of the specs against the catalogue, the target's
// claims and its known failures.
func (p *plan) conclude(c conclusion) *report.Report {
	var results []report.Outcome
	issuances := 0
	for _, o := range c.outcomes {
		results = append(results, o.Outcome)
		issuances += o.Issuances
	}
	version := p.target.Version()
	in := report.Input{
		Suite: report.Suite{Version: Version, Catalogue: p.catalogue.Digest()},
		Target: report.Target{
			Name:     p.target.Name,
			Version:  version,
			Autocert: p.target.AutocertVersion(),
			Profiles: p.target.Profiles,
		},
		World:       string(c.kind),
		WorldReason: c.reason,
		CA:          p.CA,
		Go:          runtime.Version(),
		OS:          runtime.GOOS + "/" + runtime.GOARCH,
		Started:     c.started,
		Duration:    time.Since(c.started),
		CPU:         cpuTime(),
		Issuances:   issuances,
		Interrupted: c.interrupted,
		Strict:      p.Strict,
		Outcomes:    results,
		Known:       p.knownFailures(version),
		Deselected:  map[string]string{},
		Repeat:      p.repeat,
	}
	if c.err != nil {
		in.Error = c.err.Error()
	}
	for _, r := range p.catalogue.Requirements() {
		in.Requirements = append(in.Requirements, p.describe(r, in.Target.Autocert))
		for _, row := range rows(r) {
			if reason := p.deselected(r, row.Name); reason != "" {
				in.Deselected[r.ID+suffix(row.Name)] = reason
			}
		}
	}
	return report.Gather(in)
}

func (p *plan) describe(r scenarios.Requirement, autocert string) report.Requirement {
	out := report.Requirement{
		ID: r.ID, Title: r.Title, Level: report.Level(r.Level), Profile: r.Chapter,
		Source: r.Source, Text: r.Text,
		Claimed:       scenarios.Claimed(r, p.target.Profiles),
		AutocertRange: r.Autocert.String(),
	}
	for _, need := range r.Needs {
		out.Needs = append(out.Needs, need.String())
	}
	for _, row := range r.Cases {
		out.Cases = append(out.Cases, row.Name)
	}
	switch r.Autocert.Holds(autocert) {
	case scenarios.Holds:
		out.Autocert = report.Holds
	case scenarios.Outside:
		out.Autocert = report.Outside
	}
	return out
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
		for _, row := range rows(r) {
			if p.selected(r, row.Name) {
				n++
			}
		}
	}
	return n
}

// knownFailures are the target's, as far as they are about this version.
func (p *plan) knownFailures(version string) []report.KnownFailure {
	var known []report.KnownFailure
	for _, k := range p.target.KnownFailures {
		if !k.Applies(version) {
			continue
		}
		entry := report.KnownFailure{ID: k.ID, Seen: k.Seen, Reason: k.Reason, Link: k.Link, Expired: k.Expired(time.Now())}
		if !k.Until.IsZero() {
			entry.Until = k.Until.Format(time.DateOnly)
		}
		known = append(known, entry)
	}
	return known
}

// repeat is the command that repeats the given requirements and keeps
// everything needed to look at them by hand.
func (p *plan) repeat(ids ...string) string {
	// Into a directory of its own: the evidence of the other failures stays.
	return strings.Join([]string{p.Command(), "--only " + strings.Join(ids, ","), "--keep", "--out assay-repeat"}, " ")
}

// Command is what a user types to run the same server in the same
// surroundings; what is run of the suite is left out.
func (o Options) Command() string {
	words := []string{"assay run --target " + quoted(cmp.Or(report.Here(o.Target), "reference"))}
	if bin := o.Bin; bin != "" {
		if here := report.Here(bin); here != bin {
			bin = "./" + here // a bare name would be looked for on PATH
		}
		words = append(words, "--bin "+quoted(bin))
	}
	for _, pair := range o.Env {
		words = append(words, "--env "+quoted(pair))
	}
	if o.World == string(world.Loopback) {
		words = append(words, "--world loopback")
	}
	if o.CA == "stock" {
		words = append(words, "--ca stock")
	}
	return strings.Join(words, " ")
}

// quoted makes one word of text for a shell.
func quoted(text string) string {
	if strings.ContainsAny(text, " '\"$\\*?&;()<>|`\t\n") {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return cmp.Or(text, "''")
}
