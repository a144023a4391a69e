package patience

import (
	"sync"
	"time"
)

const (
	// tick is how often a recorder looks whether its timer is late.
	tick = 50 * time.Millisecond
	// sampleEvery is how often it reads the kernel's counters: often enough
	// for the shortest limit, and seldom enough to cost nothing.
	sampleEvery = 500 * time.Millisecond
	// history is how many samples it keeps: those of half an hour, which is
	// longer than any spec.
	history = 3600
)

// Counters holds counters of the kernel. All of them only grow.
type Counters struct {
	Own      map[int]Usage // of this process, by thread
	Targets  map[int]Usage // of the servers and their descendants, by thread
	Pressure time.Duration // negative if the kernel does not tell
	Runnable int           // at the moment
}

// A Recorder measures, from the time of its start, how long this process and
// the servers under test waited for a processor. Its methods can be called by
// any goroutine.
type Recorder struct {
	now  func() time.Time
	read func(targets []int) Counters

	mu       sync.Mutex
	targets  []int         // processes that lead the servers under test
	due      time.Time     // of the next tick
	late     time.Duration // of all ticks so far
	own      total
	target   total
	pressure time.Duration
	runnable int
	samples  []sample // oldest first
}

// sample is the state of all counters at one moment.
type sample struct {
	at       time.Time
	late     time.Duration
	own      Usage
	target   Usage
	pressure time.Duration
}

// total adds up the counters of threads that come and go.
type total struct {
	last map[int]Usage
	sum  Usage
}

// add adds what the threads used since the last call.
func (t *total) add(threads map[int]Usage) {
	for id, u := range threads {
		before := t.last[id]
		if u.CPU < before.CPU || u.Delay < before.Delay {
			before = Usage{} // another thread that got the number of the first
		}
		t.sum.CPU += u.CPU - before.CPU
		t.sum.Delay += u.Delay - before.Delay
	}
	t.last = threads
}

// Start starts a recorder that reads this machine's counters. It records until
// the process ends.
func Start() *Recorder {
	r := newRecorder(time.Now, readCounters)
	go func() {
		for {
			time.Sleep(tick) // not a ticker, which hides how late it is
			r.tick()
		}
	}()
	return r
}

func newRecorder(now func() time.Time, read func([]int) Counters) *Recorder {
	r := &Recorder{now: now, read: read}
	r.due = now().Add(tick)
	r.sample(now())
	return r
}

// tick notes by how much it comes late.
func (r *Recorder) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.late += r.overdue(now)
	r.due = now.Add(tick)
	if now.Sub(r.samples[len(r.samples)-1].at) >= sampleEvery {
		r.sample(now)
	}
}

// overdue returns by how much the next tick is late already.
func (r *Recorder) overdue(now time.Time) time.Duration { return max(0, now.Sub(r.due)) }

// sample reads all counters.
func (r *Recorder) sample(now time.Time) {
	c := r.read(r.targets)
	r.own.add(c.Own)
	r.target.add(c.Targets)
	r.pressure, r.runnable = c.Pressure, c.Runnable
	r.samples = append(r.samples, sample{
		at: now, late: r.late + r.overdue(now), own: r.own.sum,
		target: r.target.sum, pressure: c.Pressure,
	})
	if len(r.samples) > history {
		r.samples = append(r.samples[:0], r.samples[len(r.samples)-history/2:]...)
	}
}

// Watch adds a server, by the process that leads it, to what is measured. Its
// descendants count as well.
func (r *Recorder) Watch(pid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.targets = append(r.targets, pid)
}

// Forget ends the measurement of all servers.
func (r *Recorder) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.targets, r.target.last = nil, nil
}

// Since says what the machine withheld from a moment on until now. The
// interval measured may begin up to half a second earlier.
func (r *Recorder) Since(began time.Time) Loss {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.sample(now)
	first := r.samples[0]
	for _, s := range r.samples {
		if s.at.After(began) {
			break
		}
		first = s
	}
	last := r.samples[len(r.samples)-1]
	loss := Loss{
		Wall:     last.at.Sub(first.at),
		Late:     last.late - first.late,
		Own:      last.own.minus(first.own),
		Target:   last.target.minus(first.target),
		Pressure: last.pressure - first.pressure,
		Runnable: r.runnable,
	}
	if first.pressure < 0 || last.pressure < 0 {
		loss.Pressure = -1
	}
	return loss
}

func (u Usage) minus(v Usage) Usage { return Usage{CPU: u.CPU - v.CPU, Delay: u.Delay - v.Delay} }
