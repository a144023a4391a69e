package presets

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/acme"

	"assay/pebble"
)

func TestPresets(t *testing.T) {
	want := []string{
		"letsencrypt", "letsencrypt@2027-02-10", "letsencrypt@2028-02-16", "letsencrypt-shortlived",
		"ca-b-forum@2029-03-15", "boulder-async", "google", "step-ca", "pebble-strict", "edge", "stock",
	}
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("presets %v, expected %v", got, want)
	}
	if _, ok := Find(Default); !ok {
		t.Errorf("default: found no preset %q", Default)
	}
	if _, ok := Find("letsencrypt@1999"); ok {
		t.Error("a preset was found that does not exist")
	}
}

func TestMistakes(t *testing.T) {
	const rest = ", title: t, source: [s]"
	for text, want := range map[string]string{
		"- {name: a, title: t}":                               "title or source",
		"- {name: a b" + rest + "}":                           "without slashes",
		"- {name: a" + rest + ", color: red}":                 "color",
		"- {name: a" + rest + ", lifetime: soon}":             "expected a time",
		"- {name: a" + rest + ", lifetime: -1h}":              "expected a time",
		"- {name: a" + rest + ", finalize: later}":            `found "later"`,
		"- {name: a" + rest + ", processing: 1s}":             "expected finalize: asynchronous",
		"- {name: a" + rest + "}\n- {name: a" + rest + "}":    "found twice",
		"- {name: a" + rest + ", chain: {intermediates: two}": "presets.yaml",
	} {
		if _, err := parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, expected %q", text, err, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90d": 90 * day, "24h": day, "160h": 160 * time.Hour, "3s": 3 * time.Second,
	} {
		var s Span
		if err := s.UnmarshalText([]byte(text)); err != nil || time.Duration(s) != want {
			t.Errorf("%s: %v, %v, expected %v", text, s, err, want)
		}
		if s.String() != text {
			t.Errorf("%s is written as %s", text, s)
		}
	}
}

// A spec that sets an option of its own keeps it.
func TestSpecsComeFirst(t *testing.T) {
	p, _ := Find("boulder-async")
	o := pebble.Options{
		Intermediates: 3, Validity: time.Hour, Offer: []string{"http-01"},
		Finalize: pebble.Synchronous,
	}
	p.Complete(&o)
	if o.Intermediates != 3 || o.RSAIntermediates != 0 || o.Validity != time.Hour ||
		len(o.Offer) != 1 || o.Finalize != pebble.Synchronous || o.Processing != 0 {
		t.Errorf("options %+v, expected those that were set", o)
	}
	if o.Reuse != 30*day || !o.Leaf.CommonName || o.NonceLife != 0 {
		t.Errorf("options %+v, expected the preset's where none was set", o)
	}
}

// Nonces of Let's Encrypt are gone before a server that retries every half an hour comes
// again. A spec can ask for others.
func TestNonceLife(t *testing.T) {
	for name, want := range map[string]time.Duration{
		"letsencrypt": 10 * time.Minute, "letsencrypt@2027-02-10": 10 * time.Minute,
		"letsencrypt@2028-02-16": 10 * time.Minute, "letsencrypt-shortlived": 10 * time.Minute,
		"step-ca": 0, "edge": 0,
	} {
		p, _ := Find(name)
		var unset pebble.Options
		set := pebble.Options{NonceLife: time.Hour}
		p.Complete(&unset)
		p.Complete(&set)
		if unset.NonceLife != want || set.NonceLife != time.Hour {
			t.Errorf("%s: nonces are good for %s and %s, expected %s and one hour",
				name, unset.NonceLife, set.NonceLife, want)
		}
	}
}

// Each preset's chain, lifetime, leaf and manner are what clients of the CA really get.
func TestIssued(t *testing.T) {
	for _, p := range All() {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			c := start(t, p)
			for _, key := range []crypto.Signer{ecdsaKey(t), rsaKey(t)} {
				c.issue(key)
			}
			c.expectDirectory()
			c.expectOffer()
			c.expectReuse()
		})
	}
}

// customer is a client of a CA.
type customer struct {
	*testing.T
	preset Preset
	ca     *pebble.CA
	client *acme.Client
	http   *http.Client
	// finalized holds the answer to finalize that came last.
	finalized struct{ status, location, retryAfter string }
}

func start(t *testing.T, p Preset) *customer {
	t.Helper()
	o, err := pebble.Addresses{Address: "127.0.0.1"}.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.SkipValidation, o.Dialect = true, p.Dialect()
	p.Complete(&o)
	ca, err := pebble.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ca.Close() })
	c := &customer{T: t, preset: p, ca: ca}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca.EndpointRoot())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	c.http = &http.Client{Transport: transport}
	c.client = &acme.Client{
		Key: ecdsaKey(t), DirectoryURL: ca.DirectoryURL(),
		HTTPClient: &http.Client{Transport: spy{c, transport}},
	}
	if _, err := c.client.Register(t.Context(), &acme.Account{}, acme.AcceptTOS); err != nil {
		t.Fatal(err)
	}
	return c
}

// spy looks at what the CA says of orders.
type spy struct {
	c    *customer
	next http.RoundTripper
}

func (s spy) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	finalize := strings.Contains(r.URL.Path, "finalize")
	if !finalize && !strings.Contains(r.URL.Path, "my-order") {
		return response, nil
	}
	text, err := io.ReadAll(response.Body)
	response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(text))
	var order struct{ Status string }
	_ = json.Unmarshal(text, &order) // an error has no status
	if finalize {
		s.c.finalized.status = order.Status
		s.c.finalized.location = response.Header.Get("Location")
		s.c.finalized.retryAfter = response.Header.Get("Retry-After")
	}
	return response, err
}

// authorize gets a valid order, and tells whether it had to be validated.
func (c *customer) authorize(name string) (order *acme.Order, validated bool) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()
	order, err := c.client.AuthorizeOrder(ctx, acme.DomainIDs(name))
	if err != nil {
		c.Fatal(err)
	}
	authz, err := c.client.GetAuthorization(ctx, order.AuthzURLs[0])
	if err != nil {
		c.Fatal(err)
	}
	if authz.Status == acme.StatusPending {
		validated = true
		at := slices.IndexFunc(authz.Challenges, func(x *acme.Challenge) bool {
			return x.Type == "http-01"
		})
		if at < 0 {
			c.Fatal("http-01 is not offered")
		}
		if _, err := c.client.Accept(ctx, authz.Challenges[at]); err != nil {
			c.Fatal(err)
		}
	}
	if order, err = c.client.WaitOrder(ctx, order.URI); err != nil {
		c.Fatal(err)
	}
	return order, validated
}

// issue gets a certificate for a key and compares it with the preset.
func (c *customer) issue(key crypto.Signer) {
	c.Helper()
	name, want := "e.example.test", max(1, c.preset.Chain.Intermediates)
	_, isRSA := key.(*rsa.PrivateKey)
	if isRSA {
		name = "r.example.test"
		if n := c.preset.Chain.RSA; n > 0 {
			want = n
		}
	}
	order, _ := c.authorize(name)
	request := &x509.CertificateRequest{DNSNames: []string{name}}
	csr, err := x509.CreateCertificateRequest(rand.Reader, request, key)
	if err != nil {
		c.Fatal(err)
	}
	asked := time.Now()
	ders, url, err := c.client.CreateCertFromOrder(c.Context(), order, csr, true)
	if err != nil {
		c.Fatalf("%s: %v", name, err)
	}
	chain := parsed(c.T, ders)
	if got := len(chain) - 1; got != want {
		c.Errorf("%s: %d intermediates, expected %d", name, got, want)
	}
	c.expectLeaf(chain[0], name, isRSA)
	c.expectChain(chain)
	c.expectFinalize(order, time.Since(asked))
	alternates, err := c.client.ListCertAlternates(c.Context(), url)
	if err != nil {
		c.Fatal(err)
	}
	if got := len(alternates) > 0; got != c.preset.Chain.Alternate {
		c.Errorf("%s: alternates %v, expected %t", name, alternates, c.preset.Chain.Alternate)
	}
	for _, alternate := range alternates {
		ders, err := c.client.FetchCert(c.Context(), alternate, true)
		if err != nil || len(ders) != len(chain)-1 {
			c.Errorf("%s: alternate of %d certificates, %v, expected %d", name, len(ders), err,
				len(chain)-1)
		}
	}
}

func (c *customer) expectLeaf(leaf *x509.Certificate, name string, isRSA bool) {
	c.Helper()
	want := c.preset.Leaf
	lifetime := time.Duration(c.preset.Lifetime)
	if lifetime == 0 {
		lifetime = pebble.DefaultValidity
	}
	if got := leaf.NotAfter.Sub(leaf.NotBefore) + time.Second; got != lifetime {
		c.Errorf("%s: lifetime %s, expected %s", name, got, lifetime)
	}
	commonName, usage := "", x509.KeyUsageDigitalSignature
	extended := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if want.CommonName {
		commonName = name
	}
	if want.KeyEncipherment && isRSA {
		usage |= x509.KeyUsageKeyEncipherment
	}
	if want.ClientAuth {
		extended = append(extended, x509.ExtKeyUsageClientAuth)
	}
	if leaf.Subject.CommonName != commonName || leaf.KeyUsage != usage ||
		!slices.Equal(leaf.ExtKeyUsage, extended) || len(leaf.SubjectKeyId) > 0 != want.SubjectKeyID {
		c.Errorf("%s: CN %q, key usage %b, extended %v, key identifier %x, expected %+v", name,
			leaf.Subject.CommonName, leaf.KeyUsage, leaf.ExtKeyUsage, leaf.SubjectKeyId, want)
	}
}

func (c *customer) expectChain(chain []*x509.Certificate) {
	c.Helper()
	for n, certificate := range chain {
		issuer := c.ca.Root()
		if n+1 < len(chain) {
			issuer = chain[n+1]
		}
		if err := certificate.CheckSignatureFrom(issuer); err != nil {
			c.Errorf("%s is not followed by its issuer: %v", certificate.Subject, err)
		}
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: c.ca.Roots(), Intermediates: intermediates})
	if err != nil {
		c.Error(err)
	}
}

// expectFinalize compares the answer to finalize, and how long the certificate took, with the
// preset. The client asks at once after that answer, so an order that is not processed is
// there at once.
func (c *customer) expectFinalize(order *acme.Order, took time.Duration) {
	c.Helper()
	p, got := c.preset, c.finalized
	status, location := "processing", order.URI
	if p.Finalize == synchronous {
		status = "valid"
	}
	if p.Stock || p.Location != nil && !*p.Location {
		location = ""
	}
	if got.status != status || got.location != location ||
		(got.retryAfter == "1") != (p.RetryAfter > 0) {
		c.Errorf("finalize: %+v, expected status %s, Location %q", got, status, location)
	}
	if least := time.Duration(p.Processing); took < least {
		c.Errorf("the certificate was there after %s, expected at least %s of processing", took, least)
	}
}

func (c *customer) expectDirectory() {
	c.Helper()
	response, err := c.http.Get(c.ca.DirectoryURL())
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	var directory map[string]any
	if err := json.NewDecoder(response.Body).Decode(&directory); err != nil {
		c.Fatal(err)
	}
	want := c.preset.RenewalInfo == nil || *c.preset.RenewalInfo
	if _, got := directory["renewalInfo"]; got != want {
		c.Errorf("renewalInfo in the directory: %t, expected %t", got, want)
	}
}

func (c *customer) expectOffer() {
	c.Helper()
	if c.preset.Stock {
		return // the order is random
	}
	want := c.preset.Offer
	if len(want) == 0 {
		want = pebble.DefaultOffer()
	}
	want = append(slices.Clone(c.preset.Unknown), want...)
	order, err := c.client.AuthorizeOrder(c.Context(), acme.DomainIDs("offer.example.test"))
	if err != nil {
		c.Fatal(err)
	}
	authz, err := c.client.GetAuthorization(c.Context(), order.AuthzURLs[0])
	if err != nil {
		c.Fatal(err)
	}
	var got []string
	for _, challenge := range authz.Challenges {
		got = append(got, challenge.Type)
	}
	if !slices.Equal(got, want) {
		c.Errorf("offered %v, expected %v", got, want)
	}
}

func (c *customer) expectReuse() {
	c.Helper()
	if c.preset.Stock {
		return // Pebble alone decides at random
	}
	c.authorize("reuse.example.test")
	if _, validated := c.authorize("reuse.example.test"); validated == (c.preset.Reuse > 0) {
		c.Errorf("the second order was validated: %t, expected %t", validated, c.preset.Reuse == 0)
	}
}

func parsed(t *testing.T, ders [][]byte) (all []*x509.Certificate) {
	t.Helper()
	for _, der := range ders {
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, certificate)
	}
	return all
}

func ecdsaKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rsaKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
