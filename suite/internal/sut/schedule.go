package sut

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// ScheduleCommand returns the schedule command without starting it. dir is its own
// directory, and pairs are further KEY=VALUE for its environment. The error says
// why there is no command: the target file names none, or its executable is not
// found. Only tests that need the command should fail then.
func (t *Target) ScheduleCommand(dir string, pairs []string) (*exec.Cmd, error) {
	if len(t.Schedule) == 0 {
		return nil, fmt.Errorf("the target file of %s names no schedule command", t.Name)
	}
	if !filepath.IsAbs(t.Schedule[0]) {
		if t.replaced {
			return nil, fmt.Errorf("found no %s beside %s, expected the command that prints the "+
				"renewal schedule of that build (see CONTRACTS.md%s)",
				t.Schedule[0], filepath.Base(t.Command[0]), byMake(t))
		}
		return nil, fmt.Errorf("found no %s beside %s or on PATH, expected the command that the "+
			"target file of %s names as schedule (see CONTRACTS.md%s)", t.Schedule[0],
			filepath.Base(t.Command[0]), t.Name, byMake(t))
	}
	env := environment(dir)
	setAll(env, pairs)
	if err := os.MkdirAll(env["TMPDIR"], 0o700); err != nil {
		return nil, err
	}
	args := slices.Clone(t.Schedule)
	return &exec.Cmd{Path: args[0], Args: args, Env: joinPairs(env), Dir: dir}, nil
}

// byMake says what makes the schedule command of the reference server.
func byMake(t *Target) string {
	if t.Name != Reference {
		return ""
	}
	return "; make build makes both"
}

// resolveSchedule looks for the executable of the schedule command: a name
// without a slash in the directory of the server's executable, then on PATH. If
// the server's executable was replaced, only a command of that name in the
// directory of the new executable counts, since any other one belongs to another
// build. A name that is not found stays unchanged.
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
