package match

import (
	"fmt"
	"strings"
	"time"

	"github.com/onsi/gomega/types"
)

// SpeakOnStderr: the message went to standard error, and contains this. Of a
// target whose file says that it only logs what is wrong, any stream will do.
func SpeakOnStderr(word string) types.GomegaMatcher {
	return match("a message on standard error that names "+word, func(r *Refusal) (bool, string) {
		if !strings.Contains(r.Stderr, word) && !(r.MayLive && strings.Contains(r.Log, word)) {
			return false, "on standard error:\n" + r.Stderr + "in all:\n" + r.Log
		}
		return true, r.Stderr
	})
}

// BeRefusal: the target refused its configuration. That means: it exited with
// a code other than 0, said why, in words that contain each of these, opened
// no listener and left no file. A target whose file says that it only logs
// what is wrong may live on, without the listener.
func BeRefusal(words ...string) types.GomegaMatcher {
	expected := "a refusal: exit code not 0, a message, no listener, no file written"
	if len(words) > 0 {
		expected = "a refusal that names " + strings.Join(words, ", ") + ": exit code not 0, no listener, no file written"
	}
	return match(expected, func(r *Refusal) (bool, string) {
		named := strings.TrimSpace(r.Log) != ""
		for _, word := range words {
			named = named && strings.Contains(r.Log, word)
		}
		return r.refused() && named, r.String()
	})
}

// BeRefusalNamingOneOf: a refusal whose message contains at least one of
// these.
func BeRefusalNamingOneOf(words ...string) types.GomegaMatcher {
	return match("a refusal that names "+strings.Join(words, " or ")+": exit code not 0, no listener, no file written", func(r *Refusal) (bool, string) {
		named := false
		for _, word := range words {
			named = named || strings.Contains(r.Log, word)
		}
		return r.refused() && named, r.String()
	})
}

// Refusal is how a target behaved that should have refused its configuration.
type Refusal struct {
	Exited    bool
	ExitCode  int
	Log       string   // everything it wrote
	Stderr    string   // what it wrote to standard error
	Listening bool     // it opened a listener
	Written   []string // files that it left below the spec's directory

	Began   time.Time     // when the target was started
	Waited  time.Duration // how long it had to exit, or to open a listener
	MayLive bool          // the target's file says that it only logs what is wrong
}

func (r *Refusal) refused() bool {
	ended := r.Exited && r.ExitCode != 0 || r.MayLive && !r.Exited
	return ended && !r.Listening && len(r.Written) == 0
}

// String tells what happened, for failure messages.
func (r *Refusal) String() string {
	var b strings.Builder
	switch {
	case r.Listening:
		b.WriteString("it opened a listener")
	case r.Exited:
		fmt.Fprintf(&b, "it exited with code %d", r.ExitCode)
	default:
		fmt.Fprintf(&b, "it neither exited nor opened a listener within %s", r.Waited)
	}
	if len(r.Written) > 0 {
		fmt.Fprintf(&b, ", and left files: %s", strings.Join(r.Written, ", "))
	}
	if log := strings.TrimSpace(r.Log); log != "" {
		b.WriteString(", saying\n" + log)
	} else {
		b.WriteString(", saying nothing")
	}
	return b.String()
}
