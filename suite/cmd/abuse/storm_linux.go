package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"assay/suite/internal/processes"
	"assay/suite/report"
)

type stormOptions struct {
	Runs  int    `default:"10" help:"Runs at the same time."`
	Kills int    `default:"23" help:"Processes that are killed."`
	Seed  uint64 `help:"Seed of the choice of processes and times (default: by chance)."`
}

const (
	// grace is how long the rest of a run may take to end when its outer process was
	// killed.
	grace = 10 * time.Second
	// betweenKills is the longest time between two kills.
	betweenKills = 600 * time.Millisecond
	// stormWorkers is the number of workers of each run.
	stormWorkers = 4
)

// stormKinds are the servers of the runs.
var stormKinds = []string{"none", "sessions", "goes-on"}

// A strike is one process that was killed.
type strike struct {
	at   time.Duration
	run  int
	role string
	pid  int
}

// A struck run is one of those whose processes are killed.
type struck struct {
	attack attack
	place  place
	pid    int // of the process that supervises it
	ended  bool
	end    ending
	err    error
	memory memory
	roles  []string // of the processes that were killed
}

// run keeps runs going at the same time, kills processes of theirs, and checks what is left.
func (o stormOptions) run(ctx context.Context) (passed bool, err error) {
	for o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	attacks, err := attackOptions{Kinds: stormKinds}.attacks()
	if err != nil {
		return false, err
	}
	b, remove, err := newBench(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, remove()) }()
	fmt.Printf("%d runs at once, %d kills, --seed %d\n", o.Runs, o.Kills, o.Seed)
	s := &storm{bench: b, random: rand.New(rand.NewPCG(o.Seed, 0)), began: time.Now(),
		kills: o.Kills}
	group, ctx := errgroup.WithContext(ctx)
	for i := range o.Runs {
		group.Go(func() error {
			// Another run takes the place of one that has ended.
			for n := i; !s.done() && ctx.Err() == nil; n++ {
				run := &struck{attack: attacks[n%len(attacks)]}
				place, err := b.newPlace(run.attack.uid)
				if err != nil {
					return err
				}
				run.place = place
				s.make(ctx, run)
			}
			return ctx.Err()
		})
	}
	s.strikeAll(ctx)
	if err := group.Wait(); err != nil {
		return false, err
	}
	return s.conclude()
}

// A storm is some runs at the same time.
type storm struct {
	bench  *bench
	random *rand.Rand
	began  time.Time
	kills  int // how many there are to be

	mu      sync.Mutex
	strikes []strike
	runs    []*struck
}

// done reports whether enough processes were killed.
func (s *storm) done() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.strikes) >= s.kills
}

// make makes one run.
func (s *storm) make(ctx context.Context, run *struck) {
	s.mu.Lock()
	s.runs = append(s.runs, run)
	s.mu.Unlock()
	target := filepath.Join(run.place.dir, "target.yaml")
	err := s.bench.writeTarget(target, run.attack.kind)
	var end ending
	if err == nil {
		args := []string{s.bench.assay, "run", "--target", target, "--out", run.place.out,
			"--world", run.attack.world, "--only", strings.Join(selection, ","),
			"--procs", fmt.Sprint(stormWorkers)}
		end, err = s.bench.supervised(ctx, run.attack.uid, run.place, args, grace, &run.memory,
			func(pid int) { s.mu.Lock(); run.pid = pid; s.mu.Unlock() })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	run.end, run.err, run.ended = end, err, true
}

// strikeAll kills processes at moments chosen by chance, until there were enough.
func (s *storm) strikeAll(ctx context.Context) {
	for !s.done() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(s.random.Int64N(int64(betweenKills)))):
			s.strike()
		}
	}
}

// roles lists what processes of a run can be, each as often as it is to be chosen.
var roles = []string{"outer", "inner", "worker", "worker", "target", "target"}

// strike kills one process, of a role that is chosen first.
func (s *storm) strike() {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, err := processes.Table()
	if err != nil {
		return // the next look may succeed
	}
	type candidate struct {
		run  int
		role string
		pid  int
	}
	byRole := map[string][]candidate{}
	for i, run := range s.runs {
		if run.ended || run.pid == 0 {
			continue
		}
		below := processes.Below(run.pid, all)
		for _, p := range all {
			if !below[p.PID] {
				continue
			}
			if role := s.roleOf(p); role != "" {
				byRole[role] = append(byRole[role], candidate{i, role, p.PID})
			}
		}
	}
	role := roles[s.random.IntN(len(roles))]
	if found := byRole[role]; len(found) > 0 {
		slices.SortFunc(found, func(a, b candidate) int { return a.pid - b.pid })
		c := found[s.random.IntN(len(found))]
		if syscall.Kill(c.pid, syscall.SIGKILL) == nil {
			s.strikes = append(s.strikes, strike{time.Since(s.began), c.run, c.role, c.pid})
			s.runs[c.run].roles = append(s.runs[c.run].roles, c.role)
		}
	}
}

// roleOf returns what a process of a run is, "" if it is something else.
func (s *storm) roleOf(p processes.Process) string {
	executable, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.PID))
	switch {
	case err != nil || p.State == "Z":
		return ""
	case executable == s.bench.server:
		return "target"
	case executable != s.bench.assay:
		return ""
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID))
	if err != nil {
		return ""
	}
	for entry := range strings.SplitSeq(string(text), "\x00") {
		if stage, found := strings.CutPrefix(entry, "ASSAY_STAGE="); found {
			return stage // "probe" for one that only tries whether there are namespaces
		}
	}
	return "outer"
}

// conclude checks what is left of all runs.
func (s *storm) conclude() (passed bool, err error) {
	for _, k := range s.strikes {
		fmt.Printf("%6.2f s  run %2d  %-6s  process %d\n", k.at.Seconds(), k.run, k.role, k.pid)
	}
	passed = true
	printHead(os.Stdout)
	for i, run := range s.runs {
		if run.err != nil {
			return false, fmt.Errorf("run %d: %w", i, run.err)
		}
		o := outcome{title: fmt.Sprintf("run %d %s", i, run.attack), exit: run.end.Exit,
			took: run.end.Took, memory: run.memory}
		s.check(&o, run)
		o.counts += " killed: " + strings.Join(run.roles, " ")
		o.print(os.Stdout)
		passed = passed && len(o.findings) == 0
	}
	return passed, nil
}

// check checks what one run has left.
func (s *storm) check(o *outcome, run *struck) {
	if len(run.end.Left) > 0 {
		o.find("processes are left after %s: %s", grace, strings.Join(run.end.Left, ", "))
	}
	if o.took > mostTime {
		o.find("the run took %s, expected at most %s", o.took.Round(time.Second), mostTime)
	}
	o.checkFiles(run.place)
	if err := s.bench.checkMounts(o); err != nil {
		o.find("%v", err)
	}
	outer := slices.Contains(run.roles, "outer")
	r, err := run.place.readReport()
	switch {
	case outer && errors.Is(err, os.ErrNotExist): // nobody was left to write it
	case err != nil:
		o.find("the report: %v", err)
	case !outer && r.Exit != o.exit:
		o.find("the report says exit %d, the run ended with %d", r.Exit, o.exit)
	}
	want := []int{report.ExitOK, report.ExitFailed, report.ExitTrouble}
	if !outer && !slices.Contains(want, o.exit) || outer && o.exit != -1 {
		o.find("exit %d, expected one of %v, or -1 if the outer process was killed", o.exit, want)
	}
	if slices.Contains(run.roles, "inner") && !outer && o.exit != report.ExitTrouble {
		o.find("exit %d although the inner process was killed, expected %d", o.exit, report.ExitTrouble)
	}
}
