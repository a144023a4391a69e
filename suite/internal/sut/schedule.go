package sut

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ScheduleCommand is the schedule command, not started, with dir as its own
// directory and the environment that servers get; pairs are further KEY=VALUE.
// The error says why there is none: the target file names none, or its
// executable is not to be found, for which nothing else of a run should fail.
func (t *Target) ScheduleCommand(dir string, pairs []string) (*exec.Cmd, error) {
	if len(t.Schedule) == 0 {
		return nil, fmt.Errorf("the target file of %s names no schedule command", t.Name)
	}
	if !filepath.IsAbs(t.Schedule[0]) {
		if t.replaced {
			return nil, fmt.Errorf("no %s lies beside the executable that took the place of the server's own", t.Schedule[0])
		}
		return nil, fmt.Errorf("the schedule command %s is not to be found", t.Schedule[0])
	}
	env := environment(dir)
	setAll(env, pairs)
	if err := os.MkdirAll(env["TMPDIR"], 0o700); err != nil {
		return nil, err
	}
	return &exec.Cmd{Path: t.Schedule[0], Args: slices.Clone(t.Schedule), Env: joinPairs(env), Dir: dir}, nil
}

// resolveSchedule looks for the schedule command. Of one server, executables
// lie together: a name without a slash is looked for beside the server's own,
// then on PATH. Where another executable took the place of the server's own, a
// command of that name beside it is the only one that goes with it, wherever
// the target file would have it: any other speaks for another build. One that
// is not found stays a name.
func (t *Target) resolveSchedule() {
	if len(t.Schedule) == 0 {
		return
	}
	name := t.Schedule[0]
	if t.replaced {
		name = filepath.Base(name)
		t.Schedule[0] = name
	}
	if !strings.ContainsRune(name, filepath.Separator) {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(t.Command[0]), name)); err == nil {
			t.Schedule[0] = path
			return
		}
	}
	if t.replaced {
		return
	}
	if path, err := t.findExecutable(name); err == nil {
		t.Schedule[0] = path
	}
}
