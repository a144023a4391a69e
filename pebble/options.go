package pebble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"assay/pebble/issuer"
	"assay/pebble/perspective"
)

// A Dialect is the way in which the edge answers where CAs differ.
type Dialect int

const (
	// LetsEncrypt answers finalize with a Location header, as Let's Encrypt does.
	// It holds polls until the state is final.
	LetsEncrypt Dialect = iota
	// RFC8555 answers finalize without a Location header, which RFC 8555 §7.4 does
	// not require. It holds polls until the state is final.
	RFC8555
	// Stock answers as Pebble does. The edge only writes the journal and injects
	// faults.
	Stock
)

// String returns the name of the dialect as documentation writes it.
func (d Dialect) String() string {
	switch d {
	case LetsEncrypt:
		return "Let's Encrypt"
	case RFC8555:
		return "RFC 8555"
	case Stock:
		return "stock"
	}
	return fmt.Sprintf("dialect %d", int(d))
}

// Finalize says when a CA answers a request to finalize an order (RFC 8555 §7.4).
type Finalize int

const (
	// Asynchronous CAs answer at once, and the order is in the state processing.
	Asynchronous Finalize = iota + 1
	// Synchronous CAs answer when the certificate is issued, and the order is valid.
	Synchronous
)

// DefaultValidity is the default lifetime of certificates, as at Let's
// Encrypt.
const DefaultValidity = 90 * 24 * time.Hour

// NoReuse makes every order begin with a new authorization, whatever CA is stood in for.
const NoReuse time.Duration = -1

// DefaultOffer returns the challenge types that Let's Encrypt offers.
func DefaultOffer() []string { return []string{"http-01", "tls-alpn-01", "dns-01"} }

// Options describe how a CA behaves, where it listens and how it reaches the server
// under test. The CA owns all listeners in them: [Start] closes them if it fails,
// and [CA.Close] closes them otherwise.
type Options struct {
	// Dialect is the edge's dialect. The zero value is LetsEncrypt.
	Dialect Dialect
	// Intermediates is the number of intermediate certificates between leaf and
	// root, 1 to 3. Zero means 1. None of the certificates has caIssuers, because
	// Pebble writes none.
	Intermediates int
	// RSAIntermediates is that number for leaf keys of RSA. Zero means Intermediates.
	RSAIntermediates int
	// Alternate makes the CA offer a second chain (RFC 8555 §7.4.2), which lacks the
	// last intermediate. Its root is not [CA.Root].
	Alternate bool
	// TwoIssuers makes two sets of intermediates, with other names and keys, sign
	// certificates in turn, for each type of leaf key. Stock ignores it.
	TwoIssuers bool
	// Leaf says what a leaf holds beside names, key and validity. Stock ignores it.
	Leaf issuer.Leaf
	// Validity is the lifetime of certificates. Zero means DefaultValidity.
	// Fractions of a second are dropped.
	Validity time.Duration
	// Offer lists the challenge types that authorizations offer, in the order in
	// which clients see them. Empty means DefaultOffer. Stock ignores it.
	Offer []string
	// OfferUnknown lists challenge types that no client knows. Authorizations offer
	// them before those of Offer. Stock ignores it.
	OfferUnknown []string
	// Reuse is how long a valid authorization serves for further orders of its account.
	// Zero means that every order begins with a new authorization, and so does NoReuse,
	// which no preset changes. Stock ignores it.
	Reuse time.Duration
	// Finalize says when the CA answers finalize. Stock ignores it.
	Finalize Finalize
	// Processing is how long an order stays in the state processing after it was
	// finalized. Zero means until the certificate is issued. It needs Finalize to be
	// Asynchronous. Stock ignores it.
	Processing time.Duration
	// RetryAfter sets the Retry-After of answers that show an order in the state
	// processing. Zero means that they have none. Stock ignores it.
	RetryAfter time.Duration
	// RetryAfterDate writes that Retry-After as an HTTP-date (RFC 9110 §10.2.3).
	RetryAfterDate bool
	// NoRenewalInfo leaves renewal information (RFC 9773) out of the directory.
	NoRenewalInfo bool
	// Profiles are further profiles that the CA offers (draft-ietf-acme-profiles), with the
	// lifetime of their certificates. The profile of an order that names none is called
	// "default". Stock chooses one at random then.
	Profiles map[string]time.Duration
	// NoProfiles leaves the profiles out of the directory.
	NoProfiles bool
	// Strict switches Pebble's strict mode on, which refuses requests with fields that
	// RFC 8555 does not allow any more.
	Strict bool
	// ExternalAccount, if set, makes the CA require an external account binding
	// (RFC 8555 §7.3.4) with this account.
	ExternalAccount *ExternalAccount

	// State is the directory in which the CA keeps its roots, with their keys, its accounts,
	// and the certificates that clients have fetched: those who trust the roots still do after
	// a restart, and clients have their accounts. Empty means that all of this begins anew. Of
	// the roots, Stock keeps only that of the endpoint. Intermediates, authorizations and
	// orders begin anew in any case.
	State string

	// ACME is the listener of the HTTPS endpoint. Nil means that there is none, and
	// that clients use [CA.Handler].
	ACME net.Listener
	// Authority is the host, or host:port, by which clients reach the endpoint,
	// such as "acme.test" or "127.1.2.3:14000".
	Authority string
	// EndpointNames lists the DNS names and IP addresses in the endpoint's
	// certificate. Empty means the host of Authority. To let the CA answer under
	// a public name too, list both.
	EndpointNames []string

	// Resolver is the "ip:port" of the name server that validation asks over TCP.
	// This is usually one of DNSListeners.
	Resolver string
	// DNSListeners and DNSPackets are the TCP and UDP sockets of the CA's DNS
	// server.
	DNSListeners []net.Listener
	DNSPackets   []net.PacketConn
	// Hosts are the names that the CA's DNS server knows from the start, see
	// [DNS.Point].
	Hosts map[string][]netip.Addr

	// JournalQueries writes every question to the CA's DNS server into the journal.
	JournalQueries bool

	// Gateway lists the addresses that validation connects to, and where the
	// gateway forwards these connections.
	Gateway []GatewayListener
	// Dial opens the gateway's connections to the server under test. Nil means a
	// plain net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Perspectives are the networks from which the CA validates: the primary one, and
	// then the remote ones. Empty means that Pebble alone validates, three times at once
	// and from one address. Perspectives try IPv6 before IPv4. Stock has none.
	Perspectives []perspective.Perspective
	// DialFrom opens the connections of Perspectives from a source address, or from any
	// if that is not valid. Nil means a plain net.Dialer.
	DialFrom func(ctx context.Context, source netip.Addr, network, address string) (net.Conn, error)
	// HTTPPort and TLSPort are the ports that validation connects to for http-01
	// and tls-alpn-01. Zero means 80 and 443.
	HTTPPort, TLSPort int

	// Now tells the time at which the CA lives: certificates begin then, orders expire,
	// answers have dates of it. It must not go backwards. Nil means time.Now. Time
	// limits of the CA's own, such as those of validation, are not changed.
	Now func() time.Time

	// NonceLife is how long a nonce is good, by the CA's clock. The CA refuses an older
	// one with badNonce (RFC 8555 §6.5). Zero means until it is used.
	NonceLife time.Duration

	// SkipValidation makes every challenge valid without a connection to the
	// server, for simulations in virtual time, which have no network.
	SkipValidation bool
}

// An ExternalAccount is a key that the operator of a CA gives to a customer, who
// binds it to an ACME account (RFC 8555 §7.3.4).
type ExternalAccount struct {
	KeyID string // the "kid" of the binding
	Key   []byte // the MAC key, not encoded
}

// A GatewayListener is an address that validation connects to.
type GatewayListener struct {
	Listener net.Listener
	// HTTP says that connections carry http-01: the gateway rewrites the Host
	// header of the request. Otherwise it copies bytes.
	HTTP bool
	// Forward is the "ip:port" of the server under test, of the same address
	// family as the listener.
	Forward string
}

// complete sets defaults and checks the options.
func (o Options) complete() (Options, error) {
	o.Intermediates = cmp.Or(o.Intermediates, 1)
	o.RSAIntermediates = cmp.Or(o.RSAIntermediates, o.Intermediates)
	o.Finalize = cmp.Or(o.Finalize, Asynchronous)
	o.Validity = cmp.Or(o.Validity, DefaultValidity)
	o.HTTPPort, o.TLSPort = cmp.Or(o.HTTPPort, 80), cmp.Or(o.TLSPort, 443)
	if len(o.Offer) == 0 {
		o.Offer = DefaultOffer()
	}
	if o.Reuse == NoReuse {
		o.Reuse = 0
	}
	if len(o.EndpointNames) == 0 {
		o.EndpointNames = []string{hostOf(o.Authority)}
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.DialFrom == nil {
		o.DialFrom = dialFrom
	}
	return o, o.check()
}

func dialFrom(
	ctx context.Context, source netip.Addr, network, address string,
) (net.Conn, error) {
	var dialer net.Dialer
	if source.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(source, 0))
	}
	return dialer.DialContext(ctx, network, address)
}

func (o Options) check() error {
	var errs []error
	if o.Dialect < LetsEncrypt || o.Dialect > Stock {
		errs = append(errs, fmt.Errorf("option Dialect: unknown %s", o.Dialect))
	}
	if o.Intermediates < 1 || o.Intermediates > 3 {
		errs = append(errs, fmt.Errorf("option Intermediates: %d, expected 1 to 3", o.Intermediates))
	}
	if o.RSAIntermediates < 1 || o.RSAIntermediates > 3 {
		errs = append(errs, fmt.Errorf("option RSAIntermediates: %d, expected 1 to 3",
			o.RSAIntermediates))
	}
	if o.Finalize < Asynchronous || o.Finalize > Synchronous {
		errs = append(errs, fmt.Errorf("option Finalize: %d, expected Asynchronous or Synchronous",
			o.Finalize))
	}
	for name, d := range map[string]time.Duration{
		"Reuse": o.Reuse, "Processing": o.Processing, "RetryAfter": o.RetryAfter,
		"NonceLife": o.NonceLife,
	} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("option %s: %s, expected no negative duration", name, d))
		}
	}
	if o.Validity < time.Second {
		errs = append(errs, fmt.Errorf("option Validity: %s, expected at least 1s", o.Validity))
	}
	for name, validity := range o.Profiles {
		if name == "" || name == profile || validity < time.Second {
			errs = append(errs, fmt.Errorf(
				"option Profiles: %q with %s, expected another name than %q and at least 1s",
				name, validity, profile))
		}
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
			errs = append(errs, fmt.Errorf("option Offer: unknown challenge type %q, expected one of %v",
				offered, challengeTypes))
		}
	}
	for _, offered := range o.OfferUnknown {
		if offered == "" || knownChallenge(offered) {
			errs = append(errs, fmt.Errorf("option OfferUnknown: %q, expected an unknown challenge type",
				offered))
		}
	}
	for i, g := range o.Gateway {
		if g.Listener == nil {
			errs = append(errs, fmt.Errorf("option Gateway[%d].Listener: missing", i))
		}
		if _, err := netip.ParseAddrPort(g.Forward); err != nil {
			errs = append(errs, fmt.Errorf("option Gateway[%d].Forward: %q, expected ip:port",
				i, g.Forward))
		}
	}
	if len(o.Perspectives) > 0 && o.Dialect == Stock {
		errs = append(errs, errors.New("option Perspectives: expected none with the dialect stock"))
	}
	for i, p := range o.Perspectives {
		if p.Name == "" || p.After < 0 || p.After > perspective.LatestLook {
			errs = append(errs, fmt.Errorf(
				"option Perspectives[%d]: %q after %s, expected a name and 0 to %s",
				i, p.Name, p.After, perspective.LatestLook))
		}
	}
	if e := o.ExternalAccount; e != nil && (e.KeyID == "" || len(e.Key) == 0) {
		errs = append(errs, errors.New("option ExternalAccount: KeyID or Key is empty, expected both"))
	}
	return errors.Join(errs...)
}

// ownIssuer reports whether the certificates have to come from an issuer of this
// repository, because Pebble's has no such chains or leaves.
func (o Options) ownIssuer() bool {
	return o.Dialect != Stock && (o.Intermediates != o.RSAIntermediates || o.Alternate ||
		o.TwoIssuers || o.Leaf != issuer.Leaf{} || o.State != "")
}

// closeListeners closes all listeners, for a CA that did not start.
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
