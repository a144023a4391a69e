// Package pebble runs a local ACME certificate authority for tests: Let's Encrypt's
// Pebble as a library, a new instance for each test. An edge in front of Pebble keeps
// a journal, holds polls until the state is final, and injects faults.
//
// # Parts
//
// Pebble keeps accounts, orders and keys, validates challenges and signs
// certificates. The edge is the handler behind the HTTPS endpoint. It passes requests
// on to Pebble. Depending on the [Dialect], it changes two things in which Pebble
// differs from Let's Encrypt: it adds a Location header to the answer to finalize, and
// it holds a poll until the state is final. The gateway accepts the connections of
// Pebble's validation and forwards them to the server under test. A DNS server answers
// the questions of validation.
//
// A CA with [Options.Perspectives] looks at the server from several networks, and Pebble
// is told what they find.
//
// All listeners are opened by the caller ([Options]), so this package knows nothing
// about network namespaces and chooses no ports.
//
// # The journal
//
// Each request, verdict on a challenge, issued certificate and connection of validation
// is an [Entry] of the CA's [Journal], in order and without secrets.
package pebble

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/letsencrypt/pebble/v2/wfe"

	"assay/pebble/ari"
)

// CA is a running certificate authority. Its methods may be called at any time and
// from any goroutine.
type CA struct {
	options      Options
	edge         *edge
	dns          *DNS
	gateway      *gateway
	endpoint     *endpoint
	endpointRoot *endpointRoot
	cancel       context.CancelFunc
	close        func() error
}

// Start starts a CA. Its keys are new and it has no accounts, but for those that
// [Options.State] holds. The CA is ready when Start returns, which takes a few milliseconds.
// The listeners in the options belong to the CA from now on; Start closes them if it fails.
func Start(options Options) (*CA, error) {
	o, err := options.complete()
	var ca *CA
	if err == nil {
		ca, err = newCA(o)
	}
	if err != nil {
		options.closeListeners()
	} else {
		err = ca.serve()
	}
	if err != nil {
		return nil, fmt.Errorf("start the CA: %w", err)
	}
	return ca, nil
}

// newCA builds a CA that serves nothing yet.
func newCA(o Options) (*CA, error) {
	root, err := newEndpointRoot(o)
	if err != nil {
		return nil, err
	}
	cert, err := root.issue(o.EndpointNames)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &edge{
		options: o, dialect: o.Dialect, offer: append(slices.Clone(o.OfferUnknown), o.Offer...),
		dates: newDates(o.Now, o.NonceLife), journal: newJournal(o.Now),
		progress: newProgress(), ctx: ctx,
	}
	e.backend, err = newBackend(o, log.New(events{e}, "", 0))
	if err != nil {
		cancel()
		return nil, err
	}
	ca := &CA{options: o, edge: e, endpointRoot: root, cancel: cancel}
	ca.endpoint = newEndpoint(e, cert, e.journal)
	ca.close = sync.OnceValue(ca.shutDown)
	return ca, nil
}

// serve begins to serve all listeners. If it fails, it closes the CA.
func (ca *CA) serve() error {
	o, journal := ca.options, ca.edge.journal
	ca.dns = NewDNS(o.DNSListeners, o.DNSPackets)
	for name, addrs := range o.Hosts {
		ca.dns.Point(name, addrs...)
	}
	if o.JournalQueries {
		ca.dns.Observe(func(name, question, answer string) {
			journal.add(Entry{
				From: "ca", To: "dns", Kind: KindQuery, What: "query " + question,
				Identifiers: []string{name}, State: answer,
			})
		})
	}
	ca.edge.perspectives = newPerspectives(o, ca.dns, journal)
	ca.gateway = newGateway(o, journal, ca.endpoint.traffic, ca.edge.perspectives)
	if o.ACME != nil {
		ca.endpoint.serve(&resettingListener{o.ACME, &ca.edge.down, journal})
	}
	if ca.dns.err != nil {
		return errors.Join(ca.dns.err, ca.Close())
	}
	return nil
}

// Close closes the CA's listeners and connections and ends its goroutines, except
// one goroutine of Pebble that cannot be ended. The journal can still be read.
// Further calls do nothing and return the same error.
func (ca *CA) Close() error { return ca.close() }

func (ca *CA) shutDown() error {
	ca.cancel() // polls that are held get their answers
	var errs []error
	if ca.options.ACME != nil {
		errs = append(errs, ca.endpoint.close())
	}
	errs = append(errs, ca.gateway.close(), ca.dns.Close())
	return errors.Join(errs...)
}

// DirectoryURL returns the URL of the directory (RFC 8555 §7.1.1) at the CA's
// authority. The same directory is also served at the path /directory, which Let's
// Encrypt uses.
func (ca *CA) DirectoryURL() string {
	return "https://" + ca.options.Authority + wfe.DirectoryPath
}

// DirectoryURLWithSlash returns another URL of the same directory, whose path ends in a
// slash. Without that slash it leads to nothing.
func (ca *CA) DirectoryURLWithSlash() string {
	return "https://" + ca.options.Authority + pathDirectoryWithSlash
}

// EndpointRoot returns, in PEM, the root that a client must trust to talk to the
// CA's HTTPS endpoint. It differs from the root of issued certificates.
func (ca *CA) EndpointRoot() []byte { return ca.endpointRoot.PEM() }

// Handler returns the CA's HTTP handler, for use without the HTTPS endpoint. The
// URLs in its answers are made of the request's Host, and begin with http:// unless
// the request's TLS is set.
func (ca *CA) Handler() http.Handler { return ca.edge }

// Root returns the root of all certificates that the CA issues.
func (ca *CA) Root() *x509.Certificate { return ca.edge.backend.root() }

// Signed reports whether the CA has signed a certificate.
func (ca *CA) Signed(leaf *x509.Certificate) bool {
	issuers, err := ca.edge.backend.intermediates()
	return err == nil && slices.ContainsFunc(issuers, func(issuer *x509.Certificate) bool {
		return leaf.CheckSignatureFrom(issuer) == nil
	})
}

// RootPEM returns [CA.Root] in PEM.
func (ca *CA) RootPEM() []byte { return certificatePEM(ca.Root()) }

// Roots returns a pool that holds [CA.Root].
func (ca *CA) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.Root())
	return pool
}

// Journal returns the journal, which grows while the CA runs.
func (ca *CA) Journal() *Journal { return ca.edge.journal }

// DNS returns the CA's DNS server.
func (ca *CA) DNS() *DNS { return ca.dns }

// Point sets the addresses to which the CA's validation resolves a name, see
// [DNS.Point].
func (ca *CA) Point(name string, addrs ...netip.Addr) { ca.dns.Point(name, addrs...) }

// Inject adds faults. Each counts the requests of its kind from now on. If several
// are due at the same request, the one that was injected first takes effect, and
// all of them count the request.
func (ca *CA) Inject(faults ...Fault) { ca.edge.script.add(faults) }

// Suggest makes the CA give this renewal information for its certificates (RFC 9773), until
// the next call. Nil gives the usual one. It has no effect on a CA that leaves renewal
// information out.
func (ca *CA) Suggest(info func(cert *x509.Certificate) ari.Info) {
	if info == nil {
		ca.edge.suggestion.Store(nil)
		return
	}
	ca.edge.suggestion.Store(&info)
}

// SetValidity sets the lifetime of the certificates that the CA issues from now on, but for
// those of [Options.Profiles]. Fractions of a second are dropped.
func (ca *CA) SetValidity(lifetime time.Duration) {
	ca.edge.dates.validity.Store(int64(lifetime.Truncate(time.Second)))
	ca.note("certificates live for " + lifetime.String())
}

// Down makes the CA unreachable until [CA.Restore]: it resets new connections, and
// every connection on which a request arrives.
func (ca *CA) Down() {
	ca.note("down")
	ca.edge.down.Store(true)
}

// Restore ends [CA.Down] and removes all injected faults.
func (ca *CA) Restore() {
	ca.edge.down.Store(false)
	ca.edge.script.clear()
	ca.note("restored")
}

// Forget deletes all accounts, orders and nonces, as if the CA had lost its
// database. The CA keeps its keys, so issued certificates stay valid. It refuses
// requests of deleted accounts with accountDoesNotExist (RFC 8555 §6.7).
func (ca *CA) Forget() error {
	if err := ca.edge.backend.resetFrontend(); err != nil {
		return err
	}
	ca.note("forgot accounts and orders")
	return nil
}

// UnderWay describes what goes on at the CA: connections that are in use, requests
// without an answer, validations, issuances. It is empty if nothing will happen before
// a client does something.
func (ca *CA) UnderWay() []string {
	all := append(ca.endpoint.traffic.UnderWay(), ca.dns.UnderWay()...)
	for _, request := range ca.endpoint.openRequests() {
		all = append(all, "the answer to "+request)
	}
	return append(all, ca.edge.progress.underWay()...)
}

// Begun counts what has happened at the CA so far, see [Journal.Acts]. A count that is
// the same as before says that nobody wants anything of the CA.
func (ca *CA) Begun() uint64 { return ca.Journal().Acts() }

func (ca *CA) note(what string) {
	ca.edge.journal.add(Entry{From: "ca", To: "edge", Kind: KindCA, What: what})
}
