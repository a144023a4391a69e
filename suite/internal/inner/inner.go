// Package inner lets a command do its work in an inner process, inside of a world, which
// tells the outer process what happens.
package inner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"assay/suite/internal/sut"
	"assay/suite/internal/world"
	"assay/suite/report"
)

// A Message carries an event, the result, or why there is none, from the inner process to
// the outer one. The inner process writes messages in JSON to [world.Run.Messages].
type Message[E, R any] struct {
	Event  *E     `json:"event,omitempty"`
	Result *R     `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

// ErrInterrupted says that a signal ended the inner process.
var ErrInterrupted = errors.New("interrupted")

// Load loads a target, and puts bin in the place of its executable unless bin is "".
func Load(target, bin string) (*sut.Target, error) {
	t, err := sut.Load(target, nil)
	if err != nil {
		return nil, err
	}
	if bin != "" {
		t.SetBinary(bin)
	}
	return t, t.Resolve()
}

// Run starts the inner process in a world of this kind, which the target and the further
// files that the inner process needs can reach, with the options in a variable of its
// environment, and calls tell for each of its events. With ErrInterrupted it returns the result
// too, if there is one.
func Run[E, R any](
	ctx context.Context, kind string, target *sut.Target, further []string,
	variable string, options any, tell func(E),
) (*R, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	needs := append([]string{target.Command[0]}, further...)
	if target.File != "" {
		needs = append(needs, filepath.Dir(target.File)) // scripts may lie beside it
	}
	var last Message[E, R] // without its event
	outer := world.Outer{
		Kind: world.Kind(kind), Needs: needs,
		Env:    append(os.Environ(), variable+"="+string(text)),
		Stdout: os.Stderr, Stderr: os.Stderr,
		Messages: func(r io.Reader) {
			decoder := json.NewDecoder(r)
			for {
				var m Message[E, R]
				if decoder.Decode(&m) != nil {
					return // the end of the stream, or of what can be read of it
				}
				if m.Event != nil {
					tell(*m.Event)
				}
				if m.Result != nil || m.Error != "" {
					last = m
				}
			}
		},
	}
	exit, err := outer.Run(ctx)
	switch {
	case exit == report.ExitInterrupted:
		return last.Result, ErrInterrupted
	case err != nil:
		return nil, err
	case last.Error != "":
		return nil, errors.New(last.Error)
	case last.Result == nil:
		return nil, fmt.Errorf("the inner process ended without a result (exit %d)", exit)
	}
	return last.Result, nil
}
