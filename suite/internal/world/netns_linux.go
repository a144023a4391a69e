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

// The main thread never enters a world, so that /proc/self, which shows what the
// main thread sees, always shows the home network.
func init() { runtime.LockOSThread() }

// netns holds a file descriptor of a network namespace.
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

// inode returns the number that identifies the network namespace.
func (n netns) inode() (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(n.fd, &st); err != nil {
		return 0, os.NewSyscallError("fstat", err)
	}
	return st.Ino, nil
}

// onThread runs f in a goroutine that is locked to a thread. It ends as f does:
// with the error, the panic or runtime.Goexit. If f returns discard, the thread
// ends with the goroutine, because it could not leave the world.
func onThread(f func() (discard bool, err error)) error {
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
		var discard bool
		discard, err = f()
		if !discard {
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

// homeNet is the IPv6 prefix of the home network. All of its addresses are local
// there. It is a unique local prefix (RFC 4193).
var homeNet = netip.MustParsePrefix("fd00:a55a::/64")

// setUpHomeNetwork sets up the home network, which has no interface but lo.
func setUpHomeNetwork() error {
	if err := loopbackUp(); err != nil {
		return err
	}
	if !hasIPv6() {
		return nil
	}
	return addLocal(homeNet)
}

// addLocal makes all addresses of an IPv6 prefix local in the calling thread's
// network namespace.
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
	return stepError("add the route to "+prefix.String(), err)
}

// loopbackIndex is the interface number of lo in every network namespace.
const loopbackIndex = 1

var loopback = &netlink.Device{LinkAttrs: netlink.LinkAttrs{Name: "lo", Index: loopbackIndex}}

// loopbackUp brings lo up in the calling thread's network namespace.
func loopbackUp() error {
	return stepError("bring lo up", netlink.LinkSetUp(loopback))
}

// hasIPv6 reports whether lo has IPv6 in the calling thread's network namespace,
// after trying to switch it on.
func hasIPv6() bool {
	const path = "/proc/sys/net/ipv6/conf/lo/disable_ipv6"
	text, err := os.ReadFile(path)
	if err != nil {
		return false // the kernel has no IPv6
	}
	return strings.HasPrefix(string(text), "0") || os.WriteFile(path, []byte("0"), 0) == nil
}
