package world

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"assay/pebble/relay"
)

// relays reports whether the run needs a relay: in a network namespace the
// inner process cannot reach the address itself.
func (p plan) relays() bool { return p.Relay != "" && p.Kind == Namespace }

// relayOut runs the outer side of the relay. The inner process makes a listener
// in its own network and sends the descriptor through the returned file. This
// process accepts on it and forwards connections to the address.
func relayOut(address string) (theirs *os.File, closeOurs func(), err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("world: make the relay: %w", err)
	}
	theirs = os.NewFile(uintptr(pair[1]), "relay")
	ours := os.NewFile(uintptr(pair[0]), "relay")
	conn, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		theirs.Close()
		return nil, nil, fmt.Errorf("world: make the relay: %w", err)
	}
	ready := make(chan *relay.Relay, 1)
	go func() {
		defer close(ready)
		listener, err := receiveListener(conn.(*net.UnixConn))
		if err != nil {
			return // the inner process ended before it sent a listener
		}
		ready <- relay.Forward(listener, dialTCP(address))
	}()
	return theirs, func() {
		theirs.Close()
		conn.Close()
		if r := <-ready; r != nil {
			r.Close()
		}
	}, nil
}

// relayIn makes the listener of the relay and sends it to the outer process.
func relayIn(address string) error {
	file := os.NewFile(fdRelay, "relay")
	defer file.Close()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("world: relay %s: %w", address, err)
	}
	defer listener.Close()
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		return fmt.Errorf("world: relay %s: %w", address, err)
	}
	defer socket.Close()
	if err := unix.Sendmsg(fdRelay, []byte{0}, unix.UnixRights(int(socket.Fd())), nil, 0); err != nil {
		return fmt.Errorf("world: relay %s: send the listener: %w", address, err)
	}
	return nil
}

func receiveListener(conn *net.UnixConn) (net.Listener, error) {
	control := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := conn.ReadMsgUnix(make([]byte, 1), control)
	if err != nil {
		return nil, err
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil {
		return nil, fmt.Errorf("world: relay: parse control messages: %w", err)
	}
	if len(messages) != 1 {
		return nil, fmt.Errorf("world: relay: %d control messages, expected one", len(messages))
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return nil, fmt.Errorf("world: relay: parse descriptors: %w", err)
	}
	if len(fds) != 1 {
		return nil, fmt.Errorf("world: relay: %d descriptors, expected one", len(fds))
	}
	file := os.NewFile(uintptr(fds[0]), "relay")
	defer file.Close()
	return net.FileListener(file)
}
