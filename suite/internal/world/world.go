// Package world gives every spec a network of its own, with addresses and ports
// for its services, and starts the server under test in it.
//
// There are two kinds of world behind one interface. In the namespace world
// (Linux) each spec has a network namespace: literal ports 80, 443 and 53, both
// address families, real firewall rules. In the loopback world (on other systems,
// and where namespaces are forbidden) each spec has loopback addresses of its
// own, high ports, and a relay in place of firewall rules.
//
// A run consists of several processes of the same executable: the outer process,
// which the user started; the inner process, which lives in the run's namespaces
// and starts the workers; and the workers, which run specs and start targets.
// [Outer.Run] starts the inner process. The inner process and the workers call
// [Join]. When one of these processes dies, the processes below it are killed.
package world

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
)

// Kind names a kind of world.
type Kind string

const (
	// Auto selects Namespace where it is available, otherwise Loopback.
	Auto Kind = "auto"
	// Namespace gives every spec a network namespace. It needs Linux.
	Namespace Kind = "namespace"
	// Loopback gives every spec loopback addresses and high ports.
	Loopback Kind = "loopback"
)

// Documented ports of the services of a spec.
const (
	acmePort = 14000 // the CA's endpoint; Pebble's default
	dnsPort  = 53
)

// World is the network of one spec and the processes in it. Its methods may be
// called from any goroutine. Addresses must be literal ("127.0.0.10:443",
// "[fd00:a55a::10]:443"), because a name would be resolved outside the world.
type World interface {
	// Kind is Namespace or Loopback.
	Kind() Kind

	// Dir returns the directory that belongs to the world alone. Where the machine
	// allows it, the target can write to nothing else. It exists when the world is
	// opened; the caller removes it when the world is closed.
	Dir() string

	// Host returns the addresses of the target's host, at which clients and
	// the CA reach the target. v6 is invalid if the world has no IPv6.
	Host() (v4, v6 netip.Addr)

	// Port returns the port that this world uses for a documented one. In a
	// namespace it is the same; on loopback it is 10000 higher for ports below
	// 10000, so 443 becomes 10443.
	Port(documented int) int

	// Listen and ListenPacket listen inside the world. Dial connects from
	// inside the world and ends with its context. The networks are those of
	// package net for TCP and UDP.
	Listen(network, address string) (net.Listener, error)
	ListenPacket(network, address string) (net.PacketConn, error)
	Dial(ctx context.Context, network, address string) (net.Conn, error)

	// DialFrom connects as Dial does, from one of the addresses that Sources returns, or
	// from any if source is not valid.
	DialFrom(ctx context.Context, source netip.Addr, network, address string) (net.Conn, error)

	// Sources returns n addresses of each address family, no two of the same network (/16
	// of IPv4, /48 of IPv6). The target sees connections that are made from them as
	// those of strangers. v6 is empty if the world has no IPv6. Where 127.0.0.1 is the
	// only loopback address, the error is ErrUnsupported.
	Sources(n int) (v4, v6 []netip.Addr, err error)

	// ListenHome and ListenPacketHome listen in the home network, which all
	// specs of the run share. The CA's validation connects from there.
	ListenHome(network, address string) (net.Listener, error)
	ListenPacketHome(network, address string) (net.PacketConn, error)

	// Services returns the addresses of the spec's services.
	Services() Services

	// Forward forwards TCP connections to the host's port from to its port to,
	// for every address of the host. Both are documented ports. A second call
	// for the same from replaces the first. In the namespace world this is a
	// firewall rule, so a connection to a closed port is refused. On loopback
	// a relay accepts such a connection and closes it.
	Forward(from, to int) error

	// Unforward removes the forward of port from. Existing connections go on.
	// It does nothing if there is no such forward.
	Unforward(from int) error

	// AllowLowPorts sets whether the target may bind ports below 1024. A new
	// world allows it. On loopback the error is ErrUnsupported.
	AllowLowPorts(allowed bool) error

	// Start starts cmd as a target: inside the world, confined, without capabilities,
	// as the leader of a process group, and killed when this process dies.
	// cmd.Process is the target itself; the caller waits for it. Start changes
	// Setpgid and Pdeathsig in cmd.SysProcAttr and adds to cmd.Env.
	Start(cmd *exec.Cmd) error

	// StartHeld starts cmd as Start does, and then calls held on the thread that has
	// started it, before it starts anything else there. If cmd.SysProcAttr.Ptrace is
	// set, only this thread can let the target run.
	StartHeld(cmd *exec.Cmd, held func() error) error

	// Do runs f on a thread that is inside the world. Sockets that f makes and
	// processes that it starts belong to the world, but goroutines that it
	// starts run outside. A panic in f becomes a panic of the caller.
	Do(f func() error) error

	// Listeners returns the addresses at which processes inside the world
	// listen for TCP connections, read from the kernel's socket table. On
	// loopback it returns only the host's own address and wildcards.
	Listeners() ([]netip.AddrPort, error)

	// Close kills every process that was started in the world and removes the
	// world. The caller closes its own listeners and connections.
	Close() error
}

// Services holds the addresses of the services of a spec.
type Services struct {
	// ACME is the address, inside the world, at which the CA's endpoint
	// listens. In the namespace world port 443 of the address leads there too.
	ACME netip.AddrPort
	// Authority is the host or host:port by which clients reach ACME. The
	// endpoint's certificate must list this host.
	Authority string
	// DNS is the address, inside the world, of the name server that the
	// system's resolver asks. It is invalid on loopback, where the resolver of
	// the machine is used.
	DNS netip.AddrPort
	// HomeDNS is the address, in the home network, of the name server that the
	// CA's validation asks.
	HomeDNS netip.AddrPort
	// Gateway lists the addresses, in the home network, to which the CA
	// resolves the host's name: one of each address family of the world.
	Gateway []netip.Addr
	// HTTPPort and TLSPort are the ports at Gateway that the CA's validation
	// connects to.
	HTTPPort, TLSPort int
}

// checkLiteral returns an error unless address is an IP address and a port.
func checkLiteral(network, address string) error {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return fmt.Errorf("world: %s %q: expected a literal address and port: %w", network, address, err)
	}
	return nil
}

// Unavailable says why the namespace world is not available.
type Unavailable struct {
	Step    string // the step that failed: "clone", "mount /proc"
	Meaning string // what the kernel's answer means for the user; may be empty
	Err     error  // the kernel's answer, usually a syscall.Errno
}

func (u *Unavailable) Error() string {
	if u.Meaning == "" {
		return fmt.Sprintf("no namespaces: %s: %v", u.Step, u.Err)
	}
	return fmt.Sprintf("no namespaces: %s: %v (%s)", u.Step, u.Err, u.Meaning)
}

func (u *Unavailable) Unwrap() error { return u.Err }
