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
)

// versionTimeout bounds the version command.
const versionTimeout = 5 * time.Second

// Version is the first line with something in it that the version command
// prints, on either stream; "" if there is no such command, if it fails, or if
// it takes longer than 5 s. It is asked once.
func (t *Target) Version() string { return t.version() }

// AskVersion asks for the version now, with a version command that start starts
// in the scenarios' world, as the target itself.
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
	cmd.WaitDelay = 100 * time.Millisecond
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if t.startVersion(cmd) != nil || cmd.Wait() != nil {
		return ""
	}
	lines := bufio.NewScanner(&out)
	for lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			return line
		}
	}
	return ""
}

// AutocertVersion is the version of golang.org/x/crypto, and so of its package
// acme/autocert, in the target's executable; "" if unknown.
func (t *Target) AutocertVersion() string { return t.autocert() }

// AutocertVersion is the version of golang.org/x/crypto that a Go executable
// was built with, as its build information has it. A replacement by another
// version is followed; with one by a directory the version is unknown: "".
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

// SemanticVersion is the first semantic version in a text, "v0.29.2" for
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
