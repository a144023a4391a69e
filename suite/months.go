package suite

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
)

// The specs below judge renewal over months, at a time of the target's own, whatever the
// format of its cache (scenarios/renewal.yaml).

var _ = Table("RENEW-40", func(e *Env, row struct {
	Lifetime time.Duration
	AtMost   time.Duration `yaml:"at_most"`
	Restarts time.Duration // the server is restarted so often
	Reloads  time.Duration // it is told to reload so often
}) {
	e.SkipUnless(row.Reloads == 0 || e.OffersReload(), "the target file declares no reload")
	l := beginLife(e, row.Lifetime)
	left := l.renewal(l.every(row.Restarts, l.server.Restart), l.every(row.Reloads, l.server.Reload))
	l.expectRenewedWith(left, 0, row.AtMost)
	l.Pass((l.lifetime / 8).Truncate(time.Second))
	for _, client := range []struct {
		who  string
		does ClientOption
	}{
		{"a client that offers HTTP/2", Offering("h2", "http/1.1")},
		{"a client of TLS 1.2", TLSVersion(tls.VersionTLS12)},
		{"a client that writes the name in capitals", SNI(strings.ToUpper(e.Hostname))},
	} {
		seen := e.Handshake(l.server, client.does)
		Expect(seen).To(HaveFullChainTo(e.CA().Root()), client.who)
		l.expectNewest(seen.Leaf(), client.who, l.lifetime/10)
	}
}, TimingDependent)

var _ = Requirement("RENEW-41", func(e *Env) {
	l := beginLife(e, Day)
	l.expectRenewedWith(l.renewal(), 0, Day*6/10)
}, TimingDependent)

var _ = Table("RENEW-42", func(e *Env, row struct {
	Lifetime time.Duration
	AtLeast  time.Duration `yaml:"at_least"`
}) {
	l := beginLife(e, row.Lifetime)
	l.expectRenewedWith(l.renewal(), row.AtLeast, row.Lifetime)
}, TimingDependent)

var _ = Requirement("RENEW-43", func(e *Env) {
	l := beginLife(e, 45*Day)
	l.renewal()
	renewed := l.served
	l.Pass(Day) // for another type of key, which may be due a little later
	orders := len(l.Journal().Requests(pebble.KindNewOrder))
	l.server.Restart()
	after := e.Handshake(l.server)
	Expect(after).To(ServeLeaf(renewed), "after a restart")
	Expect(after).To(HaveFullChainTo(e.CA().Root()), "after a restart")
	l.Pass(Day)
	Expect(e.Handshake(l.server)).To(ServeLeaf(renewed), "a day after a restart")
	Expect(l.Journal()).To(HaveOrdered(orders))
	Expect(l.Journal()).To(HaveAskedAtMost(pebble.KindRevokeCert, 0))
}, TimingDependent)

// lifetimes is through how many lifetimes RENEW-44 looks, and mostInEach how many
// certificates of a kind of key a server may order in each.
const (
	lifetimes  = 5
	mostInEach = 2
)

var _ = Table("RENEW-44", func(e *Env, row struct {
	Challenge string
	RSA       bool // clients that know only RSA come too
}) {
	e.NeedsClaim(row.Challenge)
	// So long an authorization is good for certificates of Let's Encrypt that live so long.
	e.UseCA(func(o *pebble.Options) { o.Reuse = 7 * time.Hour })
	l := beginLifeWith(e, 160*time.Hour, func() *Server { return e.StartBy(row.Challenge) })
	rsa := row.RSA && e.Handshake(l.server, RSAOnly()).Err == nil
	began := l.Now()
	for l.Now().Sub(began) < lifetimes*l.lifetime {
		l.Pass(l.lifetime / 10)
		l.client("with certificates of " + length(l.lifetime))
		l.expectNewest(l.served, "the client", l.lifetime/5)
		if rsa {
			const who = "a client that knows only RSA"
			seen := e.Handshake(l.server, RSAOnly())
			Expect(seen).To(HaveFullChainTo(e.CA().Root()), who)
			l.expectNewest(seen.Leaf(), who, l.lifetime/5)
		}
	}
	l.expectCertificatesAtMost(0, lifetimes*mostInEach+1, lifetimes*l.lifetime)
	Expect(l.Journal()).To(HaveOneAccount())
}, TimingDependent)

// expectNewest fails the spec if the CA issued a certificate longer ago than within, and
// somebody was served an older one of the same kind of key. Two that were
// issued at about the same time are equally new.
func (l *life) expectNewest(served *x509.Certificate, who string, within time.Duration) {
	got, kind := l.issuedAt(served), served.PublicKeyAlgorithm.String()
	for _, entry := range l.Journal().Issued() {
		newer := entry.KeyAlgorithm == kind && entry.At.Sub(got) > l.lifetime/10
		if since := l.Now().Sub(entry.At); newer && since > within {
			l.Fail(fmt.Sprintf("expected  clients that are served the renewed certificate\n"+
				"seen      %s that is served an older one, %s after the CA had issued the renewed one: %s",
				who, length(since), Name(served)))
		}
	}
}

var _ = Table("RENEW-45", func(e *Env, row struct {
	Trouble string
	Apart   time.Duration
}) {
	const watched = 12 * time.Hour
	l := beginLife(e, 45*Day)
	l.fallIntoTrouble(row.Trouble)
	since := l.Journal().Len()
	began := l.Now()
	for l.Now().Sub(began) < watched {
		// By minutes: while nothing reaches the CA, time would move on by hours, and a timer
		// of half a minute would end once in a move.
		l.PassUntil(time.Hour, time.Minute, nil)
		l.client("while " + row.Trouble)
	}
	attempts := l.attempts(since, row.Trouble == noCA)
	if n := len(attempts); n > int(watched/row.Apart) {
		l.Fail(fmt.Sprintf("expected  attempts that are %s apart on average\n"+
			"seen      %d attempts in %s, the shortest time between two of them is %s",
			length(row.Apart), n, length(watched), shortest(attempts)))
	}
	if n := l.exchanges(since); n > mostExchanges {
		l.Fail(fmt.Sprintf("expected  at most %d requests to the CA, and connections to it, in %s\n"+
			"seen      %d", mostExchanges, length(watched), n))
	}
}, TimingDependent)

// mostExchanges is how many requests and connections RENEW-45 allows in twelve hours: 40 for
// each of twenty-five attempts, which repeat what failed.
const mostExchanges = 1000

// exchanges counts the requests to the CA, and the connections to it that came to nothing,
// after so many entries of its journal.
func (l *life) exchanges(since int) (n int) {
	for _, entry := range l.Journal().Since(since) {
		if entry.From == "target" && (entry.Kind == pebble.KindTLS || entry.Status != 0) {
			n++
		}
	}
	return n
}

// shortest returns the shortest time between two moments of several.
func shortest(moments []time.Time) time.Duration {
	least := time.Duration(1<<63 - 1)
	for i := range moments[1:] {
		least = min(least, moments[i+1].Sub(moments[i]))
	}
	return least.Truncate(time.Second)
}

// aboutADay is in what time a server that looks once a day, by a timer that does so at
// about the same hour, has renewed.
const aboutADay = 26 * time.Hour

var _ = Table("RENEW-46", func(e *Env, row struct {
	Left    time.Duration
	Trouble string
}) {
	l := beginLife(e, 90*Day)
	l.troubleUntil(cmp.Or(row.Trouble, noCA), row.Left)
	l.mend()
	l.expectRenewalWithin(aboutADay, "after the CA worked again")
}, TimingDependent)

var _ = Requirement("RENEW-47", func(e *Env) {
	l := beginLife(e, 90*Day)
	l.troubleUntil(noCA, 15*Day)
	l.mend()
	l.expectRenewalWithin(2*time.Hour, "after the CA could be reached again")
}, TimingDependent)

// troubleUntil keeps the server in trouble until so much of the certificate is left; below 0
// it has expired. Clients are served as long as it is valid.
func (l *life) troubleUntil(kind string, left time.Duration) {
	l.trouble(kind)
	for next := 0; l.left() > left; next++ {
		d := Day
		if l.left() > l.lifetime/2 {
			d = 5 * Day
		}
		l.Leap(d)
		if l.left() > 0 && next%4 == 0 {
			l.client("while " + kind + ", with " + length(l.left()) + " left")
		}
	}
}

// expectRenewalWithin expects that clients are served another certificate, one that is
// valid, within a time and one handshake. Clients come in every part of that time.
func (l *life) expectRenewalWithin(within time.Duration, after string) {
	old, began := l.served, l.Now()
	for {
		seen := l.Handshake(l.server)
		passed := l.Now().Sub(began)
		if leaf := seen.Leaf(); leaf != nil && !leaf.Equal(old) && seen.VerifyErr == nil {
			l.served = leaf
			return
		}
		if passed > within {
			when := fmt.Sprintf("%s %s", length(passed), after)
			Expect(seen).To(HaveFullChainTo(l.CA().Root()), when)
			Expect(seen).NotTo(ServeLeaf(old), when)
		}
		l.Pass(within / 12)
	}
}

var _ = Requirement("RENEW-48", func(e *Env) {
	l := beginLife(e, 90*Day)
	l.server.Stop()
	l.Leap(100 * Day)
	l.server.Start()
	l.server.AwaitReady()
	l.expectRenewalWithin(time.Hour, "after a start")
}, TimingDependent)

var _ = Requirement("RENEW-49", func(e *Env) {
	hold := e.HoldOwnChallenge()
	defer hold.Release()
	l := beginLifeInRenewal(e, hold)
	open := e.HandshakeOrLeave(l.server, KeepOpen)
	e.SkipUnless(open.Err == nil, "this server lets its clients wait for the renewed certificate")
	Expect(open).To(ServeLeaf(l.served), "while the CA validates for the renewal")
	defer open.Close()
	hold.Release()
	e.EventuallyRenewed(func(g Gomega) {
		g.Expect(e.Handshake(l.server)).NotTo(ServeLeaf(l.served))
	}, "the renewed certificate to be served")
	Expect(e.RequestOn(open)).To(Answer(), "after the renewal, on the connection from before")
}, TimingDependent)

var _ = Requirement("RENEW-56", func(e *Env) {
	hold := e.HoldOwnChallenge()
	defer hold.Release()
	l := beginLifeInRenewal(e, hold)
	l.server.Kill()
	hold.Release()
	l.server.Start()
	l.server.AwaitReady()
	l.expectRenewalWithin(aboutADay, "after the server was killed while it renewed")
}, TimingDependent)

// beginLifeInRenewal begins a life and lets time pass until the CA validates for a renewal,
// which is held. Clients are served until then.
func beginLifeInRenewal(e *Env, hold *Hold) *life {
	hold.Release() // for the first certificate
	l := beginLife(e, 45*Day)
	hold.Resume()
	for !hold.Holding() {
		l.PassUntil(l.lifetime/20, l.lifetime/20, hold.Holding)
		// A server may let clients wait for the renewed certificate.
		if seen := l.HandshakeOrLeave(l.server); seen.Err == nil || !hold.Holding() {
			l.client("before the renewal, with " + length(l.left()) + " left")
		}
	}
	return l
}

var _ = Table("RENEW-50", func(e *Env, row struct{ Asleep bool }) {
	l := beginLife(e, 90*Day)
	if row.Asleep {
		l.Doze(100 * Day)
	} else {
		l.Leap(100 * Day)
	}
	l.expectRenewalWithin(aboutADay, "after 100 days had passed at once")
}, TimingDependent)

var _ = Requirement("RENEW-51", func(e *Env) {
	e.UseClock()
	e.Leap(365 * Day)
	server := e.StartACME()
	Expect(e.HandshakeWhenIssued(server)).To(HaveFullChainTo(e.CA().Root()))
	server.Stop()
	e.SetClockBack(365 * Day)
	server.Start()
	server.AwaitReady()
	e.HandshakeOrLeave(server) // what it sees is not judged
	e.SetClockRight()
	for began := e.Now(); ; e.Pass(5 * time.Minute) {
		seen := e.Handshake(server)
		if seen.Err == nil && seen.VerifyErr == nil {
			break
		}
		if passed := e.Now().Sub(began); passed > time.Hour {
			Expect(seen).To(HaveFullChainTo(e.CA().Root()), length(passed)+" after the clock was set right")
		}
	}
}, TimingDependent)

// forgetsNonces is after what time the CA of RENEW-53 forgets a nonce: before a server
// comes again that tries every half an hour.
const forgetsNonces = 10 * time.Minute

var _ = Requirement("RENEW-53", func(e *Env) {
	e.UseCA(func(o *pebble.Options) { o.NonceLife = forgetsNonces })
	l := beginLife(e, 90*Day)
	first := l.served
	refused := func() bool {
		return l.Journal().Count(func(entry pebble.Entry) bool {
			return strings.HasSuffix(entry.Problem, ":badNonce")
		}) > 0
	}
	for l.served.Equal(first) && !refused() {
		l.PassUntil(l.lifetime/20, l.lifetime/20, refused)
		l.client("before the renewal, with " + length(l.left()) + " left")
	}
	if l.served.Equal(first) {
		l.expectRenewalWithin(aboutADay, "after the CA had refused a nonce that it had forgotten")
	}
}, TimingDependent)

var _ = Requirement("RENEW-55", func(e *Env) {
	lifetimes := []time.Duration{90 * Day, 45 * Day, 160 * time.Hour}
	l := beginLife(e, lifetimes[0])
	for _, next := range append(lifetimes[1:], lifetimes[len(lifetimes)-1]) {
		l.CA().SetValidity(next)
		most := l.lifetime / 2
		if l.lifetime < 10*Day {
			most = l.lifetime * 6 / 10
		}
		l.expectRenewedWith(l.renewal(), 0, most)
		l.lifetime = next
	}
}, TimingDependent)

// The spec below judges a pair of the operator's own over months (scenarios/byo.yaml).

var _ = Requirement("BYO-36", func(e *Env) {
	server, id := startAged(e, pki.Spec{Lifetime: 365 * Day})
	for range 2 {
		leapDays(e, server, 3)
		e.Leap(97 * Day)
		fresh := e.Identity(pki.Spec{CommonName: e.Hostname, Now: e.Now(), Lifetime: 365 * Day})
		server.Replace(fresh)
		e.AwaitPair(server, id, fresh)
		id = fresh
	}
}, MayWarn, TimingDependent)
