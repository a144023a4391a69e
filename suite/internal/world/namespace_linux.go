package world

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"assay/suite/internal/confine"
)

// Addresses inside a world. All of 127.0.0.0/8 is local there.
var (
	host4 = netip.MustParseAddr("127.0.0.10")
	host6 = netip.MustParseAddr("fd00:a55a:0:1::10")
	acme4 = netip.MustParseAddr("127.0.0.2")
	dns4  = netip.MustParseAddr("127.0.0.53")
)

// namespaceOpener opens worlds of kind Namespace.
type namespaceOpener struct {
	run      *Run
	home     netns
	readable confine.Readable
}

func newNamespaceOpener(r *Run) (opener, error) {
	home, err := currentNetns()
	if err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	readable := confine.AllBut([]string{r.plan.Tmpfs}, nil)
	return &namespaceOpener{run: r, home: home, readable: readable}, nil
}

func (o *namespaceOpener) open(worker, serial int) (World, error) {
	dir, err := o.run.makeDir(worker, serial)
	if err != nil {
		return nil, err
	}
	w, err := openNamespace(o.home, worker, serial%namespaceSerials)
	if err != nil {
		return nil, fmt.Errorf("world: open: %w", err)
	}
	w.dir = dir
	w.targets = targets{
		bounded: true,
		mark:    o.run.mark(worker, serial),
		starter: w.newStarter(o.readable),
		own:     newGroups(),
		all:     o.run.targets,
	}
	return w, nil
}

// newStarter returns a starter whose thread is inside the world and keeps its
// capabilities, because it has to execute what only this process may read.
func (w *namespace) newStarter(readable confine.Readable) *starter {
	return newStarter(func() error {
		if err := w.inside.enter(); err != nil {
			return err
		}
		return stepError("confine targets", confine.Thread(w.dir, readable, true))
	})
}

// namespace is a World with a network namespace of its own.
type namespace struct {
	dir          string
	home, inside netns
	table        socketTable
	ipv6         bool
	gateway      []netip.Addr
	targets      targets

	mu       sync.Mutex
	forwards map[int]int // the host's ports: from, to
}

func openNamespace(home netns, worker, serial int) (*namespace, error) {
	w := &namespace{home: home, inside: netns{-1}, forwards: map[int]int{}}
	// 127.0.x.y stays free for addresses that configurations name.
	w.gateway = []netip.Addr{
		netip.AddrFrom4([4]byte{127, byte(1 + worker), byte(serial >> 8), byte(serial)}),
	}
	err := onThread(func() (discard bool, err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return false, stepError("make a network namespace", err)
		}
		err = w.setUpInside()
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

// setUpInside sets up the new namespace. It runs on a thread inside.
func (w *namespace) setUpInside() (err error) {
	if w.inside, err = currentNetns(); err != nil {
		return stepError("open the network namespace", err)
	}
	if w.table, err = openSocketTable(); err != nil {
		return err
	}
	if err := loopbackUp(); err != nil {
		return err
	}
	// 127.0.0.10 is local without this. But the system's resolver asks for IPv4
	// addresses only if an interface has one other than 127.0.0.1.
	own := &netlink.Addr{
		IPNet: &net.IPNet{IP: host4.AsSlice(), Mask: net.CIDRMask(32, 32)},
		Scope: unix.RT_SCOPE_HOST,
	}
	if err := netlink.AddrAdd(loopback, own); err != nil {
		return stepError("add address "+host4.String(), err)
	}
	if w.ipv6 = hasIPv6(); w.ipv6 {
		// Without duplicate address detection the address can be bound at
		// once. The kernel would add its route later, so it is added below.
		addr := &netlink.Addr{
			IPNet: &net.IPNet{IP: host6.AsSlice(), Mask: net.CIDRMask(128, 128)},
			Flags: unix.IFA_F_NODAD,
		}
		if err := netlink.AddrAdd(loopback, addr); err != nil {
			return stepError("add address "+host6.String(), err)
		}
		if err := addLocal(netip.PrefixFrom(host6, 128)); err != nil {
			return err
		}
	}
	if err := setLowPorts(true); err != nil {
		return err
	}
	boundPackets()
	return createRules()
}

// setLowPorts sets whether processes without capabilities may bind ports below
// 1024 in the calling thread's network namespace (ip-sysctl,
// ip_unprivileged_port_start).
func setLowPorts(allowed bool) error {
	start := "1024"
	if allowed {
		start = "0"
	}
	err := os.WriteFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", []byte(start), 0)
	if err != nil {
		return stepError(stepSysctl, errnoOf(err))
	}
	return nil
}

// Kind implements [World].
func (w *namespace) Kind() Kind { return Namespace }

// Dir implements [World].
func (w *namespace) Dir() string { return w.dir }

// Host implements [World].
func (w *namespace) Host() (v4, v6 netip.Addr) {
	if w.ipv6 {
		v6 = host6
	}
	return host4, v6
}

// Port implements [World].
func (w *namespace) Port(documented int) int { return documented }

// Services implements [World].
func (w *namespace) Services() Services {
	return Services{
		ACME:      netip.AddrPortFrom(acme4, acmePort),
		Authority: "acme.test",
		DNS:       netip.AddrPortFrom(dns4, dnsPort),
		HomeDNS:   netip.AddrPortFrom(w.gateway[0], dnsPort),
		Gateway:   w.gateway,
		HTTPPort:  80,
		TLSPort:   443,
	}
}

// Do implements [World].
func (w *namespace) Do(f func() error) error {
	return onThread(func() (discard bool, err error) {
		if err := w.inside.enter(); err != nil {
			return false, fmt.Errorf("world: %w", err)
		}
		// If f panics, the thread stays locked and ends inside the world.
		err = f()
		return w.home.enter() != nil, err
	})
}

// AllowLowPorts implements [World].
func (w *namespace) AllowLowPorts(allowed bool) error {
	return w.Do(func() error { return setLowPorts(allowed) })
}

// Start starts the target on a thread that is inside the world and passes no
// capabilities on.
//
// The target gets no PID namespace of its own. The first process of a PID
// namespace ignores every signal that it does not handle (pid_namespaces(7)), so
// a server that leaves SIGTERM to the system would seem to hang. It gets no user
// namespace either, because Go then copies all page tables of the worker
// (syscall.SysProcAttr, Cloneflags), which takes longer than many servers need to
// start. Processes that the target leaves behind are found below this process.
func (w *namespace) Start(cmd *exec.Cmd) error { return w.StartHeld(cmd, nil) }

// StartHeld implements [World].
func (w *namespace) StartHeld(cmd *exec.Cmd, held func() error) error {
	return w.targets.start(cmd, held)
}

// Close implements [World].
func (w *namespace) Close() error {
	w.targets.own.kill()
	err := w.endAll()
	w.targets.forget()
	w.targets.starter.close()
	return errors.Join(err, w.release())
}

// endAll kills all processes in the namespace, and those that have left it.
func (w *namespace) endAll() error {
	inode, err := w.inside.inode()
	if err != nil {
		return err
	}
	return endTargets(&w.targets, func(pid int) bool { return netnsOf(pid) == inode })
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

// netnsOf returns the inode of a process's network namespace, or 0 if the process
// has ended or may not be inspected.
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
