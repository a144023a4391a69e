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

// toolchain is the go command in the directory of a module. Nothing of the
// user's settings is changed but workspaces, which leave no room for a second
// go.mod.
type toolchain struct{ dir string }

// run returns what the go command prints. Its error holds the command's own
// words.
func (t toolchain) run(ctx context.Context, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = t.dir
	cmd.Env = append(append(os.Environ(), "GOWORK=off"), env...)
	// go removes what it began when it is interrupted.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var output, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &trouble
	err := cmd.Run()
	switch {
	case err == nil:
		return output.Bytes(), nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("the go command is not on PATH; building a server with another version needs it")
	}
	return output.Bytes(), &commandError{args: args, err: err, said: strings.TrimSpace(trouble.String() + output.String())}
}

// commandError is a go command that failed.
type commandError struct {
	args []string
	err  error
	said string
}

func (e *commandError) Error() string {
	return fmt.Sprintf("go %s: %s\n  %s", strings.Join(e.args, " "), e.err, strings.ReplaceAll(e.said, "\n", "\n  "))
}

// Reason is why a version could not be built or tried, in one line: of a go
// command, the first thing that it found wrong.
func Reason(err error) string {
	var command *commandError
	if !errors.As(err, &command) {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return line
	}
	for line := range strings.Lines(command.said) {
		// A package's name, and what is downloaded, come before.
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "go: downloading") {
			return "it cannot be built: " + line
		}
	}
	return "it cannot be built: " + command.err.Error()
}

// resolve makes a version of a query, such as "latest" or "v0.58".
func (t toolchain) resolve(ctx context.Context, query string) (string, error) {
	text, err := t.run(ctx, nil, "list", "-mod=mod", "-m", "-json", Module+"@"+query)
	if err != nil {
		return "", fmt.Errorf("%s is no version of %s that can be had: %w", query, Module, err)
	}
	var found struct{ Version string }
	if err := json.Unmarshal(text, &found); err != nil {
		return "", fmt.Errorf("reading what go list says of %s@%s: %w", Module, query, err)
	}
	return found.Version, nil
}

// Versions are the releases of [Module] that the module proxy offers, oldest
// first; pre-releases are left out. They need no module around them.
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
