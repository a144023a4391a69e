package harness

import (
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"assay/pebble"
	"assay/suite/internal/match"
	"assay/suite/internal/wire"
	"assay/suite/report"
)

// Observe records a fact for the report (suite/CONTRACTS.md lists the kinds).
func (e *Env) Observe(kind, name string, value any) {
	e.Outcome.Observations = append(e.Outcome.Observations, report.Observation{Kind: kind, Name: name, Value: value})
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
