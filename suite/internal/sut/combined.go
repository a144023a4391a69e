package sut

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// A combinedPair describes a file that holds certificate and key, for a target
// with pair: combined. Tests write the two files, and the third is made of them
// at each start and at each reload.
type combinedPair struct {
	cert, key string // as the test's keys give them
	file      string // in the same form
}

// combinePaths replaces tls_cert_path and tls_key_path by the path of the
// combined file. The file is beside the certificate. Its name holds the names of
// both files, so that messages about it name them.
func (l *Launch) combinePaths() error {
	in := l.Input.Keys
	if l.target.Pair != CombinedPair || in["tls_cert_path"] == nil && in["tls_key_path"] == nil {
		return nil
	}
	cert, _ := in["tls_cert_path"].(string)
	key, _ := in["tls_key_path"].(string)
	switch {
	case cert == "" || key == "":
		return &Inexpressible{
			Reason: "it has one setting for certificate and key, " +
				"and the test sets one of the two alone",
		}
	case cert == key:
		return nil
	}
	l.pair = combinedPair{cert, key, CombinedPath(cert, key)}
	l.Input.Keys = maps.Clone(in)
	l.Input.Keys["tls_cert_path"], l.Input.Keys["tls_key_path"] = l.pair.file, l.pair.file
	return nil
}

// CombinedPath returns the path of the file that holds what these two files do,
// for a target with pair: combined.
func CombinedPath(cert, key string) string {
	return filepath.Join(filepath.Dir(cert), filepath.Base(cert)+"-and-"+filepath.Base(key))
}

// combine writes the combined file again, in one step, so that no server reads a
// part of it. A relative path has one in the directory of the test and one in
// the working directory, as far as the two files are there.
func (l *Launch) combine() error {
	if l.pair.file == "" {
		return nil
	}
	for _, dir := range l.combinedIn() {
		if err := l.pair.write(l.Input.Files, dir); err != nil {
			return err
		}
	}
	return nil
}

// combinedIn returns the directories from which the paths of the pair may be
// taken.
func (l *Launch) combinedIn() []string {
	if filepath.IsAbs(l.pair.cert) {
		return []string{""}
	}
	return slices.Compact([]string{l.Input.Dir, l.Dir})
}

// write writes the combined file below dir, which is in the directory of the test.
func (c combinedPair) write(in *careful.Dir, dir string) error {
	at := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	file := at(c.file)
	var text []byte
	mode, found := fs.FileMode(0o600), false
	for _, path := range []string{at(c.cert), at(c.key)} {
		if !in.Holds(path) {
			continue // a test that names a file which is not there
		}
		info, err := in.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if info.IsDir() {
			return &Inexpressible{
				Reason: "a directory cannot be a part of the file with certificate and key",
			}
		}
		if mode != 0 { // a part that cannot be read makes the whole so
			mode = info.Mode().Perm()
		}
		if mode&0o444 == 0 {
			mode = 0
		}
		part, err := in.ReadFile(path, limits.File)
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		if len(text) > 0 && !bytes.HasSuffix(text, []byte("\n")) {
			text = append(text, '\n')
		}
		text, found = append(text, part...), true
	}
	if !found {
		return in.RemoveAll(file)
	}
	if err := replaceFile(in, file+".new", text, mode); err != nil {
		return err
	}
	return in.Rename(file+".new", file)
}
