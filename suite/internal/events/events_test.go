package events

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/scenarios"
	"assay/suite/report"
)

// hostile holds what must not reach a terminal: ESC, a change of direction, a return
// of the carriage, and invalid bytes.
const hostile = "\x1b[2J\u202eabc\rdef\xff"

// send sends events through a pipe and returns what arrives.
func send(t *testing.T, all ...report.Event) (arrived []report.Event) {
	t.Helper()
	r, w := io.Pipe()
	s := NewSender(w)
	done := make(chan struct{})
	go func() {
		defer close(done)
		Read(r, func(e report.Event) { arrived = append(arrived, e) })
	}()
	for _, e := range all {
		s.Send(e)
	}
	s.Close()
	w.Close()
	<-done
	return arrived
}

func TestEventsArriveInOrder(t *testing.T) {
	t.Parallel()
	arrived := send(t,
		report.Event{Kind: report.EventProbe, Total: 3},
		report.Event{Kind: report.EventCase, Total: 3, Running: []string{"A-01"}},
		report.Event{Kind: report.EventCase, Total: 3, Done: 1},
		report.Event{Kind: report.EventFailure, Total: 3, Done: 2, Failed: 1,
			Failure: &report.Result{ID: "A-02", Level: scenarios.Must, Status: report.Failed}},
		report.Event{Kind: report.EventCase, Total: 3, Done: 3, Failed: 1},
	)
	var kinds []string
	for _, e := range arrived {
		if e.Kind != report.EventCase {
			kinds = append(kinds, string(e.Kind))
		}
	}
	last := arrived[len(arrived)-1]
	if strings.Join(kinds, " ") != "probe failure" || last.Done != 3 || last.Failed != 1 {
		t.Errorf("found %v, expected probe, failure, and the last counts", arrived)
	}
}

// TestHostileTextIsBoundedAndEscaped sends a failure of which the target wrote every
// text, and much of it.
func TestHostileTextIsBoundedAndEscaped(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(hostile, 20000)
	x := &report.Result{
		ID: "A-01", Level: scenarios.Must, Status: report.Failed, Title: hostile,
		Reason: long, Detail: long,
		KnownFailure: &report.Excuse{Reason: long, Void: long},
		Observations: []report.Observation{{Name: "x", Value: long}},
		Evidence:     &report.Evidence{Config: long, Repeat: hostile, Capture: long},
	}
	for range 1000 {
		x.Evidence.Log = append(x.Evidence.Log, long)
		x.Evidence.ACME = append(x.Evidence.ACME, report.Exchange{What: long, Detail: long})
		x.Cases = append(x.Cases, report.Case{Status: report.Failed, Detail: long})
	}
	x.Evidence.Log = append(x.Evidence.Log, "the last line")
	arrived := send(t, report.Event{Kind: report.EventFailure, Failure: x})
	if len(arrived) != 1 {
		t.Fatalf("%d events arrived, expected 1", len(arrived))
	}
	e := arrived[0].Failure
	if n := len(e.Evidence.Log); n != widest.logLines || e.Evidence.Log[n-1] != "the last line" {
		t.Errorf("found %d lines of the log, expected the last %d", n, widest.logLines)
	}
	if e.Observations != nil || e.Evidence.Capture != "" {
		t.Error("found observations or the name of a capture, expected neither")
	}
	if !strings.HasPrefix(e.Reason, `\x1b[2J\u202eabc\x0ddef\xff`) {
		t.Errorf("found %.60q, expected escapes", e.Reason)
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(strings.ReplaceAll(string(text), `\\`, ""), "\u202e\ufffd\\") {
		t.Error("the event holds characters that JSON has to escape, expected none")
	}
	if x.Evidence.Log[0] != long || len(x.Cases) != 1000 || x.Observations == nil {
		t.Error("sending changed the result, expected a copy")
	}
}

// TestSenderDoesNotWait sends more than a pipe holds while nobody reads.
func TestSenderDoesNotWait(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	s := NewSender(w)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for i := range 100000 {
			s.Send(report.Event{Kind: report.EventCase, Done: i})
		}
	}()
	select {
	case <-sent:
	case <-time.After(10 * time.Second):
		t.Fatal("waited ten seconds for Send, expected it to return although nobody reads")
	}
	s.mu.Lock()
	n := len(s.pending)
	s.mu.Unlock()
	if n > 1 {
		t.Errorf("%d events are pending, expected the last one to replace those before", n)
	}
	r.Close()
	s.Close()
}

func TestReadSkipsWhatIsNoEvent(t *testing.T) {
	t.Parallel()
	stream := "no JSON\n{}\n[1]\n" + strings.Repeat("x", 2*maxLine) + "\n" +
		`{"kind":"case","done":1}` + "\n" + `{"kind":"case","done":2}`
	var found []report.Event
	Read(strings.NewReader(stream), func(e report.Event) { found = append(found, e) })
	if len(found) != 1 || found[0].Done != 1 {
		t.Errorf("found %v, expected the one event that is whole", found)
	}
}

// TestTeller checks that a signal has the counts of the event before, and that a second
// one says more.
func TestTeller(t *testing.T) {
	t.Parallel()
	var told []string
	teller := NewTeller(func(e report.Event) {
		told = append(told, fmt.Sprintf("%s %d/%d/%d", e.Kind, e.Failed, e.Done, e.Total))
	}, report.Event{Kind: report.EventBegan, Total: 9})
	teller.Read(strings.NewReader(`{"kind":"case","total":9,"done":4,"failed":1}` + "\n"))
	teller.Interrupted()
	teller.Interrupted()
	want := []string{"began 0/0/9", "case 1/4/9", "ending 1/4/9", "aborting 1/4/9"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, expected %q", told, want)
	}
}
