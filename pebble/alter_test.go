package pebble

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
)

// TestCertificateFaults checks that each fault makes the CA deliver a chain that
// is wrong in that one way and right in all others.
func TestCertificateFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault Fault
		check func(s *site, chain []*x509.Certificate) error
	}{
		"chain cut": {CutChain(), func(_ *site, chain []*x509.Certificate) error {
			if len(chain) != 1 {
				return fmt.Errorf("%d certificates, expected the leaf alone", len(chain))
			}
			return nil
		}},
		"without the issuer": {SkipIssuer(), issuerNotNext},
		"foreign issuer":     {ForeignIssuer(), issuerNotNext},
		"another name": {WrongName("other.example.test"), func(s *site, chain []*x509.Certificate) error {
			return s.verify(chain, "other.example.test")
		}},
		"another key": {WrongKey(), func(s *site, chain []*x509.Certificate) error {
			if serial := chain[0].SerialNumber.Text(16); serial == s.ca.Journal().Issued()[0].Serial {
				return fmt.Errorf("the certificate that was issued, %s, is delivered", serial)
			}
			return s.verify(chain, "www.example.test")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(o *Options) { o.Intermediates = 2 })
			s.ca.Inject(c.fault)
			chain, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test")
			if err != nil {
				t.Fatal(err)
			}
			if err := c.check(s, chain); err != nil {
				t.Error(err)
			}
			if n := len(s.ca.Journal().Issued()); n != 1 {
				t.Errorf("%d certificates in the journal as issued, expected only the client's", n)
			}
		})
	}
}

// issuerNotNext checks that there are two certificates and that the second did
// not issue the first.
func issuerNotNext(_ *site, chain []*x509.Certificate) error {
	if len(chain) != 2 {
		return fmt.Errorf("%d certificates, expected two", len(chain))
	}
	if chain[0].CheckSignatureFrom(chain[1]) == nil {
		return fmt.Errorf("%s is followed by its issuer", chain[0].DNSNames)
	}
	return nil
}

func TestOfferOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.ca.Inject(OfferOnly("tls-alpn-01").Persistently())
	client := s.registered()
	if _, err := s.issue(t.Context(), client, "http-01", "www.example.test"); err == nil {
		t.Error("issued by a challenge that was not offered")
	}
	s.ca.Restore()
	if _, err := s.issue(t.Context(), client, "http-01", "www.example.test"); err != nil {
		t.Error(err)
	}
}

func TestInvalidOrder(t *testing.T) {
	for _, kind := range []Kind{KindNewOrder, KindOrder, KindFinalize} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.ca.Inject(InvalidOrder(kind))
			_, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test")
			if err == nil || !strings.Contains(err.Error(), "invalid") {
				t.Errorf("got %v, expected an invalid order", err)
			}
			if n := len(s.ca.Journal().Issued()); n != 0 {
				t.Errorf("%d certificates issued", n)
			}
			last := s.ca.Journal().Requests(KindOrder)
			if len(last) == 0 || last[len(last)-1].State != "invalid" || last[len(last)-1].Detail == "" {
				t.Errorf("order polls: %v, expected the last to be invalid, with a reason", last)
			}
		})
	}
}
