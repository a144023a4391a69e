//go:build !linux

package capture

// stopped returns nil: nothing is recorded here.
func stopped() *Recording { return nil }
