package suite

import (
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/gomega"

	"assay/pebble"
	. "assay/suite/internal/harness"
	. "assay/suite/internal/match"
)

// life is a server on its way through the time of its certificates.
type life struct {
	*Env
	server   *Server
	lifetime time.Duration
	served   *x509.Certificate // what a client was served last
	cache    *Storage          // where the server stores, if that can fail
	mend     func()            // ends the trouble that the server is in
	leaps    bool              // time passes in few moves, because the CA answers with errors
}

// beginLife starts the target at a time of its own, with a certificate from a CA whose
// certificates live so long.
func beginLife(e *Env, lifetime time.Duration) *life {
	return beginLifeWith(e, lifetime, func() *Server { return e.StartACME() })
}

// beginLifeWith begins a life with a server that start starts.
func beginLifeWith(e *Env, lifetime time.Duration, start func() *Server) *life {
	e.UseClock()
	e.UseCA(func(o *pebble.Options) { o.Validity = lifetime })
	l := &life{Env: e, lifetime: lifetime, server: start()}
	first := e.HandshakeWhenIssued(l.server)
	Expect(first).To(HaveFullChainTo(e.CA().Root()))
	l.served = first.Leaf()
	l.Pass(time.Minute) // for what the server orders besides, such as another type of key
	return l
}

// left returns how long the certificate is valid that a client was served last.
func (l *life) left() time.Duration { return l.served.NotAfter.Sub(l.Now()) }

// client expects that a client who comes now is served a valid certificate.
func (l *life) client(when string) {
	Expect(l.server.Process).To(BeAlive(), when)
	seen := l.Handshake(l.server)
	Expect(seen).To(HaveFullChainTo(l.CA().Root()), when)
	l.served = seen.Leaf()
}

// step lets time pass until the next client comes. Towards the end of the certificate
// clients come ever more often, so that a server that renews late is seen to do so.
func (l *life) step() {
	d := l.lifetime / 16
	switch left := l.left(); {
	case left < l.lifetime/10:
		d = max(left/2, 10*time.Second)
	case left < l.lifetime/2+l.lifetime/10:
		d = l.lifetime / 30
	}
	if l.leaps {
		l.Leap(d.Truncate(time.Second))
		d = 20 * time.Minute // for a client that tries again several times, and then goes on
	}
	l.Pass(d.Truncate(time.Second))
}

// every returns a function that does something when so much time has passed since it last
// did, for [life.renewal]. Zero stands for never.
func (l *life) every(d time.Duration, do func()) func() {
	last := l.Now()
	return func() {
		if d > 0 && l.Now().Sub(last) >= d {
			do()
			last = l.Now()
		}
	}
}

// renewal lets time pass until clients are served another certificate, and expects that
// each of them is served a valid one. It calls the functions before each client. It returns
// how long the old certificate was still valid when the CA issued the new one.
func (l *life) renewal(happens ...func()) (left time.Duration) {
	old := l.served
	known := len(l.Journal().Issued())
	var since time.Time // when the CA issued another one
	for l.served.Equal(old) {
		l.step()
		for _, do := range happens {
			do()
		}
		when := fmt.Sprintf("with %s left of %s", length(old.NotAfter.Sub(l.Now())),
			length(l.lifetime))
		another := slices.ContainsFunc(l.Journal().Issued()[known:], func(entry pebble.Entry) bool {
			return entry.KeyAlgorithm == old.PublicKeyAlgorithm.String()
		})
		if since.IsZero() && another {
			since = l.Now()
			when = "when the CA had issued another one"
		}
		l.client(when)
		if !since.IsZero() && l.Now().Sub(since) > l.lifetime/10 {
			l.Fail(fmt.Sprintf("expected  clients that are served the renewed certificate\n"+
				"seen      the old one, %s after the CA had issued the renewed one",
				length(l.Now().Sub(since))))
		}
	}
	return old.NotAfter.Sub(l.issuedAt(l.served))
}

// issuedAt returns when the CA issued a certificate.
func (l *life) issuedAt(leaf *x509.Certificate) time.Time {
	for _, entry := range l.Journal().Issued() {
		if entry.Serial == leaf.SerialNumber.Text(16) {
			return entry.At
		}
	}
	l.Fail("expected  a certificate of the CA\nseen      one that it has not issued: serial " +
		leaf.SerialNumber.Text(16))
	return time.Time{}
}

// expectRenewedWith expects that the certificate was renewed when so much of it was left,
// at least and at most.
func (l *life) expectRenewedWith(left, least, most time.Duration) {
	if left < least || left > most {
		l.Fail(fmt.Sprintf("expected  a renewal when %s to %s of %s are left\n"+
			"seen      one when %s were left",
			length(least), length(most), length(l.lifetime), length(left)))
	}
}

// attempts returns when the server turned to the CA, after so many entries of its journal,
// to order something, or, if the CA is away, for anything. A server may ask the CA for its
// directory whenever it likes. Exchanges that are less than twenty seconds apart are one
// attempt.
func (l *life) attempts(since int, away bool) (began []time.Time) {
	const apart = 20 * time.Second
	var last time.Time
	for _, entry := range l.Journal().Since(since) {
		if entry.Kind != pebble.KindNewOrder && !(away && entry.Kind != pebble.KindCA) {
			continue
		}
		if last.IsZero() || entry.At.Sub(last) >= apart {
			began = append(began, entry.At)
		}
		last = entry.At
	}
	return began
}

// length returns a length of time in words: "29.5 days", "3.2 hours".
func length(d time.Duration) string {
	switch {
	case d >= Day || d <= -Day:
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	case d >= time.Hour || d <= -time.Hour:
		return fmt.Sprintf("%.1f hours", d.Hours())
	}
	return fmt.Sprintf("%.0f minutes", d.Minutes())
}
