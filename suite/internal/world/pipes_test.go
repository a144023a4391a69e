package world

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func init() {
	// tell sends messages, and lets a child inherit what it may.
	roles["tell"] = func(args []string) int {
		run, err := Join()
		if err != nil {
			return printResult(nil, err)
		}
		child := role("exit") // a worker, which outlives nothing
		child.Run()
		for _, text := range args {
			io.WriteString(run.Messages(), text)
		}
		return 7
	}
	// deaf ignores signals.
	roles["deaf"] = func([]string) int {
		signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		if _, err := Join(); err != nil {
			return printResult(nil, err)
		}
		fmt.Println("ready")
		select {}
	}
}

func TestMessages(t *testing.T) {
	t.Parallel()
	inEachKind(t, func(t *testing.T, kind Kind) {
		o, _ := outer(kind, "tell", "one ", "two")
		var got []byte
		o.Messages = func(r io.Reader) { got, _ = io.ReadAll(r) }
		exit, err := o.Run(t.Context())
		if exit != 7 || err != nil || string(got) != "one two" {
			t.Errorf("exit %d, error %v, messages %q: expected exit 7 and %q", exit, err, got, "one two")
		}
	})
}

// TestMessagesWithoutReader checks that messages which nobody reads do no harm.
func TestMessagesWithoutReader(t *testing.T) {
	t.Parallel()
	inEachKind(t, func(t *testing.T, kind Kind) {
		o, _ := outer(kind, "tell", "one ", "two")
		if exit, err := o.Run(t.Context()); exit != 7 || err != nil {
			t.Errorf("exit %d, error %v: expected exit 7", exit, err)
		}
	})
}

// TestSecondSignalKills ends a run that ignores signals by a second signal. Two signals
// at once are one, as timeout(1) sends them.
func TestSecondSignalKills(t *testing.T) {
	t.Parallel()
	inEachKind(t, func(t *testing.T, kind Kind) {
		signals := make(chan os.Signal, 3)
		o, _ := outer(kind, "deaf")
		o.Signals = signals
		o.Stdout = onWrite(func() {
			signals <- syscall.SIGTERM
			signals <- syscall.SIGTERM
		})
		var calls atomic.Int32
		o.Interrupted = func() {
			if calls.Add(1) == 1 {
				time.AfterFunc(2*oneSignal, func() { signals <- os.Interrupt })
			}
		}
		begin := time.Now()
		exit, err := o.Run(t.Context())
		if took := time.Since(begin); exit != ExitInterrupted || err != nil || took >= gracePeriod {
			t.Errorf("exit %d after %s, error %v: expected %d before the run is killed, after %s",
				exit, took, err, ExitInterrupted, gracePeriod)
		}
		if n := calls.Load(); n != 2 {
			t.Errorf("Interrupted was called %d times, expected 2: for the first signal and the last", n)
		}
	})
}
