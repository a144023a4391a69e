package run

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	ginkgorun "github.com/onsi/ginkgo/v2/ginkgo/command"
	"github.com/onsi/ginkgo/v2/ginkgo/run"
	"github.com/onsi/gomega"

	"assay/suite/internal/harness"
	"assay/suite/internal/limits"
	"assay/suite/internal/patience"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// workerVariable marks the processes that Ginkgo started to run specs.
const workerVariable = "ASSAY_WORKER"

// afterSignal is how long the workers of an interrupted run may take to end.
// Whoever interrupts a run kills it after some seconds, and the report has to
// be written before.
const afterSignal = 4 * time.Second

// startWorkers runs specs in parallel, as the ginkgo command would: this
// executable, under a name that the command takes for a compiled suite, is
// started once for each worker. It returns the outcomes that the workers left
// in the directory results, and those of cases whose workers have ended before. Unless
// notice is nil, it gets the outcomes as the cases end.
func (p *plan) startWorkers(interrupted context.Context, inside *world.Run, results string,
	procs int, notice func([]outcome)) (ended, lost []outcome, err error) {
	if err := os.Mkdir(results, 0o700); err != nil {
		return nil, nil, err
	}
	link := filepath.Join(results, "assay.test")
	executable, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	if err := os.Symlink(executable, link); err != nil {
		return nil, nil, err
	}
	os.Setenv(workerVariable, "1")
	if os.Getenv("GOMAXPROCS") == "" {
		// There are more workers than processors: each is one thread's work.
		os.Setenv("GOMAXPROCS", "1")
	}
	os.Setenv(harness.ResultsVariable, results)
	if notice != nil {
		following, stop := context.WithCancel(interrupted)
		var follower sync.WaitGroup
		follower.Go(func() { follow(following, results, notice) })
		defer func() { stop(); follower.Wait() }()
	}
	tending, leave := context.WithCancel(context.Background())
	stopped := make(chan []int, 1)
	go func() { stopped <- inside.Tend(tending) }()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runGinkgo([]string{
			fmt.Sprintf("--procs=%d", procs),
			"--output-dir=" + inside.Scratch(),
			"--no-color", "--succinct", "--keep-going",
			// Servers under test write to pipes of their own: nothing is to be
			// intercepted, and interception costs a second where a child lives on.
			"--output-interceptor-mode=none",
			link,
		})
	}()
	select {
	case <-done:
	case <-interrupted.Done():
		select {
		case <-done:
		case <-time.After(afterSignal):
		}
	}
	leave()
	killed := <-stopped
	ended, begun, err := readOutcomes(results)
	if interrupted.Err() != nil {
		return ended, nil, err
	}
	return ended, lostOf(ended, begun, killed), err
}

// lostOf returns outcomes for the cases that have begun and not ended, because their
// workers were killed. killed are the workers that Assay killed itself, because
// something had stopped them.
func lostOf(ended, begun []outcome, killed []int) (lost []outcome) {
	for _, o := range begun {
		name := o.name()
		if slices.ContainsFunc(ended, func(e outcome) bool { return e.name() == name }) {
			continue
		}
		o.Began = false
		o.Reason = "its worker process was killed while the case ran: by the target, where nothing " +
			"keeps it from that, by the kernel for want of memory, or by hand"
		if slices.Contains(killed, o.Worker) {
			o.Reason = "its worker process was stopped (SIGSTOP) while the case ran, by the target, where " +
				"nothing keeps it from that, or by hand, and Assay killed it"
		}
		lost = append(lost, o)
	}
	return lost
}

// runGinkgo calls the ginkgo command's run. That call always ends in a panic,
// which carries the exit code that a command line would see.
func runGinkgo(args []string) (exit int) {
	defer func() {
		ended := recover()
		if details, ok := ended.(ginkgorun.AbortDetails); ok {
			exit = details.ExitCode
			if details.Error != nil {
				fmt.Fprintln(os.Stderr, details.Error)
			}
			return
		}
		if ended != nil {
			panic(ended)
		}
	}()
	run.BuildRunCommand().Run(args, nil)
	return 0
}

// work does the work of a worker: it takes specs from Ginkgo's queue until there
// are none.
func (p *plan) work(inside *world.Run) int {
	testing.Init() // flags of go test, which the ginkgo command gives
	flag.Parse()
	results := os.Getenv(harness.ResultsVariable)
	if results == "" && !p.NoProbe { // a process of ginkgo -p: nobody probed before
		if err := p.probe(context.Background(), inside); err != nil {
			fmt.Fprintln(os.Stderr, "assay:", err)
			return report.ExitTrouble
		}
	}
	// A worker's heap is small and lives for a minute. There are many workers.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(limits.Worker)
	p.recorder = patience.Start()
	if !p.runSpecs(inside, results) {
		return report.ExitFailed
	}
	return report.ExitOK
}

// runSpecs registers the specs and runs this process's share of them. It leaves
// each outcome in the directory results, if there is one, when the spec ends.
func (p *plan) runSpecs(inside *world.Run, results string) bool {
	gomega.RegisterFailHandler(harness.FailAssertion)
	register(p, inside)
	if results != "" {
		ginkgo.ReportAfterEach(func(spec ginkgo.SpecReport) {
			o, ok := outcomeOf(spec)
			if !ok {
				o, ok = unfinished(spec)
			}
			if !ok {
				return // the spec never began
			}
			p.countStarved(o)
			if err := o.write(results, ginkgo.GinkgoParallelProcess()); err != nil {
				fmt.Fprintln(os.Stderr, "assay: writing an outcome:", err)
			}
		})
	}
	suiteConfig, reporterConfig := ginkgo.GinkgoConfiguration()
	suiteConfig.GracePeriod = time.Second
	// Whatever else is in the tree is not Assay's.
	if filter := suiteConfig.LabelFilter; filter != "" { // the user's, by ginkgo -p
		suiteConfig.LabelFilter = "(" + filter + ") && " + ownLabel
	} else {
		suiteConfig.LabelFilter = ownLabel
	}
	// Without this, a spec's priority has no effect within its chapter.
	suiteConfig.RandomizeAllSpecs = true
	return ginkgo.RunSpecs(silentT{}, "Assay", suiteConfig, reporterConfig)
}

// silentT stands where Ginkgo expects a *testing.T. What failed is in the
// report.
type silentT struct{}

// Fail does nothing.
func (silentT) Fail() {}
