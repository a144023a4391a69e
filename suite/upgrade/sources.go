package upgrade

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// packages lists the packages of [Module] that obtain certificates.
var packages = []string{"acme", "acme/autocert"}

// A Release is a group of consecutive versions of [Module] in which the code of
// the packages acme and acme/autocert is the same.
type Release struct {
	Versions []string // oldest first
	Sources  string   // digest of the packages' code
}

// Newest returns the version that is run for the whole release.
func (r Release) Newest() string { return r.Versions[len(r.Versions)-1] }

// Releases downloads versions, which have to be sorted with the oldest first, and
// groups neighbours whose code is the same. Comments and layout do not matter.
func Releases(ctx context.Context, versions []string) ([]Release, error) {
	args := []string{"mod", "download", "-json"}
	for _, v := range versions {
		args = append(args, Module+"@"+v)
	}
	text, failed := toolchain{os.TempDir()}.run(ctx, nil, args...)
	dirs := map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var m struct{ Version, Dir, Error string }
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, errors.Join(failed, fmt.Errorf("reading the output of go mod download: %w", err))
		}
		if m.Error != "" {
			return nil, fmt.Errorf("downloading %s@%s: %s", Module, m.Version, m.Error)
		}
		dirs[m.Version] = m.Dir
	}
	if failed != nil {
		return nil, failed
	}
	var releases []Release
	for _, v := range versions {
		digest, err := codeDigest(dirs[v])
		if err != nil {
			return nil, fmt.Errorf("%s@%s: %w", Module, v, err)
		}
		if n := len(releases); n > 0 && releases[n-1].Sources == digest {
			releases[n-1].Versions = append(releases[n-1].Versions, v)
			continue
		}
		releases = append(releases, Release{Versions: []string{v}, Sources: digest})
	}
	return releases, nil
}

// codeDigest returns a digest of the tokens of the packages' Go files, without
// tests. dir is the module's directory.
func codeDigest(dir string) (string, error) {
	h := sha256.New()
	for _, name := range packages {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(name), "*.go"))
		if err != nil {
			return "", err
		}
		files = slices.DeleteFunc(files, func(f string) bool {
			return strings.HasSuffix(f, "_test.go")
		})
		if len(files) == 0 {
			return "", fmt.Errorf("found no Go files in %s, expected some", name)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(h, "%s/%s\n", name, filepath.Base(file))
			writeTokens(h, text)
		}
	}
	return fmt.Sprintf("sha256:%x", h.Sum(nil)), nil
}

// writeTokens writes the tokens of Go source, without comments and layout.
func writeTokens(w io.Writer, text []byte) {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(text)), text, nil, 0)
	for {
		_, t, literal := s.Scan()
		if t == token.EOF {
			return
		}
		fmt.Fprintf(w, "%s %q\n", t, literal)
	}
}
