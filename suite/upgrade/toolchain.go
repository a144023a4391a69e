package upgrade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/mod/semver"
)

// A toolchain calls the go command in the directory of a module. It keeps the
// user's settings, except that it turns off workspaces, because they do not allow
// a second go.mod.
type toolchain struct{ dir string }

// run returns the output of the go command. Its error holds what the command
// printed.
func (t toolchain) run(ctx context.Context, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = t.dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off"), env...)
	// The go command removes its temporary files when it is interrupted.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var output, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &messages
	err := cmd.Run()
	switch {
	case err == nil:
		return output.Bytes(), nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New(
			"found no go command on PATH, expected one to build a server with another version")
	}
	printed := strings.TrimSpace(messages.String() + output.String())
	return output.Bytes(), &commandError{args: args, err: err, output: printed}
}

// A commandError reports that the go command failed.
type commandError struct {
	args   []string
	err    error
	output string
}

func (e *commandError) Error() string {
	output := strings.ReplaceAll(e.output, "\n", "\n  ")
	return fmt.Sprintf("go %s: %s\n  %s", strings.Join(e.args, " "), e.err, output)
}

// Unwrap returns the error of the process.
func (e *commandError) Unwrap() error { return e.err }

// Reason returns in one line why a version could not be built or tried. For a go
// command that failed it is the first message of the command.
func Reason(err error) string {
	var command *commandError
	if !errors.As(err, &command) {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return line
	}
	for line := range strings.Lines(command.output) {
		line = strings.TrimSpace(line)
		// The names of packages and of downloads come before the messages.
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "go: downloading") {
			continue
		}
		return "it cannot be built: " + line
	}
	return "it cannot be built: " + command.err.Error()
}

// resolve returns the version that a query such as "latest" or "v0.58" selects.
func (t toolchain) resolve(ctx context.Context, query string) (string, error) {
	text, err := t.run(ctx, nil, "list", "-mod=mod", "-m", "-json", Module+"@"+query)
	if err != nil {
		return "", fmt.Errorf("found %q, expected a version of %s: %w", query, Module, err)
	}
	var found struct{ Version string }
	if err := json.Unmarshal(text, &found); err != nil {
		return "", fmt.Errorf("reading the output of go list for %s@%s: %w", Module, query, err)
	}
	return found.Version, nil
}

// Versions asks the module proxy for the versions of [Module]. It returns them
// with the oldest first, without pre-releases.
func Versions(ctx context.Context) ([]string, error) {
	text, err := toolchain{os.TempDir()}.run(ctx, nil, "list", "-m", "-versions", "-json", Module)
	if err != nil {
		return nil, err
	}
	var found struct{ Versions []string }
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, fmt.Errorf("reading the versions of %s: %w", Module, err)
	}
	var releases []string
	for _, v := range found.Versions {
		if semver.Prerelease(v) == "" {
			releases = append(releases, v)
		}
	}
	semver.Sort(releases)
	return releases, nil
}
