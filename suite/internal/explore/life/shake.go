package life

import (
	"context"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"assay/suite/internal/harness"
	"assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// How long a client may wait, of the server's time: if there is a certificate for it, and
// if there is not. An issuance may last, since a CA can ask for pauses.
const (
	waitAtMost    = 30 * time.Second
	patientAtMost = 30 * time.Minute
)

// atOnce is how long a handshake may take, in real time, before the server's time passes.
const atOnce = 50 * time.Millisecond

// shake makes one handshake. While the client waits, the server's time passes. It returns
// how much has passed.
func (l *life) shake(options ...harness.ClientOption) (h *wire.Handshake, waited time.Duration) {
	ctx, cancel := context.WithCancel(l.e.Context())
	defer cancel()
	if l.walk.Mode == ModeOwn {
		options = append([]harness.ClientOption{harness.Trusting(l.current.Root)}, options...)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		h = l.e.Shake(ctx, l.server, options...)
	}()
	l.contacts++
	waited = l.await(done)
	if !isDone(done) {
		cancel()
		<-done
	}
	return h, waited
}

// await lets the server's time pass until something is done, at most as long as the most
// patient client waits. It returns how much has passed.
func (l *life) await(done <-chan struct{}) (waited time.Duration) {
	select {
	case <-done:
		return 0
	case <-time.After(atOnce):
	}
	for move := time.Second; waited < patientAtMost; move = min(2*move, 5*time.Minute) {
		l.settle()
		if isDone(done) {
			return waited
		}
		l.advance(move, func() bool { return isDone(done) })
		waited += move
	}
	return waited
}

func isDone(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// visit lets a client shake hands, and judges what it is served.
func (l *life) visit(c client) *wire.Handshake {
	l.isAlive()
	if !l.up {
		return nil
	}
	owed := l.owed() && l.suits(c)
	h, waited := l.shake(c.options(l)...)
	if h.Lost() && !l.stillUp() {
		l.isAlive()
	}
	l.judgeWait(c, h, waited)
	l.judgeServed(c, h)
	if owed && (c.able || c.own && l.walk.Mode == ModeOwn) {
		l.judgeOwed(c, h)
	}
	if c.able {
		l.judgeUnheard(h)
	}
	if l.walk.Mode != ModeOwn && c.able && h.Err == nil && h.VerifyErr == nil {
		l.noteGood(h.Leaf())
	}
	return h
}

// stillUp gives a server that ends the time to do so, and reports whether it runs.
func (l *life) stillUp() bool {
	select {
	case <-l.server.Process.Exited():
		return false
	case <-time.After(atOnce):
		return true
	}
}

// suits reports whether a client can use the operator's own pair.
func (l *life) suits(c client) bool {
	if l.walk.Mode != ModeOwn || c.name != "ecdsa" {
		return true
	}
	return l.current.Leaf.PublicKeyAlgorithm == x509.ECDSA
}

// able returns the usual client.
func able() client { return clients[0] }

// owed reports whether a client that can use it has to be served a certificate.
func (l *life) owed() bool {
	if l.walk.Mode == ModeOwn {
		return true
	}
	return l.calm || l.hasValid()
}

// hasValid reports whether the server has a certificate of the CA's that is valid.
func (l *life) hasValid() bool {
	return l.good != nil && l.e.Now().Before(l.good.NotAfter.Add(-time.Minute))
}

func (l *life) judgeWait(c client, h *wire.Handshake, waited time.Duration) {
	limit := patientAtMost
	if l.hasValid() && c.able || l.walk.Mode == ModeOwn {
		limit = waitAtMost + time.Second
	}
	if waited > limit || waited >= patientAtMost {
		l.broke(invNoEndless, "a handshake that ends, at the latest after "+limit.String()+
			" of the server's time", "a client ("+c.name+") that waited %s: %s", waited, match.Describe(h))
	}
}

// judgeServed judges what a client was served, whatever it may expect.
func (l *life) judgeServed(c client, h *wire.Handshake) {
	if h.Err != nil {
		if strings.Contains(h.Err.Error(), "invalid signature by the server certificate") {
			l.broke(invOwnKey, "a handshake with the key of the certificate", "%s", h.Err)
		}
		return
	}
	switch {
	case c.name == "tls10" || c.name == "tls11":
		l.broke(invOldVersions, "a refusal of a client that speaks nothing newer than TLS 1.1",
			"a handshake that completed (%s)", c.name)
		return
	case h.State.NegotiatedProtocol == harness.ChallengeProtocol:
		l.broke(invChallenge, "no handshake that settles on acme-tls/1 while no challenge is pending",
			"%s", match.Describe(h))
		return
	}
	leaf := h.Leaf()
	if leaf == nil {
		return
	}
	if isChallenge(leaf) {
		l.broke(invChallenge, "no certificate of a challenge for a client that offers other protocols",
			"%s to the client %s", match.Name(leaf), c.name)
	}
	if l.walk.Mode == ModeOwn {
		if !l.mayServe(leaf) {
			l.broke(l.whichPair(), "the pair that the operator has given, "+match.Name(l.current.Leaf),
				"%s to the client %s", l.nameOf(leaf), c.name)
		}
		return
	}
	selfSigned := string(leaf.RawIssuer) == string(leaf.RawSubject)
	if h.VerifyErr != nil && c.able && !selfSigned && l.owed() {
		l.broke(invGoodChain, "a chain that a client accepts", "%s (%s): %s", match.Describe(h), c.name,
			h.VerifyErr)
	}
}

// isChallenge reports whether a certificate is that of a challenge (RFC 8737 §3).
func isChallenge(leaf *x509.Certificate) bool {
	for _, extension := range leaf.Extensions {
		if extension.Id.String() == "1.3.6.1.5.5.7.1.31" {
			return true
		}
	}
	return false
}

// judgeOwed judges a handshake of a client that has to be served.
func (l *life) judgeOwed(c client, h *wire.Handshake) {
	if l.walk.Mode == ModeOwn {
		if h.Err != nil {
			l.broke(l.whichPair(), "a handshake that completes, with the pair that the server has",
				"%s (%s)", match.Describe(h), c.name)
		}
		if c.able && h.VerifyErr != nil && leafEqual(h.Leaf(), l.current.Leaf) {
			l.broke(invGoodChain, "the whole chain of the pair", "%s (%s): %s", match.Describe(h), c.name,
				h.VerifyErr)
		}
		return
	}
	if h.Err != nil || h.VerifyErr != nil {
		l.expect(invServed, h, match.HaveFullChainTo(l.e.CA().Root()))
		l.broke(invServed, "a certificate that a client accepts", "%s: %v", match.Describe(h),
			h.VerifyErr)
	}
	if chosen := h.State.NegotiatedProtocol; c.protocol != "" && chosen != "" && chosen != c.protocol {
		l.broke(invAnswers, "protocol "+c.protocol+", or none", "protocol %q", chosen)
	}
}

func (l *life) handshakeStep(s Step) {
	if !l.up {
		l.seen("it does not run")
		return
	}
	c := clientOf(s.How)
	l.settle()
	quiet := l.calm && l.hasValid() && slices.Contains(quietClients, c.name)
	mark := l.server.Process.Log().Mark()
	h := l.visit(c)
	l.seen("%s", match.Describe(h))
	if !quiet || h.Err != nil {
		return
	}
	l.settle()
	if n := l.newLines(mark); n > 0 {
		l.broke(invQuiet, "no line of the log about a good handshake ("+c.name+")",
			"%d, the last of them\n%s", n, l.server.Process.Log().Tail(1))
	}
}

// quietClients are those that end a connection as clients do.
var quietClients = []string{"go", "tls12", "browser", "http1"}
