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

// A Source describes how a server is built from its source tree.
type Source struct {
	Dir     string // directory of the server's module
	Package string // package of the server's command, such as "./cmd/x"
	// Schedule names the package of the target's schedule command, or is "" if the
	// target has none. ScheduleName is the name of the executable.
	Schedule, ScheduleName string
	Flags                  []string // flags for go build
	Env                    []string // environment variables for go build, KEY=VALUE
}

// Reference returns the source of the reference server in a checkout of Assay. It
// is built as the Makefile builds it.
func Reference(dir string) Source {
	return Source{
		Dir: dir, Package: "./server/cmd/assay-server",
		Schedule: "./server/cmd/schedule", ScheduleName: "assay-schedule",
		Flags: []string{"-ldflags=-s"}, Env: []string{"CGO_ENABLED=0"},
	}
}

// packages lists the packages to build.
func (s Source) packages() []string {
	if s.Schedule == "" {
		return []string{s.Package}
	}
	return []string{s.Package, s.Schedule}
}

// check returns an error that names the option to change if there is nothing to
// build.
func (s Source) check() error {
	if _, err := os.Stat(filepath.Join(s.Dir, "go.mod")); err != nil {
		return fmt.Errorf("--source: found %s, expected a directory with a go.mod", s.Dir)
	}
	for _, p := range s.packages() {
		info, err := os.Stat(filepath.Join(s.Dir, filepath.FromSlash(p)))
		if err != nil || !info.IsDir() {
			return fmt.Errorf("found no package %s in %s, expected one; "+
				"--source names the server's source tree, --package its command", p, s.Dir)
		}
	}
	return nil
}

// state returns a digest of all source files that go into the executables and of
// the settings that they are built with. For modules with a version, go.mod and
// go.sum are enough.
func (s Source) state(ctx context.Context) (string, error) {
	tools := toolchain{s.Dir}
	fields := "-json=Dir,Module," + strings.Join(fileLists, ",")
	text, err := tools.run(ctx, s.Env, append([]string{"list", "-deps", fields}, s.packages()...)...)
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
			return "", fmt.Errorf("reading the output of go list: %w", err)
		}
		m := p.Module
		if m == nil || !m.Main && (m.Replace == nil || m.Replace.Version != "") {
			continue
		}
		if m.GoMod != "" {
			files = append(files, m.GoMod)
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

// sourceFiles holds the files of a package that go into an executable, under the
// names that go list gives them.
type sourceFiles struct {
	GoFiles, CgoFiles, CFiles, CXXFiles, MFiles, HFiles, FFiles, SFiles []string

	SwigFiles, SwigCXXFiles, SysoFiles, EmbedFiles []string
}

func (f sourceFiles) all() []string {
	return slices.Concat(
		f.GoFiles, f.CgoFiles, f.CFiles, f.CXXFiles, f.MFiles, f.HFiles, f.FFiles, f.SFiles,
		f.SwigFiles, f.SwigCXXFiles, f.SysoFiles, f.EmbedFiles)
}

// fileLists holds the names of the fields of sourceFiles.
var fileLists = func() (names []string) {
	for field := range reflect.TypeFor[sourceFiles]().Fields() {
		names = append(names, field.Name)
	}
	return names
}()

// settings lists the variables of go env that change what is built.
var settings = []string{
	"GOVERSION", "GOOS", "GOARCH", "GOFLAGS", "GOEXPERIMENT", "GOFIPS140",
	"GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64", "GOWASM",
	"CGO_ENABLED", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS", "CGO_LDFLAGS",
	"CC", "CXX", "FC", "AR", "PKG_CONFIG",
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
