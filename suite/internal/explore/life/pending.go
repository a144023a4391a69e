package life

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"assay/pebble"
	"assay/suite/internal/harness"
	"assay/suite/internal/match"
	"assay/suite/internal/wire"
)

// pendings lists what happens while the CA holds a validation.
var pendings = []string{"asked-twice", "strangers", "reload", "crowd", "restart"}

// A pending is a challenge whose validation the CA holds.
type pending struct {
	path string // of the HTTP-01 challenge; "" for TLS-ALPN-01
	text string // the key authorization, once it was answered
}

// holdValidations lets the CA hold validations in the steps that want it.
func (l *life) holdValidations() {
	if !slices.ContainsFunc(l.walk.Steps, func(s Step) bool { return s.Do == "pending" }) {
		return
	}
	port := 80
	if l.walk.Mode == ModeALPN {
		port = 443
	}
	l.hold = l.e.HoldValidation(port)
	l.hold.Release()
	l.closers = append(l.closers, l.hold.Release)
}

// pendingStep starts the server with an empty cache, and holds the validation for its
// certificate while something happens.
func (l *life) pendingStep(s Step) {
	if len(l.troubles) > 0 || l.hold == nil || l.forgotten {
		l.seen("something is wrong already")
		return
	}
	l.end()
	if l.server != nil {
		l.emptyCache()
	}
	l.hold.Resume()
	defer l.hold.Release()
	l.start(Step{})
	orders := len(l.e.Journal().Requests(pebble.KindNewOrder))
	ctx, cancel := context.WithCancel(l.e.Context())
	defer cancel()
	done := make(chan struct{})
	var first *wire.Handshake
	go func() {
		defer close(done)
		first = l.e.Shake(ctx, l.server)
	}()
	l.contacts++
	p, held := l.awaitPending(done)
	if !held {
		l.hold.Release()
		cancel()
		<-done
		l.seen("no validation is held")
		return
	}
	crowd := make(chan struct{})
	close(crowd)
	switch s.How {
	case "asked-twice":
		l.expectAnswered(&p)
		l.expectAnswered(&p)
	case "strangers":
		l.expectAnswered(&p)
		l.expectWithheld(p)
	case "reload":
		if l.e.IsToldToReload() {
			l.server.Reload()
			l.server.Reload()
		}
		l.expectAnswered(&p)
	case "crowd":
		crowd = l.gather(ctx, 12)
	case "restart":
		cancel()
		<-done
		l.restart(Step{})
		l.hold.Release()
		l.calm = false // the order that is lost may have been refused
		l.excuses += 2
		l.visit(able())
		l.seen("the next client is served, or not yet")
		return
	}
	l.isAlive()
	l.hold.Release()
	l.await(done)
	l.await(crowd)
	cancel()
	<-done
	<-crowd
	l.judgeServed(able(), first)
	if l.owed() {
		l.judgeOwed(able(), first)
	}
	if first.Err == nil && first.VerifyErr == nil {
		l.noteGood(first.Leaf())
	}
	if made := len(l.e.Journal().Requests(pebble.KindNewOrder)) - orders; s.How == "crowd" {
		const most = 3 // one for each type of key, and one that a lost nonce repeats
		if made > most {
			l.broke(invFewRequests, "one order for a crowd of clients", "%d", made)
		}
	}
	l.expectGone(p)
	l.seen("the challenge is over")
}

// emptyCache takes the files of the cache away.
func (l *life) emptyCache() {
	l.keepSecrets()
	l.doubt, l.unstored, l.damaged = true, false, l.e.Journal().Len()
	l.excuses += 2
	for _, name := range l.e.FilesOfCache(l.cache) {
		l.e.Remove(name)
	}
}

// gather lets clients come at once. The channel is closed when all have been served.
func (l *life) gather(ctx context.Context, n int) chan struct{} {
	all := make(chan struct{})
	l.contacts += n
	left := make(chan struct{}, n)
	for range n {
		go func() {
			l.e.Shake(ctx, l.server)
			left <- struct{}{}
		}()
	}
	go func() {
		for range n {
			<-left
		}
		close(all)
	}()
	return all
}

// awaitPending waits until a validation is held, and reads what the CA asks for.
func (l *life) awaitPending(done <-chan struct{}) (p pending, held bool) {
	const tries, each = 6, 500 * time.Millisecond
	for range tries {
		first := l.hold.AwaitFor(each)
		if first != nil && l.walk.Mode == ModeALPN {
			return p, true
		}
		if first != nil {
			request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(first)))
			l.e.Must(err)
			p.path = request.URL.Path
			return p, true
		}
		if isDone(done) {
			return p, false
		}
		l.advance(2*time.Second, nil)
	}
	return p, false
}

// expectAnswered asks for the challenge as the CA does.
func (l *life) expectAnswered(p *pending) {
	l.contacts++
	if p.path == "" {
		h := l.briefly(harness.Offering(harness.ChallengeProtocol))
		l.expect(invProves, h, match.HaveACMEIdentifier())
		return
	}
	answer := l.e.Get(l.challenges, p.path)
	l.expect(invProves, answer, match.ServeKeyAuthorization(p.path))
	p.text = strings.TrimSpace(answer.Body)
}

// briefly shakes hands as a client that does not wait for long.
func (l *life) briefly(options ...harness.ClientOption) *wire.Handshake {
	ctx, cancel := context.WithTimeout(l.e.Context(), 2*time.Second)
	defer cancel()
	return l.e.Shake(ctx, l.server, options...)
}

// expectWithheld asks for what belongs to nobody but the CA.
func (l *life) expectWithheld(p pending) {
	l.contacts += 3
	if p.path == "" {
		for _, options := range [][]harness.ClientOption{
			{harness.Offering(harness.ChallengeProtocol), harness.SNI("other.example.test")},
			{harness.Offering("http/1.1")},
			{harness.Offering("h2", harness.ChallengeProtocol, "http/1.1")},
			{},
		} {
			ctx, cancel := context.WithTimeout(l.e.Context(), 300*time.Millisecond)
			h := l.e.Shake(ctx, l.server, options...)
			cancel()
			if h.Err == nil && h.Leaf() != nil && isChallenge(h.Leaf()) {
				l.broke(invChallenge, "the certificate of the challenge for the CA alone",
					"it is served to another client: %s", match.Describe(h))
			}
		}
		return
	}
	keys := harness.KeysAlone(l.secretList())
	for _, asked := range []string{
		harness.ChallengePath + "other", harness.ChallengePath, "/" + path.Base(p.path),
		harness.ChallengePath + "../" + path.Base(p.path) + "x", p.path + "x",
	} {
		l.expect(invNoSecret, l.e.Get(l.challenges, asked), match.ContainNoneOf(keys))
	}
	if l.e.Claims("autocert") && !l.known["HTTP01-08"] {
		l.about("HTTP01-08")
		other := l.e.Get(l.challenges, p.path, harness.Host("other.example.test"))
		l.expect(invNoSecret, other, match.HaveStatus(http.StatusForbidden))
	}
}

// expectGone expects the challenge to be over soon.
func (l *life) expectGone(p pending) {
	if !l.up || p.path != "" && p.text == "" {
		return
	}
	const tries = 8
	for n := range tries {
		l.settle()
		l.contacts++
		last := n == tries-1
		if p.path != "" {
			answer := l.e.Get(l.challenges, p.path)
			if !strings.Contains(answer.Body, p.text) {
				return
			}
			if l.contacts++; last && !l.e.AnswersEveryToken(l.challenges) {
				l.expect(invProves, answer, match.Withhold(p.text))
			}
		} else {
			h := l.briefly(harness.Offering(harness.ChallengeProtocol))
			if h.Leaf() == nil || !isChallenge(h.Leaf()) {
				return
			}
			if last {
				l.broke(invChallenge, "no certificate of a challenge that is over", "%s", match.Describe(h))
			}
		}
		l.advance(time.Second, nil)
	}
}
