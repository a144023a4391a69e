package report

import (
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// evidenceFiles returns the content of every file of evidence by its name
// relative to the report. Configuration, log and journal of a result are a file
// each.
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
	return nil
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
