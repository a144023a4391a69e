package pebble

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// A Manner is how the CA's edge behaves towards clients.
type Manner int

const (
	// LetsEncrypt answers finalize with a Location header, as Let's Encrypt
	// does, and holds polls until they can be answered finally.
	LetsEncrypt Manner = iota
	// RFC8555 promises no more than RFC 8555 does: finalize has no Location
	// header (§7.4 does not ask for one). Polls are held.
	RFC8555
	// Stock is Pebble as it comes: the edge only journals, and fails where a
	// fault was injected.
	Stock
)

// String names the manner as the documentation does.
func (m Manner) String() string {
	switch m {
	case LetsEncrypt:
		return "Let's Encrypt"
	case RFC8555:
		return "RFC 8555"
	case Stock:
		return "stock"
	}
	return fmt.Sprintf("manner %d", int(m))
}

// DefaultValidity is how long certificates live unless [Options] says
// otherwise: as long as Let's Encrypt's.
const DefaultValidity = 90 * 24 * time.Hour

// Options say how a CA behaves, where it listens and how it reaches the server
// under test. The CA owns every listener in them from [Start] on, and closes
// them, even if Start fails.
type Options struct {
	// Manner is how the edge behaves. The zero value is LetsEncrypt.
	Manner Manner
	// Intermediates is the number of intermediate certificates between leaf and
	// root, 1 to 3. Zero means 1.
	Intermediates int
	// Validity is how long a certificate lives. Zero means DefaultValidity;
	// fractions of a second are dropped.
	Validity time.Duration
	// Offer lists the challenge types that authorizations offer, in the order in
	// which clients see them. Empty means all that Pebble knows, http-01 and
	// tls-alpn-01 first. Stock ignores it.
	Offer []string
	// ExternalAccount, if set, makes the CA demand an external account binding
	// (RFC 8555 §7.3.4); this is the one it accepts.
	ExternalAccount *ExternalAccount

	// ACME is where the HTTPS endpoint listens. Nil means that nothing listens:
	// clients use [CA.Handler].
	ACME net.Listener
	// Authority is the host, or host:port, by which clients reach the endpoint,
	// such as "acme.test" or "127.1.2.3:14000". The endpoint's certificate is
	// for this host.
	Authority string

	// Resolver is the "ip:port" at which validation asks DNS over TCP. The CA's
	// own DNS answers on DNSListeners and DNSPackets, of which one should be
	// there.
	Resolver string
	// DNSListeners and DNSPackets are the TCP and UDP sockets of the CA's DNS.
	DNSListeners []net.Listener
	DNSPackets   []net.PacketConn
	// Hosts are the names that the CA's DNS knows from the start, see
	// [DNS.Point].
	Hosts map[string][]netip.Addr

	// JournalQueries puts every question to the CA's DNS into the journal.
	JournalQueries bool

	// Gateway lists where validation arrives, and where it is sent on to.
	Gateway []GatewayListener
	// Dial makes the gateway's connections to the server under test. Nil means
	// a plain net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// HTTPPort and TLSPort are the ports that validation dials for http-01 and
	// tls-alpn-01. Zero means 80 and 443.
	HTTPPort, TLSPort int

	// SkipValidation makes every challenge valid without a look at the server,
	// for simulations in virtual time that have no network.
	SkipValidation bool
}

// An ExternalAccount is a key that a CA's operator gave to a customer, to be
// bound to an ACME account (RFC 8555 §7.3.4).
type ExternalAccount struct {
	KeyID string // the "kid" of the binding
	Key   []byte // the MAC key itself, not encoded
}

// A GatewayListener is one address at which validation arrives.
type GatewayListener struct {
	Listener net.Listener
	// HTTP tells that this is the road of http-01: the gateway rewrites the
	// request's Host header. Otherwise bytes pass as they are.
	HTTP bool
	// Forward is the "ip:port" of the server under test, of the same address
	// family as the listener.
	Forward string
}

// complete checks the options and puts defaults where there is nothing.
func (o Options) complete() (Options, error) {
	if o.Intermediates == 0 {
		o.Intermediates = 1
	}
	if o.Validity == 0 {
		o.Validity = DefaultValidity
	}
	if o.HTTPPort == 0 {
		o.HTTPPort = 80
	}
	if o.TLSPort == 0 {
		o.TLSPort = 443
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return o, o.check()
}

func (o Options) check() error {
	var errs []error
	if o.Manner < LetsEncrypt || o.Manner > Stock {
		errs = append(errs, fmt.Errorf("option Manner: unknown %s", o.Manner))
	}
	if o.Intermediates < 1 || o.Intermediates > 3 {
		errs = append(errs, fmt.Errorf("option Intermediates: %d, expected 1 to 3", o.Intermediates))
	}
	if o.Validity < time.Second {
		errs = append(errs, fmt.Errorf("option Validity: %s, expected at least a second", o.Validity))
	}
	if o.Authority == "" {
		errs = append(errs, errors.New("option Authority: empty, expected host or host:port"))
	}
	if !o.SkipValidation {
		if _, err := netip.ParseAddrPort(o.Resolver); err != nil {
			errs = append(errs, fmt.Errorf("option Resolver: %q, expected ip:port", o.Resolver))
		}
	}
	for _, offered := range o.Offer {
		if !knownChallenge(offered) {
			errs = append(errs, fmt.Errorf("option Offer: unknown challenge type %q, expected one of %v", offered, challengeOrder))
		}
	}
	for i, g := range o.Gateway {
		if g.Listener == nil {
			errs = append(errs, fmt.Errorf("option Gateway[%d].Listener: missing", i))
		}
		if _, err := netip.ParseAddrPort(g.Forward); err != nil {
			errs = append(errs, fmt.Errorf("option Gateway[%d].Forward: %q, expected ip:port", i, g.Forward))
		}
	}
	if e := o.ExternalAccount; e != nil && (e.KeyID == "" || len(e.Key) == 0) {
		errs = append(errs, errors.New("option ExternalAccount: expected a KeyID and a Key"))
	}
	return errors.Join(errs...)
}

// closeListeners closes whatever was handed in, for a CA that did not start.
func (o Options) closeListeners() {
	if o.ACME != nil {
		o.ACME.Close()
	}
	for _, l := range o.DNSListeners {
		l.Close()
	}
	for _, p := range o.DNSPackets {
		p.Close()
	}
	for _, g := range o.Gateway {
		if g.Listener != nil {
			g.Listener.Close()
		}
	}
}
