package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The names of the files in the directory of a report.
const (
	ReportFile = "report.json"
	JUnitFile  = "junit.xml"
	// manifest lists the files of evidence that Assay wrote, one on each line.
	manifest = "evidence/.assay"
)

// Write stores a report: report.json, junit.xml, and below evidence/ the files
// of each result. It creates the directory if necessary. The report has to be
// free of secrets, as package verdict makes it.
//
// Every file appears at once or not at all, report.json last. Write removes the
// evidence of an earlier run, but only files that a manifest names as Assay's
// own: other files in the directory stay. It refuses to replace a report.json
// that Assay did not write. Errors name the file.
func Write(dir string, r *Report) error {
	return inDirectory(dir, func(w *writer) error { return w.write(r) })
}

// Rewrite stores report.json and junit.xml of a report that was read from the
// directory and changed since. The files of evidence stay as they are.
func Rewrite(dir string, r *Report) error {
	return inDirectory(dir, func(w *writer) error { return w.verdicts(r) })
}

// Check reports before a run whether [Write] will be able to store its report in
// a directory. It creates the directory if necessary, and leaves no file in it.
func Check(dir string) error {
	return inDirectory(dir, func(w *writer) error {
		const name = ".assay-tmp"
		err := w.root.WriteFile(name, nil, 0o644)
		return errors.Join(err, w.root.RemoveAll(name))
	})
}

// inDirectory calls store with a writer for a directory that may hold a report
// of Assay, and no report.json of another program.
func inDirectory(dir string, store func(*writer) error) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer root.Close()
	w := &writer{root: root, dir: dir}
	if err = w.checkOwner(); err == nil {
		err = store(w)
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

type writer struct {
	root *os.Root // refuses every name that leads out of dir
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
	names := slices.Sorted(maps.Keys(files))
	// The manifest lists old and new files first, so that it is complete if
	// the run ends while they are written.
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

// verdicts writes the two files that describe the whole run.
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
	e.SetEscapeHTML(false) // masks have the form <name>
	e.SetIndent("", " ")
	err := e.Encode(r)
	return b.Bytes(), err
}

// checkOwner refuses a report.json that another program wrote.
func (w *writer) checkOwner() error {
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
	err = json.Unmarshal(b, &head)
	if err != nil || head.Schema == nil || head.Suite == nil || head.Results == nil {
		return fmt.Errorf("%s exists and is not a report of Assay: choose another directory",
			w.path(ReportFile))
	}
	return nil
}

// file writes one file under a temporary name and renames it. The temporary
// name is fixed, so that the next run replaces a file that a killed run left.
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
		w.root.Remove(temp) // best effort: err is the error to report
		return fmt.Errorf("write %s: %w", w.path(name), err)
	}
	return nil
}

func (w *writer) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

// manifest returns the names of the files of evidence of the earlier run.
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

// prune removes the files of the earlier run that this run did not write, and
// the directories that become empty.
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

// removeEmpty removes a directory and its parents as long as they are empty. It
// stops at the first that cannot be removed.
func (w *writer) removeEmpty(dir string) {
	for ; dir != "."; dir = path.Dir(dir) {
		if w.root.Remove(dir) != nil {
			return
		}
	}
}
