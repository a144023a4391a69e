package suite

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
)

// The specs below judge what a server orders beside a name: a profile (scenarios/profiles.yaml),
// and further below an IP address.

// The profiles of the CA beside the default one, and one that it does not have.
const (
	shortProfile   = "shortlived"
	longProfile    = "longlived"
	unknownProfile = "shortlife"

	shortLifetime = 160 * time.Hour
)

// offerProfiles makes the CA offer certificates of several profiles.
func offerProfiles(e *Env) {
	e.UseCA(func(o *pebble.Options) {
		o.Profiles = map[string]time.Duration{shortProfile: shortLifetime, longProfile: 300 * Day}
	})
}

// profile configures a profile.
func profile(name string) Settings { return Settings{"acme_profile": name} }

// expectOrdered expects that all orders of the server name this profile, and that there is
// one.
func expectOrdered(e *Env, name string) {
	orders := e.Journal().Requests(pebble.KindNewOrder)
	if len(orders) == 0 {
		e.Fail("expected  an order with the profile " + name + "\nseen      no order")
	}
	for _, order := range orders {
		if order.Profile != name {
			e.Fail("expected  an order with the profile " + name + "\nseen      " + named(order.Profile))
		}
	}
}

// named says which profile an order names.
func named(profile string) string {
	if profile == "" {
		return "an order without a profile"
	}
	return "an order with the profile " + profile
}

// startWithProfile starts the server with a profile, and expects that clients are served a
// certificate.
func startWithProfile(e *Env, name string) *Server {
	server := e.StartACME(profile(name))
	Expect(e.HandshakeWhenIssued(server)).To(HaveFullChainTo(e.CA().Root()), "with the profile "+name)
	return server
}

var _ = Requirement("PROFILE-01", func(e *Env) {
	offerProfiles(e)
	startWithProfile(e, shortProfile)
	expectOrdered(e, shortProfile)
})

var _ = Requirement("PROFILE-02", func(e *Env) {
	offerProfiles(e)
	server := startWithProfile(e, shortProfile)
	served := e.Handshake(server).Leaf()
	lifetime := served.NotAfter.Sub(served.NotBefore).Round(time.Minute)
	Expect(length(lifetime)).To(Equal(length(shortLifetime)), "lifetime of the certificate")
})

var _ = Table("PROFILE-03", func(e *Env, row struct{ Changed bool }) {
	offerProfiles(e)
	l := beginLifeWith(e, shortLifetime, func() *Server {
		return e.StartACME(profile(shortProfile))
	})
	if row.Changed {
		expectOtherProfile(l)
		return
	}
	l.expectRenewedWith(l.renewal(), 0, l.lifetime*6/10)
	expectOrdered(e, shortProfile)
	lifetime := l.served.NotAfter.Sub(l.served.NotBefore).Round(time.Minute)
	Expect(length(lifetime)).To(Equal(length(shortLifetime)), "lifetime of the renewed certificate")
}, TimingDependent)

// expectOtherProfile expects that the first order after a restart with another profile names
// that one, whether it is placed at once or when the certificate falls due.
func expectOtherProfile(l *life) {
	known := len(l.Journal().Requests(pebble.KindNewOrder))
	l.server.Stop()
	l.server = l.StartACME(profile(longProfile))
	l.client("after a restart with another profile")
	if len(l.Journal().Requests(pebble.KindNewOrder)) == known {
		l.renewal()
	}
	for _, order := range l.Journal().Requests(pebble.KindNewOrder)[known:] {
		if order.Profile != longProfile {
			l.Fail("expected  an order with the profile " + longProfile + "\nseen      " +
				named(order.Profile))
		}
	}
}

// startWithUnknownProfile starts the server with a profile that its CA offers, as the
// control, and another one with a profile that the CA does not offer. It returns the
// second one, after its first attempt, and what it has ordered.
func startWithUnknownProfile(e *Env) (*Server, []pebble.Entry) {
	startWithProfile(e, shortProfile).Stop()
	known := len(e.Journal().Requests(pebble.KindNewOrder))
	server := e.StartACME(profile(unknownProfile), Settings{"tls_letsencrypt_cache_dir": "second"})
	e.Handshake(server) // whether there is a certificate is free
	return server, e.Journal().Requests(pebble.KindNewOrder)[known:]
}

var _ = Table("PROFILE-04", func(e *Env, row struct{ Advertised bool }) {
	if row.Advertised {
		offerProfiles(e)
		_, orders := startWithUnknownProfile(e)
		expectNotNamed(e, orders, unknownProfile)
		return
	}
	e.UseCA(func(o *pebble.Options) { o.NoProfiles = true })
	control := e.StartACME()
	Expect(e.HandshakeWhenIssued(control)).To(HaveFullChainTo(e.CA().Root()), "without a profile")
	control.Stop()
	known := len(e.Journal().Requests(pebble.KindNewOrder))
	server := e.StartACME(profile(shortProfile), Settings{
		"tls_letsencrypt_cache_dir": "second",
	})
	e.Handshake(server)
	expectNotNamed(e, e.Journal().Requests(pebble.KindNewOrder)[known:], shortProfile)
}, TimingDependent)

// expectNotNamed expects that no order names a profile.
func expectNotNamed(e *Env, orders []pebble.Entry, name string) {
	for _, order := range orders {
		if order.Profile != "" {
			e.Fail("expected  no order with the profile " + name +
				", which the CA does not advertise\nseen      " + named(order.Profile))
		}
	}
}

var _ = Requirement("PROFILE-05", func(e *Env) {
	offerProfiles(e)
	server, _ := startWithUnknownProfile(e)
	server.WaitLogOfCA("a line about the profile "+unknownProfile, Mentions(unknownProfile))
}, TimingDependent)

var _ = Requirement("PROFILE-06", func(e *Env) {
	const detail = "This account needs the permission 4711 for its profile"
	offerProfiles(e)
	startWithProfile(e, shortProfile).Stop()
	e.Inject(pebble.Fail(pebble.KindNewOrder, pebble.Problem{
		Type:   "urn:ietf:params:acme:error:invalidProfile",
		Detail: detail, Status: http.StatusBadRequest,
	}).Persistently())
	server := e.StartACME(profile(longProfile), Settings{"tls_letsencrypt_cache_dir": "second"})
	e.HandshakeOrLeave(server)
	server.WaitLogOfCA("a line with the CA's reason for refusing the profile", Mentions(detail))
}, TimingDependent)

var _ = Requirement("PROFILE-07", func(e *Env) {
	offerProfiles(e)
	_, orders := startWithUnknownProfile(e)
	ordered := "nothing"
	if len(orders) > 0 {
		ordered = named(orders[0].Profile)
	}
	e.Observe("acme", "ordered with a profile that the CA does not advertise", ordered)
}, TimingDependent)

// publicCAs are the hosts of CAs that anybody can use by ACME.
var publicCAs = []string{
	letsEncrypt, "acme-staging-v02.api.letsencrypt.org", "acme.zerossl.com",
	"dv.acme-v02.api.pki.goog", "acme.ssl.com", "api.buypass.com",
}

var _ = Table("ACME-34", func(e *Env, row struct {
	Trouble string
	Renewal bool // the trouble begins when the server has a certificate
}) {
	const address = "127.0.0.4"
	e.NeedsKey("acme_url")
	l := &life{Env: e, lifetime: 45 * Day}
	e.UseClock()
	e.UseCA(func(o *pebble.Options) { o.Validity = l.lifetime })
	id := e.Identity(pki.Spec{Names: publicCAs})
	elsewhere := e.ServeCA(address+":443", id, letsEncryptPath)
	for _, name := range publicCAs {
		e.Resolver.Point(name, netip.MustParseAddr(address))
	}
	refusal := pebble.Problem{
		Type: "urn:ietf:params:acme:error:unauthorized", Detail: "not today",
		Status: http.StatusForbidden,
	}
	bundle := e.Write("roots.pem", append(id.RootPEM(), e.CA().EndpointRoot()...))
	if row.Renewal {
		l.server = e.StartACME(TrustOnly(bundle))
		first := e.HandshakeWhenIssued(l.server)
		Expect(first).To(HaveFullChainTo(e.CA().Root()))
		l.served = first.Leaf()
	}
	switch row.Trouble {
	case "away":
		e.CA().Down()
	case "accounts":
		e.Inject(pebble.Fail(pebble.KindNewAccount, refusal).Persistently())
	case "orders":
		e.Inject(pebble.Fail(pebble.KindNewOrder, refusal).Persistently())
	}
	if row.Renewal {
		for l.left() > l.lifetime/5 { // it is due by then
			l.Leap(l.lifetime / 16)
			l.client("while the CA fails")
		}
	} else {
		l.server = e.StartACME(TrustOnly(bundle))
	}
	for began := e.Now(); e.Now().Sub(began) < halfADay; e.PassUntil(3*aWhile, 3*aWhile, nil) {
		e.HandshakeOrLeave(l.server)
		asked := strings.Join(elsewhere.Names(), ", ")
		Expect(asked).To(BeEmpty(), "names of public CAs that were asked for")
	}
	e.CA().Restore()
	l.expectRenewalWithin(aboutADay, "after the CA was well again")
}, TimingDependent)

// The specs below judge certificates for IP addresses (scenarios/ip.yaml).

// startForAddress starts the server with a certificate for an address of its host, as the CA
// and clients on the internet know it.
func startForAddress(e *Env, challenge string, v6 bool) (*Server, string) {
	known := e.World.Services().Gateway
	e.SkipUnless(len(known) > 1 || !v6, "needs IPv6, which this machine does not have")
	address, settings := known[0], Settings{}
	if v6 {
		address = known[1]
		settings = Settings{"listen_addr": "[::]:443", "tls_letsencrypt_listen": "[::]:5080"}
		if challenge == "http-01" {
			settings["listen_addr"] = "[::]:8443"
		}
	}
	settings["tls_letsencrypt_hostname"] = address.String()
	settings["server_url"] = "https://" + netip.AddrPortFrom(address, 443).String()
	return e.StartBy(challenge, settings), address.String()
}

var _ = Table("IP-01", func(e *Env, row struct{ V6 bool }) {
	expectAddressServed(e, "http-01", row.V6)
})

var _ = Table("IP-02", func(e *Env, row struct{ V6 bool }) {
	expectAddressServed(e, "tls-alpn-01", row.V6)
})

// expectAddressServed expects that the server obtains a certificate for an address in this
// way, and serves it to clients that send no server name.
func expectAddressServed(e *Env, challenge string, v6 bool) {
	e.OfferOnly(challenge)
	server, address := startForAddress(e, challenge, v6)
	Expect(e.Handshake(server, Visiting(address))).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal().Validated(challenge, address)).To(BeTrue(), challenge+" for "+address)
}

var _ = Table("IP-03", func(e *Env, row struct {
	V6        bool
	Challenge string
}) {
	const lifetime = 160 * time.Hour
	e.UseClock()
	e.UseCA(func(o *pebble.Options) { o.Validity = lifetime })
	e.NeedsClaim(row.Challenge)
	server, address := startForAddress(e, row.Challenge, row.V6)
	served := e.Handshake(server, Visiting(address))
	Expect(served).To(HaveFullChainTo(e.CA().Root()))
	first := served.Leaf()
	for served.Leaf().Equal(first) {
		e.Pass(lifetime / 40)
		left := length(first.NotAfter.Sub(e.Now()))
		served = e.Handshake(server, Visiting(address))
		Expect(served).To(HaveFullChainTo(e.CA().Root()), "with "+left+" left of the first certificate")
	}
	Expect(first.NotAfter.Sub(served.Leaf().NotBefore)).To(
		BeNumerically("<=", lifetime*6/10), "what was left at the renewal")
}, TimingDependent)
