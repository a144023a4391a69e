package suite

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/gomega"

	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/storage"
)

// The kinds of trouble that last, as the rows of the catalogue call them.
const (
	noCA      = "the CA cannot be reached"
	errors500 = "the CA answers with errors"
	limited   = "the CA takes no further order for an hour"
	noAddress = "the CA finds no address"
	noDNS     = "the name of the CA has no address"
	noForward = "nothing forwards port 80"
	fullDisk  = "the disk is full"
	noWriting = "the cache directory cannot be written"
)

// beginLifeBefore begins a life that can fall into this kind of trouble.
func beginLifeBefore(e *Env, lifetime time.Duration, kind string) *life {
	var fault storage.Fault
	switch kind {
	case noForward:
		return beginLifeWith(e, lifetime, func() *Server { return e.StartBy("http-01") })
	case fullDisk:
		fault = storage.Full
	case noWriting:
		fault = storage.Mode
	default:
		return beginLife(e, lifetime)
	}
	cache := e.Storage(cacheDir, fault)
	l := beginLifeWith(e, lifetime, func() *Server { return e.StartACME(inCache(e)) })
	l.cache = cache
	return l
}

// trouble keeps the server from getting another certificate, or from storing it, from
// now on, until mend is called.
func (l *life) trouble(kind string) {
	sites := l.World.Services()
	switch kind {
	case noCA:
		l.CA().Down()
		l.mend = l.CA().Restore
	case errors500:
		l.Inject(pebble.Status(pebble.KindAny, http.StatusInternalServerError).Persistently())
		l.mend = l.CA().Restore
	case limited:
		l.Inject(pebble.RateLimited(pebble.KindNewOrder, time.Hour).Persistently())
		l.mend = l.CA().Restore
	case noAddress:
		l.CA().Point(l.Hostname)
		l.mend = func() { l.CA().Point(l.Hostname, sites.Gateway[0]) }
	case noDNS:
		l.SkipUnless(l.Resolver != nil, "needs a name server of its own for the target")
		l.Resolver.Point(sites.Authority)
		l.mend = func() { l.Resolver.Point(sites.Authority, sites.ACME.Addr()) }
	case noForward:
		l.Must(l.World.Unforward(80))
		l.mend = func() { l.Must(l.World.Forward(80, 5080)) }
	case fullDisk, noWriting:
		l.cache.Break()
		l.mend = l.cache.Mend
	default:
		l.Fail("unknown trouble " + kind)
	}
}

// fallIntoTrouble lets time pass, in trouble, until a fifth of the lifetime is left: a
// certificate is due by then (RENEW-42). A request to the CA does not show that it is due,
// because a server may ask for renewal information (RFC 9773). One hour more passes, in
// which a server may try again at once, and log and store what it has not yet.
func (l *life) fallIntoTrouble(kind string) {
	l.trouble(kind)
	for due := l.served.NotAfter.Add(-l.lifetime / 5); l.Now().Before(due); {
		l.Leap(min(l.lifetime/16, due.Sub(l.Now())+time.Second).Truncate(time.Second))
		l.client("while " + kind)
	}
	l.Pass(time.Hour)
}

// The years of RENEW-52. Trouble begins every thirteen days, which divides no lifetime and
// no common time of a renewal, so that some renewals fall due in it.
const (
	years        = 730 * Day
	troubleEvery = 13 * Day
	troubleLasts = 4 * Day
)

var _ = Requirement("RENEW-52", func(e *Env) {
	e.NeedsEdge()
	kinds := []string{noCA, errors500, noAddress, limited}
	l := beginLife(e, 90*Day)
	began := l.Now()
	for i := 0; l.Now().Sub(began) < years; i++ {
		l.Pass(troubleEvery - troubleLasts)
		l.client("between troubles")
		kind := kinds[i%len(kinds)]
		l.trouble(kind)
		for range 2 {
			l.Leap(troubleLasts / 2)
			l.client("while " + kind)
		}
		l.mend()
	}
	begun := int((years + l.lifetime - 1) / l.lifetime)
	l.expectCertificatesAtMost(0, begun*mostInEach+1, years)
}, TimingDependent)

// The bounds of RES-80, as the catalogue states them.
const (
	troubled           = 3 * Day
	linesADay          = int(Day / (5 * time.Minute))
	ordersADay         = 120
	certificatesAtMost = 5
)

var _ = Table("RES-80", func(e *Env, row struct{ Trouble string }) {
	l := beginLifeBefore(e, 45*Day, row.Trouble)
	old := l.served
	l.fallIntoTrouble(row.Trouble)
	l.endure(row.Trouble)
	l.expectRecovery(old)
}, TimingDependent)

// endure lets days of trouble pass, and expects that neither the machine nor the CA is
// used up. How much a server does in a day is seen in the first one. In the others time
// moves on by hours, and what they leave is looked at.
func (l *life) endure(kind string) {
	const part = Day / 4
	before, journal := l.Size(l.server), l.Journal().Len()
	for passed := part; passed <= troubled; passed += part {
		switch {
		case passed > Day:
			l.Leap(part)
		case passed == part && l.cache != nil:
			// Nothing happens at the CA, so time would move on by hours, and a timer that
			// ends each minute would end once in a move.
			l.PassUntil(part, time.Minute, nil)
		default:
			l.Pass(part)
		}
		l.client("while " + kind)
		if passed <= Day {
			l.expectFewOrders(journal)
			Expect(l.Size(l.server).Since(before)).To(GrowAtMost(linesADay), "in a day")
		}
		l.expectCertificatesAtMost(journal, certificatesAtMost, troubled)
	}
	Expect(l.Size(l.server).Since(before)).To(
		GrowAtMost(linesADay*int(troubled/Day)), "in "+length(troubled))
}

// expectFewOrders expects no more orders than a day may have, after so many entries of the
// CA's journal.
func (l *life) expectFewOrders(since int) {
	orders := 0
	for _, entry := range l.Journal().Since(since) {
		if entry.Kind == pebble.KindNewOrder {
			orders++
		}
	}
	if orders > ordersADay {
		l.Fail(fmt.Sprintf("expected  at most %d orders in a day\nseen      %d", ordersADay, orders))
	}
}

// expectCertificatesAtMost expects at most so many certificates of a type of key in a time,
// after so many entries of the CA's journal.
func (l *life) expectCertificatesAtMost(since, most int, in time.Duration) {
	issued := map[string]int{}
	for _, entry := range l.Journal().Since(since) {
		if entry.Kind == pebble.KindIssued {
			issued[entry.KeyAlgorithm]++
		}
	}
	for key, n := range issued {
		if n > most {
			l.Fail(fmt.Sprintf("expected  at most %d certificates in %s\nseen      %d with keys of type %s",
				most, length(in), n, key))
		}
	}
}

// expectRecovery ends the trouble and expects that clients are served another certificate
// than the old one, within about a day and one handshake, and that a restart does not
// lose it.
func (l *life) expectRecovery(old *x509.Certificate) {
	l.mend()
	if l.served.Equal(old) {
		l.expectRenewalWithin(aboutADay, "after the trouble was over")
	}
	if l.cache == nil {
		return
	}
	l.Pass(Day)
	l.client("a day after the trouble was over")
	l.server.Restart()
	Expect(l.Handshake(l.server)).To(ServeLeaf(l.served),
		"after a restart, a day after the trouble was over")
}
