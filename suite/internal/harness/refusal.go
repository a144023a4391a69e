package harness

import (
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/match"
	"assay/suite/internal/sut"
	"assay/suite/report"
)

// secondThoughts bounds how long a server that has opened a listener may take to
// end because of the configuration that it should refuse.
const secondThoughts = time.Second

// Refuse starts the target with a configuration that it should refuse, and
// returns what it did. Its log is compared with the logs of the servers that the
// spec has started before and that became ready: see [match.Complaints].
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
		// A server may open its listener before it reads the rest of its
		// configuration, if it closes the listener again.
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
	return r
}

// complaints describes what a line of a refusal must not be: a line that the
// spec's healthy servers wrote too, or one that prints the configuration.
func (e *Env) complaints(refused *Server) match.Complaints {
	c := match.Complaints{Mask: report.NewMask(e.roles()).Text}
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
		for _, log := range server.Logs() {
			for _, line := range log.Lines() {
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
