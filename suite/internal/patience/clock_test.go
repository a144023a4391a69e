package patience

import (
	"testing"
	"time"
)

// TestClock sets the clock in both directions: it changes what was read of it at first.
func TestClock(t *testing.T) {
	t.Parallel()
	const set = "the clock of this machine was set "
	for by, want := range map[time.Duration]string{
		0:                      "",
		300 * time.Millisecond: "",
		-time.Hour:             set + "back by 1h0m0s while the case ran",
		90 * time.Minute:       set + "forward by 1h30m0s while the case ran, or the machine slept",
	} {
		c := StartClock()
		c.wall = c.wall.Add(-by)
		words, was := c.Set()
		if words != want || was != (want != "") {
			t.Errorf("set by %s: found %q, %t, expected %q", by, words, was, want)
		}
	}
}
