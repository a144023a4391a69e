package report

import (
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// evidenceFiles returns the content of every file of evidence by its name
// relative to the report. Configuration, log and journal of a result and the
// certificates that were served are a file each.
func evidenceFiles(r *Report) (map[string][]byte, error) {
	files := map[string][]byte{}
	for i := range r.Results {
		x := &r.Results[i]
		if err := addEvidence(files, x.ID, x.Evidence); err != nil {
			return nil, err
		}
		for _, c := range x.Cases {
			if err := addEvidence(files, x.ID+"/"+c.Case, c.Evidence); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

func addEvidence(files map[string][]byte, id string, e *Evidence) error {
	if e == nil || e.Dir == "" {
		return nil
	}
	add := func(name, text string) error {
		full := path.Join(e.Dir, name)
		if !isEvidence(full) {
			return fmt.Errorf("%s: evidence file %q in %q: expected a relative name below evidence/",
				id, name, e.Dir)
		}
		if text != "" {
			files[full] = []byte(text)
		}
		return nil
	}
	if err := add("config.txt", e.Config); err != nil {
		return err
	}
	if err := add("log.txt", lineByLine(e.Log)); err != nil {
		return err
	}
	var journal strings.Builder
	for _, x := range e.ACME {
		b, err := json.Marshal(x)
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		journal.Write(append(b, '\n'))
	}
	if err := add("acme.jsonl", journal.String()); err != nil {
		return err
	}
	if err := add("chain.pem", chains(e.Handshakes)); err != nil {
		return err
	}
	if e.Capture == "" || e.CaptureFile == "" {
		return nil
	}
	packets, err := careful.ReadFile(e.CaptureFile, limits.File)
	if err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	return add(e.Capture, string(packets))
}

// chains returns the certificates of handshakes in PEM, each chain after a line
// that says where it was served. A chain that was served again to a client of the
// same kind is left out. Programs that read PEM ignore the lines between blocks.
func chains(handshakes []Handshake) string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, h := range handshakes {
		var chain strings.Builder
		for i, c := range h.Chain {
			if c.PEM != "" {
				fmt.Fprintf(&chain, "%d: %q, issued by %q\n%s", i, c.Subject, c.Issuer, c.PEM)
			}
		}
		name := h.ServerName
		if name == "" {
			name = "without a server name"
		}
		key := h.Address + "\n" + name + "\n" + chain.String()
		if chain.Len() == 0 || seen[key] {
			continue
		}
		seen[key] = true
		fmt.Fprintf(&b, "served %d ms after the beginning, at %s, to a client %q\n%s\n",
			h.TMS, h.Address, name, chain.String())
	}
	return b.String()
}

// isEvidence reports whether a name is that of a file of evidence: below
// evidence/, with slashes, on one line, and not the manifest.
func isEvidence(name string) bool {
	return strings.HasPrefix(name, "evidence/") && path.Clean(name) == name && name != manifest &&
		!strings.ContainsAny(name, "\n\r\\") && filepath.IsLocal(filepath.FromSlash(name))
}

func lineByLine(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}
