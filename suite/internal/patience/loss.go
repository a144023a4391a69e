package patience

import (
	"fmt"
	"strings"
	"time"
)

// A Usage says how long some threads ran, and how long they were ready to run and
// waited for a processor.
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

// The constants were chosen by measuring every spec of whole runs against the
// reference server on two processors, with 16 workers. In a run that is loaded
// by itself alone (at nice -15 beside other work), timers are late for 8 % of
// the time in the median, for 22 % in one spec of twenty, for 45 % at most; a
// server waits for a processor for 2 to 36 % of a spec in which it is mostly
// idle. In a run beside some 60 busy processes of the same priority, timers are
// late for 33 % in the median and for 57 % and more in one spec of twenty. CPU
// pressure is 92 to 100 % of the time in both, so it is reported but not judged.
const (
	// lostShare is the part of an interval that has to be lost before a limit
	// that passed in it proves nothing. If less is lost, the server had half of
	// the limit, and limits are at least four times what the server is known to
	// need.
	lostShare = 0.5
	// burntShare is the part of one processor that shows, when the server used
	// as much, that the server had the time: it used the time up itself.
	burntShare = 0.5
	// togetherShare is the part of one processor that shows, when the suite and
	// the server together used as much, that nobody else kept them from running:
	// the case itself is the load, as with a server that orders a certificate for
	// each of fifty clients at once. Beside 60 busy processes on two processors
	// the two together get less than a tenth of one.
	togetherShare = 0.75
)

// Starved reports whether the machine kept the server, or this process, from
// meeting a time limit, and why, in words. A server that used up the processors
// itself, or together with the suite, was not starved.
func (l Loss) Starved() (why string, starved bool) {
	if l.Wall <= 0 || l.lost() < share(lostShare, l.Wall) {
		return "", false
	}
	return l.notBurnt()
}

// StarvedBy does what [Loss.Starved] does, for a limit that was passed by a known
// time. If the machine took at least that time, the server might have met the
// limit without it, however small its share of the whole is.
func (l Loss) StarvedBy(over time.Duration) (why string, starved bool) {
	if over <= 0 || l.lost() < over {
		return l.Starved()
	}
	return l.notBurnt()
}

// notBurnt says what was lost, unless the server used up the processors itself, or
// together with the suite.
func (l Loss) notBurnt() (why string, starved bool) {
	if l.Burnt() ||
		l.Own.CPU+l.Target.CPU >= share(togetherShare, l.Wall) {
		return "", false
	}
	return l.String(), true
}

// Burnt reports whether the server used over half of a processor in the interval.
func (l Loss) Burnt() bool { return l.Wall > 0 && l.Target.CPU >= share(burntShare, l.Wall) }

// lost returns how much of the interval is gone. The suite and the server take
// turns, so what each of them loses adds up. Late timers show the suite's side,
// and also of what the kernel does not count, such as a virtual machine that was
// not run. The delay of the suite's own threads is not added: several of them wait
// at once, and it is more than the whole time in busy specs.
func (l Loss) lost() time.Duration {
	return min(l.Wall, l.Late+l.Target.Delay)
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
