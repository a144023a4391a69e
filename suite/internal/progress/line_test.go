package progress

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"assay/suite/report"
)

// running is a run in the middle.
var running = report.Event{
	Kind: report.EventCase, Total: 176, Done: 37, Failed: 1,
	Running: []string{"RES-12", "BYO-02/sub-directory", "ACME-04", "RENEW-03"},
}

func TestLine(t *testing.T) {
	t.Parallel()
	probe := report.Event{Kind: report.EventProbe, Total: 176}
	idle := report.Event{Kind: report.EventCase, Total: 176, Done: 176}
	for _, row := range []struct {
		e     report.Event
		width int
		want  string
	}{
		{running, 20, "37/176, 1 failed"},
		{running, 34, "37 of 176 done, 1 failed, 12 s"},
		{running, 35, "37/176, 1 failed, 12 s · RES-12 +3"},
		{running, 40, "37/176, 1 failed, 12 s · RES-12 +3"},
		{running, 72, "assay: 37 of 176 done, 1 failed, 12 s · RES-12 BYO-02/sub-directory +2"},
		{running, 80, "assay: 37 of 176 done, 1 failed, 12 s · RES-12 BYO-02/sub-directory ACME-04 +1"},
		{running, 200, "assay: 37 of 176 done, 1 failed, 12 s · " +
			"RES-12 BYO-02/sub-directory ACME-04 RENEW-03"},
		{running, 7, "37/176"},
		{running, 6, ""},
		{running, 0, ""},
		{probe, 24, "0/176, 0 failed, 12 s"},
		{probe, 80, "assay: 0 of 176 done, 0 failed, 12 s · probe: does the server start?"},
		{probe, 50, "assay: 0 of 176 done, 0 failed, 12 s · probe"},
		{idle, 80, "assay: 176 of 176 done, 0 failed, 12 s"},
	} {
		if got := Line(row.e, 12*time.Second, row.width); got != row.want {
			t.Errorf("%s at %d columns: %q, expected %q", row.e.Kind, row.width, got, row.want)
		}
	}
}

// TestLineFits checks every width: the line leaves the last column free, grows with the
// width, and holds whole words of the widest line.
func TestLineFits(t *testing.T) {
	t.Parallel()
	whole := map[string]bool{}
	for _, form := range lines(running, 12*time.Second) {
		for _, word := range strings.Fields(form) {
			whole[word] = true
		}
	}
	for _, word := range append(running.Running, "·", "+1", "+2", "+3") {
		whole[word] = true
	}
	for width := range 250 {
		line := Line(running, 12*time.Second, width)
		if n := utf8.RuneCountInString(line); n > 0 && n >= width {
			t.Errorf("%d columns: %q has %d, expected fewer", width, line, n)
		}
		for _, word := range strings.Fields(line) {
			if !whole[word] {
				t.Errorf("%d columns: %q holds %q, expected whole words", width, line, word)
			}
		}
		if width > 7 && line == "" {
			t.Errorf("%d columns: found nothing, expected the counts", width)
		}
	}
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 s", 1900 * time.Millisecond: "1 s", 185 * time.Second: "3 min 5 s",
		62 * time.Minute: "1 h 2 min",
	} {
		if got := seconds(d); got != want {
			t.Errorf("%s: %q, expected %q", d, got, want)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ got, want string }{
		{Began(report.Event{Total: 1, Target: "x\x1b[2J", Executable: "/opt/x"}),
			`assay: 1 requirement against x\x1b[2J (/opt/x)`},
		{Again(report.Event{Again: 1}),
			"assay: this machine was starved during 1 case, which is tried again"},
		{Again(report.Event{Again: 2}),
			"assay: this machine was starved during 2 cases, which are tried again"},
		{Ending(report.Event{Total: 9}, true), "assay: the run ends; no verdict has been reached " +
			"so far; press Ctrl-C again to end it at once"},
		{Ending(report.Event{Total: 9, Done: 4}, false), "assay: the run ends; the verdicts reached " +
			"so far (4 of 9) are kept; a second signal ends it at once, without them"},
	} {
		if row.got != row.want {
			t.Errorf("%q, expected %q", row.got, row.want)
		}
	}
}
