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
	"reflect"
	"slices"
	"strings"
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
	args := append([]string{"list", "-deps", "-json=Dir,Module," + strings.Join(fileLists, ",")}, s.packages()...)
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
				GoMod   string
				Replace *struct{ Version string }
			}
			sourceFiles
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
		if p.Module.GoMod != "" {
			files = append(files, p.Module.GoMod)
		}
		for _, name := range p.all() {
			files = append(files, filepath.Join(p.Dir, name))
		}
	}
	environment, err := tools.run(ctx, s.Env, append([]string{"env"}, settings...)...)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %s", s.packages(), s.Flags, environment)
	slices.Sort(files)
	for _, file := range slices.Compact(files) {
		content, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %x\n", file, sha256.Sum256(content))
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// sourceFiles are the files of a package that go into an executable, as go list
// has them.
type sourceFiles struct {
	GoFiles, CgoFiles, CFiles, CXXFiles, MFiles, HFiles, FFiles, SFiles, SwigFiles, SwigCXXFiles, SysoFiles, EmbedFiles []string
}

func (f sourceFiles) all() []string {
	return slices.Concat(f.GoFiles, f.CgoFiles, f.CFiles, f.CXXFiles, f.MFiles, f.HFiles, f.FFiles, f.SFiles, f.SwigFiles, f.SwigCXXFiles, f.SysoFiles, f.EmbedFiles)
}

// fileLists are the names of its fields.
var fileLists = func() (names []string) {
	for field := range reflect.TypeFor[sourceFiles]().Fields() {
		names = append(names, field.Name)
	}
	return names
}()

// settings are the variables of go env that decide what is built.
var settings = []string{
	"GOVERSION", "GOOS", "GOARCH", "GOFLAGS", "GOEXPERIMENT", "GOFIPS140",
	"GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64", "GOWASM",
	"CGO_ENABLED", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS", "CGO_LDFLAGS", "CC", "CXX", "FC", "AR", "PKG_CONFIG",
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
