// Package browsertest starts a browser for the tests of pages.
package browsertest

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"assay/suite/internal/browser"
)

// limit is how long the browser may take to start, to load a page, and to end.
const limit = time.Minute

// Start starts a browser, which ends with the test. It skips the test if this
// machine has no browser.
func Start(t *testing.T) *browser.Browser {
	t.Helper()
	if absent := browser.Absent(); absent != "" {
		t.Skip(absent)
	}
	ended, stderr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	group := 0
	b, err := browser.Start(t.Context(), browser.Options{
		Dir: t.TempDir(), StartLimit: limit, VisitLimit: limit,
		Start: func(cmd *exec.Cmd) error {
			cmd.Stderr, cmd.SysProcAttr = stderr, &syscall.SysProcAttr{Setpgid: true}
			err := errors.Join(cmd.Start(), stderr.Close())
			if err == nil {
				group = cmd.Process.Pid
			}
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	// The browser's processes write to its directory until the last of them has
	// ended, which closes their standard error.
	t.Cleanup(func() {
		b.Close()
		syscall.Kill(-group, syscall.SIGKILL)
		ended.SetReadDeadline(time.Now().Add(limit))
		if _, err := io.Copy(io.Discard, ended); err != nil {
			t.Errorf("waiting for the end of the browser's processes: %v", err)
		}
		ended.Close()
	})
	return b
}
