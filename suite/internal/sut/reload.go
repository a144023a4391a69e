package sut

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"go.yaml.in/yaml/v4"

	"assay/scenarios/strictyaml"
	"assay/suite/internal/limits"
)

// Reload says how a server takes up a certificate that was replaced on disk. At
// most one of Signal, Command and Watch is set. A server without any of them has
// to be restarted.
type Reload struct {
	// Signal is the signal that makes the server read its files again.
	Signal Signal `yaml:"signal" jsonschema:"oneof_required=signal"`
	// Command is a command line that makes the server read its files again, such
	// as "nginx -s reload". It runs in the server's world, with the server's
	// environment and working directory. Its first word is found as that of the
	// server's command; the others are templates, which see .PID too.
	Command []string `yaml:"command" jsonschema:"oneof_required=command,minItems=1,minLength=1"`
	// Watch says that the server sees by itself when the files change.
	Watch bool `yaml:"watch" jsonschema:"oneof_required=watch"`
	// Within is how long the server may take to serve a good certificate, on a
	// machine with nothing else to do. Tests give it 20s at least.
	Within time.Duration `yaml:"within"`
}

// The short forms of reload.
const (
	reloadSIGHUP = "SIGHUP" // when the server gets this signal
	reloadWatch  = "watch"  // by itself, when the files change
	reloadNone   = "none"   // only when the server is restarted; the default
)

// UnmarshalYAML reads the short form, see [Reload.Shorthand], or the mapping.
func (r *Reload) UnmarshalYAML(n *yaml.Node) error {
	type long Reload
	return strictyaml.LoadShorthand(n, r, (*long)(r),
		"one of SIGHUP, watch, none, or a mapping with signal, command or watch")
}

// Shorthand reads one of the short forms SIGHUP, watch and none.
func (r *Reload) Shorthand(text string) bool {
	switch text {
	case reloadSIGHUP:
		*r = Reload{Signal: Signal{syscall.SIGHUP}}
	case reloadWatch:
		*r = Reload{Watch: true}
	case reloadNone:
		*r = Reload{}
	default:
		return false
	}
	return true
}

// Offered reports whether the server takes up certificates while it runs.
func (r Reload) Offered() bool {
	return r.Watch || r.Signal.Signal != 0 || len(r.Command) > 0
}

// reloading is the stream of what the reload command writes.
const reloading Stream = "reload"

// Reload lets the server know that its files have changed, as the target file
// says: it sends the signal, or runs the command and adds what the command writes
// to the server's log. It does nothing for a server that watches its files, or
// that has ended. If the target wants certificate and key in one file, that file
// is written first. The error says that the command cannot be run, or did not end
// before the context did. A command that exits with another code than 0 leaves a
// note in the log.
func (p *Process) Reload(ctx context.Context) error {
	if err := p.launch.combine(); err != nil {
		return err
	}
	how := p.launch.target.Reload
	switch {
	case p.hasExited():
		return nil
	case how.Signal.Signal != 0:
		if err := p.Signal(how.Signal.Signal); !errors.Is(err, os.ErrProcessDone) {
			return err
		}
	case len(how.Command) > 0:
		return p.runReload(ctx)
	}
	return nil
}

// runReload runs the reload command.
func (p *Process) runReload(ctx context.Context) error {
	v := p.launch.data
	v.PID = p.cmd.Process.Pid
	words := p.launch.target.Reload.Command
	args := []string{words[0]}
	for i, word := range words[1:] {
		word, err := v.render(fmt.Sprintf("reload.command[%d]", i+1), word)
		if err != nil {
			return err
		}
		args = append(args, word)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env, cmd.Dir = p.launch.Env, p.launch.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = limits.Drain
	lines := newSplitter(p.log, reloading)
	cmd.Stdout, cmd.Stderr = lines, lines
	if err := p.start(cmd); err != nil {
		return fmt.Errorf("reload.command: %w", err)
	}
	err := cmd.Wait()
	lines.close()
	if exit := (*exec.ExitError)(nil); ctx.Err() != nil {
		return fmt.Errorf("reload.command %q did not end: %w", args, context.Cause(ctx))
	} else if errors.As(err, &exit) {
		p.log.add(Note, fmt.Sprintf("the reload command ended: %v", exit), 0)
	}
	return nil
}
