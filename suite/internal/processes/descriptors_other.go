//go:build !linux

// Package processes limits what other processes may have open, where the system can.
package processes

import "errors"

// LimitDescriptors returns [errors.ErrUnsupported]: only Linux limits what another process
// may have open.
func LimitDescriptors(_, _ int) error { return errors.ErrUnsupported }
