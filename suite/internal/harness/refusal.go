package harness

import (
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/logtext"
	"assay/suite/internal/match"
	"assay/suite/internal/redact"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// Refuse starts the target with a configuration that it should refuse, and
// returns what it did. Its log is compared with the logs of the servers that the
// spec has started before and that became ready: see [match.Complaints].
func (e *Env) Refuse(settings Settings, options ...StartOption) *match.Refusal {
	ginkgo.GinkgoHelper()
	server := e.prepare(settings, options...)
	before := e.Files()
	server.Start()
	r := e.newRefusal()
	ctx, cancel := e.within(r.Waited)
	defer cancel()
	r.Listening = server.awaitListener(ctx) == nil
	if r.Listening && !r.MayLive && server.endsSoon() {
		r.Listening = false
	}
	e.conclude(r, server, before)
	return r
}

// StartUnlessRefused starts the target as [Env.Start] does. If the target refuses its
// configuration, the spec is skipped.
func (e *Env) StartUnlessRefused(settings Settings, options ...StartOption) *Server {
	ginkgo.GinkgoHelper()
	server := e.prepare(settings, options...)
	server.Start()
	r := e.newRefusal()
	ctx, cancel := e.within(r.Waited)
	defer cancel()
	if server.awaitListener(ctx) != nil {
		_, ended := server.Process.EndedByItself()
		e.SkipUnless(!ended && !r.MayLive, "the server refuses this configuration")
	}
	server.AwaitReady()
	return server
}

// RefuseOrServe starts the target with a configuration that a server may refuse
// or serve. It returns the refusal, and a handshake if the target serves.
func (e *Env) RefuseOrServe(settings Settings) (*match.Refusal, *wire.Handshake) {
	ginkgo.GinkgoHelper()
	server := e.prepare(settings)
	before := e.Files()
	server.Start()
	r := e.newRefusal()
	ctx, cancel := e.within(r.Waited)
	defer cancel()
	if r.Listening = server.awaitListener(ctx) == nil; r.Listening {
		seen := e.Handshake(server)
		if seen.Err == nil || r.MayLive || !server.endsSoon() {
			server.Stop()
			return r, seen
		}
		r.Listening = false
	}
	e.conclude(r, server, before)
	return r, nil
}

func (e *Env) newRefusal() *match.Refusal {
	return &match.Refusal{
		Began:   time.Now(),
		Waited:  e.setup.StartPatience(),
		MayLive: e.setup.Target.OnBadConfig == sut.LogBadConfig,
	}
}

// endsSoon reports whether the server ends now that it has opened a listener. A
// server may open its listener before it reads the rest of its configuration, if
// it closes the listener again.
func (v *Server) endsSoon() bool {
	select {
	case <-v.Process.Exited():
		return true
	case <-time.After(Limits.Change):
		return false
	}
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
	// Which of two listeners finds its address in use can differ from run to run.
	if r.Exited && !strings.Contains(r.Log, "address already in use") {
		e.Observe("error", "refusal", messages(server.Process.Log().Lines()))
	}
	var all, stderr []string
	for _, line := range server.Process.Log().Lines() {
		all = append(all, line.Words())
		if line.Stream == sut.Stderr {
			r.Stderr += line.Words() + "\n"
			stderr = append(stderr, line.Words())
		}
	}
	complaints := e.complaints(server)
	r.Complaints, r.StderrComplaints = complaints.In(all), complaints.In(stderr)
	r.Written = e.NewFiles(before)
}

// messages returns the lines of a log that are not merely informational, or all if
// there are no others. Informational lines of a server that ends come in an order
// that differs from run to run.
func messages(lines []sut.Line) []string {
	var all, grave []string
	for _, line := range lines {
		all = append(all, line.Words())
		if level := line.Level(); level == logtext.Unknown || level >= logtext.Warning {
			grave = append(grave, line.Words())
		}
	}
	if len(grave) > 0 {
		return grave
	}
	return all
}

// complaints describes what a line of a refusal must not be: a line that the
// spec's healthy servers wrote too, or one that prints the configuration.
func (e *Env) complaints(refused *Server) match.Complaints {
	c := match.Complaints{Mask: redact.NewMask(e.roles()).Text}
	for _, server := range e.servers {
		for key, value := range server.Settings {
			c.Keys = append(c.Keys, e.AnyNameOf(key)...)
			if text, ok := value.(string); ok {
				c.Values = append(c.Values, text)
			}
		}
		if !server.served {
			continue
		}
		logs := server.Logs()
		for i, log := range logs {
			lines := log.Lines()
			if i == len(logs)-1 && server.damaged >= 0 {
				lines = lines[:min(len(lines), server.damaged)]
			}
			for _, line := range lines {
				c.Controls = append(c.Controls, line.Words())
			}
		}
	}
	if e.ReadsYAML() {
		for line := range strings.Lines(refused.configuration()) {
			c.Values = append(c.Values, strings.TrimSpace(line))
		}
	}
	slices.Sort(c.Keys)
	c.Keys = slices.Compact(c.Keys)
	return c
}
