package world

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"assay/suite/internal/clock"
)

func init() {
	// time prints the time, and again for each line.
	roles["time"] = func([]string) int {
		lines := bufio.NewScanner(os.Stdin)
		for {
			fmt.Println(time.Now().Unix())
			if !lines.Scan() {
				return 3
			}
		}
	}
}

// The clock of a target moves, and what confines the target stays.
func TestTargetWithAClock(t *testing.T) {
	t.Parallel()
	if err := clock.Available(); err != nil {
		t.Skip(err)
	}
	eachWorld(t, func(t *testing.T, w World) {
		c := clock.New()
		cmd := role("time")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		target, err := c.Start(cmd, w.StartHeld)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { target.Wait() })
		t.Cleanup(func() { cmd.Process.Kill() })
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		lines := bufio.NewScanner(out)
		for range 3 {
			if !lines.Scan() {
				t.Fatal("the target has ended: ", lines.Err())
			}
			var seconds int64
			fmt.Sscan(lines.Text(), &seconds)
			if off := c.Now().Sub(time.Unix(seconds, 0)); off < -time.Minute || off > time.Minute {
				t.Errorf("the target's clock is %s behind", off)
			}
			if err := c.Advance(ctx, 1000*time.Hour); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(in)
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(status)) {
			name, value, _ := strings.Cut(line, ":")
			if (name == "CapPrm" || name == "CapEff") && strings.Trim(value, "\t 0\n") != "" {
				t.Errorf("the target has capabilities: %s", line)
			}
		}
		in.Close()
		if status := target.Wait(); status.ExitStatus() != 3 {
			t.Errorf("exit status %d, expected 3", status.ExitStatus())
		}
	})
}

// Closing a world ends targets with a clock too.
func TestCloseEndsATargetWithAClock(t *testing.T) {
	t.Parallel()
	if err := clock.Available(); err != nil {
		t.Skip(err)
	}
	for _, kind := range []Kind{Namespace, Loopback} {
		t.Run(string(kind), func(t *testing.T) {
			inWorld(t, kind, func(t *testing.T, r *Run) {
				w, err := r.Open(0, 7)
				if err != nil {
					t.Fatal(err)
				}
				target, err := clock.New().Start(role("listen", "127.0.0.10:18443"), w.StartHeld)
				if err != nil {
					t.Fatal(err)
				}
				if err := w.Close(); err != nil {
					t.Error(err)
				}
				if status := target.Wait(); !status.Signaled() {
					t.Errorf("status %#x, expected an end by SIGKILL", status)
				}
			})
		})
	}
}
