package pebble

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/acme"
)

// site is a CA with a server that answers its challenges.
type site struct {
	t  testing.TB
	ca *CA

	mu        sync.Mutex
	paths     map[string]string           // http-01: path to body
	certs     map[string]*tls.Certificate // tls-alpn-01: name to certificate
	hosts     []string                    // Host headers of challenge requests
	locations []string                    // Location headers of answers to finalize
	visited   func(from net.Addr)         // called for each request and hello
	// before is called for each request. If it returns false, it has answered.
	before func(http.ResponseWriter, *http.Request) bool
}

// newSite starts a site on 127.0.0.1.
func newSite(t testing.TB, change ...func(*Options)) *site {
	t.Helper()
	s := &site{t: t, paths: make(map[string]string), certs: make(map[string]*tls.Certificate)}
	plain := listen(t)
	web := &http.Server{Handler: s}
	go web.Serve(plain)
	t.Cleanup(func() { web.Close() })

	secure := listen(t)
	alpn := &http.Server{
		ErrorLog: quiet(), // validation closes the connection after the handshake
		TLSConfig: &tls.Config{
			NextProtos: []string{"acme-tls/1"},
			GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.visited != nil {
					s.visited(hello.Conn.RemoteAddr())
				}
				if c := s.certs[hello.ServerName]; c != nil {
					return c, nil
				}
				return nil, fmt.Errorf("no certificate for %q", hello.ServerName)
			},
		},
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	go alpn.ServeTLS(secure, "", "")
	t.Cleanup(func() { alpn.Close() })

	s.ca = startCA(
		t,
		Addresses{Address: "127.0.0.1", HTTP: plain.Addr().String(), TLS: secure.Addr().String()},
		change...)
	return s
}

func startCA(t testing.TB, addresses Addresses, change ...func(*Options)) *CA {
	t.Helper()
	options, err := addresses.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(&options)
	}
	ca, err := Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ca.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if t.Failed() {
			t.Logf("the CA's journal:\n%s", ca.Journal())
		}
	})
	return ca
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hosts = append(s.hosts, r.Host)
	if s.visited != nil {
		from, _ := netip.ParseAddrPort(r.RemoteAddr)
		s.visited(net.TCPAddrFromAddrPort(from))
	}
	if s.before != nil && !s.before(w, r) {
		return
	}
	body, ok := s.paths[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	fmt.Fprint(w, body)
}

// httpClient returns a client that trusts the CA's endpoint. Its idle connections
// are closed when the test ends.
func httpClient(t testing.TB, ca *CA) *http.Client { return clientTrusting(t, ca.EndpointRoot()) }

func clientTrusting(t testing.TB, root []byte) *http.Client {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// spy records the Location headers of answers to finalize.
type spy struct {
	site *site
	next http.RoundTripper
}

func (s spy) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := s.next.RoundTrip(r)
	if err == nil && kindOf(r.URL.Path) == KindFinalize {
		s.site.mu.Lock()
		s.site.locations = append(s.site.locations, response.Header.Get("Location"))
		s.site.mu.Unlock()
	}
	return response, err
}

func kindOf(path string) Kind {
	r, _ := http.NewRequest(http.MethodGet, "https://ca"+path, nil)
	return readExchange(r).kind
}

// client returns an ACME client without an account, which repeats failed
// requests at once.
func (s *site) client() *acme.Client {
	h := httpClient(s.t, s.ca)
	h.Transport = spy{s, h.Transport}
	return &acme.Client{
		Key:          newKey(s.t),
		DirectoryURL: s.ca.DirectoryURL(),
		HTTPClient:   h,
		RetryBackoff: func(n int, _ *http.Request, _ *http.Response) time.Duration {
			if n > 5 {
				return -1
			}
			return time.Millisecond
		},
	}
}

// registered returns a client with an account.
func (s *site) registered() *acme.Client {
	s.t.Helper()
	c := s.client()
	account := &acme.Account{Contact: []string{"mailto:admin@example.test"}}
	if _, err := c.Register(s.t.Context(), account, acme.AcceptTOS); err != nil {
		s.t.Fatalf("register: %v", err)
	}
	return c
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue gets a certificate by the steps of RFC 8555 §7.1: order, authorizations
// by this challenge type, finalize, download.
func (s *site) issue(
	ctx context.Context,
	c *acme.Client,
	challenge string,
	names ...string,
) ([]*x509.Certificate, error) {
	order, err := c.AuthorizeOrder(ctx, acme.DomainIDs(names...))
	if err != nil {
		return nil, fmt.Errorf("new order: %w", err)
	}
	return s.finish(ctx, c, order, challenge, names...)
}

// order creates an order for www.example.test and returns it with its authorization.
func (s *site) order(c *acme.Client) (*acme.Order, *acme.Authorization) {
	s.t.Helper()
	order, err := c.AuthorizeOrder(s.t.Context(), acme.DomainIDs("www.example.test"))
	if err != nil {
		s.t.Fatal(err)
	}
	authz, err := c.GetAuthorization(s.t.Context(), order.AuthzURLs[0])
	if err != nil {
		s.t.Fatal(err)
	}
	return order, authz
}

// offered returns the types of the challenges of an authorization.
func offered(a *acme.Authorization) []string {
	var types []string
	for _, challenge := range a.Challenges {
		types = append(types, challenge.Type)
	}
	return types
}

// finish does the remaining steps for an order.
func (s *site) finish(
	ctx context.Context,
	c *acme.Client,
	order *acme.Order,
	challenge string,
	names ...string,
) ([]*x509.Certificate, error) {
	for _, url := range order.AuthzURLs {
		if err := s.authorize(ctx, c, challenge, url); err != nil {
			return nil, err
		}
	}
	order, err := c.WaitOrder(ctx, order.URI)
	if err != nil {
		return nil, fmt.Errorf("wait for the order: %w", err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{DNSNames: names}, newKey(s.t))
	if err != nil {
		return nil, err
	}
	ders, _, err := c.CreateCertFromOrder(ctx, order, csr, true)
	if err != nil {
		return nil, fmt.Errorf("finalize: %w", err)
	}
	var chain []*x509.Certificate
	for _, der := range ders {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		chain = append(chain, cert)
	}
	return chain, nil
}

func (s *site) authorize(ctx context.Context, c *acme.Client, challenge, url string) error {
	authz, err := c.GetAuthorization(ctx, url)
	if err != nil {
		return fmt.Errorf("authorization: %w", err)
	}
	if authz.Status != acme.StatusPending {
		return fmt.Errorf("authorization begins as %s, expected pending", authz.Status)
	}
	at := slices.IndexFunc(authz.Challenges,
		func(c *acme.Challenge) bool { return c.Type == challenge })
	if at < 0 {
		return fmt.Errorf("%s is not offered", challenge)
	}
	if err := s.prepare(c, authz.Challenges[at], authz.Identifier.Value); err != nil {
		return err
	}
	if _, err := c.Accept(ctx, authz.Challenges[at]); err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	if _, err := c.WaitAuthorization(ctx, url); err != nil {
		return fmt.Errorf("wait for the authorization: %w", err)
	}
	return nil
}

// prepare lets the site's server answer a challenge.
func (s *site) prepare(c *acme.Client, challenge *acme.Challenge, name string) error {
	if challenge.Type == "http-01" {
		body, err := c.HTTP01ChallengeResponse(challenge.Token)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.paths[c.HTTP01ChallengePath(challenge.Token)] = body
		return err
	}
	cert, err := c.TLSALPN01ChallengeCert(challenge.Token, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.certs[name] = &cert
	return err
}

// verify checks that a chain leads to the CA's root and is for this name.
func (s *site) verify(chain []*x509.Certificate, name string) error {
	intermediates := x509.NewCertPool()
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	_, err := chain[0].Verify(
		x509.VerifyOptions{Roots: s.ca.Roots(), Intermediates: intermediates, DNSName: name},
	)
	return err
}
