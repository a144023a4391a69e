package world

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// socketTable asks the kernel by sock_diag(7) which sockets listen in one network
// namespace. The netlink socket stays open and belongs to the namespace in which
// it was opened, so any thread can ask. Readiness is polled, and entering the
// namespace each time would cost more than the question itself.
type socketTable struct{ handle *nl.SocketHandle }

// openSocketTable opens the table of the calling thread's network namespace.
func openSocketTable() (socketTable, error) {
	socket, err := nl.Subscribe(unix.NETLINK_INET_DIAG)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return socketTable{}, nil // the kernel has no sock_diag
	}
	if err != nil {
		return socketTable{}, stepError("open the socket table", err)
	}
	return socketTable{&nl.SocketHandle{Socket: socket}}, nil
}

func (t socketTable) close() {
	if t.handle != nil {
		t.handle.Close()
	}
}

// errNoTable says that the kernel does not support sock_diag for TCP.
var errNoTable = errors.New("the kernel has no tcp_diag")

// listeners returns the addresses that listen for TCP connections, or errNoTable.
func (t socketTable) listeners() ([]netip.AddrPort, error) {
	if t.handle == nil {
		return nil, errNoTable
	}
	var all []netip.AddrPort
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		found, err := t.ask(family)
		if errors.Is(err, unix.ENOENT) {
			return nil, errNoTable
		}
		if err != nil {
			return nil, fmt.Errorf("world: ask for listening sockets: %w", err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// ask asks for listening sockets of one address family. The kernel keeps them in
// a table of their own, so this takes microseconds.
func (t socketTable) ask(family uint8) ([]netip.AddrPort, error) {
	request := nl.NewNetlinkRequest(nl.SOCK_DIAG_BY_FAMILY, unix.NLM_F_DUMP)
	request.Sockets = map[int]*nl.SocketHandle{unix.NETLINK_INET_DIAG: t.handle}
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
			return nil, fmt.Errorf("the answer has %d bytes, expected 24 or more", len(answer))
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

// listeners returns the addresses that listen for TCP connections in the network
// namespace of this process.
func listeners() ([]netip.AddrPort, error) {
	table, err := homeTable()
	if err != nil {
		return nil, err
	}
	all, err := table.listeners()
	if errors.Is(err, errNoTable) {
		return listenersFromProc()
	}
	return all, err
}

var homeTable = sync.OnceValues(openSocketTable)

// diagRequest encodes a struct inet_diag_req_v2 for listening TCP sockets.
type diagRequest struct{ family uint8 }

// Len implements [nl.NetlinkRequestData].
func (r diagRequest) Len() int { return 56 }

// Serialize implements [nl.NetlinkRequestData].
func (r diagRequest) Serialize() []byte {
	const listen = 10 // TCP_LISTEN
	b := make([]byte, r.Len())
	b[0], b[1] = r.family, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(b[4:], 1<<listen)
	return b
}

// listenersFromProc reads the socket tables of the calling thread's network
// namespace (proc_pid_net(5), /proc/net/tcp). It takes milliseconds, because the
// kernel walks its whole hash table.
func listenersFromProc() ([]netip.AddrPort, error) {
	var all []netip.AddrPort
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile("/proc/thread-self/net/" + table)
		if errors.Is(err, os.ErrNotExist) {
			continue // the kernel has no IPv6
		}
		if err != nil {
			return nil, fmt.Errorf("world: read the socket table: %w", err)
		}
		found, err := parseSockets(text)
		if err != nil {
			return nil, fmt.Errorf("world: socket table %s: %w", table, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// parseSockets returns the local addresses of the listening sockets.
func parseSockets(table []byte) ([]netip.AddrPort, error) {
	const stateListen = "0A"
	var found []netip.AddrPort
	lines := bufio.NewScanner(bytes.NewReader(table))
	for first := true; lines.Scan(); first = false {
		fields := strings.Fields(lines.Text())
		if first || len(fields) < 4 || fields[3] != stateListen {
			continue
		}
		addr, err := parseSocketAddress(fields[1])
		if err != nil {
			return nil, err
		}
		found = append(found, addr)
	}
	return found, lines.Err()
}

// parseSocketAddress parses text such as "0A00007F:0050": the address as words in
// the machine's byte order, then the port as a number.
func parseSocketAddress(text string) (netip.AddrPort, error) {
	address, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("%q: expected 8 or 32 hexadecimal digits, "+
			"a colon and a port", text)
	}
	n, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q: expected a hexadecimal port: %w", text, err)
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	addr, _ := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr, uint16(n)), nil
}
