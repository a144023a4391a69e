package suite

import "assay/suite/internal/sut"

// A StartOption changes how a target starts, beside its configuration's keys.
type StartOption func(*startup)

type startup struct {
	forwards [][2]int
	input    sut.Input
	change   func(config string) error
}

// Forward makes the port from of the target's host lead to its port to: a
// real firewall rule in a network namespace, a listener on loopback.
func Forward(from, to int) StartOption {
	return func(o *startup) { o.forwards = append(o.forwards, [2]int{from, to}) }
}

// WorkingDir starts the target in another directory than its configuration's.
func WorkingDir(dir string) StartOption {
	return func(o *startup) { o.input.WorkingDir = dir }
}

// RelativeConfig gives the target the path of its config file relative to the
// directory that it starts in.
func RelativeConfig(o *startup) { o.input.RelativeConfig = true }

// RawConfig writes these bytes in place of a configuration.
func RawConfig(raw []byte) StartOption {
	return func(o *startup) { o.input.Raw = raw }
}

// NoConfig names a config file that does not exist.
func NoConfig(o *startup) { o.input.NoConfig = true }

// UnreadableConfig gives the target no right to read its config file.
func UnreadableConfig(o *startup) { o.input.Unreadable = true }

// TrustOnly makes the target trust the roots in this file, and no others, when
// it talks to its CA.
func TrustOnly(bundle string) StartOption {
	return func(o *startup) { o.input.CABundle = bundle }
}

// ChangeConfig changes the config file, once it is written, before the target
// starts.
func ChangeConfig(change func(path string) error) StartOption {
	return func(o *startup) { o.change = change }
}
