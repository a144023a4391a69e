package world

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Environment variables that carry a process's place in the run.
const (
	envStage = "ASSAY_STAGE" // inner, worker or probe; unset: outside
	envPlan  = "ASSAY_PLAN"  // the plan as JSON
	envMark  = "ASSAY_RUN"   // the run's mark: tells its processes from others
)

const (
	stageInner  = "inner"
	stageWorker = "worker"
	stageProbe  = "probe"
)

// Descriptors that the outer process hands to the inner one.
const (
	fdLifeline = 3 // reading end of a pipe that ends when the outer process does
	fdRelay    = 4 // socket over which the relay's listener goes out
)

// plan is what a process of the run must know about it.
type plan struct {
	Kind     Kind
	Reason   string   // why not namespaces
	Mark     string   // value of envMark
	Scratch  string   // the run's temporary directory
	Tmpfs    string   // directory that the private tmpfs hides; namespace only
	PIDs     bool     // in a PID namespace of its own
	Writable []string // directories that stay writable
	Relay    string   // address at home that leads to the same one outside
	Lifeline string   // named pipe that ends with the inner process, for the workers
	Block    int      // B of the loopback block 127.B.0.0/16; 0: 127.0.0.1 alone
}

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

// withoutStage returns env without the variables that carry the stage: what
// comes after us is no part of the run's machinery.
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
