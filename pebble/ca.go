package pebble

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/netip"
	"sync"

	"github.com/letsencrypt/pebble/v2/wfe"
)

// A CA is one running certificate authority. Its methods may be called at any
// time and from any goroutine.
type CA struct {
	options      Options
	edge         *edge
	dns          *DNS
	gateway      *gateway
	endpoint     *endpoint // nil if nothing listens
	endpointRoot []byte
	cancel       context.CancelFunc
	close        func() error
}

// Start starts a CA with keys, accounts and addresses of its own. It takes a
// few milliseconds, and is ready when Start returns. The listeners in the
// options belong to the CA from now on, and are closed if Start fails.
func Start(options Options) (*CA, error) {
	o, err := options.complete()
	if err != nil {
		options.closeListeners()
		return nil, fmt.Errorf("the CA cannot be had: %w", err)
	}
	cert, root, err := endpointCertificate(o.Authority)
	if err != nil {
		o.closeListeners()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &edge{manner: o.Manner, offer: o.Offer, journal: newJournal(), gates: newGates(), ctx: ctx}
	if len(e.offer) == 0 {
		e.offer = challengeOrder
	}
	e.backend, err = newBackend(o, log.New(events{e}, "", 0))
	if err != nil {
		cancel()
		o.closeListeners()
		return nil, fmt.Errorf("starting Pebble: %w", err)
	}
	ca := &CA{options: o, edge: e, endpointRoot: root, cancel: cancel}
	ca.dns = NewDNS(o.DNSListeners, o.DNSPackets)
	for name, addrs := range o.Hosts {
		ca.dns.Point(name, addrs...)
	}
	if o.JournalQueries {
		ca.dns.Observe(func(name, question, answer string) {
			e.journal.add(Entry{From: "ca", To: "dns", Kind: KindQuery, What: "query " + question, Identifiers: []string{name}, State: answer})
		})
	}
	ca.gateway = newGateway(o, e.journal)
	if o.ACME != nil {
		ca.endpoint = serve(o.ACME, e, cert, &e.down, e.journal)
	}
	ca.close = sync.OnceValue(ca.shutDown)
	if ca.dns.err != nil {
		return nil, errors.Join(ca.dns.err, ca.Close())
	}
	return ca, nil
}

// Close ends everything the CA began: listeners, connections and goroutines,
// but for one goroutine of Pebble's, which it does not let end. The journal can
// still be read. Closing twice is closing once.
func (ca *CA) Close() error { return ca.close() }

func (ca *CA) shutDown() error {
	ca.cancel() // held polls answer
	var errs []error
	if ca.endpoint != nil {
		errs = append(errs, ca.endpoint.close())
	}
	errs = append(errs, ca.gateway.close(), ca.dns.Close())
	return errors.Join(errs...)
}

// DirectoryURL is where clients begin (RFC 8555 §7.1.1).
func (ca *CA) DirectoryURL() string { return "https://" + ca.options.Authority + wfe.DirectoryPath }

// EndpointRoot is the root, in PEM, that a client must trust to talk to the
// CA's HTTPS endpoint. It is not the root that certificates are issued from.
func (ca *CA) EndpointRoot() []byte { return ca.endpointRoot }

// Handler is the CA without its HTTPS endpoint. Requests should have TLS and
// Host set, or the URLs in answers begin with http://.
func (ca *CA) Handler() http.Handler { return ca.edge }

// Root is the root of every certificate that the CA issues.
func (ca *CA) Root() *x509.Certificate { return ca.edge.backend.issuer.GetRootCert(0).Cert }

// RootPEM is [CA.Root] in PEM.
func (ca *CA) RootPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Root().Raw})
}

// Roots is a pool of the CA's root alone.
func (ca *CA) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.Root())
	return pool
}

// Journal is what happened at the CA so far.
func (ca *CA) Journal() *Journal { return ca.edge.journal }

// DNS is the CA's DNS.
func (ca *CA) DNS() *DNS { return ca.dns }

// Point lets a name have these addresses in the CA's eyes, see [DNS.Point].
func (ca *CA) Point(name string, addrs ...netip.Addr) { ca.dns.Point(name, addrs...) }

// Inject adds faults to the script. Each counts the requests of its kind from
// now on. Where several are due at one request, the first that was injected
// fires; all count the request.
func (ca *CA) Inject(faults ...Fault) { ca.edge.script.add(faults) }

// Down makes the CA unreachable until [CA.Mend]: new connections are reset, and
// so is every connection on which a request comes.
func (ca *CA) Down() {
	ca.note("down")
	ca.edge.down.Store(true)
}

// Mend ends [CA.Down] and takes every fault out of the script.
func (ca *CA) Mend() {
	ca.edge.down.Store(false)
	ca.edge.script.clear()
	ca.note("mended")
}

// Forget loses all accounts, orders and nonces, as a CA does whose database was
// reset. Keys stay, so certificates issued before are still good. Requests in
// an account's name are refused with accountDoesNotExist (RFC 8555 §6.7).
func (ca *CA) Forget() error {
	if err := ca.edge.backend.forget(); err != nil {
		return err
	}
	ca.note("forgot accounts and orders")
	return nil
}

func (ca *CA) note(what string) {
	ca.edge.journal.add(Entry{From: "ca", To: "edge", Kind: KindCA, What: what})
}
