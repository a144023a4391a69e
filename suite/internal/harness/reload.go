package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega/types"

	"assay/fixtures/pki"
	"assay/suite/internal/match"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// OffersReload reports whether the target takes up a new certificate while it runs.
func (e *Env) OffersReload() bool { return e.setup.Target.Reload.Offered() }

// ReloadPatience returns how long a server may take to serve a good pair. The
// time that the target file gives for an idle machine never shortens it.
func (e *Env) ReloadPatience() time.Duration {
	return max(Patience, e.setup.Target.Reload.Within)
}

// Reload lets the server know that its files have changed, in the way that the
// target file declares. The spec fails if the target file declares none.
func (v *Server) Reload() {
	ginkgo.GinkgoHelper()
	if !v.s.OffersReload() {
		v.s.Fail("expected  a server that takes up a new certificate while it runs\n" +
			"seen      reload: none in the target file")
	}
	ctx, cancel := v.s.within(v.s.ReloadPatience())
	defer cancel()
	v.lost, v.reloaded = 0, true
	err := v.Process.Reload(ctx)
	v.s.skipInexpressible(err)
	if err != nil {
		v.s.Fail("expected  a server that can be told to read its files again\n" +
			"seen      " + match.Indent(err.Error()))
	}
}

// skipInexpressible skips the spec if an error says that the target has no way to
// be configured so.
func (e *Env) skipInexpressible(err error) {
	ginkgo.GinkgoHelper()
	if cannot := (*sut.Inexpressible)(nil); errors.As(err, &cannot) {
		e.SkipUnless(false, cannot.Error())
	}
}

// reloadAgain is how long a signal has to take effect before it is sent once
// more. A server may not have a handler for it yet when it is ready.
const reloadAgain = 2 * time.Second

// KeepReloading lets the server know every two seconds that its files have changed,
// until stop is called. A server that is busy with one reload may miss the next.
func (v *Server) KeepReloading() (stop func()) {
	ctx, cancel := context.WithCancel(v.s.ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		again := time.NewTicker(reloadAgain)
		defer again.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-again.C:
				_ = v.Process.Reload(ctx) // [Server.Reload] has judged the first one
			}
		}
	}()
	return func() { cancel(); <-ended }
}

// AwaitPair shakes hands until the server serves the new pair. Until then every
// handshake has to complete, with the old pair.
func (e *Env) AwaitPair(server *Server, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	server.Await(match.ServeLeaf(fresh.Leaf), match.ServeLeaf(old.Leaf))
}

// AwaitPairOrRefusal shakes hands until the server serves the new pair. Until then
// every handshake has to complete with the old pair, or to be refused.
func (e *Env) AwaitPairOrRefusal(server *Server, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	server.Await(match.ServeLeaf(fresh.Leaf), match.ServeLeaf(old.Leaf), match.BeRefused())
}

// AwaitChain shakes hands until the server serves the whole chain of the new pair.
// Until then every handshake has to complete, with the whole chain of the old pair.
func (e *Env) AwaitChain(server *Server, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	server.Await(match.ServeExactly(fresh.Chain()), match.ServeExactly(old.Chain()))
}

// A settling counts handshakes until a new pair is taken up. A server may consist
// of several processes, and one that was left behind shows the old pair in some of
// the handshakes.
type settling struct{ inARow, relapses int }

// add counts a handshake, which shows the new pair if fresh is true. It reports
// whether the pair is taken up: four handshakes in a row show it. Each return to
// another pair doubles that number, up to 32, so that a server whose processes
// answer in a random order does not pass by chance.
func (s *settling) add(fresh bool) (settled bool) {
	const least, mostRelapses = 4, 3
	if fresh {
		s.inARow++
		return s.inARow >= least<<s.relapses
	}
	if s.inARow > 0 {
		s.relapses = min(s.relapses+1, mostRelapses)
	}
	s.inARow = 0
	return false
}

// Await shakes hands until the handshakes are as wanted, and returns how long
// the first of these took. Until then each one has to be as one of the others
// says, or show a pair that the server served earlier.
func (v *Server) Await(wanted types.GomegaMatcher, before ...types.GomegaMatcher) time.Duration {
	ginkgo.GinkgoHelper()
	const shortest, longest = 10 * time.Millisecond, 200 * time.Millisecond
	patience := v.s.ReloadPatience()
	ctx, cancel := v.s.within(patience)
	defer cancel()
	started, told := time.Now(), time.Now()
	var took time.Duration
	var state settling
	for pause := shortest; ; pause = min(pause*3/2, longest) {
		seen := v.s.HandshakeAfterSignal(v)
		fresh, _ := wanted.Match(seen)
		if fresh && took == 0 {
			took = time.Since(started)
		}
		if state.add(fresh) {
			v.pairs.takeUp(seen)
			return took
		}
		if fresh {
			continue
		}
		if !v.pairs.replaced(seen) {
			v.expectOneOf(seen, before)
		}
		if time.Since(told) > reloadAgain {
			v.Reload()
			told = time.Now()
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			note := ""
			if took > 0 {
				note = "\nafter     handshakes that showed it, the first one after " +
					took.Round(time.Millisecond).String()
			}
			wanted.Match(seen)
			v.s.Fail(fmt.Sprintf("within %s\n%s%s", patience, wanted.FailureMessage(seen), note))
		}
	}
}

// pairs holds the leaves that a server has shown.
type pairs struct {
	mu    sync.Mutex
	shown map[string]bool // by their DER form; true if another pair replaced the leaf
}

// add records the leaf that a handshake showed.
func (p *pairs) add(h *wire.Handshake) {
	if h.Leaf() == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown == nil {
		p.shown = map[string]bool{}
	}
	if leaf := string(h.Leaf().Raw); !p.shown[leaf] {
		p.shown[leaf] = false
	}
}

// takeUp records that the leaf of this handshake has replaced all others.
func (p *pairs) takeUp(h *wire.Handshake) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for leaf := range p.shown {
		p.shown[leaf] = h.Leaf() == nil || leaf != string(h.Leaf().Raw)
	}
}

// replaced reports whether a handshake shows a pair that another one has replaced.
// Where a reload starts new processes, the old ones may answer for a moment longer.
func (p *pairs) replaced(h *wire.Handshake) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return h.Err == nil && h.Leaf() != nil && p.shown[string(h.Leaf().Raw)]
}

// expectOneOf fails the spec unless one of the matchers matches the handshake.
// The message is that of the first matcher.
func (v *Server) expectOneOf(seen *wire.Handshake, matchers []types.GomegaMatcher) {
	ginkgo.GinkgoHelper()
	matches := func(m types.GomegaMatcher) bool { ok, _ := m.Match(seen); return ok }
	if slices.ContainsFunc(matchers, matches) {
		return
	}
	if seen.Err != nil {
		// A refused connection may be the first sign of the server's end.
		select {
		case <-v.Process.Exited():
			v.s.Fail("expected  a server that lives on when its files have changed\n" +
				"seen      it " + v.Process.Ending().String())
		case <-time.After(time.Second):
		}
	}
	matchers[0].Match(seen) // the others' failures would be less clear
	message := matchers[0].FailureMessage(seen)
	for _, m := range matchers[1:] {
		m.Match(seen)
		expected, _, _ := strings.Cut(strings.TrimPrefix(m.FailureMessage(seen), "expected  "), "\n")
		message = strings.Replace(message, "\nseen", "\nor        "+expected+"\nseen", 1)
	}
	v.s.Fail(message)
}

// Watch shakes hands with the server for some time. Each handshake has to be as
// one of the matchers says.
func (v *Server) Watch(d time.Duration, matchers ...types.GomegaMatcher) {
	ginkgo.GinkgoHelper()
	v.watch(d, func() bool { return true }, matchers)
}

// watch does what [Server.Watch] does, until the time is over and done returns true. A
// handshake with a pair that was replaced earlier is not judged, unless the server goes
// on to serve that pair.
func (v *Server) watch(d time.Duration, done func() bool, matchers []types.GomegaMatcher) {
	ginkgo.GinkgoHelper()
	pause := max(100*time.Millisecond, d/8)
	over := time.Now().Add(d)
	var lingering context.Context // limits how long an old pair is served; nil if none is
	forget := func() {}
	defer func() { forget() }()
	for {
		seen := v.s.HandshakeAfterSignal(v)
		lingers := v.pairs.replaced(seen) && (lingering == nil || lingering.Err() == nil)
		if !lingers {
			v.expectOneOf(seen, matchers)
			forget()
			lingering, forget = nil, func() {}
		} else if lingering == nil {
			lingering, forget = v.s.within(v.s.ReloadPatience())
		}
		left := time.Until(over)
		if left <= 0 && done() && !lingers {
			return
		}
		select {
		case <-time.After(min(pause, max(left, pause/10))):
		case <-v.s.ctx.Done():
			return
		}
	}
}

// MeasureReload replaces the pair twice by good ones. It returns the pair that
// is served now, and how long the second one took to be taken up. For a server
// that looks at its files from time to time, that is about the time between two
// looks.
func (v *Server) MeasureReload(old *pki.Identity) (now *pki.Identity, took time.Duration) {
	ginkgo.GinkgoHelper()
	for range 2 {
		fresh := v.s.Identity(pki.Spec{Intermediates: len(old.Intermediates)})
		v.Replace(fresh)
		took = v.Await(match.ServeExactly(fresh.Chain()),
			match.ServeExactly(old.Chain()), match.BeRefused())
		old = fresh
	}
	return old, took
}

// ReloadInVain lets the server know that its files have changed, to a pair that it
// cannot use. It watches the server for longer than a good pair took to be taken up,
// and for up to a second until the server complains. Meanwhile each handshake has to be
// as one of the matchers says.
func (v *Server) ReloadInVain(took time.Duration, matchers ...types.GomegaMatcher) {
	ginkgo.GinkgoHelper()
	const margin, untilComplaint = 200 * time.Millisecond, time.Second
	mark := v.Process.Log().Mark()
	v.Reload()
	began := time.Now()
	v.watch(took*3/2+margin, func() bool {
		return time.Since(began) > untilComplaint ||
			slices.ContainsFunc(v.Process.Log().Since(mark), Complains)
	}, matchers)
}

// ReloadAndAwaitComplaint lets the server know that its files have changed, to a
// pair that it cannot use, and waits until it complains. A server that never
// complains costs a second.
func (v *Server) ReloadAndAwaitComplaint() {
	ginkgo.GinkgoHelper()
	v.reloadAndAwait(Complains)
}

// ReloadAndAwaitLine lets the server know that its files may have changed, and
// waits for any line of its log. A server that says nothing costs a second.
func (v *Server) ReloadAndAwaitLine() {
	ginkgo.GinkgoHelper()
	v.reloadAndAwait(func(sut.Line) bool { return true })
}

func (v *Server) reloadAndAwait(wanted func(sut.Line) bool) {
	ginkgo.GinkgoHelper()
	mark := v.Process.Log().Mark()
	v.Reload()
	ctx, cancel := v.s.within(time.Second)
	defer cancel()
	_, _ = v.Process.Log().WaitSince(ctx, mark, "a line about the changed files", wanted)
}

// Ends reports whether the server ends an open connection within some time.
func (e *Env) Ends(open *wire.Handshake, d time.Duration) bool {
	ginkgo.GinkgoHelper()
	ctx, cancel := context.WithTimeout(e.ctx, d)
	defer cancel()
	deadline, _ := ctx.Deadline()
	e.Must(open.Conn.SetReadDeadline(deadline))
	defer open.Conn.SetReadDeadline(time.Time{})
	for buffer := make([]byte, 512); ; {
		_, err := open.Conn.Read(buffer)
		if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
			return false
		}
		if err != nil {
			return true
		}
	}
}
