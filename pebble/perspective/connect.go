package perspective

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// unreachable is the error of a connection that was not made.
type unreachable struct {
	kind string // of the [Problem]
	text string
}

func (u *unreachable) Error() string { return u.text }

// problem describes an error of a connection.
func problem(err error) *Problem {
	var u *unreachable
	if errors.As(err, &u) {
		return &Problem{u.kind, u.text}
	}
	return &Problem{"connection", err.Error()}
}

// attemptTimeout bounds the first of two attempts to connect.
const attemptTimeout = patience / 2

// connect connects to a port of a host: to its first IPv6 address, and to its first IPv4
// address if there is none of IPv6 or that cannot be reached. Whatever goes wrong on a
// connection, no other address is tried (Let's Encrypt documentation, IPv6 Support).
func (l look) connect(ctx context.Context, host string, port int) (net.Conn, error) {
	var failed []string
	for _, address := range l.resolve(host) {
		conn, err := l.dial(ctx, address, port)
		if err == nil {
			return conn, nil
		}
		l.record(Event{Port: l.v.documented(port), Unreachable: true, Error: err.Error()})
		failed = append(failed, err.Error())
	}
	if failed == nil {
		return nil, &unreachable{"dns", fmt.Sprintf("%q has no address", host)}
	}
	return nil, &unreachable{"connection", strings.Join(failed, ", then ")}
}

// dial connects to one address from the perspective's own address.
func (l look) dial(ctx context.Context, address netip.Addr, port int) (net.Conn, error) {
	at := netip.AddrPortFrom(address, uint16(l.v.actual(port)))
	fail := func(why string) error { return fmt.Errorf("connect to %s: %s", at, why) }
	if l.p.Away {
		return nil, fail("the network is unreachable from there")
	}
	server, found := l.v.config.Forward(at)
	if !found {
		return nil, fail("connection refused")
	}
	source := l.p.Source4
	if address.Is6() {
		source = l.p.Source6
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	conn, err := l.v.config.Dial(ctx, source, "tcp", server)
	if err != nil {
		return nil, fail(cause(err))
	}
	return conn, nil
}

// cause returns the text of an error without the addresses, which differ between runs.
func cause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}

// resolve returns the addresses to try, in this order: the first of IPv6 and the first of
// IPv4. An address stands for itself.
func (l look) resolve(host string) []netip.Addr {
	if literal, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{literal.Unmap()}
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	l.record(Event{Query: name})
	all, own := l.p.Hosts[name]
	if !own {
		all = l.v.config.Lookup(name)
	}
	var six, four []netip.Addr
	for _, a := range all {
		if a = a.Unmap(); a.Is6() {
			six = append(six, a)
		} else {
			four = append(four, a)
		}
	}
	return append(six[:min(1, len(six))], four[:min(1, len(four))]...)
}

// actual returns the port that stands for a port in a URL.
func (v *Validator) actual(port int) int {
	switch port {
	case 80:
		return v.config.HTTPPort
	case 443:
		return v.config.TLSPort
	}
	return port
}

// documented returns the port that public CAs would use in place of this one.
func (v *Validator) documented(port int) int {
	switch port {
	case v.config.HTTPPort:
		return 80
	case v.config.TLSPort:
		return 443
	}
	return port
}

// ports lists the ports to which redirects may lead.
func (v *Validator) ports() []int { return []int{80, 443, v.config.HTTPPort, v.config.TLSPort} }

// deadline sets the end of a connection by its context.
func deadline(ctx context.Context, conn net.Conn) {
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	} else {
		_ = conn.SetDeadline(time.Now().Add(patience))
	}
}
