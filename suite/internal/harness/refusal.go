package harness

import (
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/match"
	"assay/suite/internal/sut"
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
	r := &match.Refusal{Waited: e.setup.StartPatience(), MayLive: e.setup.Target.OnBadConfig == sut.LogBadConfig}
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
	return r
}
