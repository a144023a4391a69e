package suite

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	"assay/pebble"
	"assay/scenarios"
	walks "assay/suite/internal/explore/life"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
	"assay/suite/internal/storage"
	"assay/suite/internal/wire"
)

// The kinds of trouble that last, as the rows of the catalogue call them.
const (
	noCA      = "the CA cannot be reached"
	errors500 = "the CA answers with errors"
	limited   = "the CA takes no further order for an hour"
	silent    = "the CA takes requests and answers none"
	invalid   = "each order becomes invalid when it is finalized"
	wrongName = "the CA delivers certificates for another name"
	wrongKey  = "the CA delivers certificates for another key"
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
	case silent:
		l.Inject(pebble.Silence(pebble.KindAny).Persistently())
		l.mend = l.CA().Restore
	case invalid:
		l.Inject(pebble.InvalidOrder(pebble.KindFinalize).Persistently())
		l.mend = l.CA().Restore
	case wrongName:
		l.Inject(pebble.WrongName("other.example.test").Persistently())
		l.mend = l.CA().Restore
	case wrongKey:
		l.Inject(pebble.WrongKey().Persistently())
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
	Expect(l.Journal()).To(HaveOneAccount())
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

// RES-84 looks at half a day of trouble, in which clients come every ten minutes, and tells
// from it what a month would bring.
const (
	halfADay = 12 * time.Hour
	aWhile   = 10 * time.Minute
	month    = 30
)

var _ = Table("RES-84", func(e *Env, row struct {
	Challenge string
	First     bool
}) {
	e.NeedsClaim(row.Challenge)
	var l *life
	if row.First {
		l = beginLifeWithout(e, 45*Day, noAddress, func() *Server { return e.StartBy(row.Challenge) })
	} else {
		l = beginLifeWith(e, 45*Day, func() *Server { return e.StartBy(row.Challenge) })
		l.fallIntoTrouble(noAddress)
	}
	l.whileTrouble(halfADay)
	l.expectWithinLimits()
	l.mend()
	l.expectRenewalWithin(aboutADay, "after the CA found an address")
}, TimingDependent)

// beginLifeWithout begins a life in trouble that keeps the server from getting a first
// certificate.
func beginLifeWithout(
	e *Env, lifetime time.Duration, kind string, start func() *Server,
) *life {
	e.UseClock()
	e.UseCA(func(o *pebble.Options) { o.Validity = lifetime })
	l := &life{Env: e, lifetime: lifetime}
	l.trouble(kind)
	l.server = start()
	return l
}

// whileTrouble lets time pass until enough is seen, by ten minutes: while nothing reaches
// the CA, time would move on by hours otherwise. A timer of a minute ends once in a move,
// which is often enough to be seen.
func (l *life) whileTrouble(d time.Duration) {
	for began := l.Now(); l.Now().Sub(began) < d && len(l.RefusedWithin(month)) == 0; {
		l.HandshakeOrLeave(l.server) // what it sees is judged elsewhere
		l.PassUntil(aWhile, aWhile, nil)
	}
}

// expectWithinLimits expects that Let's Encrypt refuses nothing within a month, if the
// server goes on as it did.
func (l *life) expectWithinLimits() {
	if refused := l.RefusedWithin(month); len(refused) > 0 {
		l.Fail(fmt.Sprintf("expected  a server that Let's Encrypt does not refuse within %d days\n"+
			"seen      %s", month, strings.Join(refused, "; ")))
	}
}

var _ = Table("RES-85", func(e *Env, row struct {
	Date, First bool
	Account     bool // newAccount is refused, and not newOrder
	Unavailable bool // with 503
	Year        bool // the CA refuses once, for a year
}) {
	const pause = 3 * time.Hour
	kind := pebble.KindNewOrder
	if row.Account {
		kind = pebble.KindNewAccount
	}
	fault := pebble.RateLimited(kind, pause)
	switch {
	case row.Date:
		fault = pebble.RateLimitedUntil(kind, pause)
	case row.Unavailable:
		fault = pebble.Unavailable(kind, pause)
	case row.Year:
		l := refuseOrders(e, pebble.RateLimited(kind, 365*Day), false)
		l.expectRenewedWith(l.renewal(), 0, l.lifetime)
		return
	}
	l := refuseOrders(e, fault.Persistently(), row.First)
	refused := l.refusals()[0].At
	for l.Now().Before(refused.Add(pause - aWhile - time.Minute)) {
		l.HandshakeOrLeave(l.server)
		l.PassUntil(aWhile, aWhile, nil)
	}
	for _, entry := range l.refusals()[1:] {
		// Requests that were under way do not count.
		if after := entry.At.Sub(refused); after > time.Minute {
			l.Fail(fmt.Sprintf("expected  no further %s within %s, as Retry-After says\n"+
				"seen      one after %s", kind, length(pause), length(after)))
		}
	}
	l.CA().Restore()
	l.expectRenewalWithin(aboutADay, "after the CA takes orders again")
}, TimingDependent)

// refuseOrders starts the server at a time of its own with a CA that has this fault from
// the first certificate on, or from its renewal on, and returns when it has refused.
func refuseOrders(e *Env, fault pebble.Fault, first bool) *life {
	var l *life
	if first {
		e.UseClock()
		e.UseCA(func(o *pebble.Options) { o.Validity = 45 * Day })
		l = &life{Env: e, lifetime: 45 * Day}
		e.Inject(fault)
		l.server = e.StartACME()
		e.HandshakeOrLeave(l.server)
	} else {
		l = beginLife(e, 45*Day)
		e.Inject(fault)
	}
	for began := l.Now(); len(l.refusals()) == 0; {
		if l.Now().Sub(began) > 44*Day {
			l.Fail("expected  an order\nseen      none in " + length(l.Now().Sub(began)))
		}
		l.PassUntil(6*time.Hour, 6*time.Hour, func() bool { return len(l.refusals()) > 0 })
		if len(l.refusals()) == 0 {
			l.HandshakeOrLeave(l.server)
		}
	}
	return l
}

// refusals returns the requests that the CA has refused by a fault.
func (l *life) refusals() []pebble.Entry { return l.Journal().Faults() }

var _ = Table("RES-89", func(e *Env, row struct {
	Processing time.Duration
	RetryAfter time.Duration `yaml:"retry_after"`
	Date       bool
	Polls      int // how many are allowed; 0 stands for any number, in a time of the spec's own
}) {
	use := func() {
		e.UseCA(func(o *pebble.Options) {
			o.Finalize, o.Processing = pebble.Asynchronous, row.Processing
			o.RetryAfter, o.RetryAfterDate = row.RetryAfter, row.Date
		})
	}
	if row.Polls > 0 {
		use()
		Expect(e.HandshakeWhenIssued(e.StartACME())).To(HaveFullChainTo(e.CA().Root()))
		Expect(e.Journal()).To(HaveAskedAtMostFor("processing", row.Polls))
		return
	}
	e.UseClock()
	use()
	server := e.StartACME()
	first := InBackground(func() *wire.Handshake { return e.Handshake(server) })
	fetched := e.PassUntil(2*row.Processing, row.RetryAfter, func() bool {
		return len(e.Journal().Requests(pebble.KindCertificate)) > 0
	})
	if !fetched {
		e.Fail(fmt.Sprintf("expected  a certificate to be fetched, which the CA issues after %s\n"+
			"seen      none within %s", length(row.Processing), length(2*row.Processing)))
	}
	<-first // is not judged: a server may end a handshake that lasts for so long
	Expect(e.HandshakeWhenIssued(server)).To(HaveFullChainTo(e.CA().Root()))
}, TimingDependent)

// pauseLink is the link of a paused account, as long as Let's Encrypt's: about 800
// characters without a blank.
var pauseLink = "https://ca.example/unpause?jwt=" + strings.Repeat("Q0FzIHBhdXNl", 64) + ".end"

var _ = Table("RES-86", func(e *Env, row struct{ First bool }) {
	paused := pebble.Problem{
		Type:   "urn:ietf:params:acme:error:rateLimited",
		Status: http.StatusTooManyRequests,
		Detail: "Your account is temporarily prevented from requesting certificates for " +
			e.Hostname + " and possibly others. Please visit: " + pauseLink,
	}
	l := refuseOrders(e, pebble.Fail(pebble.KindNewOrder, paused).Persistently(), row.First)
	told := func() bool { return slices.ContainsFunc(l.server.Log(), Mentions(pauseLink)) }
	for began := l.Now(); !told() && l.Now().Sub(began) < 2*time.Hour; {
		l.HandshakeOrLeave(l.server)
		l.PassUntil(aWhile, aWhile, told)
	}
	l.server.WaitLog("a line with the whole link of the CA's refusal, "+pauseLink, Mentions(pauseLink))
}, TimingDependent)

var _ = Table("RES-88", func(e *Env, row struct{ Walk string }) {
	text, err := scenarios.Walk(row.Walk)
	e.Must(err)
	walk, err := walks.Read(row.Walk+".yaml", text)
	e.Must(err)
	chapter := walk.Mode
	if chapter == walks.ModeOwn {
		chapter = "byo"
	}
	e.NeedsClaim(chapter)
	outcome := walks.Play(e, walk)
	e.SkipUnless(outcome.Unjudged == "", outcome.Unjudged)
	if outcome.Error != "" {
		e.Must(errors.New(outcome.Error))
	}
	broken := "nothing"
	if f := outcome.Finding; f != nil {
		broken = f.Invariant + ", expected " + f.Expected
	}
	e.Observe("walk", "broken", broken)
}, TimingDependent)
