package sut

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v4"

	"assay/scenarios/strictyaml"
)

// Port describes a further port of the server's own. Tests that look at
// listeners know it.
type Port struct {
	// Name identifies the port in templates: .Ports.NAME is its address.
	Name string `yaml:"name" jsonschema:"required,pattern=^[A-Za-z_][A-Za-z0-9_]*$"`
	// Fixed is the number of a port that the server cannot be told. Without it,
	// Assay gives each start a number of its own.
	Fixed int `yaml:"fixed" jsonschema:"minimum=1,maximum=65535"`
}

// UnmarshalYAML reads the short form, see [Port.Shorthand], or the mapping.
func (p *Port) UnmarshalYAML(n *yaml.Node) error {
	type long Port
	return strictyaml.LoadShorthand(n, p, (*long)(p), "a name, or a mapping with name and fixed")
}

// Shorthand reads the short form, which is the name alone.
func (p *Port) Shorthand(name string) bool {
	p.Name = name
	return name != ""
}

// FixedPorts returns the ports that the server cannot be told.
func (t *Target) FixedPorts() []int {
	var fixed []int
	for _, p := range t.Ports {
		if p.Fixed > 0 {
			fixed = append(fixed, p.Fixed)
		}
	}
	return fixed
}

// OwnPort reports whether a listener is at one of the further ports that the
// target file names, on whichever address.
func (l *Launch) OwnPort(listener netip.AddrPort) bool {
	return slices.Contains(l.ports, listener.Port())
}

// findPorts keeps the numbers of the further ports.
func (l *Launch) findPorts() error {
	for _, text := range l.Input.Ports {
		address, err := parseAddress(text)
		if err != nil {
			return err
		}
		l.ports = append(l.ports, address.port)
	}
	return nil
}

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
