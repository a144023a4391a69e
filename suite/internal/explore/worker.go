package explore

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"

	"github.com/onsi/gomega"

	"assay/suite/internal/explore/life"
	"assay/suite/internal/harness"
	"assay/suite/internal/inner"
	"assay/suite/internal/patience"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// workerVariable makes a process a worker, and is its number.
const workerVariable = "ASSAY_EXPLORE_WORKER"

// A worker is a process that leads servers through walks, one after the other. Each needs a
// process of its own, since time passes for a server only while its process does nothing.
type worker struct {
	number int
	mu     sync.Mutex
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *json.Decoder
}

// begin starts the process.
func (w *worker) begin() error {
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(executable)
	cmd.Env = append(os.Environ(), workerVariable+"="+strconv.Itoa(w.number), "GOMAXPROCS=1")
	cmd.Stderr = os.Stderr
	if w.in, err = cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	w.cmd, w.out = cmd, json.NewDecoder(out)
	return cmd.Start()
}

// lead sends a walk and waits for its outcome.
func (w *worker) lead(walk Walk) (o life.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, err := json.Marshal(walk)
	if err == nil {
		_, err = w.in.Write(append(text, '\n'))
	}
	if err == nil {
		err = w.out.Decode(&o)
	}
	if err != nil {
		return life.Outcome{Error: fmt.Sprintf("the worker process has ended: %v", err)}
	}
	return o
}

// end ends the process.
func (w *worker) end() {
	if w.cmd == nil || w.cmd.Process == nil {
		return
	}
	w.in.Close()
	_ = w.cmd.Wait()
}

// interrupt makes the process end what it does.
func (w *worker) interrupt() {
	if w.cmd != nil && w.cmd.Process != nil {
		_ = w.cmd.Process.Signal(syscall.SIGTERM)
	}
}

// work does the work of a worker until there is no further walk.
func work(ctx context.Context, inside *world.Run, o Options) int {
	number, err := strconv.Atoi(os.Getenv(workerVariable))
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	target, err := inner.Load(o.Target, o.Bin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	gomega.RegisterFailHandler(harness.FailAssertion)
	setup := harness.Setup{
		Target: target, Run: inside, Env: o.Env, Recorder: patience.Start(), Covdata: o.Covdata,
	}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for serial := 0; ; serial++ {
		var w Walk
		if in.Decode(&w) != nil {
			return report.ExitOK // there is no further one
		}
		if err := out.Encode(life.Lead(ctx, setup, w, number, serial)); err != nil {
			return report.ExitTrouble
		}
		setup.Recorder.Forget()
	}
}
