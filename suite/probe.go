package suite

import (
	"context"
	"fmt"

	"assay/fixtures/pki"
	"assay/scenarios"
	"assay/suite/internal/world"
)

// probe starts the target once with the simplest configuration that its
// profiles allow. A target that cannot be started at all is a matter of the
// target file or of the machine, and nothing is judged by it (CONTRACTS §3).
func (p *plan) probe(ctx context.Context, inside *world.Run) (err error) {
	s, err := newScenario(ctx, p.setup(inside), scenarios.Requirement{ID: "PROBE"}, scenarios.Case{}, 0, 0)
	if err != nil {
		return err
	}
	defer func() {
		if closing := s.close(); err == nil {
			err = closing
		}
	}()
	s.fail = func(message string, _ ...int) { panic(probeFailure(message)) }
	s.skip = s.fail // what it asks for must be had
	defer func() {
		switch ended := recover().(type) {
		case nil:
		case probeFailure:
			err = fmt.Errorf("probe: %s does not start with a plain configuration\n%s\nconfiguration:\n%s", p.target.Name, ended, s.lastConfiguration())
		default:
			panic(ended) // Assay's own mistake
		}
	}()
	s.Start(s.simplest()).Stop()
	return nil
}

// probeFailure is what a failing step panics with, where there is no spec.
type probeFailure string

// lastConfiguration is the configuration of the server started last, if any.
func (s *Scenario) lastConfiguration() string {
	if len(s.servers) == 0 {
		return "(none)"
	}
	return s.servers[len(s.servers)-1].configuration()
}

// simplest is the least that a target of these profiles can be asked for.
func (s *Scenario) simplest() Keys {
	switch {
	case s.Claims("config"):
		return s.Plain()
	case s.Claims("byo"), s.Claims("chain") && !s.Claims("acme"):
		return s.Own(s.WritePair(s.Identity(pki.Spec{}), "cert.pem", "key.pem"))
	case s.Claims("tls-alpn-01"):
		return s.ALPN01()
	}
	return s.HTTP01()
}
