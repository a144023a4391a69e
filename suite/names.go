package suite

import "net/netip"

// PointHere makes a name lead to the target's host, for the CA and for
// whoever asks the system's resolver. It is an IPv4 address; see
// [Scenario.PointHere6].
func (s *Scenario) PointHere(name string) {
	v4, _ := s.World.Host()
	s.point(name, s.World.Services().Gateway[0], v4)
}

// PointHere6 makes a name lead to the target's host over IPv6 alone. Only a
// network namespace has it.
func (s *Scenario) PointHere6(name string) {
	gateways := s.World.Services().Gateway
	s.SkipUnless(len(gateways) > 1, "needs IPv6, which this machine does not have")
	_, v6 := s.World.Host()
	s.point(name, gateways[1], v6)
}

// point tells the CA, which validates through its gateway, and the system's
// resolver where a name leads.
func (s *Scenario) point(name string, gateway, host netip.Addr) {
	s.CA().Point(name, gateway)
	if s.resolver != nil {
		s.resolver.Point(name, host)
	}
}

// named are the keys of a server for another name than the spec's.
func named(hostname string) Keys {
	return Keys{"server_url": "https://" + hostname, "tls_letsencrypt_hostname": hostname}
}
