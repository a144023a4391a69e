package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"assay/fixtures/mutants"
	"assay/scenarios"
	"assay/suite/report"
)

// A surveyor runs the suite against the server with its changes.
type surveyor struct {
	root, dir     string
	options       options
	assay, server string // paths of the executables
	reach         *reach
	catalogue     *scenarios.Catalogue
	likely        map[string][]string // see likelyOf
}

// reach says which specs reach which changes.
type reach struct {
	Sources string        `json:"sources"` // hash of the sources with the changes
	Specs   []spec        `json:"specs"`   // the cheapest first
	Points  map[int][]int `json:"points"`  // indices of specs, by the number of the point
}

// A spec is a requirement, or one of its cases.
type spec struct {
	Name       string `json:"name"` // ID or ID/case
	DurationMS int64  `json:"duration_ms"`
}

// selection returns the changes that the options select, in their order.
func selection(points []point, o options) ([]point, error) {
	var selected []point
	for _, p := range points {
		matches := len(o.Files) == 0
		for _, glob := range o.Files {
			ok, err := path.Match(glob, p.File)
			if err != nil {
				return nil, fmt.Errorf("--file: found %q, expected a glob: %w", glob, err)
			}
			matches = matches || ok
		}
		if matches && (len(o.Number) == 0 || slices.Contains(o.Number, p.Number)) {
			selected = append(selected, p)
		}
	}
	if len(selected) == 0 {
		return nil, errors.New("found no change that the options select, expected at least one")
	}
	return selected, nil
}

// sample chooses n of the changes, the same ones for the same seed.
func sample(points []point, n int, seed uint64) []point {
	if n <= 0 || n >= len(points) {
		return points
	}
	chosen := slices.Clone(points)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(chosen), func(i, j int) {
		chosen[i], chosen[j] = chosen[j], chosen[i]
	})
	chosen = chosen[:n]
	slices.SortFunc(chosen, func(a, b point) int { return a.Number - b.Number })
	return chosen
}

// hash identifies the sources with the changes.
func (p *program) hash() string {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(p.sources)) {
		fmt.Fprintf(sum, "%s\x00%s\x00", name, p.sources[name])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// reached runs the whole suite once, to see which specs reach which changes. It uses what
// the file of --reach holds if that is of the same sources.
func (s *surveyor) reached(ctx context.Context, p *program) (*reach, error) {
	r := &reach{}
	if s.options.Reach != "" {
		text, err := os.ReadFile(s.options.Reach)
		if err == nil && json.Unmarshal(text, r) == nil && r.Sources == p.hash() {
			return r, nil
		}
	}
	fmt.Fprintln(os.Stderr, "running the whole suite, to see which specs reach which change")
	got, err := s.run(ctx, "trace", "trace", "--keep")
	if err != nil {
		return nil, err
	}
	r = reachOf(got)
	r.Sources = p.hash()
	if len(r.Points) == 0 {
		return nil, errors.New("no spec reached any change, expected most")
	}
	if s.options.Reach != "" {
		text, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(s.options.Reach, text, 0o644); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// reachOf reads which spec reached what from the evidence of a run.
func reachOf(got *report.Report) *reach {
	by := map[string]map[int]bool{} // numbers of points, by spec
	var specs []spec
	add := func(name string, ms int64, e *report.Evidence) {
		if e == nil {
			return
		}
		for _, line := range e.Log {
			_, list, found := strings.Cut(line, "survey: ")
			if !found {
				continue
			}
			for word := range strings.FieldsSeq(list) {
				n, err := strconv.Atoi(word)
				if err != nil {
					break // a line that was cut, or mixed with another
				}
				if by[name] == nil {
					by[name] = map[int]bool{}
					specs = append(specs, spec{name, ms})
				}
				by[name][n] = true
			}
		}
	}
	for i := range got.Results {
		x := &got.Results[i]
		if len(x.Cases) == 0 {
			add(x.ID, x.DurationMS, x.Evidence)
			continue
		}
		for _, c := range x.Cases {
			e := c.Evidence
			if x.Evidence != nil && x.Evidence.Case == c.Case {
				e = x.Evidence
			}
			add(x.ID+"/"+c.Case, c.DurationMS, e)
		}
	}
	slices.SortStableFunc(specs, func(a, b spec) int {
		return cmp.Compare(a.DurationMS, b.DurationMS)
	})
	r := &reach{Specs: specs, Points: map[int][]int{}}
	for i, x := range specs {
		for _, n := range slices.Sorted(maps.Keys(by[x.Name])) {
			r.Points[n] = append(r.Points[n], i)
		}
	}
	return r
}

// run runs the suite with a value of the variable that says which change to make.
func (s *surveyor) run(
	ctx context.Context, name, value string, flags ...string,
) (*report.Report, error) {
	out := filepath.Join(s.dir, "report-"+name)
	defer os.RemoveAll(out)
	args := append([]string{
		"run", "--bin", s.server, "--env", "SURVEY_CHANGE=" + value, "--out", out, "--quiet", "--strict",
		"--no-probe", "--world", s.options.World,
	}, flags...)
	cmd := exec.CommandContext(ctx, s.assay, args...)
	// What is broken often omits what a spec waits for.
	cmd.Env = append(os.Environ(), "ASSAY_PATIENCE=10s")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 15 * time.Second
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, errors.New("interrupted")
	}
	got, err := report.Read(filepath.Join(out, report.ReportFile))
	if err != nil {
		return nil, fmt.Errorf("%w: assay run says: %s", err, bytes.TrimSpace(output))
	}
	return got, nil
}

// A result says what became of one change.
type result struct {
	point
	Reaching int      `json:"reaching"`         // specs that reach it
	Tried    int      `json:"tried"`            // specs that were run with it
	Caught   []string `json:"caught,omitempty"` // requirements that failed; of a survivor none
	Seconds  float64  `json:"seconds"`
	Error    string   `json:"error,omitempty"` // why there is no verdict
	// Because says why a survivor is no gap of the suite.
	Because string `json:"because,omitempty"`
}

// survey makes the changes, one after the other in each of several runs.
func (s *surveyor) survey(ctx context.Context, selected []point) ([]result, error) {
	within := slices.DeleteFunc(slices.Clone(selected), func(p point) bool {
		return len(s.reach.Points[p.Number]) == 0
	})
	chosen := sample(within, s.options.Sample, s.options.Seed)
	fmt.Fprintf(os.Stderr, "%d changes are selected, specs reach %d of them, making %d\n",
		len(selected), len(within), len(chosen))
	results := make([]result, len(chosen))
	var done atomic.Int32
	var all errgroup.Group
	all.SetLimit(max(1, s.options.AtOnce))
	for i, p := range chosen {
		all.Go(func() error {
			if ctx.Err() != nil {
				return nil
			}
			results[i] = s.try(ctx, p)
			if ctx.Err() == nil {
				fmt.Fprintf(os.Stderr, "[%d/%d] %-8s %s (%.1f s)\n",
					done.Add(1), len(chosen), results[i].verdict(), p, results[i].Seconds)
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, errors.New("interrupted")
	}
	return results, nil
}

// firstBatch is the number of specs that are run first. Most changes are noticed by
// several of the cheapest.
const firstBatch = 6

// order returns the specs that reach a change, in the order in which they are run: a few
// of the cheapest, those that fail with known-bad servers whose mistake is in the same
// file, then in the same directory, and the others; the cheapest first among each.
func (s *surveyor) order(p point) []int {
	all := s.reach.Points[p.Number]
	ordered := slices.Clone(all[:min(firstBatch, len(all))])
	rest := slices.Clone(all[len(ordered):])
	rank := func(i int) int {
		id, _, _ := strings.Cut(s.reach.Specs[i].Name, "/")
		switch {
		case slices.Contains(s.likely[p.File], id):
			return 0
		case slices.Contains(s.likely[path.Dir(p.File)], id):
			return 1
		}
		return 2
	}
	slices.SortStableFunc(rest, func(a, b int) int { return rank(a) - rank(b) })
	return append(ordered, rest...)
}

// likelyOf returns, by file and by directory of the server, the IDs of the requirements
// that fail with a known-bad server whose mistake is there.
func likelyOf(mistakes []mutants.Mistake) map[string][]string {
	likely := map[string][]string{}
	for _, m := range mistakes {
		for _, c := range m.Change {
			for _, name := range m.Fails {
				id, _, _ := strings.Cut(name, "/")
				likely[c.File] = append(likely[c.File], id)
				likely[path.Dir(c.File)] = append(likely[path.Dir(c.File)], id)
			}
		}
	}
	return likely
}

// try makes one change and runs specs that reach it until one fails.
func (s *surveyor) try(ctx context.Context, p point) (r result) {
	began := time.Now()
	reaching := s.order(p)
	r = result{point: p, Reaching: len(reaching)}
	defer func() { r.Seconds = time.Since(began).Seconds() }()
	if s.options.Most > 0 {
		reaching = reaching[:min(s.options.Most, len(reaching))]
	}
	for batch := firstBatch; len(reaching) > 0; batch *= 4 {
		now := reaching[:min(batch, len(reaching))]
		reaching = reaching[len(now):]
		var names []string
		for _, i := range now {
			names = append(names, s.reach.Specs[i].Name)
		}
		got, err := s.run(ctx, strconv.Itoa(p.Number), strconv.Itoa(p.Number),
			"--only", strings.Join(s.withNeeds(names), ","), "--fail-fast",
			"--procs", strconv.Itoa(min(8, len(now))))
		if err != nil {
			r.Error = err.Error()
			return r
		}
		r.Tried += len(now)
		if r.Caught = failures(got); len(r.Caught) > 0 {
			return r
		}
		if got.Error != "" {
			r.Error = got.Error
			return r
		}
	}
	return r
}

// withNeeds adds to specs the requirements that they need. A failure is not judged while
// what the requirement needs was not run.
func (s *surveyor) withNeeds(names []string) []string {
	all := slices.Clone(names)
	for i := 0; i < len(all); i++ { // the loop appends to all
		id, _, _ := strings.Cut(all[i], "/")
		r, _, _ := s.catalogue.Find(id)
		for _, need := range r.Needs {
			if need.ID != "" && !slices.Contains(all, need.ID) {
				all = append(all, need.ID)
			}
		}
	}
	return all
}

// verdict returns the result in one word.
func (r result) verdict() string {
	switch {
	case r.Error != "":
		return "error"
	case len(r.Caught) > 0:
		return "caught"
	}
	return "survived"
}
