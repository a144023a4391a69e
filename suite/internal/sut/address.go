package sut

import (
	"context"
	"fmt"
	"net"
	"net/netip"
)

// address describes what a server is configured to listen on.
type address struct {
	any  bool       // every address and port
	ip   netip.Addr // invalid: every address of the host
	port uint16
}

// parseAddress parses "ip:port", ":port" and ":http". A host name stands for
// every address, since only the server resolves it.
func parseAddress(text string) (address, error) {
	host, service, err := net.SplitHostPort(text)
	if err != nil {
		return address{}, fmt.Errorf("found %q, expected an address such as 127.0.0.1:8443", text)
	}
	port, err := net.DefaultResolver.LookupPort(context.Background(), "tcp", service)
	if err != nil || port == 0 {
		return address{}, fmt.Errorf("found %q, expected a port above 0", text)
	}
	a := address{port: uint16(port)}
	if ip, err := netip.ParseAddr(host); err == nil && !ip.IsUnspecified() {
		a.ip = ip.Unmap()
	}
	return a, nil
}

// matches reports whether a listener accepts connections to the address. A
// listener on [::] is taken to accept IPv4 connections too, since the socket
// table does not show whether it does.
func (a address) matches(l netip.AddrPort) bool {
	at := l.Addr().Unmap()
	switch {
	case a.any:
		return true
	case l.Port() != a.port:
		return false
	case !a.ip.IsValid(), at == a.ip:
		return true
	}
	return at.IsUnspecified() && (at.Is6() || a.ip.Is4())
}
