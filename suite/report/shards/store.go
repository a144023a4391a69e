package shards

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
	"assay/suite/report"
)

// Store writes a joined report to a directory, with the files of evidence that are
// beside the reports of its parts, whose paths are names.
func Store(dir string, whole *report.Report, names []string) error {
	if err := report.Write(dir, whole); err != nil {
		return err
	}
	to, err := careful.OpenDir(dir)
	if err != nil {
		return fmt.Errorf("join: %w", err)
	}
	defer to.Close()
	for _, name := range names {
		if err := copyEvidence(to, filepath.Dir(name), whole); err != nil {
			return fmt.Errorf("join: %s: %w", name, err)
		}
	}
	return nil
}

// copyEvidence copies the files of evidence that a report names by their directory
// and does not hold itself. Files that exist are left as they are.
func copyEvidence(to *careful.Dir, dir string, whole *report.Report) error {
	from, err := careful.OpenDir(dir)
	if err != nil {
		return err
	}
	defer from.Close()
	for i := range whole.Results {
		x := &whole.Results[i]
		all := []*report.Evidence{x.Evidence}
		for _, c := range x.Cases {
			all = append(all, c.Evidence)
		}
		for _, e := range all {
			if e == nil || e.Dir == "" {
				continue
			}
			if err := copyDirectory(to, from, e.Dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// copyDirectory copies the plain files of one directory. A part that has no such
// directory did not run the requirement.
func copyDirectory(to, from *careful.Dir, dir string) error {
	return from.Walk(dir, func(name string, entry fs.DirEntry) error {
		if entry.IsDir() {
			return fs.SkipDir
		}
		if _, err := to.Stat(name); err == nil || !entry.Type().IsRegular() {
			return nil
		}
		text, err := from.ReadFile(name, limits.File)
		if err == nil {
			err = errors.Join(to.MkdirAll(dir, 0o755), to.WriteFile(name, text, 0o644))
		}
		return err
	})
}
