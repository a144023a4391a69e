package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"assay/pebble"
	"assay/server/acme"
	"assay/server/config"
)

const hostname = "host.assay.test"

// simulate runs all simulations at once, on one virtual clock. Caches are made
// below dir.
func simulate(dir string) (*schedule, error) {
	found := &schedule{
		Schema: schema, Span: seconds(span),
		Working: make([]life, len(lifetimes)), Failing: make([]outage, len(lifetimes)),
	}
	connections := network{}
	http.DefaultTransport = connections // what the certificate source takes
	var sims []*simulation
	for range 2 {
		for _, lifetime := range lifetimes {
			number := len(sims)
			cache, authority := filepath.Join(dir, fmt.Sprint(number)), fmt.Sprintf("acme%d.test", number)
			sim, err := newSimulation(cache, authority, lifetime)
			if err != nil {
				return nil, err
			}
			connections[sim.authority] = sim.connection
			sims = append(sims, sim)
		}
	}
	var wait sync.WaitGroup
	for i := range lifetimes {
		wait.Go(func() { found.Working[i] = sims[i].live() })
		wait.Go(func() { found.Failing[i] = sims[len(lifetimes)+i].fail() })
	}
	wait.Wait()
	return found, nil
}

// simulation is one certificate source and its CA.
type simulation struct {
	lifetime   time.Duration
	authority  string
	source     *acme.Keeper
	ca         *pebble.CA
	connection *connection
	begun      time.Time
}

func newSimulation(cache, authority string, lifetime time.Duration) (*simulation, error) {
	ca, err := pebble.Start(pebble.Options{
		Authority: authority, Validity: lifetime, SkipValidation: true,
	})
	if err != nil {
		return nil, err
	}
	cfg := &config.Config{
		Hostname: hostname, CacheDir: cache, ChallengeType: config.TLSALPN01,
		ACMEURL: ca.DirectoryURL(), ACMEEmail: "operator@" + hostname,
	}
	return &simulation{
		lifetime:   lifetime,
		authority:  authority,
		source:     acme.NewKeeper(cfg, log.New(io.Discard, "", 0)),
		ca:         ca,
		connection: &connection{ca: ca.Handler()},
		begun:      time.Now(),
	}, nil
}

// live watches the certificate for the whole span.
func (s *simulation) live() life {
	l := life{Lifetime: seconds(s.lifetime), Renewals: []renewal{}}
	var current *x509.Certificate
	for s.elapsed() < span && !s.connection.stopped() {
		leaf := s.lookUp()
		if leaf == nil || time.Now().After(leaf.NotAfter) {
			l.Uncovered += seconds(look)
		}
		if leaf != nil && current != nil && !leaf.Equal(current) {
			at := s.issued(leaf)
			l.Renewals = append(l.Renewals, renewal{
				At: seconds(at.Sub(s.begun)), Left: seconds(current.NotAfter.Sub(at)),
			})
		}
		if leaf != nil {
			current = leaf
		}
		letPass(look)
	}
	l.Issued, l.Stopped = len(s.ca.Journal().Issued()), s.connection.stopped()
	return l
}

// letPass lets virtual time pass (testing/synctest). It takes no real time: what is waited
// for is the clock itself.
func letPass(d time.Duration) { time.Sleep(d) }

// fail lets the CA fail once there is a certificate, and repairs it a day after
// the first attempt at a renewal.
func (s *simulation) fail() outage {
	o := outage{Lifetime: seconds(s.lifetime), Attempts: []attempt{}}
	first := s.lookUp()
	if first == nil {
		return o
	}
	letPass(look)
	s.connection.fail(true)
	broken := time.Now()
	s.until(first.NotAfter, func() bool { return len(s.connection.since(broken)) > 0 })
	if requests := s.connection.since(broken); len(requests) > 0 {
		s.until(requests[0].Add(day), func() bool { return s.connection.stopped() })
	}
	o.Attempts = s.attempts(s.connection.since(broken))
	o.Mended = seconds(s.elapsed())
	s.connection.fail(false)
	s.until(first.NotAfter, func() bool {
		leaf := s.lookUp()
		if leaf == nil || leaf.Equal(first) {
			return false
		}
		at := s.issued(leaf)
		o.Renewed, o.Left = seconds(at.Sub(s.begun)), seconds(first.NotAfter.Sub(at))
		return true
	})
	o.Stopped = s.connection.stopped()
	return o
}

// until looks up the certificate, as clients do all the time, until a condition
// holds or a moment has come.
func (s *simulation) until(end time.Time, condition func() bool) {
	for time.Now().Before(end) && !condition() {
		s.lookUp()
		letPass(look)
	}
}

// attempts groups requests that lie less than pause apart.
func (s *simulation) attempts(requests []time.Time) []attempt {
	all := []attempt{}
	var last time.Time
	for _, at := range requests {
		if len(all) == 0 || at.Sub(last) >= pause {
			all = append(all, attempt{At: seconds(at.Sub(s.begun))})
		}
		all[len(all)-1].Requests++
		last = at
	}
	return all
}

func (s *simulation) elapsed() time.Duration { return time.Since(s.begun) }

// lookUp asks for the certificate as a handshake does, of a client that accepts
// ECDSA.
func (s *simulation) lookUp() *x509.Certificate {
	cert, err := s.source.GetCertificate(&tls.ClientHelloInfo{
		ServerName:        hostname,
		CipherSuites:      []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		SupportedProtos:   []string{"h2", "http/1.1"},
		SupportedVersions: []uint16{tls.VersionTLS13},
	})
	if err != nil || cert == nil {
		return nil
	}
	if cert.Leaf != nil {
		return cert.Leaf
	}
	leaf, _ := x509.ParseCertificate(cert.Certificate[0])
	return leaf
}

// issued returns the moment at which the CA issued a certificate, or the present
// if the CA did not issue it.
func (s *simulation) issued(leaf *x509.Certificate) time.Time {
	for _, e := range s.ca.Journal().Issued() {
		if e.Serial == leaf.SerialNumber.Text(16) {
			return s.begun.Add(e.T)
		}
	}
	return time.Now()
}
