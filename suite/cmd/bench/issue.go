package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/crypto/acme"

	"assay/pebble"
)

// measure returns the durations of n issuances, each by a CA of its own, from the
// first request to the certificate. At most parallel issuances run at a time.
func measure(
	ctx context.Context, dialect pebble.Dialect, n, parallel int,
) ([]time.Duration, error) {
	took, errs := make([]time.Duration, n), make([]error, n)
	places := make(chan struct{}, parallel)
	var wait sync.WaitGroup
	for i := range n {
		places <- struct{}{}
		wait.Go(func() {
			defer func() { <-places }()
			took[i], errs[i] = measureOne(ctx, dialect)
		})
	}
	wait.Wait()
	return took, errors.Join(errs...)
}

// measureOne starts a CA and a server for the challenge, obtains a certificate by
// HTTP-01, and returns how long that took.
func measureOne(ctx context.Context, dialect pebble.Dialect) (time.Duration, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	answers := &answers{}
	server := &http.Server{Handler: answers}
	go server.Serve(listener)
	defer server.Close()

	addresses := pebble.Addresses{Address: "127.0.0.1", HTTP: listener.Addr().String()}
	options, err := addresses.Listen(ctx)
	if err != nil {
		return 0, err
	}
	options.Dialect = dialect
	ca, err := pebble.Start(options)
	if err != nil {
		return 0, err
	}
	defer ca.Close()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return 0, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca.EndpointRoot())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	client := &acme.Client{
		Key: key, DirectoryURL: ca.DirectoryURL(), HTTPClient: &http.Client{Transport: transport},
	}

	start := time.Now()
	err = issue(ctx, client, answers)
	return time.Since(start), err
}

// issue obtains a certificate for one name as RFC 8555 §7 describes.
func issue(ctx context.Context, client *acme.Client, answers *answers) error {
	if _, err := client.Register(ctx, &acme.Account{}, acme.AcceptTOS); err != nil {
		return err
	}
	order, err := client.AuthorizeOrder(ctx, acme.DomainIDs("bench.test"))
	if err != nil {
		return err
	}
	for _, url := range order.AuthzURLs {
		authz, err := client.GetAuthorization(ctx, url)
		if err != nil {
			return err
		}
		if err := accept(ctx, client, authz, answers); err != nil {
			return err
		}
	}
	if order, err = client.WaitOrder(ctx, order.URI); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	request := &x509.CertificateRequest{DNSNames: []string{"bench.test"}}
	csr, err := x509.CreateCertificateRequest(rand.Reader, request, key)
	if err != nil {
		return err
	}
	_, _, err = client.CreateCertFromOrder(ctx, order, csr, true)
	return err
}

// accept answers the HTTP-01 challenge of an authorization and waits for the result.
func accept(
	ctx context.Context, client *acme.Client, authz *acme.Authorization, answers *answers,
) error {
	for _, challenge := range authz.Challenges {
		if challenge.Type != "http-01" {
			continue
		}
		text, err := client.HTTP01ChallengeResponse(challenge.Token)
		if err != nil {
			return err
		}
		answers.set(client.HTTP01ChallengePath(challenge.Token), text)
		if _, err := client.Accept(ctx, challenge); err != nil {
			return err
		}
		_, err = client.WaitAuthorization(ctx, authz.URI)
		return err
	}
	return fmt.Errorf("found no http-01 challenge in the authorization %s, expected one", authz.URI)
}

// answers serves the answers to challenges by path.
type answers struct{ byPath sync.Map }

func (a *answers) set(path, text string) { a.byPath.Store(path, text) }

// ServeHTTP implements [http.Handler].
func (a *answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, ok := a.byPath.Load(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	fmt.Fprint(w, text)
}
