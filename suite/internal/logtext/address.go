package logtext

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Addresses returns the addresses that a line gives in parts, as "ip:port" and
// "[ip]:port": an IP address and a port in fields of their own, or in words such
// as "192.0.2.1 port 4711". An IPv4 address in the form of IPv6 counts as IPv4.
func Addresses(line string) []string { return read(line).addresses() }

// mostAddresses bounds the addresses of one line, and mostCandidates those that are
// looked at because they may stand in the line as they are too.
const mostAddresses, mostCandidates = 32, 256

// mayHoldAddress reports whether a line may give an address in parts. It is
// cheap.
func mayHoldAddress(line string) bool {
	return strings.IndexByte(line, '.') >= 0 || strings.Count(line, ":") > 1
}

func (r *record) addresses() []string {
	found := inText(r.plain)
	for _, text := range r.texts {
		found = append(found, inText(text)...)
	}
	found = append(found, inFields(r.fields)...)
	var addresses []string
	seen := map[netip.AddrPort]bool{}
	for _, a := range found {
		if seen[a] {
			continue
		}
		if len(addresses) == mostAddresses || len(seen) == mostCandidates {
			break
		}
		seen[a] = true
		if text := a.String(); !strings.Contains(r.plain, text) {
			addresses = append(addresses, text)
		}
	}
	return addresses
}

// part is an address or a port, and what its name has in common with that of the
// other: "remote" of remote_ip and remote_port.
type part struct {
	stem string
	ip   netip.Addr
	port uint16
}

// inFields pairs the addresses and the ports that stand in fields. Those whose
// names agree belong together; a lone address or a lone port belongs to all.
func inFields(fields []field) (found []netip.AddrPort) {
	var ips, ports []part
	for _, f := range fields {
		name := plainName(f.name)
		if ip, ok := parseIP(f.value); ok && len(ips) < mostAddresses {
			ips = append(ips, part{stem: stem(name), ip: ip})
		} else if port, ok := parsePort(f.value); ok && namesPort(name) &&
			len(ports) < mostAddresses {
			ports = append(ports, part{stem: stem(name), port: port})
		}
	}
	for _, ip := range ips {
		alike := slices.ContainsFunc(ports, func(p part) bool { return p.stem == ip.stem })
		for _, port := range ports {
			lone := len(ips) == 1 || len(ports) == 1 || port.stem == "" || ip.stem == ""
			if port.stem == ip.stem || !alike && lone {
				found = append(found, netip.AddrPortFrom(ip.ip, port.port))
			}
		}
	}
	return found
}

// plainName returns a name in lower-case letters and digits.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// namesPort reports whether a name is that of a port. "spt" and "dpt" are those
// of the Common Event Format.
func namesPort(name string) bool {
	return strings.Contains(name, "port") || name == "spt" || name == "dpt"
}

// stem returns the part of a name that says whose address or port it is.
func stem(name string) string {
	switch name {
	case "spt", "src", "sport", "saddr", "sip", "srcip", "srcport":
		return "source"
	case "dpt", "dst", "dport", "daddr", "dip", "dstip", "dstport":
		return "destination"
	}
	for _, word := range []string{"ipaddress", "address", "addr", "host", "port", "number", "ip"} {
		name = strings.TrimSuffix(name, word)
	}
	return name
}

func parseIP(text string) (netip.Addr, bool) {
	if len(text) > 64 || strings.IndexByte(text, '.') < 0 && strings.IndexByte(text, ':') < 0 {
		return netip.Addr{}, false
	}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	ip, err := netip.ParseAddr(text)
	return ip.Unmap().WithZone(""), err == nil
}

func parsePort(text string) (uint16, bool) {
	text = strings.TrimSuffix(text, ".0") // a number that went through floating point
	port, err := strconv.ParseUint(text, 10, 16)
	return uint16(port), err == nil && port > 0
}

// inText finds addresses with a port beside them in other forms than "ip:port":
// "192.0.2.1 port 4711", "192.0.2.1, 4711", "192.0.2.1#4711", "192.0.2.1[4711]",
// "[::ffff:192.0.2.1]:4711".
func inText(text string) (found []netip.AddrPort) {
	for i := 0; i < len(text) && len(found) < mostAddresses; {
		if !isAddress(text[i]) {
			i++
			continue
		}
		begin := i
		for i < len(text) && isAddress(text[i]) {
			i++
		}
		word := text[begin:i]
		if len(word) < 3 || len(word) > 64 {
			continue
		}
		if ip, ok := parseIP(strings.TrimRight(word, ".:")); ok {
			if port, ok := portAfter(text[i:]); ok {
				found = append(found, netip.AddrPortFrom(ip, port))
			}
		}
	}
	return found
}

func isAddress(c byte) bool {
	return c == '.' || c == ':' || c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// portAfter reads a port after what may stand between an address and its port.
func portAfter(rest string) (uint16, bool) {
	rest = rest[:min(len(rest), 24)]
	between := strings.IndexFunc(rest, func(r rune) bool { return r >= '0' && r <= '9' })
	if between < 1 {
		return 0, false
	}
	switch strings.ToLower(strings.Trim(rest[:between], `"' =`)) {
	case "port", ", port", ",port", "(port", ":port", "#", "[", "(", ",", "]:", "] port", "/",
		") port", "::":
	default:
		return 0, false
	}
	digits := rest[between:]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	return parsePort(digits)
}
