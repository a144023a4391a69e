package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"assay/suite/internal/clock"
	"assay/suite/internal/sut"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// optionsVariable carries the options to the inner process.
const optionsVariable = "ASSAY_LIVE"

// message carries an event, the life, or why there is none, from the inner process to
// the outer one.
type message struct {
	Event *Event `json:"event,omitempty"`
	Life  *Life  `json:"life,omitempty"`
	Error string `json:"error,omitempty"`
}

// This makes the process that Run starts the inner one.
func init() {
	if os.Getenv(optionsVariable) != "" {
		os.Exit(child())
	}
}

// Run takes a target through time, in a world of its own, and returns its life. It calls
// tell for each event as it happens. ErrInterrupted says that a signal ended it.
func Run(ctx context.Context, o Options, tell func(Event)) (*Life, error) {
	target, err := load(o)
	if err != nil {
		return nil, err
	}
	if o, err = o.complete(); err != nil {
		return nil, err
	}
	if err := clock.Available(); err != nil {
		return nil, err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	needs := []string{target.Command[0]}
	if target.File != "" {
		needs = append(needs, filepath.Dir(target.File)) // scripts may lie beside it
	}
	var life *Life
	var failure string
	outer := world.Outer{
		Kind: world.Kind(o.World), Needs: needs,
		Env:    append(os.Environ(), optionsVariable+"="+string(text)),
		Stdout: os.Stderr, Stderr: os.Stderr,
		Messages: func(r io.Reader) {
			decoder := json.NewDecoder(r)
			for {
				var m message
				if decoder.Decode(&m) != nil {
					return // the end of the stream, or of what can be read of it
				}
				if m.Event != nil {
					tell(*m.Event)
				}
				if m.Life != nil {
					life = m.Life
				}
				if m.Error != "" {
					failure = m.Error
				}
			}
		},
	}
	exit, err := outer.Run(ctx)
	switch {
	case exit == report.ExitInterrupted:
		return nil, ErrInterrupted
	case err != nil:
		return nil, err
	case failure != "":
		return nil, errors.New(failure)
	case life == nil:
		return nil, fmt.Errorf("the inner process ended without a result (exit %d)", exit)
	}
	return life, nil
}

// ErrInterrupted is the error of a life that a signal ended.
var ErrInterrupted = errors.New("interrupted")

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
	send(message{Life: life})
	return report.ExitOK
}

// load loads the target.
func load(o Options) (*sut.Target, error) {
	t, err := sut.Load(o.Target, nil)
	if err != nil {
		return nil, err
	}
	if o.Bin != "" {
		t.SetBinary(o.Bin)
	}
	return t, t.Resolve()
}
