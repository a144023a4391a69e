package sut

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"assay/fixtures/targets"
	"assay/scenarios/near"
)

//go:embed example.yaml
var example string

// Example returns a target file that explains every key, as a start for one's
// own.
func Example() string { return example }

// Load reads a target: the built-in one of this name (see [Names]), or the file at this
// path. knows says whether an "ID" or "ID/case" is in the catalogue; nil accepts all.
// The error joins every mistake of the file, each a
// [assay/scenarios/strictyaml.Mistake].
func Load(nameOrPath string, knows func(id string) bool) (*Target, error) {
	if fs.ValidPath(nameOrPath) && !strings.Contains(nameOrPath, "/") {
		if text, err := targets.Files.ReadFile(nameOrPath + ".yaml"); err == nil {
			return parseTarget("fixtures/targets/"+nameOrPath+".yaml", text, knows)
		}
	}
	text, err := os.ReadFile(nameOrPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("target: found %q, expected the path of a target file or one of %s: %w%s",
			nameOrPath, strings.Join(Names(), ", "), err, near.Hint(nameOrPath, Names()))
	}
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	t, err := parseTarget(nameOrPath, text, knows)
	if err != nil {
		return nil, err
	}
	t.File, err = filepath.Abs(nameOrPath)
	return t, err
}

// Names returns the names of the built-in targets.
func Names() []string {
	entries, err := targets.Files.ReadDir(".")
	if err != nil {
		return nil
	}
	var names []string
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), ".yaml"))
	}
	return names
}

// Reference is the name of the built-in target that is the default, and
// ReferenceServer that of its executable.
const (
	Reference       = "reference"
	ReferenceServer = "assay-server"
)

// SetBinary makes the target run another executable of the same server. path replaces
// Executable, if templates mention it, or else the first word of the command. It also
// replaces the first words of the version, reload and schedule commands where they are the
// same. A schedule command with another first word is then looked for in the directory of
// path only. A path with a slash is relative to the current directory. If the target is the
// built-in reference and the executable is not called as the reference server is, the target
// gets the executable's name.
func (t *Target) SetBinary(path string) {
	if strings.ContainsRune(path, filepath.Separator) {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
	}
	t.replaced = true
	if t.File == "" && t.Name == Reference {
		if name := strings.TrimSuffix(filepath.Base(path), ".exe"); name != ReferenceServer {
			t.Name = name // another server, which only is configured alike
		}
	}
	own := t.Command[0]
	if t.Executable != "" && t.mentions("", "Executable") {
		own, t.Executable = t.Executable, path
	} else {
		t.Executable = ""
	}
	commands := [][]string{t.Command, t.VersionCommand, t.Reload.Command, t.Schedule}
	for _, command := range commands {
		if len(command) > 0 && command[0] == own {
			command[0] = path
		}
	}
}

// Resolve makes the first word of every command an absolute path. A word with
// a slash is relative to the target file's directory, or to the current
// directory for a built-in target; any other word is looked up on PATH. For the
// schedule command see [Target.ScheduleCommand].
func (t *Target) Resolve() error {
	for _, c := range []struct {
		key     string
		command []string
	}{
		{"command", t.Command}, {"version", t.VersionCommand}, {"reload.command", t.Reload.Command},
	} {
		if len(c.command) == 0 {
			continue
		}
		path, err := t.findExecutable(c.command[0])
		if err != nil {
			return fmt.Errorf("target %s: %s: found %q, expected an executable: %w",
				t.Name, c.key, c.command[0], err)
		}
		c.command[0] = path
	}
	if t.Executable != "" {
		path, err := t.findExecutable(t.Executable)
		if err != nil {
			return fmt.Errorf("target %s: executable: found %q, expected an executable: %w",
				t.Name, t.Executable, err)
		}
		t.Executable = path
	}
	t.resolveSchedule()
	return nil
}

// Paths returns the paths that exist and that the target file names in its commands and
// in its environment, or that pairs, further KEY=VALUE, name. [Target.Resolve] has to be
// called before.
func (t *Target) Paths(pairs []string) (paths []string) {
	texts := slices.Concat(t.Command, t.VersionCommand, t.Reload.Command, t.Schedule,
		slices.Collect(maps.Values(t.Env)), pairs)
	for _, text := range texts {
		separator := func(r rune) bool { return r == '=' || r == ':' || r == ',' }
		for _, path := range append(strings.FieldsFunc(text, separator), text) {
			if _, err := os.Stat(path); err == nil && filepath.IsAbs(path) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

func (t *Target) findExecutable(name string) (string, error) {
	if strings.ContainsRune(name, filepath.Separator) && !filepath.IsAbs(name) && t.File != "" {
		name = filepath.Join(filepath.Dir(t.File), name)
	}
	path, err := exec.LookPath(name)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", err
	}
	return filepath.Abs(path)
}
