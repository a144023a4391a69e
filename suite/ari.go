package suite

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"time"

	. "github.com/onsi/gomega"

	"assay/pebble"
	"assay/pebble/ari"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
)

// The specs below judge what a server makes of renewal information, at a time of its own
// (scenarios/ari.yaml).

// beginSuggested begins a life in which the CA gives this renewal information for each
// certificate.
func beginSuggested(
	e *Env, lifetime time.Duration, info func(*x509.Certificate) ari.Info,
) *life {
	e.NeedsEdge()
	return beginLifeWith(e, lifetime, func() *Server {
		e.CA().Suggest(info)
		return e.StartACME()
	})
}

// inLife suggests a window by the time since a certificate began.
func inLife(start, end time.Duration) func(*x509.Certificate) ari.Info {
	return func(cert *x509.Certificate) ari.Info {
		return ari.Info{Start: cert.NotBefore.Add(start), End: cert.NotBefore.Add(end)}
	}
}

// moveWindow suggests another window for the certificates that were issued so far, by the
// time from now on.
func (l *life) moveWindow(start, end time.Duration) {
	now := l.Now()
	l.CA().Suggest(func(cert *x509.Certificate) ari.Info {
		if cert.NotBefore.After(now) {
			return ari.Usual(cert)
		}
		return ari.Info{Start: now.Add(start), End: now.Add(end), ExplanationURL: explanation}
	})
}

// explanation is the page about a window that was moved.
const explanation = "https://incident.assay.test/4711"

// early suggests a window in which no server would renew a certificate of 90 days by itself.
func early() func(*x509.Certificate) ari.Info { return inLife(18*Day, 20*Day) }

// expectIssuedIn expects that the CA issues another certificate in a window since the
// present one began, or so much earlier or later.
func (l *life) expectIssuedIn(start, end, slack time.Duration) {
	known, began := len(l.Journal().Issued()), l.served.NotBefore
	l.PassUntil(end+slack+l.lifetime/90, l.lifetime/360, func() bool {
		return len(l.Journal().Issued()) > known
	})
	seen := "none in " + length(l.Now().Sub(began))
	if issued := l.Journal().Issued()[known:]; len(issued) > 0 {
		after := issued[0].At.Sub(began)
		if after >= start-slack && after <= end+slack {
			return
		}
		seen = "one " + length(after) + " after that"
	}
	l.Fail(fmt.Sprintf("expected  a renewal %s to %s after the old one began, as the CA suggests\n"+
		"seen      %s", length(start), length(end), seen))
}

var _ = Table("ARI-01", func(e *Env, row struct{ Lifetime, Start, End, Slack time.Duration }) {
	l := beginSuggested(e, row.Lifetime, inLife(row.Start, row.End))
	l.expectIssuedIn(row.Start, row.End, row.Slack)
}, TimingDependent)

var _ = Requirement("ARI-02", func(e *Env) {
	const start, end = 78 * Day, 80 * Day
	l := beginSuggested(e, 90*Day, inLife(start, end))
	l.expectIssuedIn(start, end, Day)
}, TimingDependent)

// The event that a renewal has to follow, in messages.
const movedWindow = "after the CA had moved its window"

// expectRenewalSoon expects that the CA issues another certificate within a time, and that
// clients are served it ten minutes later, or within that time too if that is more: a server
// may leave renewal to another program, and look for what it has obtained. Time passes in
// steps that are short enough for a server that renews a moment after it has asked the CA.
func (l *life) expectRenewalSoon(within time.Duration, after string) {
	old, known := l.served, len(l.Journal().Issued())
	const step = 5 * time.Minute
	if !l.PassUntil(within, step, func() bool { return len(l.Journal().Issued()) > known }) {
		l.Fail(fmt.Sprintf("expected  a renewal within %s %s\nseen      none", length(within), after))
	}
	began := l.Now()
	for l.served.Equal(old) {
		l.Pass(10 * time.Minute)
		since := l.Now().Sub(began)
		l.client(length(since) + " after the renewal")
		if since >= max(within, 10*time.Minute) {
			Expect(l.Handshake(l.server)).NotTo(ServeLeaf(old), length(since)+" after the renewal")
		}
	}
}

// untilMoved is how long a server has its certificate when the CA moves the window. The
// time is no multiple of a poll's.
const untilMoved = 5*Day + 100*time.Minute

var _ = Table("ARI-03", func(e *Env, row struct {
	Start, End, Within time.Duration
	After              string // what has happened before: renewal, restart
}) {
	l := beginSuggested(e, 90*Day, ari.Usual)
	l.Pass(untilMoved)
	switch row.After {
	case "renewal":
		l.moveWindow(-2*time.Hour, -time.Hour)
		l.expectRenewalSoon(32*time.Hour, movedWindow)
		l.Pass(untilMoved)
	case "restart":
		l.server.Restart()
		l.client("after a restart")
		l.Pass(Day)
	}
	l.moveWindow(row.Start, row.End)
	l.expectRenewalSoon(row.Within, movedWindow)
}, TimingDependent)

var _ = Table("ARI-04", func(e *Env, row struct {
	RetryAfter time.Duration `yaml:"retry_after"`
}) {
	l := beginSuggested(e, 90*Day, asking(row.RetryAfter))
	l.Pass(untilMoved)
	l.moveWindow(-2*time.Hour, -time.Hour)
	l.expectRenewalSoon(row.RetryAfter+time.Hour, movedWindow)
}, TimingDependent)

// asking suggests the usual window, and wants clients to ask again after this time.
func asking(again time.Duration) func(*x509.Certificate) ari.Info {
	return func(cert *x509.Certificate) ari.Info {
		info := ari.Usual(cert)
		info.RetryAfter = again
		return info
	}
}

var _ = Requirement("ARI-05", func(e *Env) {
	l := beginSuggested(e, 90*Day, ari.Usual)
	l.Pass(untilMoved)
	l.moveWindow(-2*time.Hour, -time.Hour)
	l.expectRenewalSoon(32*time.Hour, movedWindow)
	l.server.WaitLog("a line with the URL of the page about the window", Mentions(explanation))
}, TimingDependent)

// replaced lets time pass until the server has renewed its certificate. It returns what the
// first order for that replaces, which may be nothing.
func (l *life) replaced() string {
	known := len(l.Journal().Requests(pebble.KindNewOrder))
	l.renewal()
	orders := l.Journal().Requests(pebble.KindNewOrder)[known:]
	if len(orders) == 0 {
		l.Fail("expected  an order for the renewed certificate\nseen      none")
	}
	return orders[0].Replaces
}

var _ = Requirement("ARI-06", func(e *Env) {
	l := beginSuggested(e, 90*Day, early())
	if l.replaced() == "" {
		l.Fail("expected  a newOrder with replaces, for the renewal\nseen      one without it")
	}
}, TimingDependent)

var _ = Requirement("ARI-07", func(e *Env) {
	l := beginSuggested(e, 90*Day, early())
	for _, order := range l.Journal().Requests(pebble.KindNewOrder) {
		if order.Replaces != "" {
			l.Fail("expected  a first order that replaces nothing\n" +
				"seen      replaces: " + order.Replaces)
		}
	}
	var known []string
	for _, issued := range l.Journal().Issued() { // a server may have certificates of two types
		known = append(known, l.identifier(issued))
	}
	Expect(known).To(ContainElement(l.replaced()), "replaces of the order for the renewal")
	for _, asked := range l.Journal().Requests(pebble.KindRenewalInfo) {
		if asked.Status >= http.StatusBadRequest {
			l.Fail("expected  requests for renewal information that the CA understands\n" +
				"seen      " + asked.String())
		}
	}
}, TimingDependent)

// identifier returns the identifier of a certificate that the CA has issued. All its
// certificates have the authority key identifier of the one that is served.
func (l *life) identifier(issued pebble.Entry) string {
	cert := *l.served
	cert.SerialNumber, _ = new(big.Int).SetString(issued.Serial, 16)
	return ari.ID(&cert)
}

var _ = Requirement("ARI-08", func(e *Env) {
	e.UseCA(func(o *pebble.Options) { o.NoRenewalInfo = true })
	l := beginLife(e, 90*Day)
	if replaces := l.replaced(); replaces != "" {
		l.Fail("expected  a newOrder without replaces, because the directory has no renewalInfo\n" +
			"seen      replaces: " + replaces)
	}
}, TimingDependent)

var _ = Requirement("ARI-09", func(e *Env) {
	l := beginSuggested(e, 90*Day, early())
	l.Inject(pebble.AlreadyReplaced().Persistently())
	known := len(l.Journal().Requests(pebble.KindNewOrder))
	l.PassUntil(l.lifetime, l.lifetime/180, func() bool {
		return len(l.Journal().Requests(pebble.KindNewOrder)) > known
	})
	l.expectRenewalSoon(aboutADay, "after the CA had refused an order as alreadyReplaced")
}, TimingDependent)

var _ = Table("ARI-10", func(e *Env, row struct{ Trouble string }) {
	if row.Trouble == "missing" {
		e.UseCA(func(o *pebble.Options) { o.NoRenewalInfo = true })
	}
	// The first certificate is renewed when the CA suggests it. The window of the second
	// one is never known.
	l := beginSuggested(e, 90*Day, early())
	l.Pass(time.Hour)
	l.spoilRenewalInfo(row.Trouble)
	l.leaps = true
	for range 2 {
		l.expectRenewedWith(l.renewal(), 0, l.lifetime)
	}
}, TimingDependent)

// spoilRenewalInfo makes renewal information useless in the way that a row names.
func (l *life) spoilRenewalInfo(how string) {
	const kind = pebble.KindRenewalInfo
	switch how {
	case "missing":
	case "silent":
		l.Inject(pebble.Silence(kind).Persistently())
	case "error":
		l.Inject(pebble.Status(kind, http.StatusInternalServerError).Persistently())
	case "not-found":
		l.Inject(pebble.Status(kind, http.StatusNotFound).Persistently())
	case "html":
		l.Inject(pebble.HTML(kind).Persistently())
	case "garbage":
		l.Inject(pebble.Garbage(kind).Persistently())
	case "no-window":
		l.Inject(pebble.Reply(kind, http.StatusOK, "application/json", "{}").Persistently())
	case "backwards":
		l.CA().Suggest(inLife(100*Day, 95*Day))
	case "empty":
		l.CA().Suggest(inLife(70*Day, 70*Day))
	case "after-the-end":
		l.CA().Suggest(inLife(95*Day, 100*Day))
	case "year-9999":
		at := time.Date(9999, time.December, 1, 0, 0, 0, 0, time.UTC)
		l.CA().Suggest(func(*x509.Certificate) ari.Info {
			return ari.Info{Start: at, End: at.Add(Day)}
		})
	default:
		l.Fail("unknown trouble " + how)
	}
}

var _ = Table("ARI-11", func(e *Env, row struct {
	RetryAfter time.Duration `yaml:"retry_after"`
	Errors     bool
	NoHeader   bool `yaml:"no_header"`
}) {
	const most = 66
	l := beginSuggested(e, 90*Day, asking(row.RetryAfter))
	switch {
	case row.Errors:
		l.Inject(pebble.Status(pebble.KindRenewalInfo, http.StatusInternalServerError).Persistently())
	case row.NoHeader:
		body, err := json.Marshal(ari.Usual(l.served))
		Expect(err).NotTo(HaveOccurred())
		l.Inject(pebble.Reply(
			pebble.KindRenewalInfo, http.StatusOK, "application/json", string(body),
		).Persistently())
	}
	l.Leap(7 * time.Hour) // a server asks again after six hours
	known, began := len(l.Journal().Requests(pebble.KindRenewalInfo)), l.Now()
	if l.PassUntil(time.Hour, 15*time.Second, func() bool {
		return len(l.Journal().Requests(pebble.KindRenewalInfo)) > known+most
	}) {
		l.Fail(fmt.Sprintf("expected  at most %d requests for renewal information in an hour\n"+
			"seen      more, in %s", most, length(l.Now().Sub(began))))
	}
	l.client("an hour later")
}, TimingDependent)

var _ = Requirement("ARI-12", func(e *Env) {
	l := beginSuggested(e, 90*Day, asking(10*365*Day))
	l.Pass(untilMoved)
	l.moveWindow(-2*time.Hour, -time.Hour)
	l.expectRenewalSoon(2*Day, movedWindow)
}, TimingDependent)

var _ = Requirement("ARI-13", func(e *Env) {
	l := beginSuggested(e, 90*Day, early())
	old := l.served
	l.renewal()
	l.Pass(time.Hour)
	since := l.Journal().Len()
	l.PassUntil(2*Day, time.Hour, nil)
	for _, entry := range l.Journal().Since(since) {
		if entry.Kind == pebble.KindRenewalInfo && entry.Serial == old.SerialNumber.Text(16) {
			l.Fail("expected  no request about the renewal of the certificate that was replaced\n" +
				"seen      one " + length(entry.At.Sub(l.served.NotBefore)) + " after the new one began")
		}
	}
}, TimingDependent)

var _ = Requirement("ARI-14", func(e *Env) {
	const enough = 10
	l := beginSuggested(e, 90*Day, inLife(-2*time.Hour, -time.Hour))
	l.PassUntil(Day, 10*time.Minute, func() bool { return len(l.Journal().Issued()) >= enough })
	ordered := "at most 2"
	switch n := len(l.Journal().Issued()); {
	case n >= enough:
		ordered = fmt.Sprintf("%d or more", enough)
	case n > 2:
		ordered = fmt.Sprintf("3 to %d", enough-1)
	}
	e.Observe("count", "certificates in a day", ordered)
}, TimingDependent)

// The spec below records the same of servers that do not claim the chapter
// (scenarios/renewal.yaml).

var _ = Requirement("RENEW-54", func(e *Env) {
	l := beginLife(e, 90*Day)
	l.Pass(2 * Day)
	e.Observe("acme", "asks for renewal information",
		len(l.Journal().Requests(pebble.KindRenewalInfo)) > 0)
}, TimingDependent)
