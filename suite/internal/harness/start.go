package harness

import (
	"crypto/x509"
	"net/http"
	"slices"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/suite/internal/limits"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// StartACME starts the target with a certificate from the spec's CA, by
// [Env.OwnChallenge].
func (e *Env) StartACME(options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	return e.startBy(e.OwnChallenge(), options)
}

func (e *Env) startBy(challenge string, options []StartOption) *Server {
	ginkgo.GinkgoHelper()
	if challenge == "http-01" {
		return e.Start(e.HTTP01(), append(options, Forward(80, 5080))...)
	}
	return e.Start(e.ALPN01(), options...)
}

// StartACME6 starts the target with a certificate from the spec's CA and every
// listener at an IPv6 host. The host may be "[::]".
func (e *Env) StartACME6(host string) *Server {
	return e.StartACME(Settings{
		"listen_addr": host + ":443", "tls_letsencrypt_listen": host + ":5080",
	})
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
// challenge type alone, so that no order fails because the server tried another.
func (e *Env) StartOffering(challenge string) *Server {
	ginkgo.GinkgoHelper()
	e.OfferOnly(challenge)
	return e.StartACME()
}

// OfferOnly makes the CA offer one type of challenge alone. Call it before the first
// use of the CA.
func (e *Env) OfferOnly(challenge string) {
	e.UseCA(func(o *pebble.Options) { o.Offer = []string{challenge} })
}

// StartBy starts the target with a certificate from the spec's CA by this
// challenge type, if it claims that.
func (e *Env) StartBy(challenge string, options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	e.NeedsClaim(challenge)
	return e.startBy(challenge, options)
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

// Environment changes variables of the target's environment: KEY=VALUE, or KEY= for one
// that is empty.
func Environment(pairs ...string) StartOption {
	return startOption(func(o *startup) { o.input.Env = append(slices.Clone(o.input.Env), pairs...) })
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

// AppendConfig appends a text to the config file, once it is written. The function
// more makes the text from what the file holds.
func AppendConfig(more func(text string) string) StartOption {
	return rewriteConfig(func(text string) string { return text + more(text) })
}

// AroundConfig puts one text before, and one behind, what the config file holds, before the
// target starts.
func AroundConfig(before, behind string) StartOption {
	return rewriteConfig(func(text string) string { return before + text + behind })
}

// rewriteConfig replaces the content of the config file, once it is written.
func rewriteConfig(change func(text string) string) StartOption {
	return startOption(func(o *startup) {
		files := o.input.Files
		o.change = func(config string) error {
			text, err := files.ReadFile(config, limits.File)
			if err != nil {
				return err
			}
			return files.WriteFile(config, []byte(change(string(text))), 0o600)
		}
	})
}

// awaitIssued waits until the server serves a certificate of the spec's CA, or one
// that the spec has put into its cache, if the target file says that the server
// obtains one by itself when it starts. Specs also start servers that cannot get a
// certificate. So the wait ends, and the server counts as ready, once the spec holds a
// validation, once the CA has refused something and nothing has come to the CA for a
// while, or when the time for a start is over. The specs judge what the server serves
// then.
func (v *Server) awaitIssued() {
	name, _ := v.Settings["tls_letsencrypt_hostname"].(string)
	if !v.s.setup.Target.Ready.Issued || name == "" || v.s.ca == nil {
		return
	}
	w := v.s.waitForCA(v.s.setup.StartPatience())
	w.decides = true
	ctx, cancel := v.s.wait(w)
	defer cancel()
	const shortest, longest = 10 * time.Millisecond, 200 * time.Millisecond
	client := v.s.Client(v, SNI(name))
	for pause := shortest; ; pause = min(pause*3/2, longest) {
		seen := client.Handshake(ctx)
		issued := seen.Err == nil && (seen.VerifyErr == nil || v.s.minted(seen.Leaf()))
		if issued || v.s.holding() || v.s.hindered(v.journal) {
			return
		}
		select {
		case <-v.Process.Exited():
			return
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// HandshakeWhenIssued shakes hands with a server whose certificate may not be
// there yet. Most servers let the client wait for it. One that serves another
// certificate meanwhile is asked until it serves the right one.
func (e *Env) HandshakeWhenIssued(server *Server) *wire.Handshake {
	seen := e.Handshake(server)
	if !e.setup.Target.Ready.Issued {
		return seen
	}
	ctx, cancel := e.withinAndOn(Patience)
	defer cancel()
	for seen.Err != nil || seen.VerifyErr != nil {
		select {
		case <-ctx.Done():
			return seen
		case <-time.After(100 * time.Millisecond):
			seen = e.Handshake(server)
		}
	}
	return seen
}

// minted reports whether the spec has made a certificate itself.
func (e *Env) minted(leaf *x509.Certificate) bool {
	return slices.ContainsFunc(e.identities, func(id *pki.Identity) bool {
		return id.Leaf.Equal(leaf)
	})
}

// hindered reports whether the CA's journal shows after so many entries that no
// certificate is to be expected soon: something was refused or failed, and then
// nothing more happened.
func (e *Env) hindered(from int) bool {
	entries := e.ca.Journal().Entries()
	refused := false
	for _, entry := range entries[min(from, len(entries)):] {
		refused = refused || entry.Fault != "" || entry.Kind == pebble.KindTLS ||
			entry.Status >= http.StatusBadRequest ||
			entry.Kind == pebble.KindValidation && entry.State == "invalid"
	}
	if !refused {
		return false
	}
	ctx, cancel := e.withinAndOn(Patience / 4) // a client tries again after a second or two
	defer cancel()
	err := e.ca.Journal().Wait(ctx, "a further exchange", func(j *pebble.Journal) bool {
		return len(j.Entries()) > len(entries)
	})
	return err != nil
}

// Prepare writes the target's files and makes the forwards, and starts nothing.
func (e *Env) Prepare(settings Settings, options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	return e.prepare(settings, options...)
}

// StartOrEnd starts the server, and waits until it has opened a listener or has ended by
// itself. It reports whether the server runs.
func (v *Server) StartOrEnd() (runs bool) {
	ginkgo.GinkgoHelper()
	v.Start()
	ctx, cancel := v.s.within(Limits.Prompt)
	defer cancel()
	_ = v.awaitListener(ctx) // a server that has ended is accepted too
	select {
	case <-v.Process.Exited():
		return false
	case <-time.After(Limits.Change / 10): // one that is about to end has that time
	}
	select {
	case <-v.Process.Exited():
		return false
	default:
		return true
	}
}
