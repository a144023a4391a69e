package harness

import (
	"crypto/x509"

	"github.com/onsi/ginkgo/v2"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/suite/internal/sut"
)

// StartACME starts the target with a certificate from the spec's CA, by the
// challenge that it claims; TLS-ALPN-01 where it claims both, since that needs
// no second listener.
func (e *Env) StartACME(options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	if e.Claims("tls-alpn-01") {
		return e.Start(e.ALPN01(), options...)
	}
	return e.Start(e.HTTP01(), append(options, Forward(80, 5080))...)
}

// StartACME6 is StartACME with every listener on this host, an IPv6 address or
// "[::]".
func (e *Env) StartACME6(host string) *Server {
	return e.StartACME(Settings{"listen_addr": host + ":443", "tls_letsencrypt_listen": host + ":5080"})
}

// StartSecure starts the target with a certificate in the simplest way that it
// claims: its own, or one from the CA. It returns the root that clients trust.
func (e *Env) StartSecure() (*Server, *x509.Certificate) {
	ginkgo.GinkgoHelper()
	if e.Claims("byo") {
		id := e.Identity(pki.Spec{})
		return e.StartOwn(id), id.Root
	}
	return e.StartACME(), e.CA().Root()
}

// StartOffering starts the target with a certificate from a CA that offers one
// challenge type alone: no order fails for want of another.
func (e *Env) StartOffering(challenge string) *Server {
	ginkgo.GinkgoHelper()
	e.UseCA(func(o *pebble.Options) { o.Offer = []string{challenge} })
	return e.StartACME()
}

// StartBy starts the target with a certificate from the spec's CA by this
// challenge type, if it claims that.
func (e *Env) StartBy(challenge string) *Server {
	ginkgo.GinkgoHelper()
	e.NeedsClaim(challenge)
	if challenge == "http-01" {
		return e.Start(e.HTTP01(), Forward(80, 5080))
	}
	return e.Start(e.ALPN01())
}

// A StartOption changes how a target starts, beside its configuration's keys.
//
// [Settings] are a StartOption too where a preset gives the configuration, as in
// [Env.StartACME].
type StartOption interface{ apply(*startup) }

type startOption func(*startup)

func (f startOption) apply(o *startup) { f(o) }

// apply lays the settings over those that a preset gives.
func (k Settings) apply(o *startup) { o.over = append(o.over, k) }

type startup struct {
	forwards [][2]int
	input    sut.Input
	change   func(config string) error
	over     []Settings
}

// Forward makes the port from of the target's host lead to its port to: a
// real firewall rule in a network namespace, a listener on loopback.
func Forward(from, to int) StartOption {
	return startOption(func(o *startup) { o.forwards = append(o.forwards, [2]int{from, to}) })
}

// WorkingDir starts the target in another directory than its configuration's.
func WorkingDir(dir string) StartOption {
	return startOption(func(o *startup) { o.input.WorkingDir = dir })
}

// RelativeConfig gives the target the path of its config file relative to the
// directory that it starts in.
var RelativeConfig StartOption = startOption(func(o *startup) { o.input.RelativeConfig = true })

// RawConfig writes these bytes in place of a configuration.
func RawConfig(raw []byte) StartOption {
	return startOption(func(o *startup) { o.input.Raw = raw })
}

// NoConfig names a config file that does not exist.
var NoConfig StartOption = startOption(func(o *startup) { o.input.NoConfig = true })

// UnreadableConfig gives the target no right to read its config file.
var UnreadableConfig StartOption = startOption(func(o *startup) { o.input.Unreadable = true })

// TrustOnly makes the target trust the roots in this file, and no others, when
// it talks to its CA.
func TrustOnly(bundle string) StartOption {
	return startOption(func(o *startup) { o.input.CABundle = bundle })
}

// ChangeConfig changes the config file, once it is written, before the target
// starts.
func ChangeConfig(change func(path string) error) StartOption {
	return startOption(func(o *startup) { o.change = change })
}
