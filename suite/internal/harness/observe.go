package harness

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"assay/pebble"
	"assay/suite/internal/limits"
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

// ObserveProtocol records the protocol that a handshake negotiated by ALPN, or why
// the handshake failed.
func (e *Env) ObserveProtocol(name string, h *wire.Handshake) {
	protocol := h.State.NegotiatedProtocol
	if h.Err != nil {
		protocol = "handshake failed: " + match.Describe(h)
	}
	e.Observe("protocol", name, protocol)
}

// ObserveIssuance records the requests of an issuance and the CA's verdicts on
// challenges, in order. It leaves out nonces and polls, because their number and
// their order differ from run to run.
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

// ObserveFiles records the names, modes and formats of the files in a directory.
func (e *Env) ObserveFiles(name, dir string) {
	var files []string
	list := func(info fs.FileInfo, path string) error {
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		line := fmt.Sprintf("%s %s", info.Mode(), rel)
		if info.Mode().IsRegular() {
			content, err := e.below.ReadFile(path, limits.File)
			if err != nil {
				return err
			}
			line += ": " + format(content)
		}
		files = append(files, line)
		return nil
	}
	info, err := e.below.Lstat(dir)
	e.Must(err)
	e.Must(list(info, dir))
	e.Must(e.below.Walk(dir, func(name string, entry fs.DirEntry) error {
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return list(info, e.Path(name))
	}))
	e.Observe("file", name, files)
}

// format returns the types of the PEM blocks in a file, in order.
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

// facts records what can be recorded of every spec that was not cut short: what the
// CA saw, what the log says about certificates, and how handshakes ended. Two
// versions of a server are compared by these facts, so they must not depend on
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

// libraryWords returns the log lines about certificates that a server wrote before
// it was started again, each once. It leaves out a server that still runs, because
// its last lines may not have arrived. The lines are masked, so that lines which
// differ in random parts only count as one.
func (e *Env) libraryWords() []string {
	secrets, mask := redact.New(e.secrets()...), redact.NewMask(e.roles())
	said := map[string]bool{}
	for _, server := range e.servers {
		for _, log := range server.past {
			lines := log.Lines()
			for _, line := range lines[:min(len(lines), limits.Observed)] {
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
	// aboutConnections matches what a log says of a connection that broke. The
	// wording differs from run to run.
	aboutConnections = regexp.MustCompile(`<connection lost>|\bEOF\b|reset by peer|broken pipe` +
		`|closed (network )?connection|force closed`)
)

// acmeSteps returns the requests of each order with the CA's verdicts, one line for
// each order, and the requests that belong to no order. A request that a client
// repeats at once is named once. Polls and nonces are left out, see
// [Env.ObserveIssuance].
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

// aside lists the kinds of requests that are left out of the steps of an issuance,
// because their number and their order differ from run to run.
var aside = []pebble.Kind{pebble.KindNewNonce, pebble.KindAuthz, pebble.KindOrder, pebble.KindTLS}

// tally counts equal texts, as in "2 × RSA".
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

// handshakes holds how the handshakes of a spec ended, each way once: completed
// handshakes by what was negotiated and served, refused ones by their alert.
type handshakes struct {
	mu        sync.Mutex
	completed map[string]bool
	refused   map[string]bool
}

func (r *handshakes) add(h *wire.Handshake) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if alert, refused := h.Alert(); refused {
		name := strings.TrimPrefix(alert.Error(), "tls: ")
		put(&r.refused, fmt.Sprintf("%d %s", uint8(alert), name))
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

// all returns the ways in which handshakes ended, sorted.
func (r *handshakes) all() (completed, refused []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.completed)), slices.Sorted(maps.Keys(r.refused))
}
