package suite

import (
	"bytes"
	"strings"
	"syscall"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// The specs below judge the chapter renewal: a new certificate before the old one
// expires (scenarios/renewal.yaml).

var _ = Table("RENEW-01", func(e *Env, row struct{ Left time.Duration }) {
	e.ExpectOneOfTwoRenewed(row.Left, 29*Day, 90*Day)
})

var _ = Table("RENEW-02", func(e *Env, row struct{ Left, Lifetime time.Duration }) {
	// The target inherits a umask that takes no permission away. No other spec
	// runs in this process at the same time.
	defer syscall.Umask(syscall.Umask(0))
	old := e.CacheCertificate("cache", row.Left, row.Lifetime)
	before, list := e.ListBeforeStart()
	server := e.StartACME(list)
	open := e.Handshake(server, KeepOpen)
	Expect(open).To(Complete())
	defer open.Close()

	renewed := e.AwaitRenewal(server, old)
	Expect(renewed).To(HaveFullChainTo(e.CA().Root()))
	Expect(renewed).To(ServeNamesExactly(e.Hostname))
	e.AwaitCached(renewed)
	expectPrivateCache(e, *before)
	Expect(e.RequestOn(open)).To(Answer())
	e.ObserveIssuance("renewal")
})

// afterRenewal is how long clients keep connecting after a certificate was issued,
// to show that no further one is ordered. A renewal takes less than a second.
const afterRenewal = 3 * time.Second

// expectPrivateCache expects that only the owner of a file of the cache has access
// to it, and that no file elsewhere holds a key of the cache. before lists the
// files that existed before the server was started.
func expectPrivateCache(e *Env, before []string) {
	keys := SecretsBelow(e, "cache")
	for _, name := range e.Files() {
		if strings.HasPrefix(name, "cache/") {
			Expect(e.Path(name)).To(BePrivate(), "after the renewal")
		}
	}
	Expect(e.Strays(before, "cache", keys)).To(BeEmpty(),
		"files outside the cache directory that hold a key of it")
}

var _ = Requirement("RENEW-03", func(e *Env) {
	old := e.CacheExpiring()
	server := e.StartBy("http-01")
	Expect(e.Handshake(server)).To(Complete())
	e.AwaitRenewal(server, old)
	Expect(e.Journal()).To(HaveValidated("http-01", e.Hostname))
})

var _ = Requirement("RENEW-04", func(e *Env) {
	old := e.CacheExpiring()
	server := e.StartBy("tls-alpn-01")
	Expect(e.Handshake(server)).To(Complete())
	e.AwaitRenewal(server, old)
	Expect(e.Journal()).To(HaveValidated("tls-alpn-01", e.Hostname))
})

var _ = Table("RENEW-05", func(e *Env, row struct{ Challenge string }) {
	const clients, enough = 3, 20
	// The renewal takes long enough to be watched.
	e.Inject(pebble.Slow(pebble.KindCertificate, 100*time.Millisecond))
	old := e.CacheExpiring()
	server := e.StartBy(row.Challenge)
	load := e.Load(server, clients)
	defer load.Stop()
	e.EventuallyRenewed(func(g Gomega) {
		others := load.With(func(h *wire.Handshake) bool { return !Serves(h, old.Leaf) })
		g.Expect(others).To(BeNumerically(">=", enough),
			"handshakes in which the old certificate was no longer served")
	}, "the renewed certificate to be served under load")
	Expect(load.Stop()).To(HaveSeenOnly(old.Leaf, e.CA().Root()))
})

var _ = Requirement("RENEW-06", func(e *Env) {
	const before, after = "before.example.test", "after.example.test"
	server := e.ExpectOneOfTwoRenewed(60*Day, 29*Day, 90*Day, func(server *Server) {
		e.RefuseHandshake(server, before)
	})
	e.RefuseHandshake(server, after)
	e.ExpectQuiet(server, before, after, "tls", "acme", "cert", "renew")
})

var _ = Requirement("RENEW-07", func(e *Env) {
	old := e.CacheExpiring()
	server := e.StartOffering(e.OwnChallenge())
	Expect(e.Handshake(server)).To(Complete())
	renewed := e.AwaitRenewal(server, old).Leaf()
	for range 20 {
		Expect(e.Handshake(server)).To(ServeLeaf(renewed))
	}
	server.Restart()
	Expect(e.Handshake(server)).To(ServeLeaf(renewed), "after a restart")
	e.KeepConnecting(server, afterRenewal)
	expectNoOrderWasted(e)
}, Slow)

var _ = Table("RENEW-08", func(e *Env, row struct{ Fault string }) {
	old := e.CacheExpiring()
	e.FailRenewal(row.Fault)
	server := e.StartACME()
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))
	e.AwaitFailure()
	for range 20 {
		Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf), "after the CA failed")
	}
	e.ExpectFewRequests(server)
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf), "after the CA failed")

	server.Restart()
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf), "after a restart, while the CA fails")

	// The control: the certificate was due, and only the CA kept it from being renewed.
	e.CA().Restore()
	server.Restart()
	Expect(e.Handshake(server)).To(Complete())
	Expect(e.AwaitRenewal(server, old)).To(HaveFullChainTo(e.CA().Root()))
}, Slow)

var _ = Table("RENEW-09", func(e *Env, row struct{ Request pebble.Kind }) {
	old := e.CacheExpiring()
	e.RefuseRenewal(row.Request)
	server := e.StartACME()
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))
	e.AwaitFailure()
	server.WaitLog("a line with the CA's reason: "+RenewalRefused, Mentions(RenewalRefused))
})

var _ = Table("RENEW-10", func(e *Env, row struct {
	Ago     time.Duration
	Clients int // that come at once; 0 stands for one
}) {
	defer syscall.Umask(syscall.Umask(0)) // as in RENEW-02
	expired := e.CacheCertificate("cache", -row.Ago, 90*Day)
	before, list := e.ListBeforeStart()
	server := e.StartACME(list)
	all := e.InParallel(max(1, row.Clients), func() *wire.Handshake { return e.Handshake(server) })
	for _, seen := range all {
		Expect(seen).NotTo(ServeLeaf(expired.Leaf))
		Expect(seen).To(HaveFullChainTo(e.CA().Root()))
	}
	e.AwaitCached(all[0])
	expectPrivateCache(e, *before)
	Expect(e.Journal()).To(HaveIssuedOfEachKey(1))
})

var _ = Table("RENEW-11", func(e *Env, row struct{ Lifetime time.Duration }) {
	e.UseCA(func(o *pebble.Options) { o.Validity = row.Lifetime })
	server := e.StartACME()
	first := e.Handshake(server)
	Expect(first).To(HaveFullChainTo(e.CA().Root()))
	// A second issuance, for a client that needs another type of key, takes as long
	// as a renewal. A server may have no certificate for such a client.
	second := e.Handshake(server, OtherKeyTypeThan(first))
	if second.Err == nil && !second.Leaf().Equal(first.Leaf()) {
		Expect(second).To(HaveFullChainTo(e.CA().Root()))
	}
	e.KeepConnecting(server, afterRenewal)
	Expect(e.Journal()).To(HaveIssuedOfEachKey(1))
	Expect(e.Handshake(server)).To(ServeLeaf(first.Leaf()))
}, Slow)

var _ = Table("RENEW-12", func(e *Env, row struct{ Lifetime, Before, After time.Duration }) {
	e.ExpectOneOfTwoRenewed(row.Before, row.After, row.Lifetime)
})

var _ = Requirement("RENEW-13", func(e *Env) {
	// The other process writes after the server has read the cache, and before the
	// certificate that the server has read is due. If a machine is too slow for the
	// first lifetime, the second one leaves it more time.
	lifetimes := []time.Duration{15*time.Second + 5*Limits.Start, 36*time.Second + 5*Limits.Start}
	var server *Server
	var newer *pki.Identity
	e.CacheCertificate("cache", 89*Day, 90*Day, WithRSAKey) // a server may want one of each type
	for _, lifetime := range lifetimes {
		// The certificate is due when a third of its lifetime is left, or up to a
		// tenth of that time later.
		due := lifetime * 7 / 30
		begin := time.Now()
		e.CacheCertificate("cache", lifetime/3+due, lifetime)
		server = e.StartACME()
		Expect(e.Handshake(server)).To(Complete())
		ordered := len(e.Journal().Requests(pebble.KindNewOrder)) > 0
		newer = e.CacheCertificate("cache", 89*Day, 90*Day)
		e.SkipUnless(!ordered,
			"the server had ordered a certificate before another process could write one")
		if time.Since(begin) < due-time.Second {
			break
		}
		server.Stop()
		server = nil
	}
	e.SkipUnless(server != nil,
		"this machine takes too long to start a server for what the spec has to see")
	e.EventuallyWithin(Patience+3*Limits.Start, func(g Gomega) {
		g.Expect(e.Handshake(server)).To(ServeLeaf(newer.Leaf))
	}, "the certificate to be served that another process put into the cache")
	Expect(e.Journal()).To(HaveOrderedNothing())
}, Slow)

var _ = Requirement("RENEW-14", func(e *Env) {
	first := e.CacheExpiring()
	server := e.StartACME()
	Expect(e.Handshake(server)).To(Complete())
	e.AwaitRenewal(server, first)
	server.Stop()

	e.Must(e.CA().Forget())
	second := e.CacheExpiring()
	server.Restart()
	Expect(e.Handshake(server)).To(Complete())
	Expect(e.AwaitRenewal(server, second)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveIssuedOfEachKey(2))
})

var _ = Requirement("RENEW-15", func(e *Env) {
	server := e.StartACME()
	Expect(e.Handshake(server, RSAOnly())).To(Complete())
	e.Must(e.CA().Forget())
	e.CacheExpiring()
	Expect(e.Handshake(server)).To(Complete())
	const accountLost = "urn:ietf:params:acme:error:accountDoesNotExist"
	lost := func(e pebble.Entry) bool { return e.Problem == accountLost }
	awaited := "a renewed certificate, or a request that is refused because the account is unknown"
	e.Await(awaited, func(j *pebble.Journal) bool {
		return len(j.Issued()) > 1 || j.Count(lost) > 0
	})
	what := "renewed"
	if e.Journal().Count(lost) > 0 {
		what = "refused, not renewed before a restart"
	}
	e.Observe("acme", "accounts lost while the server runs", what)
})

var _ = Requirement("RENEW-16", func(e *Env) {
	old := e.CacheExpiring()
	e.CA().Point(e.Hostname) // the CA finds no address for the name
	server := e.StartACME()
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))
	why := e.AwaitFailedValidation()
	server.WaitLog("a line with the CA's reason: "+why, ContainsAll(strings.Split(why, "<token>")))
	e.ExpectFewOrders(server)
	Expect(e.Handshake(server)).To(ServeLeaf(old.Leaf))

	// The control: nothing else kept the certificate from being renewed.
	e.CA().Point(e.Hostname, e.World.Services().Gateway[0])
	server.Restart()
	Expect(e.Handshake(server)).To(Complete())
	Expect(e.AwaitRenewal(server, old)).To(HaveFullChainTo(e.CA().Root()))
}, Slow)

// The specs below judge the schedule that the target's own command prints.

var _ = Table("RENEW-20", func(e *Env, row struct{ Lifetime time.Duration }) {
	Expect(e.Schedule()).To(NeverRunOut(row.Lifetime))
}, SharesSchedule)

var _ = Table("RENEW-21", func(e *Env, row struct{ Lifetime time.Duration }) {
	Expect(e.Schedule()).To(SpaceAttempts(row.Lifetime, 10*time.Minute))
}, SharesSchedule)

var _ = Table("RENEW-22", func(e *Env, row struct{ Lifetime time.Duration }) {
	Expect(e.Schedule()).To(RecoverWithin(row.Lifetime, 2*time.Hour))
}, SharesSchedule)

var _ = Table("RENEW-23", func(e *Env, row struct{ Lifetime time.Duration }) {
	schedule := e.Schedule()
	life, found := schedule.Life(row.Lifetime)
	e.SkipUnless(found, "the schedule command says nothing about this lifetime")
	e.Observe("schedule", "renewals", life.Summary())
	if outage, found := schedule.Outage(row.Lifetime); found {
		e.Observe("schedule", "while the CA fails", outage.Summary())
	}
}, SharesSchedule)

// expectOldOrRenewed judges the first handshake with a certificate in the cache that is due.
// A server may renew it before it answers.
func expectOldOrRenewed(e *Env, first *wire.Handshake, old *pki.Identity) {
	if first.Err == nil && !first.Leaf().Equal(old.Leaf) {
		Expect(first).To(HaveFullChainTo(e.CA().Root()))
		return
	}
	Expect(first).To(ServeLeaf(old.Leaf))
}

// The specs below judge further promises about a renewal, and record what nobody
// has promised.

var _ = Table("RENEW-30", func(e *Env, row struct{ Challenge string }) {
	old := e.CacheExpiring()
	server := e.StartBy(row.Challenge)
	expectOldOrRenewed(e, e.Handshake(server), old)
	Expect(e.AwaitRenewal(server, old)).To(HaveFullChainTo(e.CA().Root()))
	Expect(e.Journal()).To(HaveValidated(row.Challenge, e.Hostname))
	Expect(e.Journal()).To(HaveFailedAtMost(0))
	expectNoOrderWasted(e)
})

var _ = Requirement("RENEW-31", func(e *Env) {
	// Another CA than the configured one has issued the cached certificate.
	other := e.CacheCertificate("cache", 60*Day, 90*Day)
	server := e.StartACME()
	seen := e.Handshake(server)
	Expect(seen).To(Complete())
	what := "the configured CA's, at the first handshake"
	if seen.Leaf().Equal(other.Leaf) {
		what = "the other CA's"
	}
	e.Observe("acme", "certificate served while another CA's is in the cache", what)
})

var _ = Requirement("RENEW-32", func(e *Env) {
	old := e.CacheExpiring()
	server := e.StartACME()
	expectOldOrRenewed(e, e.Handshake(server), old)
	renewed := e.AwaitRenewal(server, old)
	Expect(renewed).To(HaveFullChainTo(e.CA().Root()))
	what := "a new one"
	if bytes.Equal(renewed.Leaf().RawSubjectPublicKeyInfo, old.Leaf.RawSubjectPublicKeyInfo) {
		what = "that of the old certificate"
	}
	e.Observe("acme", "private key of a renewed certificate", what)
})
