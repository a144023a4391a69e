package progress

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/scenarios"
	"assay/suite/report"
)

// start is when the runs of these tests begin.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// began is the first event of these runs.
var began = report.Event{Kind: report.EventBegan, Total: 176, Target: "x", Executable: "/x"}

// terminal stands for a terminal of one row that scrolls: what was left behind in rows
// above, and the row of the cursor.
type terminal struct {
	above  []string
	row    string
	widest int
}

func (t *terminal) write(text string) {
	for len(text) > 0 {
		switch {
		case strings.HasPrefix(text, erase):
			t.row, text = "", text[len(erase):]
		case text[0] == '\n':
			t.above, t.row, text = append(t.above, t.row), "", text[1:]
		default:
			r := []rune(text)[0]
			t.row += string(r)
			text = text[len(string(r)):]
			t.widest = max(t.widest, len([]rune(t.row)))
		}
	}
}

func (t *terminal) text() string { return strings.Join(t.above, "\n") }

// hostile returns a failure of a server that writes control characters.
func hostile() *report.Result {
	return &report.Result{
		ID: "BYO-03", Level: scenarios.Must, Title: "relative paths hold", Status: report.Failed,
		Reason: "seen \x1b[2J\u202e\rgone", Text: "What is promised.",
	}
}

func TestLiveScreen(t *testing.T) {
	t.Parallel()
	for _, width := range []int{20, 40, 80, 200} {
		var term terminal
		s := newScreen(Settings{Live: true, Width: width})
		second := func(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }
		term.write(s.event(began, second(0)))
		if term.row == "" || len(term.above) == 0 {
			t.Errorf("%d columns: found %q, expected a first line and a live line", width, term.above)
		}
		term.write(s.event(running, second(12)))
		if want := Line(running, 12*time.Second, width); term.row != want {
			t.Errorf("%d columns: the live line is %q, expected %q", width, term.row, want)
		}
		before := len(term.above)
		term.write(s.tick(second(13)))
		if len(term.above) != before {
			t.Errorf("%d columns: the live line scrolled, expected it in place", width)
		}
		term.write(s.event(report.Event{Kind: report.EventChapter, Total: 176, Done: 38,
			Chapter: &report.ChapterEvent{Name: "byo", Done: 9}}, second(14)))
		if len(term.above) != before {
			t.Errorf("%d columns: a line for a chapter, expected it only without a live line", width)
		}
		failed := report.Event{
			Kind: report.EventFailure, Total: 176, Done: 38, Failed: 2, Failure: hostile(),
		}
		term.write(s.event(failed, second(15)))
		above := strings.Join(strings.Fields(term.text()), " ")
		if strings.Count(above, "FAILED BYO-03 MUST relative paths hold") != 1 ||
			!strings.Contains(above, `\x1b[2J\u202e\x0dgone`) {
			t.Errorf("%d columns: expected the failure once and escaped in:\n%s", width, above)
		}
		if !strings.HasPrefix(term.row, Line(failed, 15*time.Second, width)) {
			t.Errorf("%d columns: found %q, expected the live line below the failure", width, term.row)
		}
		term.write(s.end())
		if term.row != "" {
			t.Errorf("%d columns: %q is left, expected an empty row", width, term.row)
		}
		if !s.failures[key(hostile())] {
			t.Errorf("%d columns: the failure does not count as printed", width)
		}
	}
}

// TestUnknownWidth checks that a terminal which does not say how wide it is gets a line.
func TestUnknownWidth(t *testing.T) {
	t.Parallel()
	var term terminal
	s := newScreen(Settings{Live: true})
	term.write(s.event(began, start))
	term.write(s.event(running, start.Add(12*time.Second)))
	if want := Line(running, 12*time.Second, narrow); term.row != want || len(term.above) != 1 {
		t.Errorf("the live line is %q below %q, expected %q below one line", term.row, term.above, want)
	}
}

// TestResize draws the live line for another width, or for one that is not known any more.
func TestResize(t *testing.T) {
	t.Parallel()
	for _, width := range []int{20, 0} {
		var out syncBuffer
		d := New(&out, Settings{Live: true, Width: 80})
		d.Event(began)
		d.Event(running)
		d.Resize(width)
		d.End()
		var term terminal
		term.write(out.String())
		if term.row != "" {
			t.Errorf("%q is left, expected an empty row after the end", term.row)
		}
		if got := d.screen.Width; got != width {
			t.Errorf("the width is %d, expected %d", got, width)
		}
	}
}

// TestLinesWithoutTerminal checks that without a terminal a line comes for each chapter,
// or after ten seconds without one, and that no character moves a cursor.
func TestLinesWithoutTerminal(t *testing.T) {
	t.Parallel()
	s := newScreen(Settings{Width: 20})
	var out strings.Builder
	at := func(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }
	chapter := report.Event{Kind: report.EventChapter, Total: 176, Done: 30, Failed: 1,
		Chapter: &report.ChapterEvent{Name: "byo", Done: 29, Failed: 1}}
	out.WriteString(s.event(began, at(0)))
	out.WriteString(s.tick(at(9)))
	out.WriteString(s.event(running, at(9)))
	out.WriteString(s.tick(at(10)))
	out.WriteString(s.tick(at(12)))
	out.WriteString(s.event(chapter, at(15)))
	out.WriteString(s.tick(at(20)))
	out.WriteString(s.event(running, at(21)))
	out.WriteString(s.tick(at(25)))
	out.WriteString(s.event(report.Event{Kind: report.EventEnding, Total: 176, Done: 37}, at(26)))
	out.WriteString(s.event(report.Event{Kind: report.EventFailure, Failure: hostile()}, at(26)))
	out.WriteString(s.tick(at(60)))
	out.WriteString(s.event(report.Event{Kind: report.EventAborting, Total: 176, Done: 37}, at(61)))
	out.WriteString(s.end())
	want := []string{
		"assay: 176 requirements against x (/x)",
		"assay: 37 of 176 done, 1 failed, 10 s",
		"assay: byo: 29 done, 1 failed (30 of 176 done, 1 failed, 15 s)",
		"assay: 37 of 176 done, 1 failed, 25 s",
		"assay: the run ends; the verdicts reached so far (37 of 176) are kept; " +
			"a second signal ends it at once, without them",
		Aborting,
		"",
	}
	if got := out.String(); got != strings.Join(want, "\n") {
		t.Errorf("found\n%s\nexpected\n%s", got, strings.Join(want, "\n"))
	}
}

// TestColor checks that only Color makes colours.
func TestColor(t *testing.T) {
	t.Parallel()
	for _, color := range []bool{true, false} {
		s := newScreen(Settings{Live: true, Color: color, Width: 80})
		text := s.event(report.Event{Kind: report.EventFailure, Failure: hostile()}, start)
		if got := strings.Contains(text, "\x1b[31;1m"); got != color {
			t.Errorf("colours: %t, expected %t", got, color)
		}
	}
}

// TestDisplayDoesNotBlock sends events to a display of which the writer blocks.
func TestDisplayDoesNotBlock(t *testing.T) {
	t.Parallel()
	r, w := io.Pipe()
	d := New(w, Settings{Width: 80})
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		d.Event(began)
		for range 1000 {
			d.Event(report.Event{Kind: report.EventFailure, Failure: hostile()})
		}
	}()
	select {
	case <-sent:
	case <-time.After(10 * time.Second):
		t.Fatal("waited ten seconds for Event, expected it to return although nobody reads")
	}
	ended := make(chan struct{})
	go func() { defer close(ended); d.End(); w.Close() }()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	<-ended
	if n := bytes.Count(text, []byte("FAILED")); n != 1000 {
		t.Errorf("found %d failures, expected 1000", n)
	}
	if !d.Printed(hostile()) || d.Printed(&report.Result{ID: "BYO-04"}) {
		t.Error("expected the failure, and no other, to count as printed")
	}
}

// syncBuffer is a buffer that several goroutines may use.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// TestIssuance checks that a display says that the target got no certificate, and goes on
// counting.
func TestIssuance(t *testing.T) {
	t.Parallel()
	x := hostile()
	x.Cause = report.CauseNoContact
	told := running
	told.Kind, told.Failure = report.EventIssuance, x
	for _, live := range []bool{true, false} {
		var term terminal
		s := newScreen(Settings{Live: live, Width: 80})
		term.write(s.event(began, start))
		term.write(s.event(told, start.Add(12*time.Second)))
		if above := term.text(); !strings.Contains(above, "NO CERTIFICATE  "+report.CauseNoContact) ||
			!strings.Contains(above, `\x1b[2J`) {
			t.Errorf("live %t: expected the cause, and what was seen with escapes, in\n%s", live, above)
		}
		if live && !strings.HasPrefix(term.row, "assay: 37 of 176 done, 1 failed") {
			t.Errorf("found %q, expected the counts below", term.row)
		}
		if len(s.failures) != 0 {
			t.Errorf("live %t: found a failure that was printed, expected none", live)
		}
		failed := running
		failed.Kind, failed.Failure = report.EventFailure, x
		s.event(failed, start.Add(13*time.Second))
		text := s.failure(x)
		if !strings.Contains(text, "same cause as NO CERTIFICATE, above") ||
			strings.Contains(text, "promised") {
			t.Errorf("live %t: found\n%s\nexpected a failure that points up", live, text)
		}
	}
}

// TestFurtherRows checks that a long line is indented from its second row on.
func TestFurtherRows(t *testing.T) {
	t.Parallel()
	long := began
	long.Workers, long.WorkersReason = 8, "fewer than the 16 that 2 CPUs allow, because other "+
		"programs use them"
	var term terminal
	s := newScreen(Settings{Live: true, Width: 80})
	term.write(s.event(long, start))
	if len(term.above) != 2 || !strings.HasPrefix(term.above[1], "  ") || term.widest > 80 {
		t.Errorf("found %q, %d columns wide; expected two rows of 80 columns, the second indented",
			term.above, term.widest)
	}
}

// TestLineOnly checks that nothing but the live line is shown.
func TestLineOnly(t *testing.T) {
	t.Parallel()
	var term terminal
	s := newScreen(Settings{Live: true, Width: 80, LineOnly: true})
	failed := report.Event{
		Kind: report.EventFailure, Total: 176, Done: 38, Failed: 2, Failure: hostile(),
	}
	for i, e := range []report.Event{began, running, failed} {
		term.write(s.event(e, start.Add(time.Duration(i)*time.Second)))
		if term.row == "" || len(term.above) > 0 {
			t.Errorf("after %s: found %q above %q, expected a live line alone", e.Kind, term.above, term.row)
		}
	}
	if term.write(s.end()); term.row != "" {
		t.Errorf("%q is left, expected an empty row", term.row)
	}
}
