// Package world gives every spec a world of its own: addresses, ports, a name
// server's place and a way to start the server under test.
//
// There are two worlds behind one interface. In the namespace world (Linux)
// each spec has a network namespace: literal ports 80, 443 and 53, both
// address families, real firewall rules. In the loopback world (everywhere
// else, and where namespaces are forbidden) each spec has loopback addresses
// of its own, high ports and a userspace forward.
//
// A run is a chain of processes, all of the same executable: the outer one,
// which the user started; the inner one, which lives in the run's namespaces
// and coordinates; its workers; and the targets they start. Outer.Run starts
// the inner process, and Inside joins the run from there on down. Whichever of
// them dies, nothing of the others stays behind.
package world

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
)

// Kind names a sort of world.
type Kind string

const (
	// Auto takes Namespace where it can be had, else Loopback.
	Auto Kind = "auto"
	// Namespace is a network namespace for every spec. Linux only.
	Namespace Kind = "namespace"
	// Loopback is a loopback address and high ports for every spec.
	Loopback Kind = "loopback"
)

// Ports of the spec's services, as documented.
const (
	acmePort = 14000 // the CA's endpoint, as Pebble's users know it
	dnsPort  = 53
)

// World is the surroundings of one spec. Its methods may be called from any
// goroutine. Addresses given to it must be literal ("127.0.0.10:443",
// "[fd00:a55a::10]:443"), for a name would be resolved elsewhere.
type World interface {
	// Kind is Namespace or Loopback.
	Kind() Kind

	// Host returns the addresses of the target's host, on which clients and
	// the CA reach it. v6 is invalid where the world has no IPv6.
	Host() (v4, v6 netip.Addr)

	// Port returns the port that stands for the documented one here: 443 is
	// 443 in a namespace, and 10443 on loopback (10000 more for all below
	// 10000).
	Port(documented int) int

	// Listen and ListenPacket listen inside the world, Dial connects from
	// inside it. Networks are those of package net for TCP and UDP. Dial
	// honours the context.
	Listen(network, address string) (net.Listener, error)
	ListenPacket(network, address string) (net.PacketConn, error)
	Dial(ctx context.Context, network, address string) (net.Conn, error)

	// ListenHome and ListenPacketHome listen at home: in the network that all
	// specs of the run share, from which the CA validates.
	ListenHome(network, address string) (net.Listener, error)
	ListenPacketHome(network, address string) (net.PacketConn, error)

	// Sites returns where the spec's services belong.
	Sites() Sites

	// Forward sends TCP connections for the host's port from on to its port
	// to, for every address of the host. Both are documented ports. A second
	// call for the same from replaces the first. In the namespace world this
	// is a firewall rule, so a forward to a closed port is refused; on
	// loopback a process accepts first and then closes.
	Forward(from, to int) error

	// Unforward takes the forward of port from away. Connections that exist
	// live on. It is no error if there is none.
	Unforward(from int) error

	// LowPorts says whether the target may bind ports below 1024. At first it
	// may. On loopback it is ErrUnsupported.
	LowPorts(allowed bool) error

	// Start starts cmd as a target: inside the world, without capabilities,
	// as leader of a process group, and killed when this process dies.
	// cmd.Process is the target itself; the caller waits for it. Start sets
	// what it needs in cmd.SysProcAttr and cmd.Env and leaves the rest.
	Start(cmd *exec.Cmd) error

	// Do runs f on a thread that is inside the world: sockets that f itself
	// makes, and processes that it starts, belong to the world; goroutines
	// that it starts do not. A panic in f is the caller's.
	Do(f func() error) error

	// Listeners returns the addresses on which something inside the world
	// listens for TCP connections, read from the kernel's socket table. On
	// loopback these are only those of the host's own address and wildcards.
	Listeners() ([]netip.AddrPort, error)

	// Close kills every process started in the world and takes the world
	// away. Listeners and connections stay the caller's to close.
	Close() error
}

// Sites are the places of a spec's services.
type Sites struct {
	// ACME is where the CA's endpoint listens, inside the world. In the
	// namespace world, port 443 of the same address leads there too.
	ACME netip.AddrPort
	// Authority is the host or host:port under which clients reach ACME; its
	// certificate must name the host.
	Authority string
	// DNS is where the system's resolver asks, inside the world. Invalid on
	// loopback, where the system's resolver is not ours.
	DNS netip.AddrPort
	// HomeDNS is where the CA's validation asks, at home.
	HomeDNS netip.AddrPort
	// Gateway are the addresses at home to which the CA resolves the host's
	// name, one of each family that the world has.
	Gateway []netip.Addr
	// HTTPPort and TLSPort are what the CA's validation dials at Gateway.
	HTTPPort, TLSPort int
}

// literal returns an error unless address is an IP address and a port.
func literal(network, address string) error {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return fmt.Errorf("world: %s %q: expected a literal address and port: %w", network, address, err)
	}
	return nil
}

// Unavailable says why the namespace world cannot be had.
type Unavailable struct {
	Step    string // what was being done: "clone", "mount /proc"
	Meaning string // what the kernel's answer means for the user
	Err     error  // the kernel's answer, usually a syscall.Errno
}

func (u *Unavailable) Error() string {
	if u.Meaning == "" {
		return fmt.Sprintf("no namespaces: %s: %v", u.Step, u.Err)
	}
	return fmt.Sprintf("no namespaces: %s: %v (%s)", u.Step, u.Err, u.Meaning)
}

func (u *Unavailable) Unwrap() error { return u.Err }
