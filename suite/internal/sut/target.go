// Package sut is all that Assay knows of the server under test: its target
// file, the configuration that is written for it, and the running process.
//
// A target file says how an executable is started, configured, stopped and
// asked for its version, what it claims, and which failures are known. The
// server itself is a black box: an executable, a config file, sockets, a log.
package sut

import (
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

	"assay/scenarios"
)

// Profiles are what a target can claim: the chapters of the catalogue.
var Profiles = scenarios.ChapterNames()

// Target is a target file that was read and found to be without a mistake.
// Its strings may hold Go templates where the fields say so; see [Input] for
// what they see.
type Target struct {
	// File is the target file's absolute path, or "" for a built-in target.
	File string
	// Name is what reports call the target.
	Name string
	// VersionCommand prints the target's version; empty if there is none.
	VersionCommand []string
	// Command starts the server. All words but the first may be templates.
	// After [Target.Resolve], the first is an absolute path.
	Command []string
	// Env are further environment variables of the server, templates.
	Env map[string]string
	// Config says how the server is configured.
	Config Config
	// Ready says when the server is ready.
	Ready ReadyWhen
	// OnBadConfig is what the server does with a configuration that it
	// refuses.
	OnBadConfig BadConfig
	// StopSignal asks the server to end; SIGTERM by default.
	StopSignal syscall.Signal
	// Reload is how the server takes up a certificate that was replaced.
	Reload Reload
	// Forks (key "forks") says that the command starts the server as a child
	// and exits with code 0 before the server ends. The target then counts as
	// exited when its last descendant is gone. The child has to stay in the
	// command's process group, because that is what signals are sent to.
	Forks bool
	// State are patterns ([path.Match]) of paths below the spec's directory
	// that hold the server's own state, such as a database: files that it may
	// write whatever becomes of its configuration.
	State []string
	// Health is the path of an HTTP request that a healthy server answers
	// with 200; "" if there is none.
	Health string
	// Schedule is a command that prints the renewal schedule in virtual time
	// as JSON; empty if there is none.
	Schedule []string
	// Profiles are the chapters that the target claims.
	Profiles []string
	// KnownFailures are the requirements that the target is known to fail.
	KnownFailures []KnownFailure

	version, autocert func() string
	startVersion      func(*exec.Cmd) error
	replaced          bool // by SetBinary
}

// Config says how a server is configured: exactly one of Base and Template.
type Config struct {
	// File is the config file's name in the spec's directory.
	File string
	// base is YAML over which the scenario's keys are merged; its strings are
	// templates.
	base *yaml.Node
	// template is the whole config file in any syntax.
	template string
	// files are further files below the spec's directory, templates.
	files map[string]string
	// names are what the server calls keys in its messages, where its config
	// file is a template's; see [Target.Calls].
	names map[string]string
}

// ReadyWhen says how it is seen that a server is ready: exactly one of TCP,
// Log and HTTP is set.
type ReadyWhen struct {
	// TCP is the configuration key ("listen_addr") whose address has to
	// listen. It is looked up in the kernel's socket table: a connection would
	// leave a TLS error in the server's log.
	TCP string
	// Log matches a line of the server's log.
	Log *regexp.Regexp
	// HTTP is the path of a request that has to be answered with 2xx.
	HTTP string
	// Timeout is how long the server may take on a machine with nothing else to
	// do; 5 s by default. See [Readiness], AtLeast.
	Timeout time.Duration
}

// BadConfig is what a server does with a configuration that it refuses.
type BadConfig string

// The values of on_bad_config.
const (
	ExitOnBadConfig BadConfig = "exit" // exit with a code other than 0; the default
	LogBadConfig    BadConfig = "log"  // say so in the log, and go on
)

// Reload is how a server takes up a certificate that was replaced on disk.
type Reload string

// The values of reload.
const (
	ReloadSIGHUP Reload = "SIGHUP" // when it gets this signal
	ReloadWatch  Reload = "watch"  // by itself, when the files change
	ReloadNone   Reload = "none"   // not without a restart; the default
)

// Claims says whether the target claims this chapter of the catalogue.
func (t *Target) Claims(chapter string) bool { return slices.Contains(t.Profiles, chapter) }

// newTarget is a target with every default that an absent key stands for.
func newTarget() *Target {
	t := &Target{
		Config:      Config{File: "config.yaml"},
		Ready:       ReadyWhen{Timeout: 5 * time.Second},
		OnBadConfig: ExitOnBadConfig,
		StopSignal:  syscall.SIGTERM,
		Reload:      ReloadNone,

		startVersion: (*exec.Cmd).Start,
	}
	t.version = sync.OnceValue(t.askVersion)
	t.autocert = sync.OnceValue(func() string { return AutocertVersion(t.Command[0]) })
	return t
}

// Templated says that the config file is a template's, in whatever syntax, and
// not headscale's YAML with the scenario's keys in it.
func (t *Target) Templated() bool { return t.Config.template != "" }

// Calls is the server's own name for one of [Keys], to be looked for in its
// messages; "" if the target file does not tell.
func (t *Target) Calls(key string) string {
	if name := t.Config.names[key]; name != "" || t.Templated() {
		return name
	}
	return key
}

// Owns says whether a path below the spec's directory is the server's own
// state.
func (t *Target) Owns(name string) bool {
	return slices.ContainsFunc(t.State, func(pattern string) bool {
		own, _ := path.Match(pattern, filepath.ToSlash(name))
		return own
	})
}

// Takes says whether the server is told the value of one of [Keys] at all. A
// template may have no place for one.
func (t *Target) Takes(key string) bool {
	if !t.Templated() {
		return true
	}
	texts := slices.Concat([]string{t.Config.template}, t.Command, slices.Collect(maps.Values(t.Config.files)), slices.Collect(maps.Values(t.Env)))
	return slices.ContainsFunc(texts, func(text string) bool {
		parsed, err := parseTemplate("", text)
		return err == nil && slices.Contains(mentions(parsed, "Keys"), key)
	})
}
