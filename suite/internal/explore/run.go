package explore

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"assay/suite/internal/clock"
	"assay/suite/internal/explore/life"
	"assay/suite/internal/harness"
	"assay/suite/internal/inner"
	"assay/suite/internal/sut"
	"assay/suite/internal/version"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// optionsVariable carries the options to the inner process and to the workers.
const optionsVariable = "ASSAY_EXPLORE"

// message carries an event, the result, or why there is none.
type message = inner.Message[Event, Result]

// This makes the process that Run starts the inner one, and those that the inner one starts
// the workers.
func init() {
	if os.Getenv(optionsVariable) != "" {
		os.Exit(child())
	}
}

// Run leads a target through random lives, each in a world of its own, and returns what came
// of them. It calls tell for each event as it happens. ErrInterrupted says that a signal
// ended it before anything was found.
func Run(ctx context.Context, o Options, tell func(Event)) (*Result, error) {
	target, err := inner.Load(o.Target, o.Bin)
	if err != nil {
		return nil, err
	}
	claimed := life.ModesOf(target)
	switch {
	case len(claimed) == 0:
		return nil, fmt.Errorf("target %s: it claims none of byo, http-01 and tls-alpn-01, expected "+
			"one at least", target.Name)
	case o.Play != nil && !slices.Contains(claimed, o.Play.Mode):
		return nil, fmt.Errorf("target %s: it does not claim what the walk's mode %s needs",
			target.Name, o.Play.Mode)
	}
	if err := clock.Available(); err != nil {
		return nil, err
	}
	var needs []string
	if o.Covdata != "" {
		needs = append(needs, o.Covdata)
	}
	return inner.Run[Event, Result](ctx, o.World, target, needs, optionsVariable, o, tell)
}

// child does the work of the inner process, or of a worker, and returns its exit code.
func child() int {
	inside, err := world.Join()
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	var o Options
	if err := json.Unmarshal([]byte(os.Getenv(optionsVariable)), &o); err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	ctx, stop := signal.NotifyContext(context.Background(),
		os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	part := coordinate
	if os.Getenv(workerVariable) != "" {
		part = work
	}
	exit := part(ctx, inside, o)
	if err := inside.End(); err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
	}
	return exit
}

// coordinate does the work of the inner process.
func coordinate(ctx context.Context, inside *world.Run, o Options) int {
	encoder := json.NewEncoder(inside.Messages())
	messages := make(chan message)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for m := range messages {
			_ = encoder.Encode(m) // the outer process may be gone
		}
	}()
	result, err := huntIn(ctx, inside, o, func(e Event) { messages <- message{Event: &e} })
	exit := report.ExitOK
	if err != nil {
		messages <- message{Error: err.Error()}
		exit = report.ExitTrouble
	} else {
		messages <- message{Result: result}
	}
	close(messages)
	<-sent
	return exit
}

// huntIn starts the workers and hunts.
func huntIn(
	ctx context.Context, inside *world.Run, o Options, tell func(Event),
) (*Result, error) {
	target, err := inner.Load(o.Target, o.Bin)
	if err != nil {
		return nil, err
	}
	if err := askVersion(ctx, inside, target); err != nil {
		return nil, err
	}
	free := make(chan *worker, o.Workers)
	var workers []*worker
	defer func() {
		for _, w := range workers {
			w.end()
		}
	}()
	for i := range o.Workers {
		w := &worker{number: i + 1}
		if err := w.begin(); err != nil {
			return nil, fmt.Errorf("starting a worker: %w", err)
		}
		workers = append(workers, w)
		free <- w
	}
	defer context.AfterFunc(ctx, func() {
		for _, w := range workers {
			w.interrupt()
		}
	})()
	h := &hunt{
		o: o, modes: life.ModesOf(target), tell: tell,
		lead: func(_ context.Context, walk Walk) life.Outcome {
			w := <-free
			defer func() { free <- w }()
			return w.lead(walk)
		},
		result: Result{
			Schema: 1, Assay: version.Current().String(), Target: target.Name,
			Version: target.Version(), World: string(inside.Kind()), Seed: o.Seed,
		},
	}
	return h.run(ctx)
}

// askVersion asks the target for its version, in a world.
func askVersion(ctx context.Context, inside *world.Run, target *sut.Target) error {
	e, err := harness.Open(ctx, harness.Setup{Target: target, Run: inside}, life.Requirement,
		life.Case, 0, 0)
	if err != nil {
		return err
	}
	target.AskVersion(e.World.Start)
	target.Version()
	return e.Close()
}
