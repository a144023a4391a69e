//go:build !linux

package world

import (
	"os"
	"syscall"
)

func innerAttr(plan) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

func prepareNamespace(*plan, []string) error { return errNoLinux }

func settle(*plan) error { return errNoLinux }

func relayOut(string) (*os.File, func(), error) { return nil, nil, errNoLinux }

func relayIn(string) error { return errNoLinux }

// relays is false: without network namespaces every process reaches the
// relay's address by itself.
func (plan) relays() bool { return false }
