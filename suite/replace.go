package suite

import (
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/fixtures/pki"
	"assay/suite/target"
)

// Swap puts a file in the place of another, at once: a reader sees the old one
// or the new one, never a part.
func (s *Scenario) Swap(name string, data []byte) {
	ginkgo.GinkgoHelper()
	s.must(os.Rename(s.Write(name+".new", data), s.Path(name)))
}

// Replace puts another pair in the place of cert.pem and key.pem, and lets the
// server know.
func (v *Server) Replace(id *pki.Identity) {
	ginkgo.GinkgoHelper()
	key, err := id.KeyFile(pki.None)
	v.s.must(err)
	v.s.Swap("cert.pem", id.ChainPEM())
	v.s.Swap("key.pem", key)
	v.Reload()
}

// Reload lets the server know that its files have changed, in the way that the
// target file says. One that has to be restarted does not offer this.
func (v *Server) Reload() {
	ginkgo.GinkgoHelper()
	switch v.s.plan.target.Reload {
	case target.ReloadWatch: // it sees for itself
	case target.ReloadSIGHUP:
		if err := v.Process.Signal(syscall.SIGHUP); !errors.Is(err, os.ErrProcessDone) {
			v.s.must(err)
		}
	default:
		v.s.fail("expected  a server that takes up a new certificate while it runs\nseen      reload: none in the target file")
	}
}

// AwaitNotice waits until the server says something after this place in its
// log. One that takes note in silence is given a second.
func (v *Server) AwaitNotice(mark int) {
	ctx, cancel := v.s.within(time.Second)
	defer cancel()
	_, _ = v.Process.Log().WaitSince(ctx, mark, "a word about the changed files", func(target.Line) bool { return true })
}

// AwaitPair shakes hands until the new pair is served. Until then every single
// handshake has to complete, with the old one.
func (s *Scenario) AwaitPair(server *Server, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	ctx, cancel := s.within(patience)
	defer cancel()
	next := time.NewTicker(10 * time.Millisecond)
	defer next.Stop()
	for {
		seen := s.Handshake(server)
		switch {
		case seen.Err == nil && seen.Leaf().Equal(fresh.Leaf):
			return
		case seen.Err != nil || !seen.Leaf().Equal(old.Leaf):
			s.fail("expected  the old certificate, " + name(old.Leaf) + ", or the new one, " + name(fresh.Leaf) + "\nseen      " + indent(describe(seen)))
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			s.fail("expected  the new certificate, " + name(fresh.Leaf) + ", within " + patience.String() + "\nseen      " + indent(describe(seen)))
		}
	}
}
