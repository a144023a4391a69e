package world

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"assay/pebble/relay"
	"assay/suite/internal/confine"
)

const (
	// highPorts is added to every port below 10000.
	highPorts = 10000
	// gatewayHTTP and gatewayTLS differ from the ports of all documented
	// listeners, so that a target may listen on all addresses.
	gatewayHTTP = 21080
	gatewayTLS  = 21443
	// claimPort is the port by which a run reserves its block.
	claimPort = 21000
	// dialTimeout bounds how long a relay waits for its destination.
	dialTimeout = 5 * time.Second
)

// claimBlock reserves a block 127.B.0.0/16 for this run by a listener in it, so
// that two runs on one machine never use the same addresses. Where only 127.0.0.1
// is local, the block stays 0 and all worlds share that address.
func (r *Run) claimBlock() error {
	const blocks = 254
	for i := range blocks {
		// Runs begin at different blocks. 127.0.0.0/16 stays free for others.
		b := 1 + (int(r.plan.Mark[0])*31+int(r.plan.Mark[1])+i)%blocks
		address := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, byte(b), 255, 254}), claimPort)
		listener, err := net.Listen("tcp4", address.String())
		if err == nil {
			r.block = listener
			r.plan.Block = b
			return checkLoopback(listener)
		}
		if !errors.Is(err, syscall.EADDRINUSE) { // only 127.0.0.1 is local
			listener, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				return fmt.Errorf("world: listen on the loopback interface: %w", err)
			}
			defer listener.Close()
			return checkLoopback(listener)
		}
	}
	return fmt.Errorf("world: no free block of loopback addresses: "+
		"each of 127.1.0.0/16 to 127.%d.0.0/16 has a listener on port %d", blocks, claimPort)
}

// checkLoopback connects to a listener of this process. On a machine whose loopback
// interface is down every server would seem to be unreachable.
func checkLoopback(listener net.Listener) error {
	conn, err := net.DialTimeout("tcp", listener.Addr().String(), dialTimeout)
	if err != nil {
		return fmt.Errorf("world: connect to this machine's own address: %w; the loopback interface "+
			"may be down, which \"ip link set lo up\" mends", err)
	}
	return conn.Close()
}

type loopbackOpener struct {
	run      *Run
	readable confine.Readable
}

// newLoopbackOpener returns an opener whose worlds' targets may not read what is secret.
// Mounts cannot be changed here, so it is closed instead of hidden. The directories of
// other specs can be read: to close them, every other file beside the run's directory
// would have to be opened one by one, and a directory for temporary files may hold many.
func newLoopbackOpener(r *Run) opener {
	closed, needed := confine.Machine()
	return &loopbackOpener{
		run: r, readable: confine.AllBut(closed, append(needed, neededPaths(r.plan)...)),
	}
}

func (o *loopbackOpener) open(worker, serial int) (World, error) {
	dir, err := o.run.makeDir(worker, serial)
	if err != nil {
		return nil, err
	}
	w := &loopbackWorld{
		dir:      dir,
		host:     netip.MustParseAddr("127.0.0.1"),
		services: netip.MustParseAddr("127.0.0.1"),
		forwards: map[int]*relay.Relay{},
		targets: targets{
			mark:    o.run.mark(worker, serial),
			starter: newStarter(func() error { return confine.Thread(dir, o.readable, false) }),
			own:     newGroups(),
			all:     o.run.targets,
		},
	}
	if b := o.run.plan.Block; b != 0 {
		// Each world has two addresses: 128 workers, 256 serials.
		n := 2 * (worker*loopbackSerials + serial%loopbackSerials)
		w.host = netip.AddrFrom4([4]byte{127, byte(b), byte(n >> 8), byte(n)})
		w.services = w.host.Next()
	} else {
		w.free = map[int]int{}
	}
	return w, nil
}

// loopbackWorld is a [World] with two loopback addresses: one for the target's
// host, one for all services. Both are 127.0.0.1 if no other address is local.
type loopbackWorld struct {
	dir            string
	host, services netip.Addr
	targets        targets

	mu       sync.Mutex
	forwards map[int]*relay.Relay // by documented port
	stopped  []*relay.Relay       // forwards that were removed; their connections go on
	free     map[int]int          // free port by documented port, if all share 127.0.0.1
}

// Kind implements [World].
func (w *loopbackWorld) Kind() Kind { return Loopback }

// Dir implements [World].
func (w *loopbackWorld) Dir() string { return w.dir }

// Host implements [World].
func (w *loopbackWorld) Host() (v4, v6 netip.Addr) { return w.host, netip.Addr{} }

// Port implements [World].
func (w *loopbackWorld) Port(documented int) int {
	if w.free != nil {
		return w.freePort(documented)
	}
	if documented > 0 && documented < highPorts {
		return documented + highPorts
	}
	return documented
}

// freePort chooses a free port in place of the documented one. Another process
// may take the port before it is used; nothing prevents that where all worlds
// share one address.
func (w *loopbackWorld) freePort(documented int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if port, ok := w.free[documented]; ok || documented == 0 {
		return port
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return documented
	}
	defer listener.Close()
	w.free[documented] = listener.Addr().(*net.TCPAddr).Port
	return w.free[documented]
}

// Services implements [World].
func (w *loopbackWorld) Services() Services {
	acme := netip.AddrPortFrom(w.services, uint16(w.Port(acmePort)))
	return Services{
		ACME:      acme,
		Authority: acme.String(),
		HomeDNS:   netip.AddrPortFrom(w.services, uint16(w.Port(dnsPort))),
		Gateway:   []netip.Addr{w.services},
		HTTPPort:  w.Port(gatewayHTTP),
		TLSPort:   w.Port(gatewayTLS),
	}
}

// Do implements [World].
func (w *loopbackWorld) Do(f func() error) error { return f() }

// Listen implements [World].
func (w *loopbackWorld) Listen(network, address string) (net.Listener, error) {
	if err := checkLiteral(network, address); err != nil {
		return nil, err
	}
	return net.Listen(network, address)
}

// ListenPacket implements [World].
func (w *loopbackWorld) ListenPacket(network, address string) (net.PacketConn, error) {
	if err := checkLiteral(network, address); err != nil {
		return nil, err
	}
	return net.ListenPacket(network, address)
}

// Dial implements [World].
func (w *loopbackWorld) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if err := checkLiteral(network, address); err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

// DialFrom implements [World].
func (w *loopbackWorld) DialFrom(
	ctx context.Context, source netip.Addr, network, address string,
) (net.Conn, error) {
	if err := checkLiteral(network, address); err != nil {
		return nil, err
	}
	return dialerFrom(source).DialContext(ctx, network, address)
}

// dialerFrom returns a dialer that connects from an address, or from any if it is not
// valid.
func dialerFrom(source netip.Addr) *net.Dialer {
	dialer := new(net.Dialer)
	if source.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	return dialer
}

// Sources implements [World]. The addresses are in blocks of other runs, which nothing
// minds: only the port is chosen for a connection.
func (w *loopbackWorld) Sources(n int) (v4, v6 []netip.Addr, err error) {
	if w.free != nil {
		return nil, nil, fmt.Errorf("world: addresses of strangers: %w", ErrUnsupported)
	}
	own := w.host.As4()
	for i := range n {
		block := 1 + (int(own[1])+i)%254
		v4 = append(v4, netip.AddrFrom4([4]byte{127, byte(block), own[2], own[3]}))
	}
	return v4, nil, nil
}

// ListenHome implements [World].
func (w *loopbackWorld) ListenHome(network, address string) (net.Listener, error) {
	return w.Listen(network, address)
}

// ListenPacketHome implements [World].
func (w *loopbackWorld) ListenPacketHome(network, address string) (net.PacketConn, error) {
	return w.ListenPacket(network, address)
}

// Forward implements [World].
func (w *loopbackWorld) Forward(from, to int) error {
	if err := w.Unforward(from); err != nil {
		return err
	}
	address := func(port int) string {
		return net.JoinHostPort(w.host.String(), strconv.Itoa(w.Port(port)))
	}
	listener, err := net.Listen("tcp", address(from))
	if err != nil {
		return fmt.Errorf("world: forward %d to %d: %w", from, to, err)
	}
	target := address(to)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forwards[from] = relay.Forward(listener, dialTCP(target))
	return nil
}

// dialTCP returns a function that connects to the address, for a relay.
func dialTCP(address string) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		dialer := net.Dialer{Timeout: dialTimeout}
		return dialer.DialContext(ctx, "tcp", address)
	}
}

// Unforward implements [World].
func (w *loopbackWorld) Unforward(from int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := w.forwards[from]
	if f == nil {
		return nil
	}
	w.stopped = append(w.stopped, f)
	delete(w.forwards, from)
	return f.Stop()
}

// AllowLowPorts implements [World].
func (w *loopbackWorld) AllowLowPorts(bool) error {
	return fmt.Errorf("world: set whether ports below 1024 are allowed: %w", ErrUnsupported)
}

// Start starts the target on a thread that has dropped its capabilities. Even when
// root runs the suite, the target has none, so file permissions apply to it.
func (w *loopbackWorld) Start(cmd *exec.Cmd) error { return w.StartHeld(cmd, nil) }

// StartHeld implements [World].
func (w *loopbackWorld) StartHeld(cmd *exec.Cmd, held func() error) error {
	return w.targets.start(cmd, held)
}

// Listeners implements [World].
func (w *loopbackWorld) Listeners() ([]netip.AddrPort, error) {
	all, err := listeners()
	if err != nil {
		return nil, err
	}
	var here []netip.AddrPort
	for _, l := range all {
		if l.Addr().Unmap() == w.host || l.Addr().IsUnspecified() {
			here = append(here, l)
		}
	}
	return here, nil
}

// Close implements [World].
func (w *loopbackWorld) Close() error {
	w.mu.Lock()
	stopped := w.stopped
	for _, f := range w.forwards {
		stopped = append(stopped, f)
	}
	clear(w.forwards)
	w.stopped = nil
	w.mu.Unlock()
	var errs []error
	for _, f := range stopped {
		errs = append(errs, f.Close())
	}
	w.targets.own.kill()
	errs = append(errs, endTargets(&w.targets, nil))
	w.targets.forget()
	w.targets.starter.close()
	return errors.Join(errs...)
}
