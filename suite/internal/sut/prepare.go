package sut

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"assay/suite/internal/careful"
)

// Input says how a test wants the target to be started.
type Input struct {
	// Dir is the directory of the test, absolute. It has to exist.
	Dir string
	// Files is Dir, opened before any server could put another directory in its
	// place; nil opens it now.
	Files *careful.Dir
	// CABundle is the file with the roots of the CA's HTTPS endpoint.
	CABundle string
	// Keys are configuration keys by headscale's names. They are merged over
	// the target's base, and nil removes a key.
	Keys map[string]any
	// Ports are the addresses, "ip:port", of the ports that the target file
	// names, by name.
	Ports map[string]string
	// Backend is the address, "ip:port", of the HTTP server behind a TLS proxy;
	// "" if no template mentions it.
	Backend string
	// Raw, if it is not nil, is the whole configuration file, for tests of
	// files that cannot be read. A template that mentions .Raw is rendered
	// nevertheless.
	Raw []byte
	// NoConfig says that the configuration file does not exist. The server gets
	// its path nevertheless.
	NoConfig bool
	// Unreadable says that nobody may read the configuration file (mode 0).
	Unreadable bool
	// Env are further KEY=VALUE for the server. They override all others.
	Env []string
	// WorkingDir is the server's working directory; "" means Dir.
	WorkingDir string
	// RelativeConfig says that the server gets the path of the configuration
	// file relative to its working directory.
	RelativeConfig bool
}

// Launch is a target that is ready to start: its files are written.
type Launch struct {
	// Input holds the arguments of Prepare.
	Input Input
	// Argv is the command line. Its first word is the path of an executable.
	Argv []string
	// Env is the whole environment, KEY=VALUE, sorted.
	Env []string
	// Dir is the working directory, absolute.
	Dir string
	// ConfigFile is the absolute path of the configuration file. The server may
	// get the path in another form, see Input.RelativeConfig.
	ConfigFile string
	// LogFile is the absolute path of the file that the server logs to, or "".
	LogFile string
	// StartDir is the absolute path of the directory that is empty at each start,
	// or "" if no template mentions it.
	StartDir string

	target *Target
	data   templateData
	ports  []uint16 // of the server's own, see [Launch.OwnPort]
	pair   combinedPair
	// configuration holds the server's configuration by key, as far as Assay
	// knows it: base and keys merged, or the keys alone.
	configuration map[string]any
}

// Prepare writes the configuration file and the target's further files below
// in.Dir, and renders the command line and the environment. It starts nothing.
// [Target.Resolve] has to be called before.
func (t *Target) Prepare(in Input) (*Launch, error) {
	l, err := t.prepare(in)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", t.Name, err)
	}
	return l, nil
}

func (t *Target) prepare(in Input) (*Launch, error) {
	if !filepath.IsAbs(in.Dir) {
		return nil, fmt.Errorf("the test's directory: found %q, expected an absolute path", in.Dir)
	}
	l := &Launch{Input: in, target: t, Dir: in.Dir, ConfigFile: filepath.Join(in.Dir, t.Config.File)}
	if in.WorkingDir != "" {
		l.Dir = in.WorkingDir
	}
	if in.Files == nil {
		files, err := careful.OpenDir(in.Dir)
		if err != nil {
			return nil, err
		}
		l.Input.Files = files
	}
	err := errors.Join(l.combinePaths(), l.findPorts(), l.makeStartDir())
	if err != nil {
		return nil, err
	}
	v, env, err := t.view(l)
	if err != nil {
		return nil, err
	}
	l.data = v
	if err := l.makeTempDir(env["TMPDIR"]); err != nil {
		return nil, err
	}
	if err := t.writeFiles(l, v); err != nil {
		return nil, err
	}
	if t.LogFile != "" {
		if l.LogFile, err = v.render("log", t.LogFile); err != nil {
			return nil, err
		}
		if !filepath.IsAbs(l.LogFile) {
			l.LogFile = filepath.Join(in.Dir, l.LogFile)
		}
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

// dir returns the directory of the target file, "" for a built-in target.
func (t *Target) dir() string {
	if t.File == "" {
		return ""
	}
	return filepath.Dir(t.File)
}

// view returns the data for the templates of one start, and the environment
// without the target's own variables.
func (t *Target) view(l *Launch) (templateData, map[string]string, error) {
	in := l.Input
	env := environment(in.Dir)
	setAll(env, in.Env)
	v := templateData{
		Dir: in.Dir, TargetDir: t.dir(), ConfigFile: l.ConfigFile, CABundle: in.CABundle,
		Raw: string(in.Raw), Keys: map[string]any{}, Env: maps.Clone(env),
		StartDir: l.StartDir, Ports: in.Ports, Backend: in.Backend,
		Executable: cmp.Or(t.Executable, t.Command[0]),
	}
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

// makeStartDir makes the directory that is empty at each start, if a template
// mentions it. Every launch has another one: a test may run two servers at once.
func (l *Launch) makeStartDir() error {
	if !l.target.mentions("", "StartDir") {
		return nil
	}
	for n := 1; ; n++ {
		l.StartDir = filepath.Join(l.Input.Dir, fmt.Sprintf(".start%d", n))
		if err := l.Input.Files.Mkdir(l.StartDir, 0o700); !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
}

// emptyStartDir removes what an earlier start has left.
func (l *Launch) emptyStartDir() error {
	if l.StartDir == "" {
		return nil
	}
	if err := l.Input.Files.RemoveAll(l.StartDir); err != nil {
		return err
	}
	return l.Input.Files.Mkdir(l.StartDir, 0o700)
}

// makeTempDir makes the directory for the server's temporary files, which the user
// may have chosen.
func (l *Launch) makeTempDir(path string) error {
	if l.Input.Files.Holds(path) {
		return l.Input.Files.MkdirAll(path, 0o700)
	}
	return os.MkdirAll(path, 0o700)
}

// Owns reports whether a file, by its path below the directory of the test, is
// the server's own or was made for this launch alone: its state, its log file, a
// file for this start, or certificate and key in one file.
func (l *Launch) Owns(name string) bool {
	path := filepath.Join(l.Input.Dir, name)
	below := func(dir string) bool {
		return dir != "" && strings.HasPrefix(path, dir+string(filepath.Separator))
	}
	combined := l.pair.file != "" && slices.ContainsFunc(l.combinedIn(), func(dir string) bool {
		return path == filepath.Join(dir, l.pair.file)
	})
	return combined || l.target.Owns(name) || l.LogFile != "" && path == l.LogFile || below(l.StartDir)
}

// Command returns the launch as a command that is not started.
func (l *Launch) Command() *exec.Cmd {
	return &exec.Cmd{Path: l.Argv[0], Args: slices.Clone(l.Argv), Env: slices.Clone(l.Env), Dir: l.Dir}
}

// environment returns the variables that every target gets; Assay's own
// environment is not passed on. SSL_CERT_DIR names no directory, so that no
// server loads the system's roots. Home and temporary files are below dir.
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
