package sut

import (
	"bufio"
	"bytes"
	"context"
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"golang.org/x/mod/semver"

	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
)

// versionTimeout bounds the version command.
const versionTimeout = 5 * time.Second

// Version returns the first line that is not empty of what the version command
// prints on either stream; "" if there is no such command, if it fails, or if it
// takes longer than 5 s. The command is run only once.
func (t *Target) Version() string { return t.version() }

// AskVersion runs the version command now. start starts it, in the same world as
// the target itself.
func (t *Target) AskVersion(start func(*exec.Cmd) error) {
	t.startVersion = start
	t.version()
}

func (t *Target) askVersion() string {
	if len(t.VersionCommand) == 0 {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), versionTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, t.VersionCommand[0], t.VersionCommand[1:]...)
	cmd.Args[0] = filepath.Base(cmd.Path) // some print it: a version should not change with the place
	cmd.Env = joinPairs(environment(os.TempDir()))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = limits.Drain
	out := careful.NewOutput(limits.Output)
	cmd.Stdout, cmd.Stderr = out, out
	if t.startVersion(cmd) != nil || cmd.Wait() != nil {
		return ""
	}
	lines := bufio.NewScanner(bytes.NewReader(out.Bytes()))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line != "" && !strings.Contains(line, "GOCOVERDIR not set") { // of go build -cover
			return line
		}
	}
	return ""
}

// AutocertVersion returns the version of golang.org/x/crypto, which holds
// acme/autocert, in the target's executable; "" if it is unknown.
func (t *Target) AutocertVersion() string { return t.autocert() }

// AutocertVersion returns the version of golang.org/x/crypto that a Go
// executable was built with, as its build information says. If the module is
// replaced by another version, that version counts; if it is replaced by a
// directory, the version is unknown: "".
func AutocertVersion(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return ""
	}
	return autocertVersion(info)
}

func autocertVersion(info *debug.BuildInfo) string {
	for _, module := range info.Deps {
		if module.Path != "golang.org/x/crypto" {
			continue
		}
		if module.Replace != nil {
			module = module.Replace
		}
		if !semver.IsValid(module.Version) {
			return ""
		}
		return module.Version
	}
	return ""
}

var versionText = regexp.MustCompile(`[0-9]+\.[0-9]+(\.[0-9]+)?(-[0-9A-Za-z.-]+)?`)

// SemanticVersion returns the first semantic version in a text, "v0.29.2" for
// "headscale version v0.29.2 (linux)"; "" if there is none. A missing patch
// number counts as 0.
func SemanticVersion(text string) string {
	for _, candidate := range versionText.FindAllString(text, -1) {
		if v := "v" + candidate; semver.IsValid(v) {
			return semver.Canonical(v)
		}
	}
	return ""
}
