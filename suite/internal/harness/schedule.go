//go:build unix

package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/match"
)

// lockFile waits until no other process, nor another part of this one, has the
// file locked, and locks it. The kernel unlocks what a process leaves locked.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	locked := InBackground(func() error { return flock(file) })
	select {
	case err = <-locked:
	case <-ctx.Done():
		go func() { <-locked; file.Close() }() // it cannot be called off
		return nil, context.Cause(ctx)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return func() { file.Close() }, nil
}

func flock(file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			return err
		}
	}
}

// SchedulePatience bounds the schedule command, which computes for seconds: on a
// machine with much else to do it gets a small part of a processor. Specs
// that wait for another's command have some seconds more.
const SchedulePatience = 90 * time.Second

// Schedule runs the target's schedule command, once in a run: the specs that
// look at its output share it. Without a command the spec is skipped.
func (e *Env) Schedule() *match.Schedule {
	ginkgo.GinkgoHelper()
	cmd, err := e.setup.Target.ScheduleCommand(e.Dir, e.setup.Env)
	if err != nil {
		e.SkipUnless(false, err.Error())
	}
	result, err := e.schedule(cmd)
	e.Must(err)
	if result.Failure != "" {
		e.Fail("expected  a schedule command that exits with code 0\nseen      " + match.Indent(result.Failure))
	}
	schedule, err := match.ReadSchedule(result.Output)
	if err != nil {
		e.Fail("expected  the renewal schedule as JSON (see type Schedule)\nseen      " + match.Indent(err.Error()+"\n"+match.FirstLine(string(result.Output))))
	}
	e.Observe("schedule", "days played through", schedule.Span.Days())
	return schedule
}

// scheduleResult is what came of the schedule command.
type scheduleResult struct {
	Output  []byte
	Failure string // how it ended, if not as it should
}

// schedule runs the command, if no other spec of the run has: whoever comes
// first runs it, while the others wait.
func (e *Env) schedule(cmd *exec.Cmd) (result scheduleResult, err error) {
	ctx, cancel := e.within(SchedulePatience + 10*time.Second)
	defer cancel()
	path := filepath.Join(e.setup.Run.Scratch(), "schedule.json")
	unlock, err := lockFile(ctx, path+".lock")
	if err != nil {
		return result, fmt.Errorf("waiting for another spec's schedule command: %w", err)
	}
	defer unlock()
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		return result, json.Unmarshal(text, &result)
	case !errors.Is(err, fs.ErrNotExist):
		return result, err
	}
	if result, err = e.runSchedule(cmd); err != nil {
		return result, err
	}
	if text, err = json.Marshal(result); err != nil {
		return result, err
	}
	return result, os.WriteFile(path, text, 0o600)
}

// runSchedule runs the command as the target's: in the spec's world. The error
// is Assay's own.
func (e *Env) runSchedule(cmd *exec.Cmd) (result scheduleResult, err error) {
	ctx, cancel := e.within(SchedulePatience)
	defer cancel()
	var output, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &trouble
	if err := e.World.Start(cmd); err != nil {
		return result, fmt.Errorf("starting the schedule command: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { cmd.Process.Kill() })
	defer stop()
	err = cmd.Wait()
	result.Output = output.Bytes()
	switch {
	case ctx.Err() != nil:
		result.Failure = fmt.Sprintf("no end within %s", SchedulePatience)
	case err != nil:
		result.Failure = strings.TrimSpace(err.Error() + "\n" + trouble.String())
	}
	return result, nil
}
