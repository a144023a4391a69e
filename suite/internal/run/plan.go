package run

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"assay/pebble/presets"
	"assay/scenarios"
	"assay/suite/internal/contact"
	"assay/suite/internal/harness"
	"assay/suite/internal/patience"
	"assay/suite/internal/selection"
	"assay/suite/internal/sut"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// Options are those of suite.Options, which documents them.
type Options struct {
	Target   string
	Bin      string
	Only     []string
	Skip     []string
	Profiles []string
	Env      []string
	Out      string
	World    string
	CA       string
	Procs    int
	Keep     bool
	Strict   bool
	NoProbe  bool
	Shard    string
	FailFast bool

	FastFirst  bool
	LastFailed string
	Timeout    time.Duration

	ProbeOnly bool
	Program   string
	Progress  func(report.Event) `json:"-"` // of the outer process alone
}

// plan holds what a run needs: options that are complete and checked, and what
// they name, loaded. Every process of a run makes the same plan.
type plan struct {
	Options
	catalogue *scenarios.Catalogue
	target    *sut.Target
	preset    presets.Preset // of the CA

	shard      map[string]bool // the requirements of the shard, by ID; nil is all
	onlyOption string          // what a report says of Only, once it was asked for
	contact    *contact.Reader // of the inner process
	procsWhy   string          // why there are so many workers, if the user did not say it

	// Of a worker alone:
	again         map[string]bool // the cases to run; nil is all that are selected
	second        bool            // they are tried for the second time
	serial        int             // the specs are numbered from here on
	starvedInARow int             // see countStarved
	recorder      *patience.Recorder
}

// setup returns the settings that all specs of the run share.
func (p *plan) setup(run *world.Run) harness.Setup {
	u := harness.Setup{
		Target: p.target, Run: run, Env: p.Env, CA: p.preset,
		Again: p.second, Recorder: p.recorder,
	}
	if run != nil {
		u.Contact = contact.NewReader(contactFile(run))
	}
	if p.Keep {
		u.Keep = filepath.Join(p.Out, "kept")
	}
	return u
}

// optionsVariable carries the options from process to process.
const optionsVariable = "ASSAY_OPTIONS"

// fill gives every option that was left out its default, and makes paths
// absolute: workers run in directories of their own. It also says why there are so
// many workers, if the option was left out.
func (o *Options) fill() (procsWhy string, err error) {
	if o.Program == "" {
		o.Program = program(os.Args[0])
	}
	if o.Target == "" {
		o.Target = "reference"
	}
	if o.Out == "" {
		o.Out = "assay-report"
	}
	if o.World == "" {
		o.World = string(world.Auto)
	}
	if o.CA == "" {
		o.CA = presets.Default
	}
	if o.Procs <= 0 {
		processors, runnable := runtime.GOMAXPROCS(0), patience.Runnable()
		o.Procs = defaultProcs(processors, runnable)
		procsWhy = whyProcs(o.Procs, processors)
	}
	paths := []*string{&o.Out}
	if strings.ContainsRune(o.Bin, filepath.Separator) {
		paths = append(paths, &o.Bin)
	}
	if _, err := os.Stat(o.Target); err == nil {
		paths = append(paths, &o.Target)
	}
	for _, p := range paths {
		abs, err := filepath.Abs(*p)
		if err != nil {
			return "", err
		}
		*p = abs
	}
	return procsWhy, nil
}

// defaultProcs returns the number of worker processes for so many processors, which
// follow the limits of a cgroup (see [runtime.GOMAXPROCS]). Specs wait most of their
// time, so there are eight workers for each. Where other programs run too, there is one
// less for each thread that they run, down to two for each processor.
func defaultProcs(processors, runnable int) int {
	return min(max(2*processors, 8*processors-max(0, runnable-1)), 40)
}

// whyProcs says why defaultProcs is what it is.
func whyProcs(procs, processors int) string {
	cpus := fmt.Sprintf("%d CPUs", processors)
	if processors == 1 {
		cpus = "1 CPU"
	}
	switch {
	case procs == 40:
		return "the most, on " + cpus
	case procs < 8*processors:
		return fmt.Sprintf("fewer than the %d that %s allow, because other programs use them",
			8*processors, cpus)
	}
	return "eight for each of " + cpus
}

// onlyOf returns how a report names what Only selects. A long list is cut: the report's
// selection has all of it.
func onlyOf(o Options) string {
	if o.LastFailed != "" {
		ids := map[string]bool{}
		for _, name := range o.Only {
			id, _, _ := strings.Cut(name, "/")
			ids[id] = true
		}
		return fmt.Sprintf("--last-failed: %d of the report in %s", len(ids), o.LastFailed)
	}
	const most = 6
	if n := len(o.Only) - most; n > 1 {
		return fmt.Sprintf("--only %s and %d more", strings.Join(o.Only[:most], ","), n)
	}
	return "--only " + strings.Join(o.Only, ",")
}

// makePlan checks the options and loads what they name. Its errors are the
// user's to mend: usage, target file, or a catalogue that does not hold.
func makePlan(o Options) (*plan, error) {
	procsWhy, err := o.fill()
	if err != nil {
		return nil, err
	}
	if harness.LimitsErr != nil {
		return nil, harness.LimitsErr
	}
	preset, err := selection.CA(o.CA, "all")
	if err != nil {
		return nil, err
	}
	if o.Procs > world.MaxWorker {
		return nil, fmt.Errorf("--procs: found %d, expected at most %d", o.Procs, world.MaxWorker)
	}
	switch world.Kind(o.World) {
	case world.Auto, world.Namespace, world.Loopback:
	default:
		return nil, fmt.Errorf("--world: found %q, expected auto, namespace or loopback", o.World)
	}
	if o.Timeout < 0 {
		return nil, fmt.Errorf("--timeout: found %s, expected a duration above 0", o.Timeout)
	}
	for _, pair := range o.Env {
		if name, _, ok := strings.Cut(pair, "="); !ok || name == "" {
			return nil, fmt.Errorf("--env: found %q, expected KEY=VALUE", pair)
		}
	}
	catalogue, err := scenarios.Load()
	if err != nil {
		return nil, err
	}
	if err := harness.Lint(catalogue); err != nil {
		return nil, err
	}
	t, err := loadTarget(o, catalogue)
	if err != nil {
		return nil, err
	}
	p := &plan{Options: o, catalogue: catalogue, target: t, preset: preset, procsWhy: procsWhy}
	if err := p.readAgain(); err != nil {
		return nil, err
	}
	if err := p.checkSelection(); err != nil {
		return nil, err
	}
	return p, p.applyShard()
}

func loadTarget(o Options, catalogue *scenarios.Catalogue) (*sut.Target, error) {
	t, err := sut.Load(o.Target, func(id string) bool { return catalogue.Knows(id) })
	if err != nil {
		return nil, err
	}
	if o.Bin != "" {
		t.SetBinary(o.Bin)
	}
	if err := t.Resolve(); err != nil {
		return nil, err
	}
	for _, profile := range o.Profiles {
		if !t.Claims(profile) {
			return nil, fmt.Errorf("--profile: %s does not claim %q; it claims %s", t.Name, profile,
				strings.Join(t.Profiles, " "))
		}
	}
	return t, nil
}

// checkSelection refuses an --only that selects nothing: a run that judges
// nothing must not look like one that passes.
func (p *plan) checkSelection() error {
	for _, glob := range append(append([]string{}, p.Only...), p.Skip...) {
		if !p.catalogue.Matches(glob) {
			return fmt.Errorf("%q matches no requirement of the catalogue; see: assay list%s",
				glob, p.catalogue.Hint(glob))
		}
	}
	return nil
}

// inheritance holds what the processes of a run get from the one above.
type inheritance struct {
	Options
	ProcsWhy string
}

// marshal gives the options to the processes of the run.
func (p *plan) marshal() string {
	text, err := json.Marshal(inheritance{p.Options, p.procsWhy})
	if err != nil {
		panic(err) // strings, numbers and booleans only
	}
	return optionsVariable + "=" + string(text)
}

// inherited reads the options that the process above gave.
func inherited() (inheritance, error) {
	var i inheritance
	err := json.Unmarshal([]byte(os.Getenv(optionsVariable)), &i)
	return i, err
}

// Started reports whether another process of a run started this one.
func Started() bool { return os.Getenv(optionsVariable) != "" }
