package pebble

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/acme"
)

// A client that uses Let's Encrypt's directory URL, which is the default of many
// servers, gets a certificate from the CA if DNS leads there.
func TestPublicName(t *testing.T) {
	for _, dialect := range []Dialect{LetsEncrypt, Stock} {
		t.Run(dialect.String(), func(t *testing.T) {
			t.Parallel()
			const host = "acme-v02.api.letsencrypt.org"
			s := newSite(t, func(o *Options) {
				o.Dialect, o.EndpointNames = dialect, []string{hostOf(o.Authority), host}
			})
			c := s.client()
			c.DirectoryURL = acme.LetsEncryptURL
			c.HTTPClient.Transport.(spy).next.(*http.Transport).DialContext = to(s.ca, host)
			if _, err := c.Register(t.Context(), &acme.Account{}, acme.AcceptTOS); err != nil {
				t.Fatal(err)
			}
			chain, err := s.issue(t.Context(), c, "http-01", "www.example.test")
			if err != nil {
				t.Fatal(err)
			}
			if err := s.verify(chain, "www.example.test"); err != nil {
				t.Error(err)
			}
			if n := len(s.ca.Journal().Requests(KindDirectory)); n != 1 {
				t.Errorf("%d requests for the directory, expected 1", n)
			}
			if unknown := s.ca.Journal().Requests(KindUnknown); len(unknown) > 0 {
				t.Errorf("requests that the edge does not know: %v", unknown)
			}
			// The CA still answers under its own name.
			if _, err := s.client().Discover(t.Context()); err != nil {
				t.Errorf("the directory at the authority: %v", err)
			}
		})
	}
}

// The directory is also served at a path that ends in a slash, and not at the path without.
func TestDirectoryWithSlash(t *testing.T) {
	for _, dialect := range []Dialect{LetsEncrypt, Stock} {
		t.Run(dialect.String(), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(o *Options) { o.Dialect = dialect })
			c := s.client()
			c.DirectoryURL = s.ca.DirectoryURLWithSlash()
			if _, err := c.Discover(t.Context()); err != nil {
				t.Errorf("the directory at %s: %v", c.DirectoryURL, err)
			}
			if n := len(s.ca.Journal().Requests(KindDirectory)); n != 1 {
				t.Errorf("%d requests for the directory, expected 1", n)
			}
			bare := strings.TrimSuffix(c.DirectoryURL, "/")
			response, err := httpClient(t, s.ca).Get(bare)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusNotFound {
				t.Errorf("%s: status %d, expected 404", bare, response.StatusCode)
			}
		})
	}
}

// to returns a dial function that leads a host's port 443 to the CA's endpoint.
func to(ca *CA, host string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != host+":443" {
			return nil, fmt.Errorf("dial %s: expected %s:443 only", address, host)
		}
		return new(net.Dialer).DialContext(ctx, network, ca.options.Authority)
	}
}

// An endpoint whose certificate has the trusted root and a wrong name is refused by
// clients that check the name, and accepted by others.
func TestWrongEndpointName(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.EndpointNames = []string{"other.test"} })
	discover := func(change func(*tls.Config)) error {
		c := s.client()
		transport := c.HTTPClient.Transport.(spy).next.(*http.Transport)
		change(transport.TLSClientConfig)
		_, err := c.Discover(t.Context())
		return err
	}
	err := discover(func(*tls.Config) {})
	if err == nil || !strings.Contains(err.Error(), "x509: cannot validate certificate") {
		t.Errorf("a client that checks the name: %v, expected an error about the name", err)
	}
	journal := s.ca.Journal()
	err = journal.Wait(t.Context(), "the refused handshake", func(j *Journal) bool {
		return len(j.Requests(KindTLS)) == 1
	})
	if err != nil {
		t.Error(err)
	}
	if requests := journal.Requests(KindAny); len(requests) > 0 {
		t.Errorf("requests of a client that refused the handshake: %v", requests)
	}
	if err := discover(func(c *tls.Config) { c.ServerName = "other.test" }); err != nil {
		t.Errorf("a client that expects the name in the certificate: %v", err)
	}
}

// TestEveryRequestIsInTheJournal issues a certificate, after a request that was dropped.
func TestEveryRequestIsInTheJournal(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.ca.Inject(Drop(KindDirectory))
	if _, err := s.client().Discover(t.Context()); err == nil {
		t.Error("the dropped request was answered")
	}
	if _, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test"); err != nil {
		t.Fatal(err)
	}
	want := map[Kind]int{
		KindDirectory: 2, KindNewNonce: 1, KindNewAccount: 1, KindNewOrder: 1, KindAuthz: 2,
		KindChallenge: 1, KindOrder: 1, KindFinalize: 1, KindCertificate: 1,
	}
	counts := map[Kind]int{}
	for _, e := range s.ca.Journal().Requests(KindAny) {
		counts[e.Kind]++
	}
	if counts[KindOrder] > 1 { // acme polls again after finalize
		want[KindOrder] = counts[KindOrder]
	}
	if !maps.Equal(counts, want) {
		t.Errorf("requests %v, expected %v\n%s", counts, want, s.ca.Journal())
	}
}

// By default the CA offers what Let's Encrypt offers, and the journal shows which
// challenge a client asked for, even if validation fails.
func TestChallengeRequests(t *testing.T) {
	for _, challenge := range []string{"http-01", "tls-alpn-01", "dns-01"} {
		t.Run(challenge, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			c := s.registered()
			_, authz := s.order(c)
			types := offered(authz)
			if !slices.Equal(types, []string{"http-01", "tls-alpn-01", "dns-01"}) {
				t.Errorf("offered: %v, expected http-01, tls-alpn-01 and dns-01", types)
			}
			validations := func() []Entry {
				return s.ca.Journal().Filter(func(e Entry) bool { return e.What == "POST challenge" })
			}
			ch := authz.Challenges[slices.Index(types, challenge)]
			if _, err := c.GetChallenge(t.Context(), ch.URI); err != nil { // a poll
				t.Fatal(err)
			}
			if asked := validations(); len(asked) > 0 {
				t.Errorf("asked for %v, expected none after a poll", asked)
			}
			if _, err := c.Accept(t.Context(), ch); err != nil { // nothing is prepared
				t.Fatal(err)
			}
			if _, err := c.WaitAuthorization(t.Context(), authz.URI); err == nil {
				t.Error("the authorization is valid, expected invalid")
			}
			asked := validations()
			if len(asked) != 1 || asked[0].Challenge != challenge ||
				!slices.Equal(asked[0].Identifiers, []string{"www.example.test"}) {
				t.Errorf("asked for %v, expected one %s for www.example.test", asked, challenge)
			}
		})
	}
}

// OfferOnly offers types that the CA does not offer otherwise.
func TestOfferOnlyOverridesOptions(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Offer = []string{"http-01"} })
	s.ca.Inject(OfferOnly("dns-account-01", "tls-alpn-01"))
	c := s.registered()
	order, err := c.AuthorizeOrder(t.Context(), acme.DomainIDs("www.example.test"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range [][]string{{"dns-account-01", "tls-alpn-01"}, {"http-01"}} {
		authz, err := c.GetAuthorization(t.Context(), order.AuthzURLs[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := offered(authz); !slices.Equal(got, want) {
			t.Errorf("offered: %v, expected %v", got, want)
		}
	}
}

// Public CAs write caIssuers into certificates, Pebble does not. If Pebble changes that,
// the documentation of Options.Intermediates must change too.
func TestPebbleWritesNoCAIssuers(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Intermediates = 2 })
	chain, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, cert := range chain {
		if len(cert.IssuingCertificateURL) > 0 {
			t.Errorf("%s has caIssuers %v", cert.Subject, cert.IssuingCertificateURL)
		}
	}
}
