package suite

import (
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/storage"
	"assay/suite/internal/sut"
)

// The specs below judge servers that cannot store what they obtain. They belong to
// the chapter resilience (scenarios/resilience.yaml).

var _ = Table("RES-24", func(e *Env, row struct{ Fault storage.Fault }) {
	expectServedAndLogged(e, row.Fault)
}, TimingDependent)

var _ = Table("RES-25", func(e *Env, row struct{ Fault storage.Fault }) {
	expectServedAndLogged(e, row.Fault)
}, TimingDependent)

// expectServedAndLogged gives the cache directory a fault, while the server runs
// and before it starts.
func expectServedAndLogged(e *Env, fault storage.Fault) {
	cache := e.Storage(cacheDir, fault)
	server := e.StartACME(inCache(e))
	first := e.Handshake(server)
	Expect(first).To(HaveFullChainTo(e.CA().Root()))
	e.AwaitStored(cache, first)
	// The control: what the server logs of the directory when all is well.
	server.Restart()
	Expect(e.Handshake(server)).To(ServeLeaf(first.Leaf()))
	healthy := server.Logs()

	cache.Break()
	Expect(e.Handshake(server)).To(ServeLeaf(first.Leaf()), "while the server runs")
	server.Stop()
	if !fault.Empties() {
		server.Start()
		server.AwaitReady()
		Expect(e.Handshake(server)).To(ServeLeaf(first.Leaf()), "after a restart")
		server.Stop()
	}

	cache.Mend()
	e.DamageFile(e.Path(cacheDir, e.Hostname), DamageLost)
	cache.Break()
	server.StartOrExit()
	if runs(server) {
		Expect(e.Handshake(server)).To(BeServedOrRefused(e.CA().Root()))
	}
	e.AwaitStoredOrLogged(server, healthy, cache, nil)
	Expect(e.Journal()).To(HaveOrderedAtMost(OrdersAtMost))

	cache.Mend()
	e.ExpectRecovery(server)
	e.AwaitStored(cache, e.Handshake(server))
}

var _ = Table("RES-60", func(e *Env, row struct {
	Fault storage.Fault
	Early bool
}) {
	r := renewWithout(e, row.Fault, row.Early)
	awaitRenewal(e)
	renewed := e.AwaitRenewal(r.server, r.old)
	Expect(renewed).To(HaveFullChainTo(e.CA().Root()))
	for range 20 {
		Expect(e.Handshake(r.server)).To(ServeLeaf(renewed.Leaf()))
	}
	Expect(r.server.Process).To(BeAlive())
	Expect(e.Journal()).To(HaveIssuedLike(renewed.Leaf(), 1))
	orders := 1
	if len(e.Journal().Issued()) > 1 { // another type of key, which cannot be stored either
		orders = OrdersAtMost
	}
	Expect(e.Journal()).To(HaveOrderedAtMost(orders))

	r.cache.Mend()
	r.server.Restart()
	e.Eventually(func(g Gomega) {
		seen := e.Handshake(r.server)
		g.Expect(seen).To(HaveFullChainTo(e.CA().Root()))
		g.Expect(r.cache.Holds(seen.Leaf())).To(BeTrue(), "the certificate is stored")
	}, "a renewed certificate to be served and stored after the directory was mended")
	Expect(e.Journal()).To(HaveIssuedLike(renewed.Leaf(), 2))
})

var _ = Table("RES-61", func(e *Env, row struct {
	Fault storage.Fault
	Early bool
}) {
	r := renewWithout(e, row.Fault, row.Early)
	awaitRenewal(e)
	e.AwaitStoredOrLogged(r.server, r.healthy, r.cache, r.old)
})

var _ = Table("RES-62", func(e *Env, row struct {
	Fault   storage.Fault
	Renewal bool
}) {
	var server *Server
	var cache *Storage
	var healthy []*sut.Log
	if row.Renewal {
		// A server that cannot store its account key may leave the CA alone.
		r := renewWithout(e, row.Fault, true)
		server, cache, healthy = r.server, r.cache, r.healthy
	} else {
		offerOwnChallenge(e)
		cache = e.Storage(cacheDir, row.Fault)
		server, healthy = startHealthy(e)
		e.DamageFile(e.Path(cacheDir, e.Hostname), DamageLost)
		cache.Break()
		server.StartOrExit()
		e.SkipUnless(runs(server), "the server does not start with such a cache directory")
		Expect(e.ImpatientHandshake(server)).To(BeServedOrRefused(e.CA().Root()))
	}
	// The server may log, retry and store a few things at first.
	const atFirst, watched = 3 * time.Second, 7 * time.Second
	e.WatchGrowth(server, healthy, atFirst)
	growth := e.WatchGrowth(server, healthy, watched)
	Expect(growth).To(StayBounded())
	Expect(e.Journal()).To(HaveOrderedAtMost(OrdersAtMost))
	Expect(e.Journal()).To(HaveFailedAtMost(FailuresAtMost))

	cache.Mend()
	server.Restart()
	Expect(e.Handshake(server)).To(Complete(), "after the directory was mended")
	Expect(e.Journal()).To(HaveOrderedAtMost(OrdersAtMost))
}, Slow, TimingDependent)

// runs reports whether the server has not ended. A server may refuse to start with
// a cache directory that it cannot use.
func runs(server *Server) bool {
	select {
	case <-server.Process.Exited():
		return false
	default:
		return true
	}
}

// cacheDir is the cache directory of these specs. It has a directory above it
// that belongs to it alone, so that it can be removed for good.
const cacheDir = "storage/cache"

// inCache configures the cache directory by the path that messages are searched
// for.
func inCache(e *Env) Settings { return Settings{"tls_letsencrypt_cache_dir": e.Path(cacheDir)} }

// offerOwnChallenge lets the CA offer the configured challenge alone: RENEW-30
// is about servers that try another one first.
func offerOwnChallenge(e *Env) {
	e.UseCA(func(o *pebble.Options) { o.Offer = []string{e.OwnChallenge()} })
}

// startHealthy starts a server whose certificate is not due, stops it, and returns
// what it logged. It is the control: what a server logs that has nothing to store.
func startHealthy(e *Env) (*Server, []*sut.Log) {
	kept := e.CacheCertificate(cacheDir, 60*Day, 90*Day)
	server := e.StartACME(inCache(e))
	for range 3 {
		Expect(e.Handshake(server)).To(ServeLeaf(kept.Leaf))
	}
	server.Stop()
	return server, server.Logs()
}

// unstoredRenewal is a server that renews a certificate which it cannot store.
type unstoredRenewal struct {
	server  *Server
	old     *pki.Identity
	cache   *Storage
	healthy []*sut.Log
}

// renewWithout starts a server whose certificate is due, and gives the cache directory
// a fault: early, before the server starts, so that it can store neither its account
// key nor a challenge, or while it downloads the certificate, so that only the
// certificate remains to be stored.
func renewWithout(e *Env, fault storage.Fault, early bool) unstoredRenewal {
	offerOwnChallenge(e)
	cache := e.Storage(cacheDir, fault)
	server, healthy := startHealthy(e)
	old := e.CacheCertificate(cacheDir, 29*Day, 90*Day)
	if early {
		cache.Break()
	} else {
		e.Inject(pebble.Slow(pebble.KindCertificate, time.Second))
	}
	server.Start()
	server.AwaitReady()
	first := e.Handshake(server)
	expectOldOrRenewed(e, first, old)
	if !early {
		e.SkipUnless(first.Leaf().Equal(old.Leaf),
			"the target has renewed before it answers, and the fault would come too late")
		e.AwaitFault()
		cache.Break()
	}
	return unstoredRenewal{server, old, cache, healthy}
}

// awaitRenewal waits until the CA has renewed the certificate.
func awaitRenewal(e *Env) {
	e.Await("a renewed certificate", func(j *pebble.Journal) bool { return len(j.Issued()) > 0 })
}
