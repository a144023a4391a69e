// Package browser drives a headless Chromium by the DevTools protocol, over
// pipes: requests and answers in JSON, each ended by a zero byte.
package browser

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// commands are the names of Chromium, as distributions and Google call it.
var commands = []string{"chromium", "chromium-browser", "google-chrome"}

// Command returns the first name of Chromium that is on PATH, or the usual one.
func Command() string {
	for _, name := range commands {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return commands[0]
}

// Absent returns a message if this machine has no browser, and else "".
func Absent() string {
	if _, err := exec.LookPath(Command()); err != nil {
		return "no browser: none of " + strings.Join(commands, ", ") + " is on PATH"
	}
	return ""
}

// Missing returns a message that names what a browser that trusts a CA needs
// and this machine does not have, or "" if it has everything.
func Missing() string {
	if absent := Absent(); absent != "" {
		return absent
	}
	if _, err := exec.LookPath("certutil"); err != nil {
		return "the browser cannot be made to trust the CA: certutil (libnss3-tools) is not on PATH"
	}
	return ""
}

// Options say how a browser starts.
type Options struct {
	Dir   string                // an existing directory for all that the browser writes
	Root  []byte                // the CA's root as PEM, which it trusts beside its own; may be nil
	Host  string                // a name that it resolves to Addr; may be empty
	Addr  string                // a literal IP address
	Start func(*exec.Cmd) error // starts a command where the browser is to run

	StartLimit time.Duration // how long it may take to start
	VisitLimit time.Duration // how long it may wait for a page
}

// Browser is a running browser with a profile of its own. It visits one page
// at a time.
type Browser struct {
	limit   time.Duration // for a page
	cmd     *exec.Cmd
	stop    func() bool // ends the watch over the context
	to      *os.File
	pipe    *os.File
	from    *bufio.Reader // of the pipe
	serial  int
	session string // the page's
	seen    func(message)
}

// Start starts a browser, which ends with the context or by Close.
func Start(ctx context.Context, o Options) (*Browser, error) {
	if o.Root != nil {
		if err := trust(ctx, o); err != nil {
			return nil, err
		}
	}
	// The browser reads commands from its descriptor 3 and writes to 4.
	theirIn, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	from, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirIn.Close(), to.Close())
	}
	args := []string{
		"--headless", "--no-sandbox", "--disable-gpu",
		"--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-extensions", "--no-proxy-server",
		"--remote-debugging-pipe", "--user-data-dir=" + filepath.Join(o.Dir, "profile"),
	}
	if o.Host != "" {
		args = append(args, fmt.Sprintf("--host-resolver-rules=MAP %s %s", o.Host, o.Addr))
	}
	cmd := exec.Command(Command(), append(args, "about:blank")...)
	cmd.Dir, cmd.ExtraFiles = o.Dir, []*os.File{theirIn, theirOut}
	cmd.Env = []string{
		"HOME=" + o.Dir, "TMPDIR=" + o.Dir, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8",
	}
	err = o.Start(cmd)
	theirIn.Close()
	theirOut.Close()
	if err != nil {
		return nil, errors.Join(err, to.Close(), from.Close())
	}
	b := &Browser{limit: o.VisitLimit, cmd: cmd, to: to, pipe: from, from: bufio.NewReader(from)}
	b.stop = context.AfterFunc(ctx, func() { from.Close() }) // ends a read
	if err := b.openPage(o.StartLimit); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Close ends the browser.
func (b *Browser) Close() error {
	b.stop()
	b.cmd.Process.Kill()
	b.cmd.Wait() // its code is that of a killed process
	err := b.pipe.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil // by the context
	}
	return errors.Join(b.to.Close(), err)
}

// trust makes a trust store that holds the CA's root.
func trust(ctx context.Context, o Options) error {
	store, root := filepath.Join(o.Dir, ".pki", "nssdb"), filepath.Join(o.Dir, "root.pem")
	if err := os.MkdirAll(store, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(root, o.Root, 0o600); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"-N", "--empty-password"},
		{"-A", "-n", "root", "-t", "C,,", "-i", root},
	} {
		args = append([]string{"-d", "sql:" + store}, args...)
		output, err := exec.CommandContext(ctx, "certutil", args...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("certutil %s: %w\n%s", args[2], err, output)
		}
	}
	return nil
}
