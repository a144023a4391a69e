package suite

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/suite/internal/wire"
)

// Disturb puts faults into the script of the spec's CA. Only the edge in front
// of it can inject them.
func (s *Scenario) Disturb(faults ...pebble.Fault) {
	ginkgo.GinkgoHelper()
	s.SkipUnless(s.plan.CA == "edge", "needs the edge in front of the CA, which injects the fault")
	s.CA().Inject(faults...)
}

// AwaitFault waits until a fault of the script has befallen a request.
func (s *Scenario) AwaitFault() {
	ginkgo.GinkgoHelper()
	s.Await("a request to the CA that a fault befalls", func(j *pebble.Journal) bool { return len(j.Faults()) > 0 })
}

// Recover is the control of every spec about a CA in trouble: with the CA well
// again, the same server, restarted, gets its certificate and serves it. The
// restart is there because autocert tries again only after a minute.
func (s *Scenario) Recover(server *Server) {
	ginkgo.GinkgoHelper()
	s.CA().Restore()
	server.Restart()
	Expect(s.Handshake(server)).To(HaveFullChainTo(s.CA().Root()), "with the CA well again, after a restart")
}

// KillAndStart ends the server by SIGKILL and starts it again.
func (v *Server) KillAndStart() {
	ginkgo.GinkgoHelper()
	v.kill()
	v.start()
	v.awaitReady()
}

// StartDespite starts the server again, and lets it refuse to: what it says is
// in its log either way.
func (v *Server) StartDespite() {
	ginkgo.GinkgoHelper()
	v.Stop()
	v.start()
	ctx, cancel := v.s.within(patience)
	defer cancel()
	_ = v.awaitListener(ctx) // one that has exited is as good
}

// Insist lets clients come, one each tenth of a second, until the time is
// over. None waits for those before it: a server may keep them all until its CA
// answers.
func (s *Scenario) Insist(server *Server, during time.Duration) {
	ctx, cancel := context.WithTimeout(s.ctx, during)
	defer cancel()
	next := time.NewTicker(100 * time.Millisecond)
	defer next.Stop()
	var clients sync.WaitGroup
	defer clients.Wait()
	for ctx.Err() == nil {
		clients.Go(func() { s.Client(server).Handshake(ctx) })
		select {
		case <-next.C:
		case <-ctx.Done():
		}
	}
}

// Crowd lets so many clients shake hands, forty at a time, and returns what
// each of them saw. Once one of them is not served, no more come: a server that
// lets each wait would keep them all for hours.
func (s *Scenario) Crowd(server *Server, clients int) []*wire.Handshake {
	var unserved atomic.Bool
	seen := s.crowd(clients, func() *wire.Handshake {
		if unserved.Load() {
			return nil
		}
		h := s.Handshake(server)
		if h.Err != nil {
			unserved.Store(true)
		}
		return h
	})
	return slices.DeleteFunc(seen, func(h *wire.Handshake) bool { return h == nil })
}

func (s *Scenario) crowd(clients int, handshake func() *wire.Handshake) []*wire.Handshake {
	seen := make([]*wire.Handshake, clients)
	turn := make(chan int)
	done := make(chan struct{})
	const together = 40
	for range together {
		go func() {
			for i := range turn {
				seen[i] = handshake()
			}
			done <- struct{}{}
		}()
	}
	for i := range clients {
		turn <- i
	}
	close(turn)
	for range together {
		<-done
	}
	return seen
}

// impatience is how long a client waits that is likely to wait in vain.
const impatience = 3 * time.Second

// Knock lets so many clients come to a server that has no certificate for them,
// and returns what each of them saw. They come one after the other; once one of
// them was kept waiting, the others come at once.
func (s *Scenario) Knock(server *Server, clients int) []*wire.Handshake {
	var seen []*wire.Handshake
	for range clients {
		h := s.glance(server)
		seen = append(seen, h)
		if errors.Is(h.Err, context.DeadlineExceeded) {
			break
		}
	}
	return append(seen, s.crowd(clients-len(seen), func() *wire.Handshake { return s.glance(server) })...)
}

// glance is a handshake of an impatient client. How it was refused is not
// recorded: whether an alert came before the client went is a matter of time.
func (s *Scenario) glance(server *Server, options ...ClientOption) *wire.Handshake {
	ctx, cancel := s.within(impatience)
	defer cancel()
	return s.Client(server, options...).Handshake(ctx)
}

// Persist lets clients come until one is served, three at most, and returns
// what the last of them saw: a server may have to wait before it tries again,
// until a lock that it left behind has grown old, say.
func (s *Scenario) Persist(server *Server) (seen *wire.Handshake) {
	for range 3 {
		if seen = s.Handshake(server); seen.Err == nil {
			break
		}
	}
	return seen
}

// ownChallenge is the challenge type by which [Scenario.StartACME] lets the
// target prove its name, and otherChallenge the one that it has not configured.
func (s *Scenario) ownChallenge() string {
	if s.plan.target.Claims("tls-alpn-01") {
		return "tls-alpn-01"
	}
	return "http-01"
}

func (s *Scenario) otherChallenge() string {
	both := []string{"http-01", "tls-alpn-01"}
	return both[1-slices.Index(both, s.ownChallenge())]
}

// Expiring puts a certificate of 90 days of which 29 are left into the cache:
// the first handshake sets off its renewal.
func (s *Scenario) Expiring() *pki.Identity {
	ginkgo.GinkgoHelper()
	const day = 24 * time.Hour
	return s.CacheCertificate("cache", 29*day, 90*day)
}
