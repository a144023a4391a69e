package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega/types"

	"assay/fixtures/pki"
	"assay/suite/internal/match"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// OffersReload says whether the target takes up a new certificate while it runs.
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

// AwaitPair shakes hands until the server serves the new pair. Until then every
// handshake has to complete, with the old pair.
func (e *Env) AwaitPair(server *Server, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	server.await(match.ServeLeaf(fresh.Leaf), match.ServeLeaf(old.Leaf))
}

// AwaitPairOrRefusal is [Env.AwaitPair] for a server that may refuse handshakes
// until it serves the new pair.
func (e *Env) AwaitPairOrRefusal(server *Server, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	server.await(match.ServeLeaf(fresh.Leaf), match.ServeLeaf(old.Leaf), match.BeRefused())
}

// AwaitChain is [Env.AwaitPair] for the whole chain of either pair.
func (e *Env) AwaitChain(server *Server, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	server.await(match.ServeExactly(fresh.Chain()), match.ServeExactly(old.Chain()))
}

// Await shakes hands until one handshake is as wanted. Until then each one has
// to be as one of the others says.
func (v *Server) Await(wanted types.GomegaMatcher, before ...types.GomegaMatcher) {
	ginkgo.GinkgoHelper()
	v.await(wanted, before...)
}

// await shakes hands until one handshake is as wanted, and returns how long that
// took. Until then each one has to be as one of the others says.
func (v *Server) await(wanted types.GomegaMatcher, before ...types.GomegaMatcher) time.Duration {
	ginkgo.GinkgoHelper()
	const shortest, longest = 10 * time.Millisecond, 200 * time.Millisecond
	patience := v.s.ReloadPatience()
	ctx, cancel := v.s.within(patience)
	defer cancel()
	started, told := time.Now(), time.Now()
	for pause := shortest; ; pause = min(pause*3/2, longest) {
		seen := v.s.Handshake(v)
		if ok, _ := wanted.Match(seen); ok {
			return time.Since(started)
		}
		v.expectOneOf(seen, before)
		if time.Since(told) > reloadAgain {
			v.Reload()
			told = time.Now()
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			v.s.Fail(fmt.Sprintf("within %s\n%s", patience, wanted.FailureMessage(seen)))
		}
	}
}

// expectOneOf fails the spec unless one of the matchers matches the handshake.
// The message is that of the first matcher.
func (v *Server) expectOneOf(seen *wire.Handshake, matchers []types.GomegaMatcher) {
	ginkgo.GinkgoHelper()
	if slices.ContainsFunc(
		matchers,
		func(m types.GomegaMatcher) bool { ok, _ := m.Match(seen); return ok },
	) {
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

// watch is [Server.Watch] until the time is over and done returns true.
func (v *Server) watch(d time.Duration, done func() bool, matchers []types.GomegaMatcher) {
	ginkgo.GinkgoHelper()
	pause := max(100*time.Millisecond, d/8)
	over := time.Now().Add(d)
	for {
		v.expectOneOf(v.s.Handshake(v), matchers)
		left := time.Until(over)
		if left <= 0 && done() {
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
// is served now, and how long the second one took to be taken up: of a server
// that looks at its files from time to time, about as long as the time between
// two looks.
func (v *Server) MeasureReload(old *pki.Identity) (now *pki.Identity, took time.Duration) {
	ginkgo.GinkgoHelper()
	for range 2 {
		spec := pki.Spec{Intermediates: len(old.Intermediates)}
		fresh := v.s.Identity(spec)
		v.Replace(fresh)
		took = v.await(
			match.ServeExactly(fresh.Chain()),
			match.ServeExactly(old.Chain()),
			match.BeRefused(),
		)
		old = fresh
	}
	return old, took
}

// ReloadInVain lets the server know that its files have changed for the worse.
// It watches the server for longer than a good pair took to be taken up, and a
// second at most until the server complains. Meanwhile each handshake has to be
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

// ReloadAndAwaitComplaint lets the server know that its files have changed for
// the worse, and waits until it complains. A server that never complains costs
// a second.
func (v *Server) ReloadAndAwaitComplaint() {
	ginkgo.GinkgoHelper()
	v.reloadAndAwait(func(line sut.Line) bool { return Complaint.MatchString(line.Words()) })
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

// Ends says whether the server ends an open connection within some time.
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
