package suite

import (
	"fmt"
	"strings"

	"assay/suite/internal/sut"
	"assay/suite/report"
)

// collect gathers what the report says of a spec: observations without secrets
// and their masks, what the CA did for it and, if it failed, its evidence.
func (s *Scenario) collect(failed bool) {
	secrets := s.secrets()
	s.outcome.Observations = report.NewRedactor(secrets...).Observations(s.outcome.Observations)
	if s.ca != nil {
		s.outcome.UsedCA = true
		s.outcome.Issuances = len(s.ca.Journal().Issued())
	}
	s.outcome.Roles = s.roles()
	if failed || s.plan.Keep {
		s.outcome.Evidence = s.evidence()
		s.outcome.Secrets = secrets
	}
}

// secrets are what the report must not hold of this spec: every private key
// that lies in its directory, in the forms in which one may be logged, and what
// it came across before.
func (s *Scenario) secrets() []string {
	secretsBelow(s, ".")
	return s.known
}

// roles names this spec's addresses, directory and host, so that what was
// observed can be compared with another run's.
func (s *Scenario) roles() map[string]string {
	v4, v6 := s.World.Host()
	roles := map[string]string{s.Dir: "<dir>", s.Hostname: "<hostname>", v4.String(): "<host>"}
	if v6.IsValid() {
		roles[v6.String()] = "<host6>"
	}
	roles[s.World.Services().Authority] = "<ca>"
	return roles
}

// evidence is what a person needs to understand a failure: the configuration
// and the log of each server started, and the CA's journal.
func (s *Scenario) evidence() *report.Evidence {
	e := &report.Evidence{}
	var starts []*sut.Log
	for _, server := range s.servers {
		e.Config = server.configuration()
		if server.Process == nil {
			continue
		}
		starts = append(starts, server.logs()...)
	}
	for i, log := range starts {
		if len(starts) > 1 { // a control and what it is the control of, say
			e.Log = append(e.Log, fmt.Sprintf("--- start %d of %d ---", i+1, len(starts)))
		}
		for _, line := range log.Lines() {
			e.Log = append(e.Log, line.Text)
		}
	}
	if s.ca != nil {
		for _, entry := range s.ca.Journal().Entries() {
			e.ACME = append(e.ACME, report.Exchange{
				TMS: entry.T.Milliseconds(), From: entry.From, To: entry.To,
				What: entry.What, Status: entry.Status, Fault: entry.Fault,
				Detail: strings.TrimSpace(entry.Problem + " " + entry.Detail),
			})
		}
	}
	return e
}
