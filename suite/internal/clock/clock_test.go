//go:build linux && (amd64 || arm64)

package clock

import (
	"context"
	"testing"
	"time"
)

const day = 24 * time.Hour

func advance(t *testing.T, c *Clock, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := c.Advance(ctx, d); err != nil {
		t.Fatal(err)
	}
}

// near fails the test unless a time is the wanted one, but for the time that the test
// takes.
func near(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if off := got - want; off < -2*time.Second || off > time.Minute {
		t.Errorf("%s: got %s, expected %s", what, got, want)
	}
}

func TestAdvance(t *testing.T) {
	c := New()
	r := run(t, c, role("tell"))
	wall, since := r.tell()
	near(t, "wall clock at first", time.Until(wall), 0)
	near(t, "monotonic clock at first", since, 0)
	advance(t, c, 55*time.Hour)
	wall, since = r.tell()
	near(t, "wall clock", time.Until(wall), 55*time.Hour)
	near(t, "monotonic clock", since, 55*time.Hour)
	r.in.Close()
	if status := r.Wait(); status.ExitStatus() != 7 {
		t.Errorf("exit status %d, expected 7", status.ExitStatus())
	}
}

func TestTimersFire(t *testing.T) {
	c := New()
	r := run(t, c, role("wait", "48h"))
	advance(t, c, 47*time.Hour)
	r.silent()
	advance(t, c, 8*time.Hour)
	for _, want := range []map[string]bool{{"fired": true, "ticked": true}} {
		for len(want) > 0 {
			line := r.line()
			if !want[line] {
				t.Fatalf("the target says %q, expected one of %v", line, want)
			}
			delete(want, line)
		}
	}
}

// awaitSleep waits until all threads sleep.
func awaitSleep(t *testing.T, c *Clock) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := c.AwaitIdle(ctx, nil); err != nil {
		t.Fatal(err)
	}
}
