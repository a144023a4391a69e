package harness

import (
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/match"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// secondThoughts is how long a server has, once it has opened a listener, to
// end for the configuration that it should refuse.
const secondThoughts = time.Second

// Refuse starts the target with a configuration that it should refuse, and
// reports what it did.
func (e *Env) Refuse(keys Settings, options ...StartOption) *match.Refusal {
	ginkgo.GinkgoHelper()
	server := e.prepare(keys, options...)
	before := e.Files()
	server.Start()
	r := &match.Refusal{
		Waited:  e.setup.StartPatience(),
		MayLive: e.setup.Target.OnBadConfig == sut.LogBadConfig,
	}
	ctx, cancel := e.within(r.Waited)
	defer cancel()
	r.Listening = server.awaitListener(ctx) == nil
	if r.Listening && !r.MayLive {
		// A server may open its listener before it looks at the rest, if it
		// does not leave it open.
		select {
		case <-server.Process.Exited():
			r.Listening = false
		case <-time.After(secondThoughts):
		}
	}
	e.conclude(r, server, before)
	return r
}

// RefuseOrServe starts the target with a configuration that a server may refuse
// or serve. It returns the refusal, and a handshake if the target serves.
func (e *Env) RefuseOrServe(settings Settings) (*match.Refusal, *wire.Handshake) {
	ginkgo.GinkgoHelper()
	server := e.prepare(settings)
	before := e.Files()
	server.Start()
	r := &match.Refusal{
		Waited:  e.setup.StartPatience(),
		MayLive: e.setup.Target.OnBadConfig == sut.LogBadConfig,
	}
	ctx, cancel := e.within(r.Waited)
	defer cancel()
	if r.Listening = server.awaitListener(ctx) == nil; r.Listening {
		seen := e.Handshake(server)
		if seen.Err == nil || r.MayLive {
			server.Stop()
			return r, seen
		}
		// The listener may be open for a moment only, see [Env.Refuse].
		select {
		case <-server.Process.Exited():
			r.Listening = false
		case <-time.After(secondThoughts):
			server.Stop()
			return r, seen
		}
	}
	e.conclude(r, server, before)
	return r, nil
}

// conclude ends the server and completes the report of what it did.
func (e *Env) conclude(r *match.Refusal, server *Server, before []string) {
	ginkgo.GinkgoHelper()
	select {
	case <-server.Process.Exited():
		r.Exited, r.ExitCode = true, server.Process.ExitCode()
	default:
		server.Kill()
	}
	r.Log = server.Process.Log().Words()
	if r.Exited {
		e.Observe("error", "refusal", strings.Split(strings.TrimSpace(r.Log), "\n"))
	}
	for _, line := range server.Process.Log().Lines() {
		if line.Stream == sut.Stderr {
			r.Stderr += line.Words() + "\n"
		}
	}
	r.Written = e.NewFiles(before)
}
