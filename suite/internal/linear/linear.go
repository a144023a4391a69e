// Package linear checks in tests how the time that a function takes grows.
package linear

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	small, large = 4 << 10, 64 << 10 // bytes of a text
	// tooMuch is how many times as long the large text may take as the small one. It is
	// sixteen times as long: linear time is sixteen times as much, the square is 256 times.
	tooMuch = 80
	// least is a time below which nothing is said about growth.
	least = 50 * time.Millisecond
	tries = 3
)

// Check reports an error if a function takes time that grows with the square of the length
// of a text that repeats a part. It measures the time that the process gets of the CPU,
// so that a busy machine does not matter, and measures again what looks too long.
func Check(t testing.TB, part string, f func(text string)) {
	t.Helper()
	if part == "" || len(part) > small {
		return
	}
	short, long := strings.Repeat(part, small/len(part)), strings.Repeat(part, large/len(part))
	var a, b time.Duration
	for range tries {
		a, b = measure(t, short, f), measure(t, long, f)
		if b < least || b < tooMuch*max(a, time.Microsecond) {
			return
		}
	}
	t.Errorf("%q, repeated: %d bytes took %s and %d bytes took %s, expected at most %d times as much",
		part, len(short), a, len(long), b, tooMuch)
}

// measure returns the time of the CPU that a function takes for a text.
func measure(t testing.TB, text string, f func(string)) time.Duration {
	t.Helper()
	before := used(t)
	f(text)
	return used(t) - before
}

func used(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
