package submission

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"assay/suite/internal/careful"
	"assay/suite/internal/output"
)

// names are the files of a submission.
var names = []string{File, ReportFile, PageFile, TargetFile, BadgeFile, ReadmeFile}

// Write stores the files of a submission in a directory, which is new, empty, or
// holds an older submission, which they replace.
func Write(dir string, files map[string][]byte) error {
	err := output.In(dir, checkOwner, func(d output.Dir) error {
		for _, name := range names {
			store := d.Remove
			if text, ok := files[name]; ok {
				store = func(name string) error { return d.Replace(name, text) }
			}
			if err := store(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("submission: %w", err)
	}
	return nil
}

// checkOwner refuses a directory with files of others.
func checkOwner(d output.Dir) error {
	there, err := careful.Names(d.Name())
	if err != nil {
		return err
	}
	own := len(there) == 0
	for _, name := range there {
		own = own || name == File
		if !slices.Contains(names, name) {
			return fmt.Errorf("%s: found %s, expected a directory that is empty or holds a submission",
				d.Name(), name)
		}
	}
	if !own {
		return fmt.Errorf("%s: found no %s beside other files, expected a directory that is empty or "+
			"holds a submission", d.Name(), File)
	}
	return nil
}

// Read returns the files of a submission by their names. It refuses links, files
// that do not belong to a submission, and files that are too large.
func Read(dir string) (map[string][]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("submission: %w", err)
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("submission: %s: %w", dir, err)
	}
	files := map[string][]byte{}
	var mistakes []error
	for _, entry := range entries {
		name := entry.Name()
		text, err := readFile(root, name)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("submission: %s: %w", filepath.Join(dir, name), err))
		}
		files[name] = text
	}
	for _, name := range names {
		if _, ok := files[name]; !ok && name != PageFile {
			mistakes = append(mistakes, fmt.Errorf("submission: %s: found no file, expected one",
				filepath.Join(dir, name)))
		}
	}
	return files, errors.Join(mistakes...)
}

func readFile(root *os.Root, name string) ([]byte, error) {
	if !slices.Contains(names, name) {
		return nil, errors.New("found a file that is no part of a submission, expected none")
	}
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("found a file of the kind %s, expected a regular one", info.Mode().Type())
	}
	if limit := sizeLimit(name); info.Size() > limit {
		return nil, fmt.Errorf("found %d bytes, expected at most %d", info.Size(), limit)
	}
	return root.ReadFile(name)
}

func sizeLimit(name string) int64 {
	switch name {
	case ReportFile:
		return MaxReport
	case TargetFile:
		return MaxTarget
	case PageFile:
		return maxPage
	}
	return maxOther
}

// ServerVersion returns the version that the submission in a directory gives to
// its server, or "" if the directory holds no submission or it gives none.
func ServerVersion(dir string) string {
	meta, err := ReadMeta(dir)
	if err != nil {
		return ""
	}
	return meta.ServerVersion
}

// ReadMeta reads the submission.json in a directory.
func ReadMeta(dir string) (Submission, error) {
	text, err := careful.ReadFile(filepath.Join(dir, File), maxOther)
	if err != nil {
		return Submission{}, err
	}
	return decodeMeta(text)
}
