package patience

import (
	"fmt"
	"time"
)

// mostDrift is by how much the clock may differ from the time that has passed. A clock
// that is made to run faster or slower (adjtimex(2)) gains far less while a spec runs.
const mostDrift = time.Second

// A Clock notices that somebody sets this machine's clock. A server and the suite then
// judge the times of certificates differently, and no verdict rests on that.
type Clock struct {
	steady time.Time // with the reading of a clock that nobody sets
	wall   time.Time // without
}

// StartClock begins to watch the clock.
func StartClock() Clock {
	now := time.Now()
	return Clock{now, now.Round(0)}
}

// Set says by how much the clock was set since the watch began. It reports false if it
// was not. A machine that slept seems to have been set forward.
func (c Clock) Set() (words string, was bool) {
	now := time.Now()
	by := now.Round(0).Sub(c.wall) - now.Sub(c.steady)
	switch {
	case by > mostDrift:
		return fmt.Sprintf("the clock of this machine was set forward by %s while the case ran, or the "+
			"machine slept", by.Round(time.Second)), true
	case by < -mostDrift:
		return fmt.Sprintf("the clock of this machine was set back by %s while the case ran",
			(-by).Round(time.Second)), true
	}
	return "", false
}
