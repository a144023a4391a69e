package world

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The main thread keeps out of every world, so that /proc/self, which is the
// main thread's view, always shows home.
func init() { runtime.LockOSThread() }

// netns is a descriptor of a network namespace.
type netns struct{ fd int }

// currentNetns returns the network namespace of the calling thread.
func currentNetns() (netns, error) {
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return netns{-1}, fmt.Errorf("open network namespace: %w", err)
	}
	return netns{fd}, nil
}

func (n netns) enter() error {
	if err := unix.Setns(n.fd, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network namespace: %w", err)
	}
	return nil
}

// inode tells one network namespace from another.
func (n netns) inode() (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(n.fd, &st); err != nil {
		return 0, os.NewSyscallError("fstat", err)
	}
	return st.Ino, nil
}

// onThread runs f in a goroutine with a thread of its own. It ends as f does:
// with its error, its panic or its runtime.Goexit. A thread of which f says
// that it is spoilt ends with the goroutine.
func onThread(f func() (spoilt bool, err error)) error {
	var (
		err      error
		returned bool
		panicked any
		done     = make(chan struct{})
	)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer func() {
			if !returned {
				panicked = recover()
			}
		}()
		var spoilt bool
		spoilt, err = f()
		if !spoilt {
			runtime.UnlockOSThread()
		}
		returned = true
	}()
	<-done
	switch {
	case panicked != nil:
		panic(panicked)
	case !returned:
		runtime.Goexit()
	}
	return err
}

// homeNet holds the addresses at home: every one of it is local there. It is
// a unique local prefix (RFC 4193) and never leaves the machine.
var homeNet = netip.MustParsePrefix("fd00:a55a::/64")

// settleNetwork makes the home network: loopback alone.
func settleNetwork() error {
	if err := loopbackUp(); err != nil {
		return err
	}
	if !hasIPv6() {
		return nil
	}
	return addLocal(homeNet)
}

// addLocal makes all of an IPv6 prefix local in the calling thread's network
// namespace.
func addLocal(prefix netip.Prefix) error {
	err := netlink.RouteAdd(&netlink.Route{
		LinkIndex: loopbackIndex,
		Table:     unix.RT_TABLE_LOCAL,
		Type:      unix.RTN_LOCAL,
		Dst:       &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), 128)},
	})
	if errors.Is(err, unix.EEXIST) {
		return nil
	}
	return failed("add the route to "+prefix.String(), err)
}

// loopbackIndex is the interface number of lo in every network namespace.
const loopbackIndex = 1

var loopback = &netlink.Device{LinkAttrs: netlink.LinkAttrs{Name: "lo", Index: loopbackIndex}}

// loopbackUp brings lo up in the calling thread's network namespace.
func loopbackUp() error {
	return failed("bring lo up", netlink.LinkSetUp(loopback))
}

// hasIPv6 says whether lo has IPv6 in the calling thread's network namespace,
// after trying to switch it on.
func hasIPv6() bool {
	const path = "/proc/sys/net/ipv6/conf/lo/disable_ipv6"
	text, err := os.ReadFile(path)
	if err != nil {
		return false // a kernel without IPv6
	}
	return strings.HasPrefix(string(text), "0") || os.WriteFile(path, []byte("0"), 0) == nil
}
