package match

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"github.com/onsi/gomega/types"

	"assay/fixtures/pki"
	"assay/suite/internal/wire"
)

// A trial is a matcher with a value that it accepts, and one that it refuses with a
// message that holds the text seen.
type trial struct {
	name      string
	matcher   types.GomegaMatcher
	good, bad any
	seen      string
}

// TestMatchersCanFail checks that each matcher accepts a good value, and refuses
// a value that differs in one thing, with a message that says what was expected
// and what was seen.
func TestMatchersCanFail(t *testing.T) {
	id, err := pki.New(pki.Spec{Names: []string{"a.test"}, Intermediates: 1})
	if err != nil {
		t.Fatal(err)
	}
	other, err := pki.New(pki.Spec{Names: []string{"a.test", "b.test"}})
	if err != nil {
		t.Fatal(err)
	}
	saw := func(chain ...*x509.Certificate) *wire.Handshake {
		return &wire.Handshake{Client: wire.Client{ServerName: "a.test"}, Chain: chain}
	}
	refusal := Refusal{Exited: true, ExitCode: 1, Log: "config.yaml:3: tls_cert_path: no such file",
		Complaints: []string{"config.yaml:3: tls_cert_path: no such file"}}
	changed := func(change func(*Refusal)) *Refusal {
		r := refusal
		change(&r)
		return &r
	}
	for _, tt := range slices.Concat(ofJournals(id), ofHandshakes(t, id, other), ofResponses(id),
		ofFiles(t, id, other), ofLogs(), ofRefusals(), []trial{
			{"full chain", HaveFullChainTo(id.Root), saw(id.Chain()...), saw(id.Leaf),
				"the server sent this certificate alone"},
			{"another root", HaveFullChainTo(other.Root), saw(other.Chain()...), saw(id.Chain()...),
				"unknown authority"},
			{"ordered", HaveOrderedChainTo(id.Root), saw(id.Chain()...),
				saw(append(id.Chain(), other.Leaf)...), "did not issue"},
			{"ordered, to the root", HaveOrderedChainTo(id.Root), saw(append(id.Chain(), id.Root)...),
				saw(id.Leaf), "unknown authority"},
			{"same certificates", ServeExactly(id.Chain()), saw(id.Chain()...), saw(id.Leaf),
				id.Leaf.Subject.CommonName},
			{"same order", ServeExactly(id.Chain()), saw(id.Chain()...), saw(id.Intermediates[0], id.Leaf),
				id.Leaf.Subject.CommonName},
			{"leaf", ServeLeaf(id.Leaf), saw(id.Leaf), saw(other.Leaf), other.Leaf.Subject.CommonName},
			{"names", ServeNamesExactly("a.test"), saw(id.Leaf), saw(other.Leaf), "b.test"},
			{"refusal, exit code", BeRefusal("tls_cert_path"), &refusal,
				changed(func(r *Refusal) { r.ExitCode = 0 }), "code 0"},
			{"refusal, no listener", BeRefusal("tls_cert_path"), &refusal,
				changed(func(r *Refusal) { r.Listening = true }), "opened a listener"},
			{"refusal, no file", BeRefusal("tls_cert_path"), &refusal,
				changed(func(r *Refusal) { r.Written = []string{"cache/x"} }), "cache/x"},
			{"refusal, the key", BeRefusal("tls_cert_path"), &refusal,
				changed(func(r *Refusal) {
					r.Log, r.Complaints = "bad configuration", []string{"bad configuration"}
				}), "bad configuration"},
			{"refusal, some message", BeRefusal(), &refusal,
				changed(func(r *Refusal) { r.Log, r.Complaints = "", nil }), "saying nothing"},
			{"redirect", RedirectTo("https://a.test/x?y"), response(302, "https://a.test/x?y"),
				response(302, "https://a.test/x"), "302 to https://a.test/x"},
			{"redirect, canonical", RedirectTo("https://a.test/x"), response(308, "HTTPS://A.test:443/x"),
				response(308, "https://a.test:8443/x"), "a.test:8443"},
			{"redirect, in its own script", RedirectTo("https://xn--bcher-kva.test"),
				response(301, "https://b%C3%BCcher.test/"), response(301, "https://bucher.test/"),
				"bucher.test"},
			{"redirect, IPv6", RedirectTo("https://[fd00::1]:8443/x"),
				response(303, "https://[fd00::1]:8443/x"), response(303, "https://[fd00::1]/x"), "fd00"},
			{"redirect, plain", RedirectTo("https://a.test/x"), response(302, "https://a.test:443/x"),
				response(302, "//a.test/x"), "http://"},
			{"redirect, status", RedirectTo("https://a.test/x"), response(308, "https://a.test/x"),
				response(200, "https://a.test/x"), "200"},
		}) {
		t.Run(tt.name, func(t *testing.T) {
			if ok, err := tt.matcher.Match(tt.good); !ok || err != nil {
				t.Errorf("refuses what is good: %v\n%s", err, tt.matcher.FailureMessage(tt.good))
			}
			ok, err := tt.matcher.Match(tt.bad)
			message := tt.matcher.FailureMessage(tt.bad)
			if ok || err != nil || !strings.HasPrefix(message, "expected  ") ||
				!strings.Contains(message, tt.seen) {
				t.Errorf("ok %v, err %v; expected %q in:\n%s", ok, err, tt.seen, message)
			}
		})
	}
}

func response(status int, location string) *wire.Response {
	return &wire.Response{Status: status, Header: map[string][]string{"Location": {location}}}
}
