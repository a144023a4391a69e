package patience

import (
	"os"
	"runtime"
	"sync"
	"testing"
	"time"
)

// fake is a machine whose clock and counters a test moves.
type fake struct {
	time     time.Time
	counters Counters
	asked    []int
}

func newFake() *fake {
	return &fake{time: time.Unix(1000, 0),
		counters: Counters{Own: map[int]Thread{}, Targets: map[int]Thread{}}}
}

func (f *fake) recorder() *Recorder {
	return newRecorder(func() time.Time { return f.time }, func(targets []int) Counters {
		f.asked = targets
		copied := f.counters
		copied.Own, copied.Targets = clone(f.counters.Own), clone(f.counters.Targets)
		return copied
	})
}

func clone(m map[int]Thread) map[int]Thread {
	c := map[int]Thread{}
	for id, u := range m {
		c[id] = u
	}
	return c
}

// pass lets time pass, with ticks that come this late.
func (f *fake) pass(r *Recorder, d, late time.Duration) {
	for end := f.time.Add(d); f.time.Before(end); {
		f.time = f.time.Add(tick + late)
		r.tick()
	}
}

func TestLateTimers(t *testing.T) {
	t.Parallel()
	f := newFake()
	r := f.recorder()
	f.pass(r, 10*time.Second, 0)
	if loss := r.Since(f.time.Add(-5 * time.Second)); loss.Late != 0 || loss.Wall < 5*time.Second ||
		loss.Wall > 6*time.Second {
		t.Errorf("found %s late in %s, expected none in five to six seconds", loss.Late, loss.Wall)
	}
	began := f.time
	f.pass(r, 20*time.Second, 150*time.Millisecond)
	if loss := r.Since(began); loss.Late < 14*time.Second || loss.Late > 16*time.Second {
		t.Errorf("found %s late, expected about 15 s: three of four", loss.Late)
	}
	f.time = f.time.Add(tick + 30*time.Second) // a tick that is yet to come
	if loss := r.Since(f.time.Add(-10 * time.Second)); loss.Late < 29*time.Second {
		t.Errorf("found %s late, expected the 30 s of the tick that has not come", loss.Late)
	}
}

func TestTargetsAreMeasured(t *testing.T) {
	t.Parallel()
	f := newFake()
	r := f.recorder()
	// Before the wait.
	f.counters.Targets[7] = Thread{Usage: Usage{CPU: time.Second, Delay: time.Second}}
	r.Watch(7)
	f.pass(r, 2*time.Second, 0)
	began := f.time
	f.counters.Targets[7] = Thread{Usage: Usage{CPU: 3 * time.Second, Delay: 5 * time.Second}}
	f.counters.Targets[8] = Thread{Usage: Usage{CPU: time.Second}}
	f.counters.Own[1] = Thread{Usage: Usage{Delay: 2 * time.Second}}
	f.counters.Pressure = 4 * time.Second
	f.pass(r, 2*time.Second, 0)
	delete(f.counters.Targets, 8) // a thread that ended
	f.counters.Targets[7] = Thread{Usage: Usage{CPU: 4 * time.Second, Delay: 5 * time.Second}}
	loss := r.Since(began)
	if want := (Usage{CPU: 4 * time.Second, Delay: 4 * time.Second}); loss.Target != want {
		t.Errorf("found %v of the target, expected %v", loss.Target, want)
	}
	if loss.Own.Delay != 2*time.Second || loss.Pressure != 4*time.Second {
		t.Errorf("found %s of own delay and %s of pressure, expected 2s and 4s", loss.Own.Delay,
			loss.Pressure)
	}
	if len(f.asked) != 1 || f.asked[0] != 7 {
		t.Errorf("asked for the targets %v, expected 7", f.asked)
	}
	r.Forget()
	r.Since(began)
	if len(f.asked) != 0 {
		t.Errorf("asked for the targets %v, expected none after Forget", f.asked)
	}
}

// TestWaitThatNeverEnds has a thread that wants to run and does not get to, as the kernel
// shows it: its counters stand still. Then it runs, and the kernel adds the whole wait.
func TestWaitThatNeverEnds(t *testing.T) {
	t.Parallel()
	f := newFake()
	const late = tick / 2
	r := f.recorder()
	r.Watch(7)
	f.counters.Targets[7] = Thread{Usage: Usage{CPU: time.Second}, Ready: true}
	f.counters.Targets[8] = Thread{Usage: Usage{CPU: time.Second}} // one that sleeps
	f.pass(r, time.Second, late)
	began := f.time
	f.pass(r, 4*time.Second, late)
	waited := func() time.Duration { return r.Since(began).Target.Delay }
	if d := waited(); d < 3500*time.Millisecond || d > 4500*time.Millisecond {
		t.Errorf("found %s of delay, expected about 4 s", d)
	}
	f.counters.Targets[7] = Thread{Usage: Usage{CPU: 2 * time.Second, Delay: 6 * time.Second}}
	f.pass(r, time.Second, late)
	if d := waited(); d < 5*time.Second || d > 6*time.Second {
		t.Errorf("found %s of delay when it had run, expected at most the 6 s that the kernel counts", d)
	}
	f.counters.Targets = map[int]Thread{} // the server has ended
	f.pass(r, time.Second, late)
	if d := waited(); d < 5*time.Second || d > 6*time.Second {
		t.Errorf("found %s of delay after the end, expected what was found before", d)
	}
}

// TestTargetsAreReadSeldom counts the readings of a server's threads: none in the life of
// a short one, unless somebody asks, and more where timers are late.
func TestTargetsAreReadSeldom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		late, life  time.Duration
		least, most int
	}{
		{0, 1900 * time.Millisecond, 0, 0},
		{tick / 8, 10 * time.Second, 4, 5},
		{tick / 2, 10 * time.Second, 16, 20},
	} {
		f := newFake()
		readings := 0
		r := newRecorder(func() time.Time { return f.time }, func(targets []int) Counters {
			readings += len(targets)
			return f.counters
		})
		f.pass(r, 5*time.Second, 0)
		r.Watch(7)
		f.pass(r, c.life, c.late)
		if readings < c.least || readings > c.most {
			t.Errorf("timers late by %s: found %d readings in %s, expected %d to %d", c.late,
				readings, c.life, c.least, c.most)
		}
		before := readings
		if r.Since(f.time); readings != before+1 {
			t.Errorf("found %d readings when somebody asked, expected one", readings-before)
		}
	}
}

func TestUnknownPressure(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.counters.Pressure = -1
	r := f.recorder()
	f.pass(r, time.Second, 0)
	if loss := r.Since(f.time); loss.Pressure >= 0 {
		t.Errorf("found %s of pressure, expected a negative value where the kernel does not tell",
			loss.Pressure)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	f := newFake()
	r := f.recorder()
	f.pass(r, 2*time.Hour, 0)
	if n := len(r.samples); n > history || n < history/2 {
		t.Errorf("found %d samples, expected at most %d and at least half of them", n, history)
	}
	if loss := r.Since(time.Time{}); loss.Wall < 10*time.Minute {
		t.Errorf("measured %s, expected all that is kept", loss.Wall)
	}
}

// TestThisMachine reads the real counters, by several goroutines at once.
func TestThisMachine(t *testing.T) {
	t.Parallel()
	r := Start()
	began := time.Now()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			r.Watch(os.Getppid())
			for range 5 {
				r.Since(began)
			}
		})
	}
	all.Wait()
	loss := r.Since(began)
	if loss.Wall <= 0 {
		t.Errorf("found %v, expected an interval", loss)
	}
	if runtime.GOOS == "linux" && loss.Own.CPU <= 0 {
		t.Skip("this kernel keeps no schedstat")
	}
}
