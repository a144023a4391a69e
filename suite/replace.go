package suite

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"assay/fixtures/pki"
	"assay/suite/internal/sut"
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
	v.s.swapPair(id, pki.None)
	v.Reload()
}

// swapPair puts another pair in the place of cert.pem and key.pem, with a
// defect in its chain.
func (s *Scenario) swapPair(id *pki.Identity, d pki.Defect) {
	ginkgo.GinkgoHelper()
	chain, err := id.CertFile(d)
	s.must(err)
	key, err := id.KeyFile(pki.None)
	s.must(err)
	s.Swap("cert.pem", chain)
	s.Swap("key.pem", key)
}

// Reload lets the server know that its files have changed, in the way that the
// target file says. One that has to be restarted does not offer this.
func (v *Server) Reload() {
	ginkgo.GinkgoHelper()
	switch v.s.setup.Target.Reload {
	case sut.ReloadWatch: // it sees for itself
	case sut.ReloadSIGHUP:
		if err := v.Process.Signal(syscall.SIGHUP); !errors.Is(err, os.ErrProcessDone) {
			v.s.must(err)
		}
	default:
		v.s.fail("expected  a server that takes up a new certificate while it runs\nseen      reload: none in the target file")
	}
}

// OffersReload says whether the target takes up a new certificate while it runs.
func (s *Scenario) OffersReload() bool { return s.setup.Target.Reload != sut.ReloadNone }

// ReloadBad lets the server know that its files have changed for the worse, and
// waits until it complains of them. One that does so in silence, or in other
// words, is given a second: a line alone may be no more than that it begins.
func (v *Server) ReloadBad() {
	ginkgo.GinkgoHelper()
	mark := v.Process.Log().Mark()
	v.Reload()
	ctx, cancel := v.s.within(time.Second)
	defer cancel()
	_, _ = v.Process.Log().WaitSince(ctx, mark, "a complaint about the changed files", func(line sut.Line) bool {
		return complaint.MatchString(line.Words())
	})
}

// AwaitPair shakes hands until the new pair is served: nothing but a handshake
// tells. Until then every single one has to complete, with the old pair.
func (s *Scenario) AwaitPair(server *Server, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	s.awaitServed(server, old, fresh, ServeLeaf(old.Leaf), ServeLeaf(fresh.Leaf))
}

// AwaitChain is [Scenario.AwaitPair], with the whole chain of either pair.
func (s *Scenario) AwaitChain(server *Server, old, fresh *pki.Identity) {
	ginkgo.GinkgoHelper()
	s.awaitServed(server, old, fresh, ServeExactly(old.Chain()), ServeExactly(fresh.Chain()))
}

func (s *Scenario) awaitServed(server *Server, old, fresh *pki.Identity, serveOld, serveFresh types.GomegaMatcher) {
	ginkgo.GinkgoHelper()
	ctx, cancel := s.within(patience)
	defer cancel()
	next := time.NewTicker(10 * time.Millisecond)
	defer next.Stop()
	for {
		seen := s.Handshake(server)
		if done, _ := serveFresh.Match(seen); done {
			return
		}
		if yet, _ := serveOld.Match(seen); !yet {
			select {
			case <-server.Process.Exited():
				s.fail("expected  a server that lives on when its files have changed\nseen      it " + server.Process.Ending().String())
			case <-time.After(time.Second): // a refused connection may be the first sign of its end
			}
			matcher := serveOld
			if seen.Err == nil && seen.Leaf().Equal(fresh.Leaf) {
				matcher = serveFresh
			}
			s.fail(matcher.FailureMessage(seen))
		}
		select {
		case <-next.C:
		case <-ctx.Done():
			s.fail("expected  the new certificate, " + name(fresh.Leaf) + ", within " + patience.String() + "\nseen      " + indent(describe(seen)))
		}
	}
}

// startBehind starts the target with this pair in cert.pem and key.pem; for
// "linking" they are symbolic links, as certbot makes them.
func (s *Scenario) startBehind(by string, id *pki.Identity) *Server {
	ginkgo.GinkgoHelper()
	cert, key := s.Path("cert.pem"), s.Path("key.pem")
	if by == "linking" {
		s.WritePair(id, "archive/cert1.pem", "archive/key1.pem")
		s.Link("cert.pem", "archive/cert1.pem")
		s.Link("key.pem", "archive/key1.pem")
	} else {
		s.WritePair(id, "cert.pem", "key.pem")
	}
	server := s.Start(s.Own(cert, key))
	gomega.Expect(s.Handshake(server)).To(ServeLeaf(id.Leaf))
	return server
}

// renewBy puts another pair in the place of the first.
func (s *Scenario) renewBy(by string, id *pki.Identity) {
	ginkgo.GinkgoHelper()
	switch by {
	case "renaming":
		s.swapPair(id, pki.None)
	case "writing":
		s.WritePair(id, "cert.pem", "key.pem")
	case "linking":
		s.WritePair(id, "archive/cert2.pem", "archive/key2.pem")
		for _, name := range []string{"cert", "key"} {
			s.Link(name+".new", "archive/"+name+"2.pem")
			s.must(os.Rename(s.Path(name+".new"), s.Path(name+".pem")))
		}
	default:
		s.must(fmt.Errorf("replacing a pair by %q: expected renaming, writing or linking", by))
	}
}
