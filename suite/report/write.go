package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The names of what Write leaves in a report's directory.
const (
	ReportFile = "report.json"
	JUnitFile  = "junit.xml"
	// manifest lists the evidence files that Assay wrote, one a line.
	manifest = "evidence/.assay"
)

// Write stores a report: report.json, junit.xml, and below evidence/ the files
// of each result. The directory is made if need be. Secrets of recognisable
// form are redacted once more.
//
// Every file appears at once or not at all, report.json last. Evidence of an
// earlier run is removed, but only files that a manifest names as Assay's own:
// other files in the directory stay. A report.json that is not Assay's is
// refused rather than replaced. Errors name the file.
func Write(dir string, r *Report) error { return into(dir, r, (*writer).write) }

// Rewrite stores a report that was read from the directory, and changed since:
// report.json and junit.xml. The evidence there stays: its files are not in what
// was read.
func Rewrite(dir string, r *Report) error { return into(dir, r, (*writer).verdicts) }

// Check finds out before a run whether its report can be stored in a directory:
// whether that can be made and written, and holds no report.json but Assay's.
func Check(dir string) error {
	return into(dir, &Report{}, func(w *writer, _ *Report) error {
		const name = ".assay-tmp"
		err := w.root.WriteFile(name, nil, 0o644)
		return errors.Join(err, w.root.RemoveAll(name))
	})
}

// into stores a report, redacted once more, in a directory.
func into(dir string, r *Report, store func(*writer, *Report) error) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer root.Close()
	w := &writer{root: root, dir: dir}
	if err = w.ours(); err == nil {
		err = store(w, clean(r))
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// clean is a redacted copy.
func clean(r *Report) *Report {
	c := *r
	c.Results = slices.Clone(r.Results)
	for i := range c.Results {
		c.Results[i].Cases = slices.Clone(c.Results[i].Cases)
		c.Results[i].Observations = slices.Clone(c.Results[i].Observations)
	}
	Redactor{}.report(&c)
	return &c
}

type writer struct {
	root *os.Root // keeps all names, whatever they hold, within dir
	dir  string
}

func (w *writer) write(r *Report) error {
	files, err := evidenceFiles(r)
	if err != nil {
		return err
	}
	old, err := w.manifest()
	if err != nil {
		return err
	}
	names := sortedKeys(files)
	// Old and new together first: whenever the run ends, the manifest names
	// every file of Assay's.
	if len(names)+len(old) > 0 {
		if err := w.setManifest(append(slices.Clone(old), names...)); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := w.file(name, files[name]); err != nil {
			return err
		}
	}
	if err := w.verdicts(r); err != nil {
		return err
	}
	return w.prune(old, names)
}

// verdicts writes the two files that tell the whole run.
func (w *writer) verdicts(r *Report) error {
	var junit bytes.Buffer
	if err := WriteJUnit(&junit, r); err != nil {
		return fmt.Errorf("%s: %w", w.path(JUnitFile), err)
	}
	if err := w.file(JUnitFile, junit.Bytes()); err != nil {
		return err
	}
	text, err := marshal(r)
	if err != nil {
		return fmt.Errorf("%s: %w", w.path(ReportFile), err)
	}
	return w.file(ReportFile, text)
}

// marshal returns the text of report.json.
func marshal(r *Report) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // masks are written <so>
	e.SetIndent("", " ")
	err := e.Encode(r)
	return b.Bytes(), err
}

// ours refuses a report.json that another program wrote.
func (w *writer) ours() error {
	b, err := w.root.ReadFile(ReportFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", w.path(ReportFile), err)
	}
	var head struct {
		Schema  *int             `json:"schema"`
		Suite   *json.RawMessage `json:"suite"`
		Results *json.RawMessage `json:"results"`
	}
	if json.Unmarshal(b, &head) != nil || head.Schema == nil || head.Suite == nil || head.Results == nil {
		return fmt.Errorf("%s exists and is not a report of Assay: choose another directory", w.path(ReportFile))
	}
	return nil
}

// file writes one file under a temporary name beside it, then renames it. The
// temporary name is fixed, so that one left by a killed run is used again.
func (w *writer) file(name string, text []byte) error {
	temp := path.Join(path.Dir(name), "."+path.Base(name)+".assay-tmp")
	err := w.root.MkdirAll(path.Dir(name), 0o755)
	if err == nil {
		err = w.root.WriteFile(temp, text, 0o644)
	}
	if err == nil {
		err = w.root.Rename(temp, name)
	}
	if err != nil {
		w.root.Remove(temp) // best effort: the error that counts is err
		return fmt.Errorf("write %s: %w", w.path(name), err)
	}
	return nil
}

func (w *writer) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

// manifest returns the evidence files of the earlier run.
func (w *writer) manifest() ([]string, error) {
	b, err := w.root.ReadFile(manifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.path(manifest), err)
	}
	var names []string
	for line := range strings.Lines(string(b)) {
		if name := strings.TrimSuffix(line, "\n"); isEvidence(name) {
			names = append(names, name)
		}
	}
	return names, nil
}

func (w *writer) setManifest(names []string) error {
	slices.Sort(names)
	return w.file(manifest, []byte(strings.Join(slices.Compact(names), "\n")+"\n"))
}

// prune removes the files of the earlier run that this one did not write, and
// the directories that they leave empty.
func (w *writer) prune(old, names []string) error {
	for _, name := range old {
		if slices.Contains(names, name) {
			continue
		}
		if err := w.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove %s: %w", w.path(name), err)
		}
		w.removeEmpty(path.Dir(name))
	}
	switch {
	case len(names) > 0:
		return w.setManifest(slices.Clone(names))
	case len(old) > 0:
		if err := w.root.Remove(manifest); err != nil {
			return fmt.Errorf("remove %s: %w", w.path(manifest), err)
		}
		w.removeEmpty(path.Dir(manifest))
	}
	return nil
}

// removeEmpty removes a directory of evidence and those above it, as long as
// they are empty: removing one that is not fails, which ends the climb.
func (w *writer) removeEmpty(dir string) {
	for ; dir != "."; dir = path.Dir(dir) {
		if w.root.Remove(dir) != nil {
			return
		}
	}
}
