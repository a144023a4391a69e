package suite

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/pebble"
)

// UseCA changes the spec's CA before it starts, that is, before the first use
// of [Scenario.CA] or of an ACME preset.
func (s *Scenario) UseCA(change func(*pebble.Options)) {
	s.caOptions = append(s.caOptions, change)
}

// CA is the spec's own certificate authority, started when first asked for:
// its HTTPS endpoint and DNS stand in the spec's world, its gateway at home,
// where Pebble's validation dials from (DESIGN §3, "The road back").
func (s *Scenario) CA() *pebble.CA {
	ginkgo.GinkgoHelper()
	if s.ca == nil {
		s.must(s.startCA())
	}
	return s.ca
}

// startCA starts the CA. The hostname has the host's IPv4 address alone, where
// presets let the target listen; a CA would try an IPv6 address first.
func (s *Scenario) startCA() error {
	if err := s.startResolver(); err != nil {
		return err
	}
	sites := s.World.Services()
	endpoint, err := s.World.Listen("tcp", sites.ACME.String())
	if err != nil {
		return err
	}
	o := pebble.Options{
		ACME:      endpoint,
		Authority: sites.Authority,
		Resolver:  sites.HomeDNS.String(),
		Dial:      s.World.Dial,
		HTTPPort:  sites.HTTPPort,
		TLSPort:   sites.TLSPort,
	}
	if s.plan.CA == "stock" {
		o.Dialect = pebble.Stock
	}
	tcp, err := s.World.ListenHome("tcp", o.Resolver)
	if err != nil {
		return err
	}
	udp, err := s.World.ListenPacketHome("udp", o.Resolver)
	if err != nil {
		return err
	}
	o.DNSListeners, o.DNSPackets = []net.Listener{tcp}, []net.PacketConn{udp}
	for _, home := range sites.Gateway {
		for documented, port := range map[int]int{80: sites.HTTPPort, 443: sites.TLSPort} {
			listener, err := s.World.ListenHome("tcp", netip.AddrPortFrom(home, uint16(port)).String())
			if err != nil {
				return err
			}
			o.Gateway = append(o.Gateway, pebble.GatewayListener{
				Listener: listener,
				HTTP:     documented == 80,
				Forward:  net.JoinHostPort(s.hostLike(home).String(), strconv.Itoa(s.World.Port(documented))),
			})
		}
	}
	for _, change := range s.caOptions {
		change(&o)
	}
	ca, err := pebble.Start(o)
	if err != nil {
		return fmt.Errorf("the CA did not start: %w", err)
	}
	s.ca = ca
	s.closers = append(s.closers, ca.Close)
	ca.Point(s.Hostname, sites.Gateway[0])
	if err := os.WriteFile(s.Path("ca-bundle.pem"), ca.EndpointRoot(), 0o644); err != nil {
		return err
	}
	return s.probeCA(sites.ACME)
}

// hostLike is the host's address of the same family as the gateway's: a
// validation over IPv6 goes on over IPv6.
func (s *Scenario) hostLike(home netip.Addr) netip.Addr {
	v4, v6 := s.World.Host()
	if home.Is6() {
		return v6
	}
	return v4
}

// reachable bounds the wait for a CA of Assay's own, on the same machine.
const reachable = 10 * time.Second

// probeCA makes sure that the CA can be reached where targets look for it, so
// that a CA that is not there is never held against a target.
func (s *Scenario) probeCA(at netip.AddrPort) error {
	ctx, cancel := context.WithTimeout(s.ctx, reachable)
	defer cancel()
	conn, err := s.World.Dial(ctx, "tcp", at.String())
	if err != nil {
		return fmt.Errorf("the CA cannot be reached in the spec's world: %w", err)
	}
	return conn.Close()
}

// startResolver gives the world its DNS server, which the system resolver of
// whatever runs inside asks: the target's host and the CA's endpoint by name.
func (s *Scenario) startResolver() error {
	at := s.World.Services().DNS
	if !at.IsValid() {
		return nil // loopback: names are the machine's own business
	}
	tcp, err := s.World.Listen("tcp", at.String())
	if err != nil {
		return err
	}
	udp, err := s.World.ListenPacket("udp", at.String())
	if err != nil {
		return err
	}
	s.resolver = pebble.NewDNS([]net.Listener{tcp}, []net.PacketConn{udp})
	s.closers = append(s.closers, s.resolver.Close)
	v4, _ := s.World.Host()
	s.resolver.Point(s.Hostname, v4)
	s.resolver.Point(s.World.Services().Authority, s.World.Services().ACME.Addr())
	return nil
}

// overload tells a target's failure from this machine's: Pebble gives DNS two
// seconds, and where the spec's own did not answer in that time, the CA could
// not look for the target at all. "" if nothing of the kind happened.
func (s *Scenario) overload() string {
	if s.ca == nil {
		return ""
	}
	for _, e := range s.ca.Journal().Validations() {
		if strings.Contains(e.Detail, "resolving") && strings.Contains(e.Detail, "i/o timeout") {
			return "this machine is overloaded: within two seconds the CA had no answer from the spec's own DNS (" + e.Detail + ")"
		}
	}
	return ""
}

// within is the spec's context with a deadline.
func (s *Scenario) within(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.ctx, d)
}
