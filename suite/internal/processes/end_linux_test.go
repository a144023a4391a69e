package processes

import (
	"os/exec"
	"testing"
)

// TestAwaitEnd checks that a child that has ended is left for the one who waits for it.
func TestAwaitEnd(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", "read x; exit 3")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		AwaitEnd(cmd.Process.Pid)
		close(ended)
	}()
	select {
	case <-ended:
		t.Error("the wait is over while the child goes on")
	default:
	}
	in.Close()
	<-ended
	if cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("found exit code %d, expected 3", cmd.ProcessState.ExitCode())
	}
}
