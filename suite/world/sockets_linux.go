package world

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

func (w *namespace) Listeners() (all []netip.AddrPort, err error) {
	err = w.Do(func() error {
		all, err = listeners()
		return err
	})
	return all, err
}

// listeners returns what listens for TCP connections in the calling thread's
// network namespace.
func listeners() ([]netip.AddrPort, error) {
	var all []netip.AddrPort
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		found, err := askListeners(family)
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EPROTONOSUPPORT) {
			return listenersFromProc() // a kernel without tcp_diag
		}
		if err != nil {
			return nil, fmt.Errorf("world: ask for listening sockets: %w", err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// askListeners asks by sock_diag(7), for listening sockets alone: the kernel
// keeps those apart, so it takes microseconds.
func askListeners(family uint8) ([]netip.AddrPort, error) {
	request := nl.NewNetlinkRequest(nl.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP)
	request.AddData(diagRequest{family})
	answers, err := request.Execute(unix.NETLINK_INET_DIAG, 0)
	if err != nil {
		return nil, err
	}
	var all []netip.AddrPort
	for _, answer := range answers {
		// struct inet_diag_msg: family, state, timer, retrans, source port,
		// destination port, source address, …
		if len(answer) < 24 {
			return nil, fmt.Errorf("an answer of %d bytes: expected 24 or more", len(answer))
		}
		size := 4
		if answer[0] == unix.AF_INET6 {
			size = 16
		}
		addr, _ := netip.AddrFromSlice(answer[8 : 8+size])
		all = append(all, netip.AddrPortFrom(addr, binary.BigEndian.Uint16(answer[4:])))
	}
	return all, nil
}

// diagRequest is struct inet_diag_req_v2 for listening TCP sockets.
type diagRequest struct{ family uint8 }

func (r diagRequest) Len() int { return 56 }

func (r diagRequest) Serialize() []byte {
	const listen = 10 // TCP_LISTEN
	b := make([]byte, r.Len())
	b[0], b[1] = r.family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(b[4:], 1<<listen)
	return b
}
