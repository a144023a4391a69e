package pebble

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// A Place is where a CA that somebody runs by hand listens, and where it finds
// the server under test.
type Place struct {
	// Address is the IP address of everything the CA opens, such as 127.0.0.1.
	Address string
	// ACMEPort and DNSPort are the ports of the HTTPS endpoint and of DNS. Zero
	// takes a free one.
	ACMEPort, DNSPort int
	// HTTP and TLS are the "ip:port" where the server under test answers http-01
	// and tls-alpn-01. Empty means Address with port 80 and 443.
	HTTP, TLS string
}

// Listen opens a place's listeners and returns options for [Start] that make
// every name in the world lead to the server: validation finds it whatever it
// is called. [Options.Resolver] is then the DNS address, [CA.DirectoryURL] the
// URL for clients.
func (p Place) Listen(ctx context.Context) (o Options, err error) {
	addr, err := netip.ParseAddr(p.Address)
	if err != nil {
		return Options{}, fmt.Errorf("address %q: expected an IP address: %w", p.Address, err)
	}
	defer func() {
		if err != nil {
			o.closeListeners()
			o = Options{}
		}
	}()
	at := func(port int) string { return net.JoinHostPort(p.Address, strconv.Itoa(port)) }
	var config net.ListenConfig

	if o.ACME, err = config.Listen(ctx, "tcp", at(p.ACMEPort)); err != nil {
		return o, fmt.Errorf("HTTPS endpoint: %w", err)
	}
	o.Authority = o.ACME.Addr().String()

	tcp, udp, err := listenBoth(ctx, p.Address, p.DNSPort)
	if err != nil {
		return o, fmt.Errorf("DNS: %w", err)
	}
	o.DNSListeners, o.DNSPackets = []net.Listener{tcp}, []net.PacketConn{udp}
	o.Resolver = tcp.Addr().String()
	o.Hosts = map[string][]netip.Addr{anyName: {addr}}

	for _, way := range []struct {
		http     bool
		to       string
		standard int
		port     *int
	}{
		{true, p.HTTP, 80, &o.HTTPPort},
		{false, p.TLS, 443, &o.TLSPort},
	} {
		if way.to == "" {
			way.to = at(way.standard)
		}
		l, err := config.Listen(ctx, "tcp", at(0))
		if err != nil {
			return o, fmt.Errorf("gateway: %w", err)
		}
		o.Gateway = append(o.Gateway, GatewayListener{Listener: l, HTTP: way.http, Forward: way.to})
		*way.port = portOf(l.Addr())
	}
	return o, nil
}

// listenBoth opens TCP and UDP on one port. A free one for TCP may be taken for
// UDP: then another is tried.
func listenBoth(ctx context.Context, address string, port int) (tcp net.Listener, udp net.PacketConn, err error) {
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
