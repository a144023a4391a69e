package config

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// listeners requires different ports, or different addresses, for the site and
// for the listener of HTTP-01. Only HTTP-01 opens a second listener.
func (v *validator) listeners(cfg *Config) {
	if cfg.Mode() != ACME || cfg.ChallengeType != HTTP01 || !collide(cfg.ListenAddr, cfg.ACMEListen) {
		return
	}
	key, other := KeyACMEListen, KeyListenAddr
	if !v.present(key) {
		key, other = other, key
	}
	addresses := map[string]string{KeyListenAddr: cfg.ListenAddr, KeyACMEListen: cfg.ACMEListen}
	v.problem(key, quote(addresses[key]),
		fmt.Sprintf("another port than that of %s, which is %q", other, addresses[other]))
}

// collide reports whether two addresses in the form host:port cannot be listened
// on at the same time. An address that is no valid one collides with nothing.
func collide(a, b string) bool {
	hostA, hostB := hostOf(a), hostOf(b)
	portA, portB := port(a), port(b)
	if portA == 0 || portA != portB { // port 0 stands for any free port
		return false
	}
	if isWildcard(hostA) || isWildcard(hostB) || strings.EqualFold(hostA, hostB) {
		return true
	}
	addressA, addressB := addressOf(hostA), addressOf(hostB)
	return addressA.IsValid() && addressA == addressB
}

func hostOf(address string) string {
	host, _, _ := net.SplitHostPort(address)
	return strings.TrimSuffix(host, ".")
}

// isWildcard reports whether a host stands for every address of the machine. The
// listener of 0.0.0.0 takes IPv6 too where the machine has it (package net).
func isWildcard(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "" || err == nil && address.Unmap().IsUnspecified()
}

// addressOf returns the IP address on which a listener for the host is opened;
// the zero address if the name has none.
func addressOf(host string) netip.Addr {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap()
	}
	resolved, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return netip.Addr{}
	}
	return resolved.AddrPort().Addr().Unmap()
}
