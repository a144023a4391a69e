package live

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/fixtures/mutants/mutantstest"
	"assay/suite/internal/clock"
	"assay/suite/report"
)

const root = "../../.."

// build builds the reference server, or a known-bad one, once.
func build(t *testing.T, name string) string {
	t.Helper()
	if err := clock.Available(); err != nil {
		t.Skip(err)
	}
	return mutantstest.Build(t, root, name)
}

func TestMain(m *testing.M) { mutantstest.Main(m) }

// taken takes a server through time.
func taken(t *testing.T, name string, o Options) (*Life, []Event) {
	t.Helper()
	o.Target, o.Bin = "reference", build(t, name)
	if o.Step == 0 {
		o.Step = Span(12 * time.Hour)
	}
	if o.Lifetime == 0 {
		o.Lifetime = Span(90 * day)
	}
	var events []Event
	life, err := Run(t.Context(), o, func(e Event) { events = append(events, e) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, e := range events {
				t.Log(e.Line())
			}
			t.Log(strings.Join(life.Summary(), "\n"))
		}
	})
	return life, events
}

// kinds returns the kinds of events, each once in a row.
func kinds(events []Event) (all []string) {
	for _, e := range events {
		all = append(all, e.Kind)
	}
	return slices.Compact(all)
}

func TestReference(t *testing.T) {
	for _, world := range []string{"auto", "loopback"} {
		t.Run(world, func(t *testing.T) {
			t.Parallel()
			life, events := taken(t, "", Options{World: world, For: Span(70 * day)})
			if life.Exit != 0 || len(life.Clients.Gaps) > 0 || len(life.Attempts) > 0 {
				t.Errorf("exit %d, gaps %v, failed attempts %v, expected none",
					life.Exit, life.Clients.Gaps, life.Attempts)
			}
			if len(life.Certificates) != 2 {
				t.Fatalf("%d certificates, expected 2", len(life.Certificates))
			}
			if life.Certificates[0].Left != nil {
				t.Errorf("the first certificate has something before it: %v", life.Certificates[0])
			}
			for i, c := range life.Certificates[1:] {
				left := c.Left.Duration()
				if left > 30*day || left < 30*day-13*time.Hour {
					t.Errorf("renewal %d with %s left, expected 30 days, or up to a step less", i, length(left))
				}
				if c.Served == nil || *c.Served < c.Passed || *c.Served > c.Passed+seconds(day) {
					t.Errorf("renewal %d at %d was served at %v, expected at once", i, c.Passed, c.Served)
				}
				if life := c.NotAfter.Sub(c.IssuedAt); life < 90*day-time.Minute || life > 90*day {
					t.Errorf("renewal %d is valid for %s, expected 90 days", i, length(life))
				}
			}
			// On loopback the server warns that it is not at port 443, before or after the
			// first certificate is issued.
			warned := slices.ContainsFunc(events, func(e Event) bool { return e.Kind == KindWarning })
			others := slices.DeleteFunc(slices.Clone(events), func(e Event) bool {
				return e.Kind == KindWarning
			})
			want := []string{KindStarted, KindIssued}
			if !slices.Equal(kinds(others), want) || warned != (life.World == "loopback") {
				t.Errorf("events %v, expected %v, and a warning on loopback alone", kinds(events), want)
			}
			for _, row := range life.Ledger {
				if row.Exceeded() || row.Peak > float64(row.Most)/4 {
					t.Errorf("the ledger has %+v, expected a row far below its limit", row)
				}
			}
			if len(life.Ledger) != 4 {
				t.Errorf("the ledger has %d rows, expected 4", len(life.Ledger))
			}
			if life.Passed.Duration() != 70*day || life.Clients.Handshakes != 141 {
				t.Errorf("%s with %d clients, expected 70 days with 141",
					length(life.Passed.Duration()), life.Clients.Handshakes)
			}
			if !strings.Contains(life.Verdict, "every client was served") ||
				!strings.Contains(life.Verdict, "1 renewal,") {
				t.Errorf("verdict %q", life.Verdict)
			}
		})
	}
}

func TestShortLifetime(t *testing.T) {
	t.Parallel()
	life, _ := taken(t, "", Options{
		For: Span(8 * day), Lifetime: Span(day), Step: Span(time.Hour),
	})
	if life.Exit != 0 || len(life.Certificates) < 8 {
		t.Errorf("exit %d, %d certificates, expected a renewal each day",
			life.Exit, len(life.Certificates))
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	life, events := taken(t, "renew-not-served", Options{For: Span(100 * day)})
	if life.Exit != report.ExitFailed || len(life.Clients.Gaps) == 0 {
		t.Fatalf("exit %d, gaps %v, expected that clients meet an expired certificate",
			life.Exit, life.Clients.Gaps)
	}
	gap := life.Clients.Gaps[0]
	if from := gap.From.Duration(); from < 90*day || from > 90*day+12*time.Hour {
		t.Errorf("the gap begins after %s, expected 90 days", length(from))
	}
	if !strings.Contains(gap.Reason, "expired") || !slices.Contains(kinds(events), KindGap) {
		t.Errorf("reason %q, events %v, expected an expired certificate", gap.Reason, kinds(events))
	}
	if !strings.Contains(life.Verdict, "not served a valid certificate") {
		t.Errorf("verdict %q", life.Verdict)
	}
}

// A server that does not see badNonce is refused until its certificate has expired by a CA
// that forgets nonces in minutes, and renews in time with one that forgets them in a day.
func TestForgottenNonces(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ca   string
		late bool
	}{{"", true}, {"edge", false}} {
		life, _ := taken(t, "error-bodies-drained", Options{
			CA: tt.ca, For: Span(10 * day), Lifetime: Span(9 * day), Step: Span(6 * time.Hour),
		})
		if len(life.Certificates) < 2 || len(life.Attempts) == 0 {
			t.Fatalf("%s: %d certificates and %d failed attempts, expected a renewal and some failures",
				life.Preset, len(life.Certificates), len(life.Attempts))
		}
		if left := life.Certificates[1].Left; left == nil || *left < 0 != tt.late {
			t.Errorf("%s: renewed with %v seconds left, expected below 0: %t", life.Preset, left, tt.late)
		}
	}
}

func TestOutage(t *testing.T) {
	t.Parallel()
	life, events := taken(t, "", Options{
		For: Span(80 * day), Outages: []Outage{{Span(59 * day), Span(5 * day)}},
	})
	if life.Exit != 0 || len(life.Attempts) == 0 || len(life.Certificates) != 2 {
		t.Fatalf("exit %d, %d failed attempts, %d certificates, expected failures and then a renewal",
			life.Exit, len(life.Attempts), len(life.Certificates))
	}
	for _, a := range life.Attempts {
		if at := a.Passed.Duration(); at < 59*day || at > 64*day+12*time.Hour {
			t.Errorf("a failed attempt after %s, expected those of the outage alone", length(at))
		}
		if a.Reason == "" || a.Left == nil || a.Left.Duration() > 30*day {
			t.Errorf("attempt %+v, expected a reason and at most 30 days left", a)
		}
	}
	if at := life.Certificates[1].Passed.Duration(); at < 64*day || at > 66*day {
		t.Errorf("renewed after %s, expected soon after the end of the outage", length(at))
	}
	for _, want := range []string{KindOutage, KindFailed} {
		if !slices.Contains(kinds(events), want) {
			t.Errorf("events %v, expected %s among them", kinds(events), want)
		}
	}
}

func TestServerThatEnds(t *testing.T) {
	t.Parallel()
	life, events := taken(t, "renew-dies-without-the-ca", Options{
		For: Span(80 * day), Outages: []Outage{{Span(50 * day), Span(20 * day)}},
	})
	if life.Exit != report.ExitFailed || !strings.Contains(life.Ended, "exited with code") ||
		!strings.Contains(life.Verdict, "the server ended") {
		t.Errorf("exit %d, ended %q, verdict %q, expected that the server ended",
			life.Exit, life.Ended, life.Verdict)
	}
	if last := events[len(events)-1]; last.Kind != KindEnded {
		t.Errorf("last event %v", last)
	}
}

func TestNoLife(t *testing.T) {
	t.Parallel()
	build(t, "")
	silent := filepath.Join(t.TempDir(), "silent.yaml")
	text := "name: silent\ncommand: [/bin/sleep, \"100\"]\nconfig: {template: \"\"}\nprofiles: [byo]\n"
	if err := os.WriteFile(silent, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{
		silent: "does not claim acme", "nonesuch": "expected the path of a target file",
		"reference": "found \"letsencript\"",
	} {
		o := Options{Target: target, For: Span(day), Step: Span(day), Lifetime: Span(day)}
		if target == "reference" {
			o.Bin, o.CA = build(t, ""), "letsencript"
		}
		_, err := Run(t.Context(), o, func(Event) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, expected an error with %q", target, err, want)
		}
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	o := Options{
		Target: "reference", Bin: build(t, ""), For: Span(5000 * day),
		Lifetime: Span(90 * day), Step: Span(12 * time.Hour),
	}
	_, err := Run(ctx, o, func(Event) { cancel() })
	if !errors.Is(err, ErrInterrupted) {
		t.Errorf("got %v, expected %v", err, ErrInterrupted)
	}
}

// What is printed as JSON can be read again.
func TestJSON(t *testing.T) {
	t.Parallel()
	life, _ := taken(t, "", Options{For: Span(2 * day)})
	text, err := json.Marshal(life)
	if err != nil {
		t.Fatal(err)
	}
	var again Life
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(life, &again) {
		t.Errorf("got %+v, expected %+v", again, *life)
	}
}
