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
)

// listenersFromProc reads the socket tables of the calling thread's network
// namespace (proc_pid_net(5), /proc/net/tcp). It takes milliseconds: the kernel
// walks its whole hash table.
func listenersFromProc() ([]netip.AddrPort, error) {
	var all []netip.AddrPort
	for _, table := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile("/proc/thread-self/net/" + table)
		if errors.Is(err, os.ErrNotExist) {
			continue // a kernel without IPv6
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

// parseSocketAddress reads "0A00007F:0050": the address as words in the
// machine's byte order, the port as a number.
func parseSocketAddress(text string) (netip.AddrPort, error) {
	address, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	if err != nil || len(raw) != 4 && len(raw) != 16 {
		return netip.AddrPort{}, fmt.Errorf("%q: expected 8 or 32 hexadecimal digits, a colon and a port", text)
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
