package live

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"assay/suite/internal/clock"
	"assay/suite/internal/inner"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// optionsVariable carries the options to the inner process.
const optionsVariable = "ASSAY_LIVE"

// message carries an event, the life, or why there is none.
type message = inner.Message[Event, Life]

// This makes the process that Run starts the inner one.
func init() {
	if os.Getenv(optionsVariable) != "" {
		os.Exit(child())
	}
}

// Run takes a target through time, in a world of its own, and returns its life. It calls
// tell for each event as it happens. ErrInterrupted says that a signal ended it.
func Run(ctx context.Context, o Options, tell func(Event)) (*Life, error) {
	target, err := inner.Load(o.Target, o.Bin)
	if err != nil {
		return nil, err
	}
	if o, err = o.complete(); err != nil {
		return nil, err
	}
	if err := clock.Available(); err != nil {
		return nil, err
	}
	life, err := inner.Run[Event, Life](ctx, o.World, target, nil, optionsVariable, o, tell)
	if err != nil {
		return nil, err
	}
	return life, nil
}

// ErrInterrupted is the error of a life that a signal ended.
var ErrInterrupted = inner.ErrInterrupted

// child does the work of the inner process and returns its exit code.
func child() int {
	inside, err := world.Join()
	if err != nil {
		fmt.Fprintln(os.Stderr, "assay:", err)
		return report.ExitTrouble
	}
	encoder := json.NewEncoder(inside.Messages())
	send := func(m message) { _ = encoder.Encode(m) } // the outer process may be gone
	var o Options
	if err := json.Unmarshal([]byte(os.Getenv(optionsVariable)), &o); err != nil {
		send(message{Error: err.Error()})
		return report.ExitTrouble
	}
	ctx, stop := signal.NotifyContext(context.Background(),
		os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	life, err := live(ctx, o, inside, func(e Event) { send(message{Event: &e}) })
	if err != nil {
		send(message{Error: err.Error()})
		return report.ExitTrouble
	}
	send(message{Result: life})
	return report.ExitOK
}
