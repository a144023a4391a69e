package upgrade

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// Source is the source tree of a server.
type Source struct {
	Dir     string // the module's directory
	Package string // the server's command, "./cmd/x"
	// Schedule is the package of the target's schedule command; "" if there is
	// none. ScheduleName is the executable's name.
	Schedule, ScheduleName string
	Flags                  []string // of go build
	Env                    []string // further variables for it
}

// Reference is the source of the reference server, in a checkout of Assay.
func Reference(dir string) Source {
	return Source{
		Dir: dir, Package: "./server/cmd/assay-server",
		Schedule: "./server/cmd/schedule", ScheduleName: "assay-schedule",
		// As the Makefile builds it.
		Flags: []string{"-ldflags=-s"}, Env: []string{"CGO_ENABLED=0"},
	}
}

// packages are what is built.
func (s Source) packages() []string {
	if s.Schedule == "" {
		return []string{s.Package}
	}
	return []string{s.Package, s.Schedule}
}

// check finds out early, and in plain words, that there is nothing to build.
func (s Source) check() error {
	if _, err := os.Stat(filepath.Join(s.Dir, "go.mod")); err != nil {
		return fmt.Errorf("%s: expected the directory of a Go module, with a go.mod: name it by --source", s.Dir)
	}
	for _, p := range s.packages() {
		if info, err := os.Stat(filepath.Join(s.Dir, filepath.FromSlash(p))); err != nil || !info.IsDir() {
			return fmt.Errorf("%s: found no package %s: name the server's source tree by --source and its command by --package", s.Dir, p)
		}
	}
	return nil
}

// state is a digest of everything of the source tree that goes into the
// executables, and of what builds them. Modules of fixed versions are covered
// by go.mod and go.sum.
func (s Source) state(ctx context.Context) (string, error) {
	tools := toolchain{s.Dir}
	args := append([]string{"list", "-deps", "-json=Dir,Module,GoFiles,CgoFiles,CFiles,HFiles,SFiles,SysoFiles,EmbedFiles"}, s.packages()...)
	text, err := tools.run(ctx, s.Env, args...)
	if err != nil {
		return "", err
	}
	files := []string{filepath.Join(s.Dir, "go.mod")}
	if sum := filepath.Join(s.Dir, "go.sum"); exists(sum) {
		files = append(files, sum)
	}
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var p struct {
			Dir    string
			Module *struct {
				Main    bool
				Replace *struct{ Version string }
			}
			GoFiles, CgoFiles, CFiles, HFiles, SFiles, SysoFiles, EmbedFiles []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return "", fmt.Errorf("reading what go list says: %w", err)
		}
		local := p.Module != nil && (p.Module.Main || p.Module.Replace != nil && p.Module.Replace.Version == "")
		if !local {
			continue
		}
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.CFiles, p.HFiles, p.SFiles, p.SysoFiles, p.EmbedFiles) {
			files = append(files, filepath.Join(p.Dir, name))
		}
	}
	environment, err := tools.run(ctx, s.Env, "env", "GOVERSION", "GOOS", "GOARCH", "GOFLAGS", "CGO_ENABLED", "GOEXPERIMENT")
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %s", s.packages(), s.Flags, environment)
	slices.Sort(files)
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %x\n", file, sha256.Sum256(content))
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
