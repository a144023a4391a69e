package patience

import (
	"fmt"
	"strings"
	"time"
)

// A Usage is what the kernel says of some threads: how long they ran, and how
// long they were ready to run and waited for a processor.
type Usage struct {
	CPU, Delay time.Duration
}

// A Loss is the time that the machine withheld during an interval.
type Loss struct {
	// Wall is the length of the interval.
	Wall time.Duration
	// Late is by how much this process's own timers were late, in all.
	Late time.Duration
	// Own is the use of processors by this process, Target that by the server
	// and all its descendants. They are 0 where the kernel does not tell.
	Own, Target Usage
	// Pressure is how long some process of the machine waited for a processor
	// (/proc/pressure/cpu). It is negative where the kernel does not tell.
	Pressure time.Duration
	// Runnable is the number of processes and threads of the whole machine that
	// wanted to run when the interval ended; 0 where the kernel does not tell.
	Runnable int
}

const (
	// lostShare is the part of an interval that has to be lost before a limit
	// that passed in it proves nothing. See the measurements in MEASURED.md.
	lostShare = 0.5
	// burntShare is the part of one processor that shows, when the server used
	// as much, that the server had the time: it used the time up itself.
	burntShare = 0.5
)

// Starved says whether the machine kept the server, or this process, from
// meeting a time limit, and why, in words. A server that used up the
// processors itself was not starved.
func (l Loss) Starved() (why string, starved bool) {
	if l.Wall <= 0 || l.lost() < share(lostShare, l.Wall) {
		return "", false
	}
	if l.Target.CPU >= share(burntShare, l.Wall) {
		return "", false
	}
	return l.String(), true
}

// lost is how much of the interval is gone. A server and its clients take
// turns, so their delays add up; late timers show the same from another side,
// and also what the kernel counts nowhere, such as a virtual machine that was
// not run.
func (l Loss) lost() time.Duration {
	return min(l.Wall, max(l.Late, l.Own.Delay+l.Target.Delay))
}

func share(part float64, d time.Duration) time.Duration {
	return time.Duration(part * float64(d))
}

// String says in words what was measured.
func (l Loss) String() string {
	round := func(d time.Duration) time.Duration { return d.Round(10 * time.Millisecond) }
	parts := []string{
		fmt.Sprintf("in %s the suite's timers were late by %s", round(l.Wall), round(l.Late)),
		fmt.Sprintf("the suite waited %s for a processor", round(l.Own.Delay)),
		fmt.Sprintf("the server waited %s for a processor and ran for %s",
			round(l.Target.Delay), round(l.Target.CPU)),
	}
	if l.Pressure >= 0 {
		parts = append(parts, fmt.Sprintf("the kernel counts %s of CPU pressure", round(l.Pressure)))
	}
	if l.Runnable > 0 {
		parts = append(parts, fmt.Sprintf("%d threads of the machine wanted to run", l.Runnable))
	}
	return strings.Join(parts, ", ")
}
