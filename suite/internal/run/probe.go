package run

import (
	"context"
	"fmt"

	"assay/fixtures/pki"
	"assay/scenarios"
	"assay/suite/internal/harness"
	"assay/suite/internal/world"
)

// probe starts the target once with the simplest configuration that its
// profiles allow, and measures how long that takes: time limits follow it. If
// the target cannot be started at all, the cause is the target file or the
// machine, and nothing is judged.
func (p *plan) probe(ctx context.Context, inside *world.Run) (err error) {
	e, err := harness.Open(ctx, p.setup(inside),
		scenarios.Requirement{ID: "PROBE"}, scenarios.Case{}, 0, 0)
	if err != nil {
		return err
	}
	defer func() {
		if closing := e.Close(); err == nil {
			err = closing
		}
	}()
	e.Fail = func(message string, _ ...int) { panic(probeFailure(e.WithoutSecrets(message))) }
	e.Skip = e.Fail // nothing that it needs may be missing
	defer func() {
		switch ended := recover().(type) {
		case nil:
		case probeFailure:
			err = fmt.Errorf("probe: %s does not start with a plain configuration\n%s\nconfiguration:\n%s",
				p.target.Name, ended, e.LastConfiguration())
		default:
			panic(ended) // Assay's own mistake
		}
	}()
	server := e.Start(simplest(e))
	harness.SetMeasuredStart(server.StartTook)
	server.Stop()
	return nil
}

// probeFailure is the value of the panic of a step that fails outside of a spec.
type probeFailure string

// simplest returns the simplest configuration for a target of these profiles.
func simplest(e *harness.Env) harness.Settings {
	switch {
	case e.Claims("config"):
		return e.Plain()
	case e.Claims("byo"), e.Claims("chain") && !e.Claims("acme"):
		return e.Own(e.WritePair(e.Identity(pki.Spec{}), "cert.pem", "key.pem"))
	case e.Claims("tls-alpn-01"):
		return e.ALPN01()
	}
	return e.HTTP01()
}
