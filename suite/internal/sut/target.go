// Package sut holds all that Assay knows about the server under test: its target
// file, the configuration that is written for it, and the running process.
//
// A target file says how an executable is started, configured, stopped and asked
// for its version, what it claims, and which failures are known. Assay sees
// nothing else of the server than its executable, configuration file, sockets,
// log and cache directory.
package sut

import (
	"cmp"
	"errors"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"syscall"
	"time"

	"go.yaml.in/yaml/v4"
	"golang.org/x/sys/unix"

	"assay/scenarios"
)

// Profiles lists what a target can claim: the chapters of the catalogue.
var Profiles = scenarios.ChapterNames()

// Target describes a server to Assay: how it is started, configured, stopped and
// asked for its version, what it claims, and which failures of it are known.
//
// Some texts are Go templates, which see the directory, the configuration file
// and the keys of each test.
type Target struct {
	// File is the target file's absolute path, or "" for a built-in target.
	File string `yaml:"-"`
	// Name identifies the target in reports.
	Name string `yaml:"name" jsonschema:"required,minLength=1"`
	// VersionCommand is a command line that prints the server's version. The
	// first line of its output counts. It holds no templates.
	VersionCommand []string `yaml:"version" jsonschema:"minItems=1,minLength=1"`
	// Command is the command line that starts the server in the foreground. A
	// first word with a slash is relative to the target file; any other first
	// word is looked up on PATH. The other words are templates.
	Command []string `yaml:"command" jsonschema:"required,minItems=1,minLength=1"`
	// Executable is the server's own executable where the command starts another
	// program first, such as a script. Its build information tells the version of
	// golang.org/x/crypto. It is found as the first word of the command is. If no template
	// mentions it, it is not used where another executable takes the place of the target's.
	Executable string `yaml:"executable" jsonschema:"minLength=1"`
	// Forks says that the command starts the server as its child and exits with
	// code 0 before the server ends. The target then counts as exited when its
	// last descendant has ended. The child has to stay in the command's process
	// group, because signals are sent to the group.
	Forks bool `yaml:"forks"`
	// Env holds environment variables of the server, besides PATH, HOME, TMPDIR,
	// LANG, TZ and SSL_CERT_DIR. The values are templates.
	Env map[string]string `yaml:"env"`
	// Config says how the server is configured.
	Config Config `yaml:"config" jsonschema:"required"`
	// Ready says when the server is ready. Without it, the server is ready when
	// the address in listen_addr listens.
	Ready ReadyWhen `yaml:"ready"`
	// OnBadConfig says what the server does with a configuration that it refuses.
	OnBadConfig BadConfig `yaml:"on_bad_config" jsonschema:"enum=exit,enum=log,default=exit"`
	// StopSignal is the signal that asks the server to end, SIGTERM by default.
	StopSignal Signal `yaml:"stop"`
	// LogFile is the path of the file that the server logs to, besides its
	// standard streams; a template. A relative path is below the directory of the
	// test.
	LogFile string `yaml:"log" jsonschema:"minLength=1"`
	// Ports lists further ports of the server's own, such as one for metrics.
	Ports []Port `yaml:"ports" jsonschema:"minItems=1"`
	// CAHosts are the names of the public CA that the server asks, because it cannot be
	// told another one. In the namespace world they lead to the local CA.
	CAHosts []string `yaml:"ca_hosts" jsonschema:"minItems=1,uniqueItems=true,minLength=1"`
	// Pair says in how many files the server wants certificate and key.
	Pair Pair `yaml:"pair" jsonschema:"enum=separate,enum=combined,default=separate"`
	// State lists patterns of the paths, below the directory of a test, of files
	// that hold the server's own state, such as a database. The server may write
	// these files even when it refuses its configuration, but no others.
	State []string `yaml:"state" jsonschema:"minItems=1,minLength=1"`
	// Reload says how the server takes up a certificate that was replaced.
	Reload Reload `yaml:"reload"`
	// Health is the path of an HTTP request that a healthy server answers with
	// 200. Without it, nothing is known to be answered so.
	Health string `yaml:"health" jsonschema:"pattern=^/"`
	// Schedule is a command line that prints the renewal schedule in virtual time
	// as JSON. It holds no templates. A first word without a slash is looked for
	// in the directory of the server's executable, then on PATH.
	Schedule []string `yaml:"schedule" jsonschema:"minItems=1,minLength=1"`
	// Profiles lists the chapters of the catalogue that the server supports.
	// acme requires http-01 or tls-alpn-01; resilience requires byo or acme; ari,
	// profiles and ip require acme.
	Profiles []string `yaml:"profiles" jsonschema:"required,minItems=1,uniqueItems=true"`
	// KnownFailures lists the requirements that the server is known to fail.
	KnownFailures []KnownFailure `yaml:"known_failures"`

	version, autocert func() string
	startVersion      func(*exec.Cmd) error
	replaced          bool // by SetBinary
}

// Config says how a server is configured. Exactly one of base and template is
// given.
type Config struct {
	// File is the name of the configuration file in the directory of the test.
	File string `yaml:"file" jsonschema:"minLength=1,default=config.yaml"`
	// Base is YAML over which the keys of each test are merged, for a server that
	// reads headscale's keys. Its texts are templates.
	Base yaml.Node `yaml:"base" jsonschema:"oneof_required=base"`
	// Template is the whole configuration file, in any syntax.
	Template string `yaml:"template" jsonschema:"oneof_required=template"`
	// Files holds further files by their path below the directory of the test.
	// Their contents are templates.
	Files map[string]string `yaml:"files"`
	// Names holds the server's own names for headscale's keys, which are looked
	// for in its messages. It is used with template only.
	Names map[string]string `yaml:"names"`
}

// ReadyWhen says when a server is ready. Exactly one of tcp, log and http is
// given.
type ReadyWhen struct {
	// TCP is the configuration key whose address has to listen. The address is
	// looked up in the kernel's socket table, because a connection would leave a
	// TLS error in the server's log.
	TCP string `yaml:"tcp" jsonschema:"oneof_required=tcp,enum=listen_addr,enum=tls_letsencrypt_listen"`
	// Log is a regular expression that matches a line of the server's log.
	Log *regexp.Regexp `yaml:"log" jsonschema:"oneof_required=log"`
	// HTTP is the path of a request that has to be answered with 2xx.
	HTTP string `yaml:"http" jsonschema:"oneof_required=http,pattern=^/"`
	// Issued says that the server obtains its certificate from the CA by itself
	// when it starts, and serves another one until then. Where its certificate
	// comes from a CA, the server is ready only when it serves that certificate,
	// or when the CA has refused it.
	Issued bool `yaml:"issued"`
	// Timeout is how long the server may take on a machine with nothing else to
	// do, 5s by default. Tests may give it longer.
	Timeout time.Duration `yaml:"timeout"`
}

// Pair says in how many files a server wants certificate and key.
type Pair string

// The values of pair.
const (
	SeparatePair Pair = "separate" // in two files; the default
	CombinedPair Pair = "combined" // in one file: the certificates, then the key
)

// BadConfig says what a server does with a configuration that it refuses.
type BadConfig string

// The values of on_bad_config.
const (
	ExitOnBadConfig BadConfig = "exit" // exit with a code other than 0; the default
	LogBadConfig    BadConfig = "log"  // log the refusal and go on
)

// A Signal is a signal that a target file names, such as SIGTERM.
type Signal struct{ syscall.Signal }

// UnmarshalText reads the name of a signal.
func (s *Signal) UnmarshalText(name []byte) error {
	if s.Signal = unix.SignalNum(string(name)); s.Signal == 0 {
		return errors.New("a signal such as SIGTERM or SIGINT")
	}
	return nil
}

// Claims reports whether the target claims this chapter of the catalogue.
func (t *Target) Claims(chapter string) bool { return slices.Contains(t.Profiles, chapter) }

// newTarget returns a target with the default value of every key.
func newTarget() *Target {
	t := &Target{
		Config:      Config{File: "config.yaml"},
		Ready:       ReadyWhen{Timeout: 5 * time.Second},
		OnBadConfig: ExitOnBadConfig,
		StopSignal:  Signal{syscall.SIGTERM},
		Pair:        SeparatePair,

		startVersion: (*exec.Cmd).Start,
	}
	t.version = sync.OnceValue(t.askVersion)
	t.autocert = sync.OnceValue(func() string {
		return AutocertVersion(cmp.Or(t.Executable, t.Command[0]))
	})
	return t
}

// Templated reports whether the configuration file is made from a template. If
// not, it is YAML with headscale's keys.
func (t *Target) Templated() bool { return t.Config.Template != "" }

// NameOf returns the server's own name for one of [Keys], which is looked for in
// its messages; "" if the target file gives no name.
func (t *Target) NameOf(key string) string {
	if name := t.Config.Names[key]; name != "" || t.Templated() {
		return name
	}
	return key
}

// Owns reports whether a path below the spec's directory is the server's own
// state.
func (t *Target) Owns(name string) bool {
	return slices.ContainsFunc(t.State, func(pattern string) bool {
		own, _ := path.Match(pattern, filepath.ToSlash(name))
		return own
	})
}

// CanSet reports whether the value of one of [Keys] reaches the server. A
// template may leave out some keys.
func (t *Target) CanSet(key string) bool {
	if !t.Templated() {
		return true
	}
	return t.mentions("Keys", key)
}

// WantsBackend reports whether a template of the target file mentions the
// address of a backend.
func (t *Target) WantsBackend() bool { return t.mentions("", "Backend") }

// mentions reports whether a template of the target file takes this name from
// this field of its data; see namesIn.
func (t *Target) mentions(field, name string) bool {
	return slices.ContainsFunc(t.templates(), func(text string) bool {
		parsed, err := parseTemplate("", text)
		return err == nil && slices.Contains(namesIn(parsed, field), name)
	})
}

// templates returns every template of the target file.
func (t *Target) templates() []string {
	texts := slices.Concat([]string{t.Config.Template, t.LogFile}, t.Command, t.Reload.Command,
		slices.Collect(maps.Values(t.Config.Files)), slices.Collect(maps.Values(t.Env)))
	var walk func(n *yaml.Node, depth int)
	walk = func(n *yaml.Node, depth int) {
		if n.Kind == yaml.ScalarNode {
			texts = append(texts, n.Value)
		}
		for _, inner := range n.Content {
			if depth < 100 { // an alias may lead to itself
				walk(inner, depth+1)
			}
		}
	}
	walk(&t.Config.Base, 0)
	return texts
}
