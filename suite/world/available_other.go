package world

import "errors"

// Available returns nil if the namespace world can be had on this machine, by
// this user; else why not, in words. The errno, where the kernel gave one, is
// in the chain.
func Available() error { return errors.New("not yet") }
