//go:build amd64 || arm64

package clock

import (
	"context"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"
)

// idlePause is the time between two looks at threads that run.
const idlePause = time.Millisecond

// AwaitIdle waits until every thread of every process that was started with the clock
// sleeps, and none runs while calm is called. calm describes what else may still make
// them run; "" if there is nothing, and a nil calm finds nothing. A program that waits
// for nothing but time and what calm does not know is idle.
func (c *Clock) AwaitIdle(ctx context.Context, calm func() string) error {
	for {
		before, busy := c.rest()
		if busy == "" && calm != nil {
			busy = calm()
		}
		if busy == "" {
			after, _ := c.rest()
			if maps.Equal(before, after) {
				return nil
			}
			busy = "threads that run now and then"
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("clock: waited until the target sleeps: %w: found %s",
				context.Cause(ctx), busy)
		case <-time.After(idlePause):
		}
	}
}

// rest returns how often each thread has given up the processor, and describes one
// that neither sleeps nor has ended.
func (c *Clock) rest() (switches map[int]string, busy string) {
	switches = map[int]string{}
	for _, t := range c.all() {
		for _, tid := range t.threads() {
			state, count := activity(tid)
			if !strings.Contains("SIZX", state) && busy == "" {
				busy = fmt.Sprintf("thread %d in state %q", tid, state)
			}
			switches[tid] = count
		}
	}
	return switches, busy
}

// activity returns the state of a thread, such as "S" for one that sleeps, and how
// often it has given up the processor, see proc_pid_status(5). The state of a thread
// that has ended is "".
func activity(tid int) (state, switches string) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", tid))
	if err != nil {
		return "", ""
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "State":
			state, _, _ = strings.Cut(strings.TrimSpace(value), " ")
		case "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches":
			switches += value
		}
	}
	return state, switches
}

// stateOf returns the state of a thread.
func stateOf(tid int) string {
	state, _ := activity(tid)
	return state
}
