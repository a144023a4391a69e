package pebble

import (
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"golang.org/x/crypto/acme"

	"assay/pebble/issuer"
)

// classic changes options so that certificates come from the CA's own issuer.
func classic(o *Options) {
	o.Intermediates, o.RSAIntermediates = 3, 2
	o.Leaf = issuer.Leaf{CommonName: true}
}

// An authorization is reused until its time is over, by the CA's clock.
func TestReuse(t *testing.T) {
	t.Parallel()
	var clock movable
	s := newSite(t, func(o *Options) { o.Now, o.Reuse = clock.now, 10*day })
	c := s.registered()
	for _, step := range []struct {
		after time.Duration
		want  int // validations so far
	}{{0, 1}, {time.Hour, 1}, {8 * day, 1}, {2 * day, 2}, {9 * day, 2}, {100 * day, 3}} {
		clock.advance(step.after)
		order, authz := s.order(c)
		if authz.Status == acme.StatusPending {
			if err := s.authorize(t.Context(), c, "http-01", order.AuthzURLs[0]); err != nil {
				t.Fatal(err)
			}
		}
		order.AuthzURLs = nil // nothing is left to do
		if _, err := s.finish(t.Context(), c, order, "http-01", "www.example.test"); err != nil {
			t.Fatal(err)
		}
		if got := len(s.ca.Journal().Validations()); got != step.want {
			t.Errorf("%s later: %d validations, expected %d", step.after, got, step.want)
		}
	}
}

// Another account has to show again that it controls the name.
func TestReuseIsOfOneAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Reuse = day })
	for range 2 {
		if _, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test"); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(s.ca.Journal().Validations()); got != 2 {
		t.Errorf("%d validations of two accounts, expected 2", got)
	}
}

// Two sets of intermediates sign in turn, and the identifiers of all certificates are known
// to the CA.
func TestTwoIssuers(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Intermediates, o.TwoIssuers = 2, true })
	c := s.registered()
	var issuers []string
	for range 3 {
		chain, err := s.issue(t.Context(), c, "http-01", "www.example.test")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.verify(chain, "www.example.test"); err != nil {
			t.Error(err)
		}
		issuers = append(issuers, chain[0].Issuer.CommonName+" "+string(chain[1].RawSubjectPublicKeyInfo))
		response, err := httpClient(t, s.ca).Get(infoAddress(s, chain[0]))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("renewal information of a certificate of %s: %s", chain[0].Issuer, response.Status)
		}
	}
	if issuers[0] == issuers[1] || issuers[0] != issuers[2] {
		t.Errorf("issuers %q, expected two in turn", issuers)
	}
	if all, err := s.ca.edge.backend.intermediates(); err != nil || len(all) != 8 {
		t.Errorf("%d intermediates, %v, expected 8", len(all), err)
	}
}

// What Pebble knows of its own certificates it knows of those of the CA's own issuer, also
// after it has lost its database.
func TestOwnIssuer(t *testing.T) {
	t.Parallel()
	s := newSite(t, classic)
	for range 2 {
		chain, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.verify(chain, "www.example.test"); err != nil || len(chain) != 4 {
			t.Errorf("chain of %d certificates, %v, expected 4", len(chain), err)
		}
		text := base64.RawURLEncoding.EncodeToString
		response, err := httpClient(t, s.ca).Get("https://" + s.ca.options.Authority +
			"/draft-ietf-acme-ari-03/renewalInfo/" +
			text(chain[0].AuthorityKeyId) + "." + text(chain[0].SerialNumber.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("renewal information: status %d", response.StatusCode)
		}
		if err := s.ca.Forget(); err != nil {
			t.Fatal(err)
		}
	}
}

// Faults change the chains of the CA's own issuer as they change Pebble's.
func TestFaultsOfOwnIssuer(t *testing.T) {
	t.Parallel()
	s := newSite(t, classic)
	s.ca.Inject(WrongName("other.example.test"))
	chain, err := s.issue(t.Context(), s.registered(), "http-01", "www.example.test")
	if err == nil {
		err = s.verify(chain, "other.example.test")
	}
	if err != nil || len(chain) != 4 {
		t.Errorf("chain of %d certificates, %v, expected 4 for another name", len(chain), err)
	}
}
