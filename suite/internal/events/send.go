package events

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"

	"assay/suite/report"
)

// maxPending is how many events may wait for the reader. An event beyond it is
// dropped, unless it is about a failure or a chapter, of which there are few.
const maxPending = 1000

// flushWait is how long Close waits for a reader that does not read.
const flushWait = time.Second

// A Sender sends events. Its methods may be called from several goroutines.
type Sender struct {
	w       io.Writer
	mu      sync.Mutex
	pending []report.Event
	closed  bool
	wake    chan struct{}
	ended   chan struct{}
}

// NewSender returns a Sender that writes to w in a goroutine of its own.
func NewSender(w io.Writer) *Sender {
	s := &Sender{w: w, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go s.run()
	return s
}

// Send sends an event as soon as the reader has read those before. An event about
// cases replaces one that is still waiting, because it says the same and more.
func (s *Sender) Send(e report.Event) {
	e = bounded(e)
	s.mu.Lock()
	n := len(s.pending)
	switch {
	case s.closed:
	case e.Kind == report.EventCase && n > 0 && s.pending[n-1].Kind == report.EventCase:
		s.pending[n-1] = e
	case e.Kind == report.EventCase && n >= maxPending:
	default:
		s.pending = append(s.pending, e)
	}
	s.mu.Unlock()
	s.signal()
}

// Close sends what is pending. It gives up after a second if nobody reads.
func (s *Sender) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.signal()
	select {
	case <-s.ended:
	case <-time.After(flushWait):
	}
}

func (s *Sender) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Sender) run() {
	defer close(s.ended)
	for range s.wake {
		s.mu.Lock()
		batch, closed := s.pending, s.closed
		s.pending = nil
		s.mu.Unlock()
		for _, e := range batch {
			line, err := encode(e)
			if err == nil {
				_, err = s.w.Write(line)
			}
			if err != nil {
				return // the reader has ended
			}
		}
		if closed {
			return
		}
	}
}

// encode returns the line of an event.
func encode(e report.Event) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false) // which would make a text six times as long
	err := encoder.Encode(e)
	return line.Bytes(), err
}
