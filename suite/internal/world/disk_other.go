//go:build !linux

package world

import "fmt"

// SmallDisk is for Linux alone.
func SmallDisk(World, string, int) (remove func() error, err error) {
	return nil, fmt.Errorf("world: a small disk: %w", ErrUnsupported)
}
