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

// Counters holds what the kernel tells at one moment. All times in it only grow.
type Counters struct {
	Own      map[int]Thread // of this process, by thread
	Targets  map[int]Thread // of the servers and their descendants, by thread
	Pressure time.Duration  // negative if the kernel does not tell
	Runnable int            // at the moment
}

// A Thread holds what the kernel tells of one thread.
type Thread struct {
	Usage
	// Ready says that the thread runs or wants to run.
	Ready bool
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

// total adds up what threads used that come and go.
type total struct {
	last map[int]Thread
	sum  Usage
	// ahead is the delay of each thread that is in the sum, but not yet in the kernel's
	// counter: the kernel adds to it only when the thread runs again. A server that ends
	// as soon as it runs again would never be seen to have waited.
	ahead map[int]time.Duration
}

// add adds what the threads used since the last call, which was this long ago.
func (t *total) add(threads map[int]Thread, since time.Duration) {
	ahead := map[int]time.Duration{}
	for id, now := range threads {
		before, known := t.last[id]
		if now.CPU < before.CPU || now.Delay < before.Delay {
			before, known = Thread{}, false // another thread that got the number of the first
		}
		delay := now.Delay - before.Delay
		switch {
		case known && before == now && now.Ready: // it has waited all the time
			t.sum.Delay += since
			ahead[id] = t.ahead[id] + since
		case known:
			t.sum.Delay += max(0, delay-t.ahead[id])
		default:
			t.sum.Delay += delay
		}
		t.sum.CPU += now.CPU - before.CPU
	}
	t.last, t.ahead = threads, ahead
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
	var since time.Duration
	if len(r.samples) > 0 {
		since = now.Sub(r.samples[len(r.samples)-1].at)
	}
	r.own.add(c.Own, since)
	r.target.add(c.Targets, since)
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
	r.targets, r.target.last, r.target.ahead = nil, nil, nil
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
