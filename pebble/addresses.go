package pebble

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// Addresses says where a CA listens that is started by hand, and where the server
// under test listens.
type Addresses struct {
	// Address is the IP address of all listeners of the CA, such as 127.0.0.1.
	Address string
	// ACMEPort and DNSPort are the ports of the HTTPS endpoint and of the DNS
	// server. Zero selects a free port.
	ACMEPort, DNSPort int
	// HTTP and TLS are the "ip:port" at which the server under test answers http-01
	// and tls-alpn-01. Empty means Address with port 80 and 443.
	HTTP, TLS string
}

// Listen opens listeners and returns options for [Start]. The CA then resolves every
// name to Address. The DNS server's address is [Options.Resolver]; clients use
// [CA.DirectoryURL].
func (a Addresses) Listen(ctx context.Context) (o Options, err error) {
	addr, err := netip.ParseAddr(a.Address)
	if err != nil {
		return Options{}, fmt.Errorf("address %q: expected an IP address: %w", a.Address, err)
	}
	defer func() {
		if err != nil {
			o.closeListeners()
			o = Options{}
		}
	}()
	at := func(port int) string { return net.JoinHostPort(a.Address, strconv.Itoa(port)) }
	var config net.ListenConfig

	if o.ACME, err = config.Listen(ctx, "tcp", at(a.ACMEPort)); err != nil {
		return o, fmt.Errorf("listen for the HTTPS endpoint: %w", err)
	}
	o.Authority = o.ACME.Addr().String()

	tcp, udp, err := listenBoth(ctx, a.Address, a.DNSPort)
	if err != nil {
		return o, fmt.Errorf("listen for DNS: %w", err)
	}
	o.DNSListeners, o.DNSPackets = []net.Listener{tcp}, []net.PacketConn{udp}
	o.Resolver = tcp.Addr().String()
	o.Hosts = map[string][]netip.Addr{anyName: {addr}}

	for _, g := range []struct {
		http        bool
		forward     string
		defaultPort int
		port        *int
	}{
		{true, a.HTTP, 80, &o.HTTPPort},
		{false, a.TLS, 443, &o.TLSPort},
	} {
		if g.forward == "" {
			g.forward = at(g.defaultPort)
		}
		l, err := config.Listen(ctx, "tcp", at(0))
		if err != nil {
			return o, fmt.Errorf("listen for the gateway: %w", err)
		}
		o.Gateway = append(o.Gateway, GatewayListener{Listener: l, HTTP: g.http, Forward: g.forward})
		*g.port = portOf(l.Addr())
	}
	return o, nil
}

// listenBoth opens a TCP and a UDP socket on the same port. If the port is 0, it tries
// up to ten free ports, because a port that is free for TCP may be taken for UDP.
func listenBoth(ctx context.Context, address string, port int) (
	tcp net.Listener, udp net.PacketConn, err error,
) {
	var config net.ListenConfig
	for range 10 {
		tcp, err = config.Listen(ctx, "tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if err != nil {
			return nil, nil, err
		}
		udp, err = config.ListenPacket(ctx, "udp", tcp.Addr().String())
		if err == nil {
			return tcp, udp, nil
		}
		err = errors.Join(err, tcp.Close())
		if port != 0 {
			break
		}
	}
	return nil, nil, err
}
