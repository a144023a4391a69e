package world

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// A socket belongs to the network namespace of the thread that makes it. Package
// net makes it on the calling thread if the address is literal.

// Listen implements [World].
func (w *namespace) Listen(network, address string) (net.Listener, error) {
	return inNetwork(w.Do, network, address, func() (net.Listener, error) {
		return net.Listen(network, address)
	})
}

// ListenPacket implements [World].
func (w *namespace) ListenPacket(network, address string) (net.PacketConn, error) {
	return inNetwork(w.Do, network, address, func() (net.PacketConn, error) {
		return net.ListenPacket(network, address)
	})
}

// Dial implements [World].
func (w *namespace) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return w.DialFrom(ctx, netip.Addr{}, network, address)
}

// DialFrom implements [World].
func (w *namespace) DialFrom(
	ctx context.Context, source netip.Addr, network, address string,
) (net.Conn, error) {
	return inNetwork(w.Do, network, address, func() (net.Conn, error) {
		dialer := dialerFrom(source)
		if source.Is6() {
			dialer.Control = freeBind.Control // no interface has the address, see Sources
		}
		return dialer.DialContext(ctx, network, address)
	})
}

// firstSource is the second byte of the first address of IPv4 from which strangers come.
const firstSource = 101

// sourceNet is the IPv6 prefix of the addresses from which strangers come.
var sourceNet = netip.MustParsePrefix("fd00:a55b::/32")

// Sources implements [World]. Sockets can be bound to all addresses of 127.0.0.0/8 and, by
// a local route, of sourceNet.
func (w *namespace) Sources(n int) (v4, v6 []netip.Addr, err error) {
	if w.ipv6 {
		if err := w.Do(func() error { return addLocal(sourceNet) }); err != nil {
			return nil, nil, fmt.Errorf("world: addresses of strangers: %w", err)
		}
	}
	for i := range n {
		v4 = append(v4, netip.AddrFrom4([4]byte{127, firstSource + byte(i), 0, 10}))
		if w.ipv6 {
			six := sourceNet.Addr().As16()
			six[5], six[15] = byte(1+i), 0x10
			v6 = append(v6, netip.AddrFrom16(six))
		}
	}
	return v4, v6, nil
}

// ListenHome implements [World].
func (w *namespace) ListenHome(network, address string) (net.Listener, error) {
	return inNetwork(atHome, network, address, func() (net.Listener, error) {
		return freeBind.Listen(context.Background(), network, address)
	})
}

// ListenPacketHome implements [World].
func (w *namespace) ListenPacketHome(network, address string) (net.PacketConn, error) {
	return inNetwork(atHome, network, address, func() (net.PacketConn, error) {
		return freeBind.ListenPacket(context.Background(), network, address)
	})
}

// inNetwork returns what f makes. do calls f on a thread in the network.
func inNetwork[T any](
	do func(func() error) error,
	network, address string,
	f func() (T, error),
) (result T, err error) {
	if err := checkLiteral(network, address); err != nil {
		return result, err
	}
	err = do(func() (err error) {
		result, err = f()
		return err
	})
	return result, err
}

// atHome runs f on a thread in the home network, wherever the caller's thread is.
func atHome(f func() error) error {
	return onThread(func() (discard bool, err error) { return false, f() })
}

// freeBind listens on addresses that no interface has. IPV6_FREEBIND (ipv6(7))
// allows that for the addresses of homeNet, which are local.
var freeBind = net.ListenConfig{Control: func(network, _ string, raw syscall.RawConn) (err error) {
	if network != "tcp6" && network != "udp6" {
		return nil
	}
	controlErr := raw.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_FREEBIND, 1)
	})
	return errors.Join(controlErr, os.NewSyscallError("setsockopt", err))
}}

// Listeners implements [World].
func (w *namespace) Listeners() (all []netip.AddrPort, err error) {
	all, err = w.table.listeners()
	if errors.Is(err, errNoTable) {
		err = w.Do(func() error {
			all, err = listenersFromProc()
			return err
		})
	}
	return all, err
}
