package run

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/onsi/ginkgo/v2"
	ginkgorun "github.com/onsi/ginkgo/v2/ginkgo/command"
	"github.com/onsi/ginkgo/v2/ginkgo/run"
	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/internal/harness"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// workerVariable marks the processes that Ginkgo started to run specs.
const workerVariable = "ASSAY_WORKER"

// Child does what the run above started this process for, and returns the
// exit code.
func Child() int {
	inside, err := world.Join()
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	o, err := inherited()
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay: reading the run's options:", err)
		return report.ExitTrouble
	}
	p, err := makePlan(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	if os.Getenv(workerVariable) != "" {
		return p.work(inside)
	}
	return p.coordinate(inside)
}

// coordinate is the inner process: probe, specs, report.
func (p *plan) coordinate(inside *world.Run) int {
	c := conclusion{started: time.Now(), kind: inside.Kind(), reason: inside.Reason()}
	interrupted, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	if !p.NoProbe {
		c.err = p.probe(interrupted, inside)
	}
	if c.err == nil && !p.ProbeOnly && interrupted.Err() == nil {
		ended := context.AfterFunc(interrupted, remind)
		c.ginkgo, c.err = p.startWorkers(inside)
		ended()
	}
	c.interrupted = interrupted.Err() != nil
	c.err = errors.Join(c.err, p.askVersion(inside))
	r := p.conclude(c)
	if err := report.Write(p.Out, r); err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	return r.Exit
}

// askVersion starts the target's version command as every start of the target:
// in a world, without the run's capabilities.
func (p *plan) askVersion(inside *world.Run) error {
	w, err := inside.Open(0, 0)
	if err != nil {
		p.target.AskVersion(func(*exec.Cmd) error { return err })
		return err
	}
	p.target.AskVersion(w.Start)
	return w.Close()
}

// remind interrupts the whole process group again, every second until this
// process ends: a worker that was just starting missed the first signal.
func remind() {
	for range time.Tick(time.Second) {
		syscall.Kill(0, syscall.SIGINT)
	}
}

// startWorkers runs the specs in parallel, as the ginkgo command would: this
// executable, under a name that the command takes for a compiled suite, is
// started once for each worker.
func (p *plan) startWorkers(inside *world.Run) (types.Report, error) {
	results := filepath.Join(inside.Scratch(), "ginkgo.json")
	link := filepath.Join(inside.Scratch(), "assay.test")
	executable, err := os.Executable()
	if err != nil {
		return types.Report{}, err
	}
	if err := os.Symlink(executable, link); err != nil {
		return types.Report{}, err
	}
	os.Setenv(workerVariable, "1")
	if os.Getenv("GOMAXPROCS") == "" {
		// There are more workers than processors: each is one thread's work.
		os.Setenv("GOMAXPROCS", "1")
	}
	os.Setenv(harness.ResultsVariable, results)
	args := []string{
		fmt.Sprintf("--procs=%d", p.setup(inside).Workers(inside.Kind(), min(p.Procs, max(1, p.count())))),
		"--output-dir=" + inside.Scratch(),
		"--no-color", "--succinct", "--keep-going",
		// Servers under test write to pipes of their own: nothing is to be
		// intercepted, and interception costs a second where a child lives on.
		"--output-interceptor-mode=none",
		link,
	}
	runGinkgo(args)
	text, err := os.ReadFile(results)
	if errors.Is(err, fs.ErrNotExist) {
		return types.Report{}, errors.New("the workers ended without results")
	}
	if err != nil {
		return types.Report{}, err
	}
	var r types.Report
	return r, json.Unmarshal(text, &r)
}

// runGinkgo calls the ginkgo command's run; it always ends in a panic, which
// carries the exit code that a command line would see.
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

// work is a worker: it takes specs from Ginkgo's queue until there are none.
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
	if !p.runSpecs(inside, results) {
		return report.ExitFailed
	}
	return report.ExitOK
}

// runSpecs registers the specs and runs this process's share of them. The
// first worker leaves Ginkgo's whole report in the file results, if any.
func (p *plan) runSpecs(inside *world.Run, results string) bool {
	register(p, inside)
	if results != "" {
		ginkgo.ReportAfterSuite("results", func(r types.Report) {
			text, err := json.Marshal(r)
			if err == nil {
				err = os.WriteFile(results, text, 0o600)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, "assay: writing the results:", err)
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
	suiteConfig.RandomizeAllSpecs = true // else a spec's priority says nothing within its chapter
	return ginkgo.RunSpecs(silentT{}, "Assay", suiteConfig, reporterConfig)
}

// silentT satisfies Ginkgo where there is no *testing.T: what failed is in
// the report.
type silentT struct{}

func (silentT) Fail() {}
