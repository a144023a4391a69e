package suite

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"assay/pebble"
	"assay/suite/internal/redact"
)

// facts records what can be said of every spec that came to its end: what the
// CA saw, what the log says of certificates, and how handshakes ended. Two versions of a server are
// compared by it, so it holds nothing that depends on when things happened:
// what went on side by side is sorted, and what was tried again at once is
// named once.
func (s *Scenario) facts() {
	if s.ca != nil && !specs[s.requirement.ID].unsteady {
		journal := s.ca.Journal()
		account, orders := acmeSteps(journal.Entries())
		s.Observe("acme", "account", account)
		s.Observe("acme", "orders", tally(orders))
		var issued, invalid []string
		for _, e := range journal.Issued() {
			issued = append(issued, e.KeyAlgorithm)
		}
		for _, e := range journal.Validations() {
			if !e.Valid() {
				invalid = append(invalid, e.Challenge)
			}
		}
		s.Observe("count", "certificates issued", tally(issued))
		if len(invalid) > 0 {
			s.Observe("count", "failed validations", tally(invalid))
		}
	}
	if lines := s.libraryWords(); len(lines) > 0 && !specs[s.requirement.ID].unsteady {
		s.Observe("log", "about certificates, until a restart", lines)
	}
	s.findings()
	completed, refused := s.handshakes.all()
	if len(completed) > 0 {
		s.Observe("protocol", "completed handshakes", completed)
	}
	if len(refused) > 0 {
		s.Observe("alert", "refused handshakes", refused)
	}
}

// libraryWords are the log lines about certificates that a server wrote before
// it was started again, each once: of one that still runs, the last lines may
// or may not have come. They are masked here, so that what differs in random
// parts alone counts as the same.
func (s *Scenario) libraryWords() []string {
	secrets, mask := redact.New(s.secrets()...), redact.NewMask(s.roles())
	said := map[string]bool{}
	for _, server := range s.servers {
		for _, log := range server.past {
			for _, line := range log.Lines() {
				if text := mask.Text(secrets.Text(line.Text)); aboutCertificates.MatchString(text) && !aboutConnections.MatchString(text) {
					said[text] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(said))
}

var (
	// aboutCertificates matches what a log says of an issuance or a handshake.
	aboutCertificates = regexp.MustCompile(`(?i)acme|autocert|certificate|handshake`)
	// aboutConnections matches what it says of one that broke: in which words is
	// a matter of time.
	aboutConnections = regexp.MustCompile(`<connection lost>|\bEOF\b|reset by peer|broken pipe|closed (network )?connection|force closed`)
)

// acmeSteps are the requests that moved each order on, with the CA's verdicts,
// one line an order, and those that belong to no order. What a client repeats
// at once is named once; what autocert does beside the rest, polls and nonces,
// is left out (see [Scenario.ObserveIssuance]).
func acmeSteps(entries []pebble.Entry) (account, orders []string) {
	var names []string
	steps := map[string][]string{}
	for _, e := range entries {
		step := ""
		switch {
		case e.Kind == pebble.KindValidation:
			step = e.What
		case e.Kind == pebble.KindCertificate:
			continue // some specs end when it is issued
		case e.From == "target" && !slices.Contains(aside, e.Kind):
			step = fmt.Sprintf("%s %d", e.What, e.Status)
		default:
			continue
		}
		if steps[e.Order] == nil {
			names = append(names, e.Order)
		}
		steps[e.Order] = append(steps[e.Order], step)
	}
	for _, name := range names {
		once := slices.Compact(steps[name])
		if name == "" {
			account = once
			continue
		}
		orders = append(orders, strings.Join(once, ", "))
	}
	return account, orders
}

// aside is what is left out of the steps of an issuance: how often, and when,
// it comes is a matter of time.
var aside = []pebble.Kind{pebble.KindNewNonce, pebble.KindAuthz, pebble.KindOrder, pebble.KindTLS}

// tally counts equal texts: "2 × RSA".
func tally(texts []string) []string {
	counts := map[string]int{}
	for _, text := range texts {
		counts[text]++
	}
	out := []string{}
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%d × %s", counts[text], text))
	}
	return out
}
