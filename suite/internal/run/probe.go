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
	e, err := openAside(ctx, p.setup(inside), "PROBE", 0)
	if err != nil {
		return err
	}
	defer func() {
		if closing := e.Close(); err == nil {
			err = closing
		}
	}()
	failure := failureOf(func() {
		server := e.Start(simplest(e))
		harness.SetMeasuredStart(server.StartTook)
		server.Stop()
	})
	if failure != "" {
		return fmt.Errorf("probe: %s does not start with a plain configuration\n%s\nconfiguration:\n%s",
			p.target.Name, failure, e.LastConfiguration())
	}
	return nil
}

// openAside opens an environment outside of any spec, in which a step that fails is told
// by [failureOf]. Nothing that the step needs may be missing.
func openAside(
	ctx context.Context, setup harness.Setup, id string, serial int,
) (*harness.Env, error) {
	e, err := harness.Open(ctx, setup, scenarios.Requirement{ID: id}, scenarios.Case{}, 0, serial)
	if err != nil {
		return nil, err
	}
	e.Fail = func(message string, _ ...int) { panic(failedAside(e.WithoutSecrets(message))) }
	e.Skip = e.Fail
	return e, nil
}

// failedAside is the value of the panic of a step that fails outside of a spec.
type failedAside string

// failureOf runs steps outside of a spec, and returns why one of them failed.
func failureOf(steps func()) (failure string) {
	defer func() {
		switch ended := recover().(type) {
		case nil:
		case failedAside:
			failure = string(ended)
		default:
			panic(ended) // Assay's own mistake
		}
	}()
	steps()
	return ""
}

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
