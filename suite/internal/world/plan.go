package world

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Environment variables that tell a process which part of the run it is.
const (
	envStage = "ASSAY_STAGE" // inner, worker or probe; not set outside of a run
	envPlan  = "ASSAY_PLAN"  // the plan as JSON
	envMark  = "ASSAY_RUN"   // the run's mark, by which its processes are found
)

const (
	stageInner  = "inner"
	stageWorker = "worker"
	stageProbe  = "probe"
)

// Descriptors that the outer process hands to the inner one.
const (
	fdLifeline = 3 // reading end of a pipe whose writing end the outer process holds
	fdRelay    = 4 // socket over which the inner process sends the relay's listener
)

// runUID is the ID of the run's only user, and of its group, in the namespace
// world. It is not 0, so that targets do not behave as they do for root. Outside of
// the run, a run of root's has an ID that owns nothing.
const runUID = 1000

// ownExecutable returns the path of this program.
func ownExecutable() (string, error) {
	path, err := os.Executable()
	if _, missing := os.Stat("/proc/self"); err != nil && runtime.GOOS == "linux" && missing != nil {
		return "", fmt.Errorf("/proc is not mounted, without which Assay finds neither itself nor "+
			"the processes of a run: %w", err)
	}
	return path, err
}

// plan tells the processes of a run how the run is set up.
type plan struct {
	Kind     Kind
	Reason   string   // why the kind is Loopback
	Mark     string   // value of envMark
	Scratch  string   // the run's temporary directory
	Tmpfs    string   // where the private tmpfs is mounted; namespace world only
	PIDs     bool     // whether the run has a PID namespace
	OwnID    bool     // whether the run has an ID that owns nothing outside of it
	Left     []string // what this machine does not allow of a target's confinement, in words
	Writable []string // directories that stay writable
	Needs    []string // further paths that stay visible
	Relay    string   // address in the home network that leads to the same one outside
	Lifeline string   // named pipe whose writing end the inner process holds
	Messages int      // descriptor of the pipe for messages to the outer process; 0 without one
	Block    int      // B of the loopback block 127.B.0.0/16; 0 if only 127.0.0.1 is local
}

// environ returns the environment entries for a process of the given stage.
func (p plan) environ(stage string) ([]string, error) {
	text, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("world: encode plan: %w", err)
	}
	return []string{envStage + "=" + stage, envPlan + "=" + string(text), envMark + "=" + p.Mark}, nil
}

func planFromEnv() (plan, error) {
	var p plan
	if err := json.Unmarshal([]byte(os.Getenv(envPlan)), &p); err != nil {
		return p, fmt.Errorf("world: %s: expected the plan of a run: %w", envPlan, err)
	}
	return p, nil
}

// withoutStage returns env without the variables of this package, for processes
// that are not workers.
func withoutStage(env []string) []string {
	kept := make([]string, 0, len(env)+1)
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		if name != envStage && name != envPlan && name != envMark {
			kept = append(kept, e)
		}
	}
	return kept
}

// neededPaths returns the paths that targets must be able to reach: those that the plan
// names, the executable, the working directory, and where commands are looked for.
func neededPaths(p plan) []string {
	needed := slices.Clone(p.Needs)
	if executable, err := ownExecutable(); err == nil {
		needed = append(needed, executable)
	}
	if dir, err := os.Getwd(); err == nil {
		needed = append(needed, dir)
	}
	for _, dir := range strings.Split(os.Getenv("PATH"), ":") {
		if !filepath.IsAbs(dir) {
			continue
		}
		needed = append(needed, dir)
		// Programs have their libraries beside bin. A directory of a person's own, which
		// holds much else, is no such place.
		above := filepath.Dir(dir)
		info, err := os.Stat(above)
		if err == nil && info.Mode()&0o001 != 0 && above != os.Getenv("HOME") && above != "/" {
			needed = append(needed, above)
		}
	}
	return needed
}
