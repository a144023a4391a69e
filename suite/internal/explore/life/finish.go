package life

import (
	"cmp"
	"strings"
	"time"

	"assay/suite/internal/match"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// recoverWithin is how long a server may need after a failed renewal, beside one handshake:
// RES-80 says why.
const recoverWithin = day + 2*time.Hour

// finish mends everything, and judges what the server is then.
func (l *life) finish() {
	l.begun = l.mark()
	l.mendAll()
	if !l.up {
		l.start(Step{})
	}
	l.settle()
	l.recover()
	l.settle()
	l.judgeStep()
	l.visit(clientOf("http1"))
	l.judgeSize()
	if l.doubt && l.unstored && l.hasValid() { // it has a day to store what it could not
		l.advance(day, nil)
		l.visit(able())
		l.doubt, l.unstored = false, false
	}
	l.end()
	l.contacts, l.passed = 0, 0
	l.begun = l.mark()
	l.start(Step{})
	l.afterRestart()
	l.settle()
	l.judgeStep()
	l.end()
	l.judgeRemains()
}

// mendAll ends all trouble.
func (l *life) mendAll() {
	for _, name := range []string{"ca", "dns", "ca-dns", "forward", "cache"} {
		if l.troubles[name] != nil {
			l.over(name)
			l.seen("%s is mended", name)
		}
	}
	if l.forgotten && l.up {
		l.end()
	}
	if l.walk.Mode == ModeOwn &&
		(l.onDisk == nil || l.up && l.onDisk != l.current && !l.e.OffersReload()) {
		if l.up && !l.e.OffersReload() {
			l.end()
		}
		if l.onDisk == nil {
			l.replaceStep(Step{How: "new-key"})
		}
	}
}

// recover lets the time pass that a server may need, until a good certificate is served.
func (l *life) recover() {
	good := func(h *wire.Handshake) bool { return h != nil && h.Err == nil && h.VerifyErr == nil }
	h := l.visit(able())
	if l.walk.Mode == ModeOwn || good(h) {
		l.seen("a good certificate is served")
		return
	}
	l.advance(time.Hour, nil)
	h = l.visit(able())
	for passed := time.Hour; !good(h) && passed < recoverWithin; passed += time.Hour {
		l.advance(time.Hour, nil)
		if (passed/time.Hour)%6 == 0 || passed+time.Hour >= recoverWithin {
			h = l.visit(able())
		}
	}
	if !good(h) {
		l.expect(invRecovers, h, match.HaveFullChainTo(l.e.CA().Root()))
		l.broke(invRecovers, "a certificate that clients accept", "%s: %v", match.Describe(h),
			h.VerifyErr)
	}
	l.seen("a good certificate is served, later")
}

// afterRestart judges the start after the end: the server serves what it has.
func (l *life) afterRestart() {
	if l.walk.Mode == ModeOwn {
		l.visit(able())
		return
	}
	old := l.good
	h := l.visit(able())
	// Two attempts may have ended at once, and the cache may hold the other one's certificate.
	if old == nil || h == nil || h.Err != nil || leafEqual(h.Leaf(), old) ||
		!l.issuedSince(h.Leaf(), l.startedAt) {
		return
	}
	left := old.NotAfter.Sub(l.e.Now())
	if left > l.lifetime-l.soonestRenewal() {
		l.broke(invKeepsCache, "the certificate that was served before the restart, with "+
			left.Round(time.Hour).String()+" left", "another one, %s", match.Name(h.Leaf()))
	}
}

// judgeRemains judges the log and the files that the server has left.
func (l *life) judgeRemains() {
	l.keepSecrets()
	secrets := l.secretList()
	l.expect(invNoSecret, l.server.WholeLog(), match.LogNone(secrets))
	if len(l.forged) > 0 {
		l.judgeForged(l.server.WholeLog())
	}
	strays := l.e.NewFiles(l.before)
	for _, name := range strays {
		if l.cache != "" && strings.HasPrefix(name, l.cache+"/") || strings.HasPrefix(name, "tls/") {
			continue
		}
		if len(l.e.Strays(l.before, cmp.Or(l.cache, cacheDir), secrets)) > 0 {
			for _, stray := range l.e.Strays(l.before, cmp.Or(l.cache, cacheDir), secrets) {
				if !strings.HasPrefix(stray, "tls/") {
					l.broke(invNoSecret, "private keys in the cache and in the pair alone", "one in %s", stray)
				}
			}
		}
		return
	}
}

// judgeForged judges the log. The lines count that strangers can forge, not how many there
// are: other invariants do that.
func (l *life) judgeForged(log []sut.Line) {
	var about []sut.Line
	for _, line := range log {
		if strings.Contains(strings.ToLower(line.Text), "forged-by-") {
			about = append(about, line)
		}
	}
	l.expect(invNoForgery, about, match.StayReadable(l.forged))
}
