package clock

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// A Clock is the time of the programs that are started with it. It shows the
// machine's time and what was added to it. Its methods may be called from any
// goroutine.
type Clock struct {
	moving sync.Mutex // held while the clock is moved

	mu      sync.Mutex
	offsets offsets
	targets map[*Target]struct{}
	past    Seen // in targets that have ended
	count   bool
}

// New returns a clock that shows the machine's time.
func New() *Clock { return &Clock{targets: map[*Target]struct{}{}} }

// clocks is the number of clocks that the kernel has for all processes, see
// clock_gettime(2). Their IDs are the indices of [offsets].
const clocks = 12

// The IDs of clocks, which are the same on all architectures.
const (
	realtime        = 0
	monotonic       = 1
	processCPU      = 2
	threadCPU       = 3
	monotonicRaw    = 4
	realtimeCoarse  = 5
	monotonicCoarse = 6
	boottime        = 7
	realtimeAlarm   = 8
	boottimeAlarm   = 9
	international   = 11
)

// The clocks that [Clock.Advance] moves, and those that go on while a machine
// sleeps.
var (
	allClocks = []int{
		realtime, monotonic, monotonicRaw, realtimeCoarse, monotonicCoarse, boottime,
		realtimeAlarm, boottimeAlarm, international,
	}
	sleepClocks = []int{
		realtime, realtimeCoarse, boottime, realtimeAlarm, boottimeAlarm, international,
	}
)

// offsets holds the seconds that are added to each clock of the kernel, by its ID.
type offsets [clocks]int64

// of returns the seconds that are added to a clock; 0 for one that does not move.
func (o offsets) of(id int) int64 {
	if id < 0 || id >= clocks {
		return 0
	}
	return o[id]
}

// Now returns the wall clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Round(0).Add(time.Duration(c.offsets[realtime]) * time.Second)
}

// Moved returns how much was added to the wall clock.
func (c *Clock) Moved() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Duration(c.offsets[realtime]) * time.Second
}

// Advance moves the clock forward by whole seconds, as if so much time had passed.
// It returns when every process that was started with the clock has the new time,
// and every thread that was waiting has looked whether its wait is over.
func (c *Clock) Advance(ctx context.Context, d time.Duration) error {
	return c.move(ctx, d, allClocks)
}

// Sleep moves the clock forward as if the machine had slept: the monotonic clock
// stands still, so timers do not become due.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	return c.move(ctx, d, sleepClocks)
}

func (c *Clock) move(ctx context.Context, d time.Duration, ids []int) error {
	if d <= 0 || d%time.Second != 0 {
		return fmt.Errorf("clock: move by %s, expected whole seconds, at least one", d)
	}
	c.moving.Lock()
	defer c.moving.Unlock()
	c.mu.Lock()
	for _, id := range ids {
		c.offsets[id] += int64(d / time.Second)
	}
	now := c.offsets
	c.mu.Unlock()
	var errs []error
	for _, t := range c.all() {
		errs = append(errs, t.follow(ctx, now))
	}
	return errors.Join(errs...)
}

// all returns the targets that run.
func (c *Clock) all() []*Target {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.targets))
}

// CountReadings makes the programs that are started from now on stop at every
// reading of the clock, so that [Seen] counts them. This is slow.
func (c *Clock) CountReadings() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count = true
}

// Seen counts what a clock has met in the processes of one target.
type Seen struct {
	Processes int `json:"processes"` // that were started, the target included
	Programs  int `json:"programs"`  // files that were executed
	// Readings counts how often the vDSO was asked for the time. It is 0 unless the
	// clock counts them, see [Clock.CountReadings].
	Readings int `json:"readings,omitempty"`
	// Calls counts system calls that asked for the time without the vDSO.
	Calls int `json:"calls"`
	// Moments counts waits until a moment, which the kernel measures by its own
	// clock and which were translated.
	Moments int `json:"moments"`
	// Ended counts waits for a length of time that ended because the clock moved.
	Ended int `json:"ended"`
	// Unmoved lists programs whose clock does not move, and why.
	Unmoved []string `json:"unmoved,omitempty"`
}

func (s Seen) plus(t Seen) Seen {
	return Seen{
		Processes: s.Processes + t.Processes, Programs: s.Programs + t.Programs,
		Readings: s.Readings + t.Readings, Calls: s.Calls + t.Calls,
		Moments: s.Moments + t.Moments, Ended: s.Ended + t.Ended,
		Unmoved: slices.Concat(s.Unmoved, t.Unmoved),
	}
}

// Seen returns what the clock has met in all targets.
func (c *Clock) Seen() Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.past
	for t := range c.targets {
		all = all.plus(t.Seen())
	}
	return all
}

// Unavailable says why clocks cannot be moved on this machine.
type Unavailable struct {
	Step    string // the step that failed: "trace a child process"
	Meaning string // what the answer means for the user; may be empty
	Err     error  // the kernel's answer, usually a syscall.Errno
}

func (u *Unavailable) Error() string {
	if u.Meaning == "" {
		return fmt.Sprintf("no clock can be moved: %s: %v", u.Step, u.Err)
	}
	return fmt.Sprintf("no clock can be moved: %s: %v (%s)", u.Step, u.Err, u.Meaning)
}

func (u *Unavailable) Unwrap() error { return u.Err }
