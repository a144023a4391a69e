//go:build !linux

package patience

// readCounters knows nothing on this system: late timers have to tell.
func readCounters([]int) Counters { return Counters{Pressure: -1} }

// Runnable returns 0: this system does not tell.
func Runnable() int { return 0 }

// Busy returns false: this system does not tell.
func Busy(int) bool { return false }
