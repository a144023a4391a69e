package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWatch replaces a server that fails by one that is right, and by a bad one again.
func TestWatch(t *testing.T) {
	t.Parallel()
	bad, err := os.ReadFile(script(t, refusesBelow))
	if err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(script(t, ":"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "server")
	replace := func(text []byte) {
		t.Helper()
		writeProgram(t, name+".new", string(text))
		if err := os.Rename(name+".new", name); err != nil {
			t.Fatal(err)
		}
	}
	replace(bad)
	cmd := exec.Command(assay, "watch", "--bin", name, "--only", "byo-01,byo-02/beside,byo-03",
		"--out", filepath.Join(t.TempDir(), "report"))
	cmd.Dir = t.TempDir()
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	expectLines(t, lines, "BYO-03  relative paths hold", "2 passed, 1 failed, 0 skipped",
		"waiting for a change of")
	replace(good)
	expectLines(t, lines, "changed", "1 passed, 0 failed", "running the whole selection",
		"3 passed, 0 failed, 0 skipped", "waiting for a change of")
	replace(bad)
	expectLines(t, lines, "2 passed, 1 failed", "waiting for a change of")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for range lines { // until the end
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v, expected exit 0", err)
	}
}

// expectLines waits for lines with these texts, in this order.
func expectLines(t *testing.T, lines <-chan string, texts ...string) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	var seen []string
	for _, text := range texts {
		for found := false; !found; {
			select {
			case line, open := <-lines:
				if !open {
					t.Fatalf("the command ended, expected %q after:\n%s", text, strings.Join(seen, "\n"))
				}
				seen = append(seen, line)
				found = strings.Contains(line, text)
			case <-deadline:
				t.Fatalf("waited two minutes for %q after:\n%s", text, strings.Join(seen, "\n"))
			}
		}
	}
}
