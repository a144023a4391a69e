package life

import (
	"crypto/x509"
	"slices"
	"time"

	"assay/fixtures/pki"
	"assay/suite/internal/harness"
	"assay/suite/internal/match"
	"assay/suite/internal/replace"
)

// pair holds what became of the operator's own pair.
type pair struct {
	place   *harness.Place
	current *pki.Identity   // the pair that the server has
	others  []*pki.Identity // that it may have taken up by itself
	past    []*pki.Identity // that were replaced
	onDisk  *pki.Identity   // nil if the files cannot be used
	badHow  string          // what is wrong with them
	// disordered is the pair on disk, if nothing is wrong with it but the order of its chain: a
	// server may put that right. It is nil otherwise.
	disordered *pki.Identity
}

// loaded notes that the server has this pair and no other.
func (l *life) loaded(id *pki.Identity) {
	if l.current != id {
		l.past = append(l.past, l.current)
	}
	l.past = append(l.past, l.others...)
	l.current, l.others = id, nil
}

// mayServe reports whether the server may serve this certificate.
func (l *life) mayServe(leaf *x509.Certificate) bool {
	return leafEqual(l.current.Leaf, leaf) ||
		slices.ContainsFunc(l.others, func(id *pki.Identity) bool { return id.Leaf.Equal(leaf) })
}

// nameOf names a certificate, and says if it is one that was replaced.
func (l *life) nameOf(leaf *x509.Certificate) string {
	for _, id := range l.past {
		if id.Leaf.Equal(leaf) {
			return "a pair that was replaced before, " + match.Name(leaf)
		}
	}
	return match.Name(leaf)
}

// whichPair returns the invariant that a server breaks which does not serve its pair.
func (l *life) whichPair() string {
	if l.onDisk == nil {
		return invBadPair
	}
	return invServed
}

// A replacement is a way in which a good pair takes the place of another one.
type replacement struct {
	name string
	way  replace.Way
}

var replacements = []replacement{
	{"new-key", replace.Way{Ends: replace.EndsLater}},
	{"same-key", replace.Way{Key: replace.SameKey}},
	{"kept-key", replace.Way{Key: replace.KeptKey, Ends: replace.EndsLater}},
	{"older", replace.Way{Stamps: replace.Older}},
	{"same-time", replace.Way{Stamps: replace.SameTime}},
	{"same-time-and-size", replace.Way{Stamps: replace.Same}},
	{"ends-earlier", replace.Way{Ends: replace.EndsEarlier}},
	{"key-first", replace.Way{Order: "key-first"}},
	{"key-later", replace.Way{Order: "cert-1500ms-first"}},
	{"longer-chain", replace.Way{}},
	{"self-signed", replace.Way{}},
	{"rsa", replace.Way{}},
}

func replacementNames() (names []string) {
	for _, r := range replacements {
		names = append(names, r.name)
	}
	return names
}

// successor makes the pair that a replacement puts in place.
func (l *life) successor(r replacement) *pki.Identity {
	old := l.onDisk
	if old == nil {
		old = l.current
	}
	return l.identity(func(spec *pki.Spec) {
		spec.NotBefore = old.Leaf.NotBefore
		spec.Lifetime = old.Leaf.NotAfter.Sub(old.Leaf.NotBefore)
		switch r.way.Ends {
		case replace.EndsLater:
			spec.Lifetime += day
		case replace.EndsEarlier:
			spec.Lifetime -= day
		}
		switch r.name {
		case "longer-chain":
			spec.Intermediates = 2
		case "self-signed":
			spec.Intermediates, spec.SelfSigned = 0, true
		case "rsa":
			spec.Key = pki.RSA2048
		}
		if r.way.Key == replace.SameKey || r.way.Key == replace.KeptKey {
			spec.PrivateKey = old.Key
		}
	})
}

func (l *life) replaceStep(s Step) {
	i := slices.IndexFunc(replacements, func(r replacement) bool { return r.name == s.How })
	r := replacements[i]
	way := r.way
	if l.onDisk == nil && way.Key == replace.KeptKey {
		way.Key = replace.SameKey // there may be no good key to keep
	}
	fresh := l.successor(r)
	key, err := fresh.KeyFile(pki.None)
	l.e.Must(err)
	tell := l.up && l.e.IsToldToReload()
	kept := l.keep()
	between := func() {
		if pause := way.Order.Pause(); pause > 0 && l.up {
			l.onDisk, l.badHow = nil, "the key is that of another certificate"
			l.others = append(l.others, fresh)
			if tell {
				l.contacts++
				l.server.Reload()
			}
			l.advance(2*time.Second, nil)
			l.visitDuring()
		}
	}
	l.place.Write(way, fresh.ChainPEM(), key, between)
	l.onDisk = fresh
	l.keepSecrets()
	if !l.up {
		l.seen("the server does not run")
		return
	}
	l.others = append(l.others, fresh)
	if !l.e.OffersReload() {
		l.visit(able())
		return
	}
	if tell {
		l.contacts++
		l.server.Reload()
	}
	l.awaitTaken()
	if l.passed < 10*time.Second {
		l.advance(2*time.Second, nil)
	}
	l.judgeKept(kept)
	l.seen("it serves the new pair")
}

// visitDuring lets a client come while one file is new and the other is old. A server may
// refuse it, but serves no certificate with the key of another one.
func (l *life) visitDuring() {
	h, _ := l.shake()
	l.judgeServed(able(), h)
}

// takeUpWithin is how long a server may take to serve a good pair, of its own time, if its
// target file does not say.
const takeUpWithin = 2 * time.Minute

// inARow is how many handshakes in a row show that a pair was taken up by all processes.
const inARow = 4

// awaitTaken lets time pass until the server serves the pair in its files.
func (l *life) awaitTaken() {
	fresh, old := l.onDisk, l.current
	limit := max(takeUpWithin, 2*l.target.Reload.Within)
	row, relapses := 0, 0
	for waited, move := time.Duration(0), time.Second; ; {
		l.isAlive()
		h, _ := l.shake(harness.Trusting(fresh.Root))
		switch {
		case h.Err == nil && leafEqual(h.Leaf(), fresh.Leaf):
			if h.VerifyErr != nil {
				l.broke(invGoodChain, "the whole chain of the new pair", "%s: %s", match.Describe(h),
					h.VerifyErr)
			}
			if row++; row >= inARow {
				l.loaded(fresh)
				return
			}
			continue
		case row > 0:
			row = 0
			relapses++
		}
		l.judgeServed(able(), h)
		if waited >= limit || relapses > 20 {
			l.broke(invTakesUp, "the new pair, "+match.Name(fresh.Leaf)+", within "+limit.String()+
				" of the server's time", "%s, the old one is %s", match.Describe(h), match.Name(old.Leaf))
			return
		}
		l.advance(move, nil)
		waited += move
		move = min(2*move, 20*time.Second)
		if l.e.IsToldToReload() {
			l.contacts++
			l.server.Reload()
			l.settle()
		}
	}
}

// putsRight reports whether the server serves the pair on disk, whose chain is out of order
// there, with a chain in order. From then on that is its pair.
func (l *life) putsRight() bool {
	if l.disordered == nil {
		return false
	}
	h, _ := l.shake(harness.Trusting(l.disordered.Root))
	if !leafEqual(h.Leaf(), l.disordered.Leaf) {
		return false
	}
	l.expect(invBadPair, h, match.HaveOrderedChainTo(l.disordered.Root))
	l.onDisk = l.disordered
	l.loaded(l.onDisk)
	l.disordered = nil
	l.seen("it puts the chain in order")
	return true
}

// A badPair is a pair that cannot be used.
type badPair struct {
	name      string
	cert, key pki.Defect
	long      bool // needs two intermediates
	both      bool // either file may be at fault
}

var badPairs = []badPair{
	{name: "mismatched", key: pki.KeyMismatch, both: true},
	{name: "cert-truncated", cert: pki.Truncated},
	{name: "key-truncated", key: pki.Truncated},
	{name: "cert-empty", cert: pki.Empty},
	{name: "key-empty", key: pki.Empty},
	{name: "swapped", cert: pki.Swapped, key: pki.Swapped},
	{name: "wrong-order", cert: pki.WrongOrder, long: true},
	{name: "missing-middle", cert: pki.MissingMiddle, long: true},
}

func damageNames() (names []string) {
	for _, b := range badPairs {
		names = append(names, b.name)
	}
	return names
}

func (l *life) damageStep(s Step) {
	i := slices.IndexFunc(badPairs, func(b badPair) bool { return b.name == s.How })
	bad := badPairs[i]
	unpromised := bad.long && (!l.e.Claims("chain") || l.known["CHAIN-03"] || l.known["CHAIN-08"])
	if bad.name == "swapped" && l.e.CombinesPair() || unpromised {
		l.seen("nothing is promised for such a pair")
		return
	}
	id := l.identity(func(spec *pki.Spec) {
		if bad.long {
			spec.Intermediates = 2
		}
	})
	cert, err := id.CertFile(bad.cert)
	l.e.Must(err)
	key, err := id.KeyFile(bad.key)
	l.e.Must(err)
	mark := 0
	if l.up {
		mark = l.server.Process.Log().Mark()
	}
	l.place.Write(replace.Way{}, cert, key, nil)
	l.keepSecrets()
	again := l.onDisk == nil && l.badHow == bad.name // a server need not say the same twice
	l.onDisk, l.badHow, l.disordered = nil, bad.name, nil
	if bad.cert == pki.WrongOrder {
		l.disordered = id
	}
	if !l.up {
		l.seen("the server does not run")
		return
	}
	if l.e.IsToldToReload() {
		l.contacts++
		l.server.Reload()
	}
	for _, d := range []time.Duration{time.Second, 5 * time.Second, 30 * time.Second} {
		l.settle()
		if l.putsRight() {
			return
		}
		l.visit(able())
		l.advance(d, nil)
	}
	if l.putsRight() {
		return
	}
	l.visit(able())
	if !again {
		l.judgeComplaint(bad, mark)
	}
	l.seen("it serves the old pair")
}
