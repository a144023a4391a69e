package patience

import (
	"strings"
	"testing"
	"time"
)

const second = time.Second

// TestStarved compares machines that kept a server from meeting a limit with
// servers that did so themselves.
func TestStarved(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		loss    Loss
		starved bool
	}{
		{"an idle machine, a server that sleeps", Loss{Wall: 20 * second}, false},
		{"timers a little late", Loss{Wall: 20 * second, Late: 2 * second, Own: Usage{Delay: second}},
			false},
		{"timers late most of the time", Loss{Wall: 20 * second, Late: 15 * second}, true},
		{"the server waits for a processor",
			Loss{Wall: 20 * second, Target: Usage{CPU: second, Delay: 12 * second}}, true},
		{"many threads of the suite, and timers that are hardly late",
			Loss{Wall: 20 * second, Late: second, Own: Usage{CPU: second, Delay: 30 * second}}, false},
		{"both wait, one after the other",
			Loss{Wall: 20 * second, Late: 6 * second, Target: Usage{Delay: 6 * second}}, true},
		{"pressure alone, which others feel",
			Loss{Wall: 20 * second, Pressure: 20 * second, Runnable: 60}, false},
		{
			"a server that burns both processors, and is in its own way",
			Loss{Wall: 20 * second, Late: 14 * second, Own: Usage{Delay: 9 * second},
				Target: Usage{CPU: 38 * second, Delay: 300 * second}, Pressure: 20 * second},
			false,
		},
		{
			"a server that burns what it gets, beside sixty others",
			Loss{Wall: 20 * second, Late: 18 * second, Target: Usage{CPU: second, Delay: 39 * second},
				Pressure: 20 * second, Runnable: 62},
			true,
		},
		{
			"the suite and the server burn what there is between them",
			Loss{Wall: 5 * second, Late: 2 * second, Own: Usage{CPU: 3 * second},
				Target: Usage{CPU: 2 * second, Delay: 9 * second}, Pressure: 5 * second, Runnable: 4},
			false,
		},
		{"a virtual machine that was not run", Loss{Wall: 20 * second, Late: 19 * second, Pressure: -1},
			true},
		{"nothing measured", Loss{}, false},
	} {
		if why, starved := tt.loss.Starved(); starved != tt.starved || starved != (why != "") {
			t.Errorf("%s: found %t (%s), expected %t", tt.name, starved, why, tt.starved)
		}
	}
}

// TestBurnt tells a server that uses up a processor from one that waits.
func TestBurnt(t *testing.T) {
	t.Parallel()
	for cpu, want := range map[time.Duration]bool{0: false, 9 * second: false, 11 * second: true} {
		if l := (Loss{Wall: 20 * second, Target: Usage{CPU: cpu}}); l.Burnt() != want {
			t.Errorf("%s of 20s: expected %t", cpu, want)
		}
	}
	if (Loss{}).Burnt() {
		t.Error("nothing measured: expected false")
	}
}

// TestStarvedBy compares what is lost with the time by which a limit was passed.
func TestStarvedBy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		loss    Loss
		over    time.Duration
		starved bool
	}{
		{"less over than was lost", Loss{Wall: 5 * second, Late: second}, second / 10, true},
		{"more over than was lost", Loss{Wall: 5 * second, Late: second / 20}, second / 10, false},
		{"over by an unknown time", Loss{Wall: 5 * second, Late: second}, 0, false},
		{"most of the time was lost", Loss{Wall: 5 * second, Late: 3 * second}, 4 * second, true},
		{"a server that used the time up itself",
			Loss{Wall: 5 * second, Late: second, Target: Usage{CPU: 4 * second}}, second / 10, false},
	} {
		if why, starved := tt.loss.StarvedBy(tt.over); starved != tt.starved || starved != (why != "") {
			t.Errorf("%s: starved is %t (%q), expected %t", tt.name, starved, why, tt.starved)
		}
	}
}

func TestLossInWords(t *testing.T) {
	t.Parallel()
	known := Loss{Wall: 20 * second, Late: 15 * second, Own: Usage{Delay: second},
		Target: Usage{CPU: second, Delay: 2 * second}, Pressure: 19 * second, Runnable: 62}.String()
	for _, want := range []string{
		"in 20s", "late by 15s", "ran for 1s", "19s of CPU pressure", "62 threads",
	} {
		if !strings.Contains(known, want) {
			t.Errorf("found %q, expected %q in it", known, want)
		}
	}
	if unknown := (Loss{Wall: second, Pressure: -1}).String(); strings.Contains(unknown, "pressure") ||
		strings.Contains(unknown, "threads") {
		t.Errorf("found %q, expected nothing about what the kernel does not tell", unknown)
	}
}
