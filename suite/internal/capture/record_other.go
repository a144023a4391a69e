//go:build !linux

package capture

// Recording is a recording of packets, which only Linux allows.
type Recording struct{}

// Start returns [ErrUnsupported].
func Start(func(func() error) error) (*Recording, error) { return nil, ErrUnsupported }

// Discard does nothing.
func (*Recording) Discard() {}

// Stop returns nothing.
func (*Recording) Stop() (packets []Packet, dropped int) { return nil, 0 }
