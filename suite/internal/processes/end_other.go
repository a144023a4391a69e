//go:build !linux

package processes

// AwaitEnd does nothing on this system.
func AwaitEnd(int) {}
