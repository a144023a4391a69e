package harness

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"assay/pebble"
	"assay/suite/internal/match"
	"assay/suite/internal/redact"
	"assay/suite/internal/wire"
	"assay/suite/report"
)

// Observe records a fact for the report. [report.Observation] has the kinds.
func (e *Env) Observe(kind, name string, value any) {
	e.Outcome.Observations = append(e.Outcome.Observations,
		report.Observation{Kind: kind, Name: name, Value: value})
}

// ObserveChain records the certificates that were served.
func (e *Env) ObserveChain(name string, h *wire.Handshake) {
	var chain []map[string]string
	for _, cert := range h.Chain {
		chain = append(chain, map[string]string{
			"subject": cert.Subject.String(),
			"names":   strings.Join(cert.DNSNames, " "),
			"key":     cert.PublicKeyAlgorithm.String(),
		})
	}
	e.Observe("chain", name, chain)
}

// ObserveProtocol records the protocol that a handshake settled on by ALPN, or
// why there was no handshake.
func (e *Env) ObserveProtocol(name string, h *wire.Handshake) {
	protocol := h.State.NegotiatedProtocol
	if h.Err != nil {
		protocol = "handshake failed: " + match.Describe(h)
	}
	e.Observe("protocol", name, protocol)
}

// ObserveIssuance records in order the requests that moved an issuance on, and
// the CA's verdicts. Nonces and polls are left out, and so is giving up an
// authorization, which autocert does beside the rest: when and how often they
// come is a matter of time.
func (e *Env) ObserveIssuance(name string) {
	var steps []string
	for _, e := range e.Journal().Entries() {
		switch {
		case e.Kind == pebble.KindValidation:
			steps = append(steps, e.What)
		case e.From == "target" && !slices.Contains(aside, e.Kind):
			steps = append(steps, fmt.Sprintf("%s %d", e.What, e.Status))
		}
	}
	e.Observe("acme", name, steps)
}

// ObserveFiles records names, modes and formats of what lies in a directory.
func (e *Env) ObserveFiles(name, dir string) {
	var files []string
	e.Must(filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s %s", info.Mode(), rel)
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += ": " + format(content)
		}
		files = append(files, line)
		return nil
	}))
	e.Observe("file", name, files)
}

// format names what a file holds: the types of its PEM blocks, in order.
func format(content []byte) string {
	var blocks []string
	rest := content
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		blocks = append(blocks, block.Type)
	}
	if len(blocks) == 0 {
		return "no PEM"
	}
	return strings.Join(blocks, ", ")
}

// facts records what can be said of every spec that came to its end: what the
// CA saw, what the log says of certificates, and how handshakes ended. Two
// versions of a server are compared by it, so it holds nothing that depends on
// when things happened: what happened at the same time is sorted, and what was
// repeated at once is named once.
func (e *Env) facts() {
	if e.ca != nil && !Specs[e.requirement.ID].unsteady {
		journal := e.ca.Journal()
		account, orders := acmeSteps(journal.Entries())
		e.Observe("acme", "account", account)
		e.Observe("acme", "orders", tally(orders))
		var issued, invalid []string
		for _, e := range journal.Issued() {
			issued = append(issued, e.KeyAlgorithm)
		}
		for _, e := range journal.Validations() {
			if !e.Valid() {
				invalid = append(invalid, e.Challenge)
			}
		}
		e.Observe("count", "certificates issued", tally(issued))
		if len(invalid) > 0 {
			e.Observe("count", "failed validations", tally(invalid))
		}
	}
	if lines := e.libraryWords(); len(lines) > 0 && !Specs[e.requirement.ID].unsteady {
		e.Observe("log", "about certificates, until a restart", lines)
	}
	e.findings()
	completed, refused := e.handshakes.all()
	if len(completed) > 0 {
		e.Observe("protocol", "completed handshakes", completed)
	}
	if len(refused) > 0 {
		e.Observe("alert", "refused handshakes", refused)
	}
}

// libraryWords are the log lines about certificates that a server wrote before
// it was started again, each once: of one that still runs, the last lines may
// or may not have come. They are masked here, so that what differs in random
// parts alone counts as the same.
func (e *Env) libraryWords() []string {
	secrets, mask := redact.New(e.secrets()...), redact.NewMask(e.roles())
	said := map[string]bool{}
	for _, server := range e.servers {
		for _, log := range server.past {
			for _, line := range log.Lines() {
				text := mask.Text(secrets.Text(line.Text))
				if aboutCertificates.MatchString(text) && !aboutConnections.MatchString(text) {
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
	aboutConnections = regexp.MustCompile(`<connection lost>|\bEOF\b|reset by peer|broken pipe` +
		`|closed (network )?connection|force closed`)
)

// acmeSteps are the requests that moved each order on, with the CA's verdicts,
// one line an order, and those that belong to no order. What a client repeats
// at once is named once; what autocert does beside the rest, polls and nonces,
// is left out (see [Env.ObserveIssuance]).
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

// handshakes is how the handshakes of a spec ended, each way once: those that
// completed by what was agreed on and served, those refused by their alert.
type handshakes struct {
	mu        sync.Mutex
	completed map[string]bool
	refused   map[string]bool
}

func (r *handshakes) add(h *wire.Handshake) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if alert, refused := h.Alert(); refused {
		put(&r.refused, fmt.Sprintf("%d %s", uint8(alert), strings.TrimPrefix(alert.Error(), "tls: ")))
	} else if h.Err == nil && h.Leaf() != nil {
		words := []string{
			tls.VersionName(h.State.Version),
			h.Leaf().PublicKeyAlgorithm.String(),
			fmt.Sprintf("chain of %d", len(h.Chain)),
		}
		if protocol := h.State.NegotiatedProtocol; protocol != "" {
			words = append(words, protocol)
		}
		put(&r.completed, strings.Join(words, ", "))
	}
}

func put(set *map[string]bool, text string) {
	if *set == nil {
		*set = map[string]bool{}
	}
	(*set)[text] = true
}

// all returns the ways in order.
func (r *handshakes) all() (completed, refused []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.completed)), slices.Sorted(maps.Keys(r.refused))
}
