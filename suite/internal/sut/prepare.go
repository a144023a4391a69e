package sut

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Input is what a scenario has to say about a start of the target.
type Input struct {
	// Dir is the spec's own directory, absolute. It has to exist.
	Dir string
	// CABundle is the file with the roots of the CA's HTTPS endpoint.
	CABundle string
	// Keys are configuration keys by headscale's names. They win over the
	// target's base, mapping by mapping; nil removes a key.
	Keys map[string]any
	// Raw takes the place of the whole config file if it is not nil, in
	// scenarios about unreadable configurations. A template that mentions .Raw
	// is rendered all the same.
	Raw []byte
	// NoConfig leaves the config file out: its path leads nowhere.
	NoConfig bool
	// Unreadable gives the config file no permissions at all.
	Unreadable bool
	// Env are further KEY=VALUE for the server, which win over all others.
	Env []string
	// WorkingDir is where the server starts; "" is Dir.
	WorkingDir string
	// RelativeConfig gives the server the config file's path relative to the
	// working directory.
	RelativeConfig bool
}

// Launch is a target made ready to start: its files are written.
type Launch struct {
	// Input is what it was made from.
	Input Input
	// Argv is the command line; the first word is an executable's path.
	Argv []string
	// Env is the whole environment, KEY=VALUE, sorted.
	Env []string
	// Dir is the working directory, absolute.
	Dir string
	// ConfigFile is the config file's absolute path. The server may get it
	// in another form, see Input.RelativeConfig.
	ConfigFile string

	target *Target
	// configuration is what the server was told, by key, as far as Assay
	// knows it: base and keys, or the keys alone.
	configuration map[string]any
}

// Prepare writes the config file and the target's further files below in.Dir,
// the files that the server's template or base give, and renders the command
// and the environment. Nothing is started. [Target.Resolve] comes first.
func (t *Target) Prepare(in Input) (*Launch, error) {
	l, err := t.prepare(in)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", t.Name, err)
	}
	return l, nil
}

func (t *Target) prepare(in Input) (*Launch, error) {
	if !filepath.IsAbs(in.Dir) {
		return nil, fmt.Errorf("the spec's directory: found %q, expected an absolute path", in.Dir)
	}
	l := &Launch{Input: in, target: t, Dir: in.Dir, ConfigFile: filepath.Join(in.Dir, t.Config.File)}
	if in.WorkingDir != "" {
		l.Dir = in.WorkingDir
	}
	v, env, err := t.view(l)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(env["TMPDIR"], 0o700); err != nil {
		return nil, err
	}
	if err := t.writeFiles(l, v); err != nil {
		return nil, err
	}
	for i, word := range t.Command {
		word, err := v.render(fmt.Sprintf("command[%d]", i), word)
		if err != nil {
			return nil, err
		}
		l.Argv = append(l.Argv, word)
	}
	for name, text := range t.Env {
		if env[name], err = v.render("env."+name, text); err != nil {
			return nil, err
		}
	}
	setAll(env, in.Env)
	l.Env = joinPairs(env)
	return l, nil
}

// dir is where the target file is.
func (t *Target) dir() string {
	if t.File == "" {
		return ""
	}
	return filepath.Dir(t.File)
}

// view is what the templates of one start see, and the environment so far.
func (t *Target) view(l *Launch) (templateData, map[string]string, error) {
	in := l.Input
	env := environment(in.Dir)
	setAll(env, in.Env)
	v := templateData{Dir: in.Dir, TargetDir: t.dir(), ConfigFile: l.ConfigFile, CABundle: in.CABundle, Raw: string(in.Raw), Keys: map[string]any{}, Env: maps.Clone(env)}
	for name, value := range in.Keys {
		if value != nil {
			v.Keys[name] = value
		}
	}
	if in.RelativeConfig {
		relative, err := filepath.Rel(l.Dir, l.ConfigFile)
		if err != nil {
			return templateData{}, nil, err
		}
		v.ConfigFile = relative
	}
	return v, env, nil
}

// Command is the launch as a command that was not started.
func (l *Launch) Command() *exec.Cmd {
	return &exec.Cmd{Path: l.Argv[0], Args: slices.Clone(l.Argv), Env: slices.Clone(l.Env), Dir: l.Dir}
}

// environment is what every target gets, and nothing else of Assay's own.
// SSL_CERT_DIR leads nowhere, so that no server loads, or trusts, the system's
// roots. Home and temporary files stay below dir.
func environment(dir string) map[string]string {
	return map[string]string{
		"PATH":         os.Getenv("PATH"),
		"HOME":         dir,
		"TMPDIR":       filepath.Join(dir, ".tmp"),
		"LANG":         "C.UTF-8",
		"TZ":           "UTC",
		"SSL_CERT_DIR": filepath.Join(dir, ".no-certificates"),
	}
}

func setAll(env map[string]string, pairs []string) {
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
}

func joinPairs(env map[string]string) []string {
	var pairs []string
	for name, value := range env {
		pairs = append(pairs, name+"="+value)
	}
	slices.Sort(pairs)
	return pairs
}
