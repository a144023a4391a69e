package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"assay/suite/internal/output"
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
	return in(dir, func(d output.Dir) error { return writeAll(d, r) })
}

// Rewrite stores report.json and junit.xml of a report that was read from the
// directory and changed since. The files of evidence stay as they are.
func Rewrite(dir string, r *Report) error {
	return in(dir, func(d output.Dir) error { return writeVerdicts(d, r) })
}

// Check reports before a run whether [Write] will be able to store its report in
// a directory. It creates the directory if necessary, and leaves no file in it.
func Check(dir string) error {
	return in(dir, func(d output.Dir) error {
		const name = ".assay-tmp"
		err := d.WriteFile(name, nil, 0o644)
		return errors.Join(err, d.RemoveAll(name))
	})
}

// in calls store with a directory that may hold a report of Assay, and no
// report.json of another program.
func in(dir string, store func(output.Dir) error) error {
	if err := output.In(dir, checkOwner, store); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func writeAll(d output.Dir, r *Report) error {
	files, err := evidenceFiles(r)
	if err != nil {
		return err
	}
	old, err := readManifest(d)
	if err != nil {
		return err
	}
	names := slices.Sorted(maps.Keys(files))
	// The manifest lists old and new files first, so that it is complete if
	// the run ends while they are written.
	if len(names)+len(old) > 0 {
		if err := writeManifest(d, append(slices.Clone(old), names...)); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := d.Replace(name, files[name]); err != nil {
			return err
		}
	}
	if err := writeVerdicts(d, r); err != nil {
		return err
	}
	return prune(d, old, names)
}

// writeVerdicts writes the two files that describe the whole run.
func writeVerdicts(d output.Dir, r *Report) error {
	var junit bytes.Buffer
	if err := WriteJUnit(&junit, r); err != nil {
		return fmt.Errorf("%s: %w", d.Path(JUnitFile), err)
	}
	if err := d.Replace(JUnitFile, junit.Bytes()); err != nil {
		return err
	}
	text, err := marshal(r)
	if err != nil {
		return fmt.Errorf("%s: %w", d.Path(ReportFile), err)
	}
	return d.Replace(ReportFile, text)
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
func checkOwner(d output.Dir) error {
	text, err := d.Read(ReportFile)
	if text == nil {
		return err
	}
	var head struct {
		Schema  *int             `json:"schema"`
		Suite   *json.RawMessage `json:"suite"`
		Results *json.RawMessage `json:"results"`
	}
	err = json.Unmarshal(text, &head)
	if err != nil || head.Schema == nil || head.Suite == nil || head.Results == nil {
		return fmt.Errorf("%s exists and is not a report of Assay: choose another directory",
			d.Path(ReportFile))
	}
	return nil
}

// readManifest returns the names of the files of evidence of the earlier run.
func readManifest(d output.Dir) (names []string, err error) {
	text, err := d.Read(manifest)
	for line := range strings.Lines(string(text)) {
		if name := strings.TrimSuffix(line, "\n"); isEvidence(name) {
			names = append(names, name)
		}
	}
	return names, err
}

func writeManifest(d output.Dir, names []string) error {
	slices.Sort(names)
	return d.Replace(manifest, []byte(strings.Join(slices.Compact(names), "\n")+"\n"))
}

// prune removes the files of the earlier run that this run did not write, and
// the directories that become empty.
func prune(d output.Dir, old, names []string) error {
	remove := func(name string) error {
		err := d.Remove(name)
		removeEmpty(d, path.Dir(name))
		return err
	}
	for _, name := range old {
		if slices.Contains(names, name) {
			continue
		}
		if err := remove(name); err != nil {
			return err
		}
	}
	switch {
	case len(names) > 0:
		return writeManifest(d, slices.Clone(names))
	case len(old) > 0:
		return remove(manifest)
	}
	return nil
}

// removeEmpty removes a directory and its parents as long as they are empty. It
// stops at the first that cannot be removed.
func removeEmpty(d output.Dir, dir string) {
	for ; dir != "."; dir = path.Dir(dir) {
		if d.Dir.Remove(dir) != nil {
			return
		}
	}
}
