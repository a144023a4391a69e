package processes

import (
	"bufio"
	"os/exec"
	"slices"
	"syscall"
	"testing"
)

func TestLowest(t *testing.T) {
	for _, test := range []struct {
		open []string
		free int
		want uint64
	}{
		{nil, 3, 3},
		{[]string{"0", "1", "2"}, 2, 5},
		{[]string{"0", "1", "2", "4", "1023"}, 3, 7},
		{[]string{"0", "x"}, 0, 0},
	} {
		if got := lowest(test.open, test.free); got != test.want {
			t.Errorf("%v, %d free: found %d, expected %d", test.open, test.free, got, test.want)
		}
	}
}

// TestLimitDescriptors has a shell open files one after the other, before and after the
// limit.
func TestLimitDescriptors(t *testing.T) {
	shell := exec.Command("sh", "-c", `exec 3</dev/null; echo ready; read -r line
		exec 4</dev/null; echo four; exec 5</dev/null; echo five`)
	shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	defer shell.Wait()
	defer input.Close()
	lines := bufio.NewScanner(output)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("found %q, expected ready", lines.Text())
	}
	if err := LimitDescriptors(shell.Process.Pid, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := input.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
	}
	if want := []string{"four"}; !slices.Equal(said, want) {
		t.Errorf("found %q, expected %q: one more file to be opened, and no second one", said, want)
	}
	if err := LimitDescriptors(1<<30, 1); err == nil {
		t.Error("found no error for a group without processes, expected one")
	}
}
