package world

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Addresses inside a world. All of 127.0.0.0/8 is local there already.
var (
	host4   = netip.MustParseAddr("127.0.0.10")
	host6   = netip.MustParseAddr("fd00:a55a:0:1::10")
	acme4   = netip.MustParseAddr("127.0.0.2")
	resolve = netip.MustParseAddr("127.0.0.53")
)

// namespaceOpener makes worlds of the kind Namespace.
type namespaceOpener struct {
	run     *Run
	home    netns
	starter *starter
}

func newNamespaceOpener(r *Run) (opener, error) {
	home, err := currentNetns()
	if err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	return &namespaceOpener{run: r, home: home, starter: newStarter(withholdCapabilities)}, nil
}

func (o *namespaceOpener) open(worker, serial int) (World, error) {
	w, err := openNamespace(o.home, worker, serial%namespaceSerials)
	if err != nil {
		return nil, fmt.Errorf("world: open: %w", err)
	}
	w.targets = targets{mark: o.run.mark(worker, serial), starter: o.starter, own: newGroups(), all: o.run.targets}
	return w, nil
}

// namespace is a World that is a network namespace.
type namespace struct {
	home, inside netns
	table        socketTable
	ipv6         bool
	gateway      []netip.Addr
	targets      targets

	mu       sync.Mutex
	forwards map[int]int // of the host
}

func openNamespace(home netns, worker, serial int) (*namespace, error) {
	w := &namespace{home: home, inside: netns{-1}, forwards: map[int]int{}}
	// 127.0.x.y stays free: it is what people type.
	w.gateway = []netip.Addr{netip.AddrFrom4([4]byte{127, byte(1 + worker), byte(serial >> 8), byte(serial)})}
	err := onThread(func() (spoilt bool, err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return false, failed("make a network namespace", err)
		}
		err = w.furnish()
		return home.enter() != nil, err
	})
	if err != nil {
		return nil, errors.Join(err, w.release())
	}
	if w.ipv6 {
		six := homeNet.Addr().As16()
		six[8], six[9] = byte((1+worker)>>8), byte(1+worker)
		six[14], six[15] = byte(serial>>8), byte(serial)
		w.gateway = append(w.gateway, netip.AddrFrom16(six))
	}
	return w, nil
}

// furnish runs on a thread inside the new namespace.
func (w *namespace) furnish() (err error) {
	if w.inside, err = currentNetns(); err != nil {
		return failed("open the network namespace", err)
	}
	if w.table, err = openSocketTable(); err != nil {
		return err
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	// 127.0.0.10 is local already. It is made an address all the same, because
	// the system's resolver asks for IPv4 only where there is one of its own.
	own := &netlink.Addr{IPNet: &net.IPNet{IP: host4.AsSlice(), Mask: net.CIDRMask(32, 32)}, Scope: unix.RT_SCOPE_HOST}
	if err := netlink.AddrAdd(loopback, own); err != nil {
		return failed("add address "+host4.String(), err)
	}
	if w.ipv6 = hasIPv6(); w.ipv6 {
		// Without duplicate address detection it can be bound at once. Its
		// route would come later, from a work queue of the kernel's.
		addr := &netlink.Addr{
			IPNet: &net.IPNet{IP: host6.AsSlice(), Mask: net.CIDRMask(128, 128)},
			Flags: unix.IFA_F_NODAD,
		}
		if err := netlink.AddrAdd(loopback, addr); err != nil {
			return failed("add address "+host6.String(), err)
		}
		if err := addLocal(netip.PrefixFrom(host6, 128)); err != nil {
			return err
		}
	}
	if err := setLowPorts(true); err != nil {
		return err
	}
	return firstRules()
}

// setLowPorts acts on the network namespace of the calling thread (ip-sysctl,
// ip_unprivileged_port_start).
func setLowPorts(allowed bool) error {
	start := "1024"
	if allowed {
		start = "0"
	}
	err := os.WriteFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", []byte(start), 0)
	if err != nil {
		return failed(stepSysctl, cause(err))
	}
	return nil
}

func (w *namespace) Kind() Kind { return Namespace }

func (w *namespace) Host() (v4, v6 netip.Addr) {
	if w.ipv6 {
		v6 = host6
	}
	return host4, v6
}

func (w *namespace) Port(documented int) int { return documented }

func (w *namespace) Sites() Sites {
	return Sites{
		ACME:      netip.AddrPortFrom(acme4, acmePort),
		Authority: "acme.test",
		DNS:       netip.AddrPortFrom(resolve, dnsPort),
		HomeDNS:   netip.AddrPortFrom(w.gateway[0], dnsPort),
		Gateway:   w.gateway,
		HTTPPort:  80,
		TLSPort:   443,
	}
}

func (w *namespace) Do(f func() error) error {
	return onThread(func() (spoilt bool, err error) {
		if err := w.inside.enter(); err != nil {
			return false, fmt.Errorf("world: %w", err)
		}
		// Should f panic, the thread stays locked, and ends inside.
		err = f()
		return w.home.enter() != nil, err
	})
}

func (w *namespace) LowPorts(allowed bool) error {
	return w.Do(func() error { return setLowPorts(allowed) })
}

// Start starts the target on a thread that is in the world meanwhile and hands
// on no capability: it is an ordinary user, even if the run is root's. It gets
// no PID namespace: as the first process of one, it would be immune to every
// signal that it does not handle (pid_namespaces(7)), and a server that leaves
// SIGTERM to the system would seem to hang. It gets no user namespace of its
// own either: Go clones into one by copying all of the worker's page tables
// (syscall.SysProcAttr, Cloneflags), which takes longer than many a server's
// start. What it leaves running is found by its network namespace. A target
// that signals every process it may (kill(2), pid -1) thus also meets others
// of the same user.
func (w *namespace) Start(cmd *exec.Cmd) error {
	return w.targets.start(cmd, dieWithRunner, w.inside.enter, w.home.enter)
}

func (w *namespace) Close() error {
	w.targets.own.kill()
	err := w.endAll()
	w.targets.forget()
	return errors.Join(err, w.release())
}

// endAll ends whatever lives in the namespace. Mostly nothing does, and to see
// that is cheaper than to read what state each process is in.
func (w *namespace) endAll() error {
	inode, err := w.inside.inode()
	if err != nil {
		return err
	}
	all, err := pids()
	if err != nil {
		return err
	}
	within := func(pid int) bool { return netnsOf(pid) == inode }
	if !slices.ContainsFunc(all, func(pid int) bool { return w.targets.own.has(pid) || within(pid) }) {
		return nil
	}
	return end(func(p process, _ []process) bool { return within(p.pid) }, w.targets.own.list()...)
}

func (w *namespace) release() error {
	w.table.close()
	if w.inside.fd < 0 {
		return nil
	}
	err := os.NewSyscallError("close", unix.Close(w.inside.fd))
	w.inside.fd = -1
	return err
}

// netnsOf is the inode of a process's network namespace; 0 if it is gone or
// not ours to see.
func netnsOf(pid int) uint64 {
	var st unix.Stat_t
	if err := unix.Stat(fmt.Sprintf("/proc/%d/ns/net", pid), &st); err != nil {
		return 0
	}
	return st.Ino
}

func newOpener(r *Run) (opener, error) {
	if r.plan.Kind == Namespace {
		return newNamespaceOpener(r)
	}
	return newLoopbackOpener(r), nil
}
