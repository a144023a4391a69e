package run

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"assay/pebble/presets"
	"assay/scenarios"
	"assay/suite/internal/patience"
	"assay/suite/internal/redact"
	"assay/suite/internal/sut"
	"assay/suite/internal/verdict"
	"assay/suite/internal/version"
	"assay/suite/internal/world"
	"assay/suite/report"
	"assay/suite/report/words"
)

// conclusion holds the result of a run before it is judged.
type conclusion struct {
	started     time.Time
	kind        world.Kind
	reason      string
	outcomes    []outcome
	err         error // the run itself failed: the probe, or Assay
	interrupted bool
	early       earlyEnd // an option of the user ended the run
}

// conclude judges the outcomes of the specs against the catalogue, the target's
// claims and its known failures. The outcomes are free of secrets. The texts that
// arise here are redacted here.
func (p *plan) conclude(c conclusion) *report.Report {
	var results []verdict.Outcome
	issuances := 0
	for _, o := range c.outcomes {
		issuances += o.Issuances
		if c.early.reason != "" && o.interrupted() {
			continue // the report says what ended the run
		}
		if cause := p.contact.Finding().Cause; o.NoContact && cause != "" {
			o.Cause = cause
		}
		results = append(results, o.Outcome)
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
			Stopped:     c.early.reason,
			Selection:   p.selection(),
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
	in.Run.Workers, in.Run.WorkersReason = p.workers(c.kind)
	return verdict.Gather(in)
}

// deselected returns the option that leaves a case out, or "".
func (p *plan) deselected(r scenarios.Requirement, row string) string {
	if len(p.Profiles) > 0 && !slices.Contains(p.Profiles, r.Chapter) {
		return "--profile " + strings.Join(p.Profiles, ",")
	}
	matches := func(glob string) bool { return r.Matches(glob, row) }
	if len(p.Only) > 0 && !slices.ContainsFunc(p.Only, matches) {
		if p.onlyOption == "" {
			p.onlyOption = onlyOf(p.Options)
		}
		return p.onlyOption
	}
	if i := slices.IndexFunc(p.Skip, matches); i >= 0 {
		return "--skip " + p.Skip[i]
	}
	if !p.inShard(r) {
		return "--shard " + p.Shard
	}
	return ""
}

// selection returns what the report says of the selection; nil if the user selected
// nothing.
func (p *plan) selection() *report.Selection {
	s := report.Selection{Only: p.Only, Skip: p.Skip, Profiles: p.Profiles, Shard: p.Shard,
		LastFailed: p.LastFailed}
	if len(s.Only)+len(s.Skip)+len(s.Profiles) == 0 && s.Shard == "" {
		return nil
	}
	return &s
}

// selected reports whether a case is to be run at all.
func (p *plan) selected(r scenarios.Requirement, row string) bool {
	if p.again != nil {
		return p.again[r.ID+suffix(row)]
	}
	return scenarios.Claimed(r, p.target.Profiles) && p.deselected(r, row) == ""
}

// count returns the number of cases to be run.
func (p *plan) count() (n int) {
	for _, r := range p.catalogue.Requirements() {
		n += p.countOf(r)
	}
	return n
}

// countOf returns the number of cases of a requirement to be run.
func (p *plan) countOf(r scenarios.Requirement) (n int) {
	for _, row := range r.Rows() {
		if p.selected(r, row.Name) {
			n++
		}
	}
	return n
}

// repeat returns the command that repeats the given requirements and keeps
// everything needed to look at them by hand.
func (p *plan) repeat(ids ...string) string {
	// Into a directory of its own: the evidence of the other failures stays.
	parts := []string{p.Command(), "--only " + strings.Join(ids, ","), "--keep", "--out assay-repeat"}
	return strings.Join(parts, " ")
}

// Command returns the command line that runs the same server in the same
// surroundings, by the same rules, as it can be pasted into a shell. It leaves out
// what is selected.
func (o Options) Command() string {
	parts := []string{cmp.Or(o.Program, program(os.Args[0])), "run"}
	if o.Target != "" && o.Target != sut.Reference { // which is the default
		parts = append(parts, "--target", words.ShellWord(words.RelativePath(o.Target)))
	}
	if limit := os.Getenv(patience.Variable); limit != "" {
		parts = append([]string{patience.Variable + "=" + words.ShellWord(limit)}, parts...)
	}
	if bin := o.Bin; bin != "" {
		if here := words.RelativePath(bin); here != bin {
			bin = "./" + here // a bare name would be looked for on PATH
		}
		parts = append(parts, "--bin", words.ShellWord(bin))
	}
	for _, pair := range o.Env {
		parts = append(parts, "--env", words.ShellWord(pair))
	}
	if o.World == string(world.Loopback) {
		parts = append(parts, "--world loopback")
	}
	if o.CA != "" && o.CA != presets.Default {
		parts = append(parts, "--ca", words.ShellWord(o.CA))
	}
	if o.NoProbe {
		parts = append(parts, "--no-probe")
	}
	if o.Strict {
		parts = append(parts, "--strict")
	}
	return strings.Join(parts, " ")
}

// program returns how a user calls the command again that was called by this name.
// A program that embeds the suite has no command of its own for it.
func program(called string) string {
	name := strings.TrimSuffix(filepath.Base(called), ".exe")
	switch {
	case !strings.HasPrefix(name, "assay") || strings.HasSuffix(name, ".test"):
		return "assay"
	case strings.Contains(filepath.ToSlash(called), "/go-build"): // go run, which removes it
		return "go run assay/suite/cmd/assay"
	}
	return words.ShellWord(called)
}
