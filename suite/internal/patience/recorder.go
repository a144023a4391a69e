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
	// targetsEvery is how often it reads those of the servers under test, unless timers
	// are late. Each reading leaves entries of procfs in the kernel's cache, which the
	// kernel takes out when it reaps the process. With a reading every half second that
	// was a third of the processor time of a whole run. Most servers have ended within two
	// seconds.
	targetsEvery = 2 * time.Second
	// lateShare is the part of the time since the last sample by which timers are late
	// when the servers are read each time: more than in 19 of 20 specs of a run that is
	// alone on its machine, less than in most of one beside busy processes.
	lateShare = 0.2
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
	targetAt time.Time     // when they were last read, or the first of them began
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
	r.sample(now(), false)
	return r
}

// tick notes by how much it comes late.
func (r *Recorder) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.late += r.overdue(now)
	r.due = now.Add(tick)
	last := r.samples[len(r.samples)-1]
	if passed := now.Sub(last.at); passed >= sampleEvery {
		strained := r.late-last.late >= share(lateShare, passed)
		r.sample(now, strained || now.Sub(r.targetAt) >= targetsEvery)
	}
}

// overdue returns by how much the next tick is late already.
func (r *Recorder) overdue(now time.Time) time.Duration { return max(0, now.Sub(r.due)) }

// sample reads the counters of this process and of the machine and, if targets is set,
// of the servers.
func (r *Recorder) sample(now time.Time, targets bool) {
	var servers []int
	if targets {
		servers = r.targets
	}
	c := r.read(servers)
	var since time.Duration
	if len(r.samples) > 0 {
		since = now.Sub(r.samples[len(r.samples)-1].at)
	}
	r.own.add(c.Own, since)
	if len(servers) > 0 {
		r.target.add(c.Targets, now.Sub(r.targetAt))
		r.targetAt = now
	}
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
	if len(r.targets) == 0 {
		r.targetAt = r.now()
	}
	r.targets = append(r.targets, pid)
}

// Forget ends the measurement of all servers.
func (r *Recorder) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.targets, r.target.last, r.target.ahead = nil, nil, nil
}

// Since says what the machine withheld from a moment on until now. The interval
// measured may begin up to half a second earlier, for the servers up to two.
func (r *Recorder) Since(began time.Time) Loss {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	r.sample(now, true)
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
