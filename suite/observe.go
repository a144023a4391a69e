package suite

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"assay/pebble"
	"assay/suite/internal/wire"
	"assay/suite/report"
)

// Observe records a fact for the report (CONTRACTS §4: kinds of observation).
func (s *Scenario) Observe(kind, name string, value any) {
	s.outcome.Observations = append(s.outcome.Observations, report.Observation{Kind: kind, Name: name, Value: value})
}

// ObserveChain records the certificates that were served.
func (s *Scenario) ObserveChain(name string, h *wire.Handshake) {
	var chain []map[string]string
	for _, cert := range h.Chain {
		chain = append(chain, map[string]string{
			"subject": cert.Subject.String(),
			"names":   strings.Join(cert.DNSNames, " "),
			"key":     cert.PublicKeyAlgorithm.String(),
		})
	}
	s.Observe("chain", name, chain)
}

// ObserveProtocol records the protocol that a handshake settled on by ALPN, or
// why there was no handshake.
func (s *Scenario) ObserveProtocol(name string, h *wire.Handshake) {
	protocol := h.State.NegotiatedProtocol
	if h.Err != nil {
		protocol = "handshake failed: " + describe(h)
	}
	s.Observe("protocol", name, protocol)
}

// ObserveIssuance records in order the requests that moved an issuance on, and
// the CA's verdicts. Nonces and polls are left out, and so is giving up an
// authorization, which autocert does beside the rest: when and how often they
// come is a matter of time.
func (s *Scenario) ObserveIssuance(name string) {
	var steps []string
	for _, e := range s.Journal().Entries() {
		switch {
		case e.Kind == pebble.KindValidation:
			steps = append(steps, e.What)
		case e.From == "target" && !slices.Contains(aside, e.Kind):
			steps = append(steps, fmt.Sprintf("%s %d", e.What, e.Status))
		}
	}
	s.Observe("acme", name, steps)
}

// ObserveFiles records names, modes and formats of what lies in a directory.
func (s *Scenario) ObserveFiles(name, dir string) {
	var files []string
	s.must(filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
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
	s.Observe("file", name, files)
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

// Await waits until the CA's journal shows what is described.
func (s *Scenario) Await(what string, condition func(*pebble.Journal) bool) {
	ginkgo.GinkgoHelper()
	ctx, cancel := s.within(patience)
	defer cancel()
	if err := s.Journal().Wait(ctx, what, condition); err != nil {
		s.fail("expected  " + what + "\nseen      " + indent(err.Error()))
	}
}

// Eventually repeats the assertions until they hold: for what shows on the
// wire alone, where no event tells of it. A try is often a handshake, whose
// cost the other specs bear: so not too many of them.
func (s *Scenario) Eventually(assertions func(gomega.Gomega), what string) {
	ginkgo.GinkgoHelper()
	g := gomega.NewGomega(func(message string, callerSkip ...int) {
		s.fail(ofGomega.ReplaceAllString(message, ""), callerSkip...)
	})
	g.Eventually(s.ctx, assertions).WithTimeout(patience).WithPolling(80*time.Millisecond).Should(gomega.Succeed(), "awaited: "+what)
}

// ofGomega is what Gomega says of itself around the last failure of an
// assertion that was repeated.
var ofGomega = regexp.MustCompile(`(?m)^(?:Timed out after .*|The function passed to Eventually failed at .* with:)\n`)

// Shell runs a documented command line in the spec's world, as an operator
// would on the target's host, and returns what it prints.
func (s *Scenario) Shell(line string) string {
	ginkgo.GinkgoHelper()
	ctx, cancel := s.within(patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = s.Dir
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	s.must(s.World.Start(cmd))
	if err := cmd.Wait(); err != nil && ctx.Err() != nil {
		s.fail(fmt.Sprintf("expected  an end of: %s\nseen      %v after %s\n%s", line, context.Cause(ctx), patience, output.String()))
	}
	return output.String()
}

// commonNames are the subjects by which messages name certificates.
func commonNames(certs []*x509.Certificate) []string {
	var names []string
	for _, cert := range certs {
		names = append(names, cert.Subject.CommonName)
	}
	return names
}
