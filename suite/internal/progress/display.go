package progress

import (
	"io"
	"sync"
	"time"

	"assay/suite/report"
)

// A Display shows runs, one after the other. Its methods may be called from several
// goroutines, and a writer that blocks does not block Event.
type Display struct {
	w      io.Writer
	mu     sync.Mutex
	queue  []message
	wake   chan struct{}
	screen screen
}

// A message tells the goroutine of a display what to do. One with neither an event nor a
// channel changes the width.
type message struct {
	event   *report.Event
	width   int
	written chan struct{} // ends the run; closed when the end is shown
}

// New returns a Display that writes to w.
func New(w io.Writer, s Settings) *Display {
	d := &Display{w: w, wake: make(chan struct{}, 1), screen: newScreen(s)}
	go d.run()
	return d
}

// Event shows an event. It is for suite.Options.Progress.
func (d *Display) Event(e report.Event) { d.add(message{event: &e}) }

// Resize says that the terminal has another width now; 0 if it is unknown.
func (d *Display) Resize(width int) { d.add(message{width: width}) }

// End removes the live line, when everything before is shown. The next run begins with
// its first event.
func (d *Display) End() {
	written := make(chan struct{})
	d.add(message{written: written})
	<-written
}

// Printed reports whether a failure was printed in full. It is to be called after
// [Display.End].
func (d *Display) Printed(x *report.Result) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.screen.failures[key(x)]
}

func (d *Display) add(m message) {
	d.mu.Lock()
	d.queue = append(d.queue, m)
	d.mu.Unlock()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

func (d *Display) run() {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	for {
		select {
		case <-d.wake:
		case <-tick.C:
		}
		text, written := d.next(time.Now())
		if text != "" {
			io.WriteString(d.w, text)
		}
		for _, w := range written {
			close(w)
		}
	}
}

// next takes what is in the queue and returns what to write.
func (d *Display) next(now time.Time) (text string, written []chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.queue {
		switch {
		case m.event != nil:
			text += d.screen.event(*m.event, now)
		case m.written != nil:
			text += d.screen.end()
			written = append(written, m.written)
		default:
			d.screen.Width = m.width
		}
	}
	d.queue = nil
	return text + d.screen.tick(now), written
}
