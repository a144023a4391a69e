package suite

import (
	"bytes"
	"net/http"
	"slices"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
)

// The chapter autocert: the log texts of the autocert library
// (scenarios/autocert.yaml).

var _ = Table("AUTOCERT-01", func(e *Env, row struct {
	SNI, Text string
	ALPN      []string
}) {
	challenge := slices.Contains(row.ALPN, ChallengeProtocol)
	e.SkipUnless(!challenge || e.Claims("tls-alpn-01"),
		"to a server without tls-alpn-01, "+ChallengeProtocol+" is a protocol like any other")
	server := e.StartACME()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))

	text := e.Expand(row.Text)
	refused := e.Handshake(server, SNI(e.Expand(row.SNI)), Offering(row.ALPN...))
	Expect(refused).To(BeRefused())
	line := server.WaitLog("a line with "+text, Mentions(text))
	Expect(line.Words()).To(ContainSubstring(refused.Local), "the address that the client came from")

	// The handshake after it is the control: by then the server has logged
	// whatever it logs of the refusal.
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(server.Log()).To(LogOnce(text))
	expectNoOrderWasted(e)
})

var _ = Table("AUTOCERT-02", func(e *Env, row struct {
	Versions []string
	Offer    []string
	Resumes  bool
}) {
	shake := e.Greet
	if row.Resumes {
		shake = e.Resume
	}
	server := e.StartACME()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	e.RefuseHandshake(server, "before.example.test")
	for _, version := range row.Versions {
		for range 3 {
			seen := shake(server, TLSVersion(TLSVersions[version]), Offering(row.Offer...))
			Expect(seen).To(HaveFullChainTo(e.CA().Root()))
		}
	}
	e.RefuseHandshake(server, "after.example.test")
	e.ExpectQuiet(server, "before.example.test", "after.example.test",
		"tls", "autocert", "certificate")
})

var _ = Table("AUTOCERT-03", func(e *Env, row struct {
	Request pebble.Kind
	Type    string
}) {
	e.NeedsEdge()
	// After a refusal, a server may attempt another type of challenge.
	e.OfferOnly(e.OwnChallenge())
	problem := pebble.Problem{
		Type:   "urn:ietf:params:acme:error:" + row.Type,
		Detail: longDetail,
		Status: http.StatusForbidden,
	}
	e.CA().Inject(pebble.Fail(row.Request, problem))
	server := e.StartACME()
	Expect(e.Handshake(server)).NotTo(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveInjected(1))
	server.WaitLog("a line with "+problem.Type+" and "+longDetail,
		ContainsAll([]string{longDetail, problem.Type}))
	Expect(server.Process).To(BeAlive())

	server.Restart()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
})

// longDetail is a problem's detail as CAs write them: long, with a reason, a
// moment and a link.
const longDetail = "Error creating new order :: too many certificates (5) already issued for " +
	"this exact set of identifiers in the last 168h0m0s, retry after 2031-02-03 04:05:06 UTC: " +
	"see https://ca.example/docs/rate-limits/#exact-set"

var _ = Requirement("AUTOCERT-04", func(e *Env) {
	old := e.CacheExpiring()
	secrets := SecretsBelow(e, "cache") // which the renewal replaces
	Expect(secrets).NotTo(BeEmpty(), "private keys in the cache directory")
	e.FailRenewal("refused")
	server := e.StartBy("http-01")
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))
	e.AwaitFailure()
	e.CA().Restore()
	server.Restart()
	Expect(e.Handshake(server)).To(Complete())
	e.AwaitRenewal(server, old)

	secrets = append(secrets, SecretsBelow(e, "cache")...)
	e.LookForSecrets(server, e.Addr(5080), secrets,
		ChallengePath+"acme_account+key", ChallengePath+e.Hostname, "/"+e.Hostname)
	server.Stop()
	Expect(server.WholeLog()).To(LogNone(secrets))
}, TimingDependent) // the restart may come before the word about the failed renewal

var _ = Table("AUTOCERT-05", func(e *Env, row struct{ Challenge string }) {
	e.NeedsClaim(row.Challenge)
	preset, port, at := e.ALPN01, 443, Settings{"listen_addr": e.Addr(9000)}
	answers := "listen_addr"
	if row.Challenge == "http-01" {
		answers = "tls_letsencrypt_listen"
		preset, port, at[answers] = e.HTTP01, 80, e.Addr(5081)
	}
	e.TakeTurns(port, at[answers].(string))
	first := e.StartBy(row.Challenge)
	seen := e.Handshake(first)
	Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	e.AwaitCached(seen)
	second := e.Start(preset(at))
	Expect(e.Handshake(second)).To(ServeLeaf(seen.Leaf()))

	// A client of another kind makes a server with several kinds of certificates order
	// a further one, while both servers are there.
	validations := len(e.Journal().Validations())
	further := e.Handshake(first, OtherKeyTypeThan(seen))
	if len(e.Journal().Validations()) > validations {
		Expect(further).To(HaveFullChainTo(e.CA().Root()))
		Expect(e.Handshake(second, OtherKeyTypeThan(seen))).To(ServeLeaf(further.Leaf()))
	}
	Expect(e.Journal()).To(HaveOrderedAtMost(OrdersAtMost))
}, MayWarn)

var _ = Requirement("AUTOCERT-06", func(e *Env) {
	e.NeedsEdge()
	e.OfferOnly(e.OwnChallenge())
	const detail = "Error creating new order :: Cannot issue for this name: " +
		"The ACME server refuses to issue a certificate for this domain name, by policy 1907"
	e.CA().Inject(pebble.Fail(pebble.KindNewOrder, pebble.Problem{
		Type:   "urn:ietf:params:acme:error:rejectedIdentifier",
		Detail: "Error creating new order :: Some names were refused (see the subproblems)",
		Status: http.StatusForbidden,
		Subproblems: []pebble.Subproblem{{
			Type:       "urn:ietf:params:acme:error:rejectedIdentifier",
			Detail:     detail,
			Identifier: pebble.Identifier{Type: "dns", Value: e.Hostname},
		}},
	}))
	server := e.StartACME()
	Expect(e.Handshake(server)).NotTo(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveInjected(1))
	server.WaitLog("a line with "+detail, Mentions(detail))
	Expect(server.Process).To(BeAlive())
})

var _ = Table("AUTOCERT-07", func(e *Env, row struct{ Key pki.AccountKey }) {
	key, err := pki.NewAutocertAccountKey(row.Key)
	e.Must(err)
	e.MkCacheDir("cache")
	name := "cache/" + pki.AutocertAccountKey
	e.Write(name, key)
	server := e.StartACME()
	Expect(e.Handshake(server)).To(HaveFullChainTo(e.CA().Root()))
	Expect(bytes.Equal(e.Read(name), key)).To(BeTrue(),
		"the account key in the cache is the one of before")
})
