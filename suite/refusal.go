package suite

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/suite/internal/sut"
)

// Refusal is how a target behaved that should have refused its configuration.
type Refusal struct {
	Exited    bool
	ExitCode  int
	Log       string   // everything it wrote
	Stderr    string   // what it wrote to standard error
	Listening bool     // it opened a listener
	Written   []string // files that it left below the spec's directory

	Waited  time.Duration // how long it had to exit, or to open a listener
	MayLive bool          // the target's file says that it only logs what is wrong
}

// secondThoughts is how long a server has, once it has opened a listener, to
// end for the configuration that it should refuse.
const secondThoughts = time.Second

// Refuse starts the target with a configuration that it should refuse, and
// reports what it did.
func (s *Scenario) Refuse(keys Keys, options ...StartOption) *Refusal {
	ginkgo.GinkgoHelper()
	server := s.prepare(keys, options...)
	before := s.files()
	server.start()
	r := &Refusal{Waited: s.setup.StartPatience(), MayLive: s.setup.Target.OnBadConfig == sut.LogBadConfig}
	ctx, cancel := s.within(r.Waited)
	defer cancel()
	r.Listening = server.awaitListener(ctx) == nil
	if r.Listening && !r.MayLive {
		// A server may open its listener before it looks at the rest, if it
		// does not leave it open.
		select {
		case <-server.Process.Exited():
			r.Listening = false
		case <-time.After(secondThoughts):
		}
	}
	select {
	case <-server.Process.Exited():
		r.Exited, r.ExitCode = true, server.Process.ExitCode()
	default:
		server.kill()
	}
	r.Log = server.Process.Log().Words()
	if r.Exited {
		s.Observe("error", "refusal", strings.Split(strings.TrimSpace(r.Log), "\n"))
	}
	for _, line := range server.Process.Log().Lines() {
		if line.Stream == sut.Stderr {
			r.Stderr += line.Words() + "\n"
		}
	}
	r.Written = s.newFiles(before)
	return r
}

// newFiles are the spec's files that were not there before, but for the
// target's own state.
func (s *Scenario) newFiles(before []string) []string {
	return slices.DeleteFunc(s.files(), func(path string) bool {
		return slices.Contains(before, path) || s.setup.Target.Owns(path)
	})
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

// files lists what lies below the spec's directory.
func (s *Scenario) files() []string {
	var paths []string
	s.must(filepath.WalkDir(s.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			rel, _ := filepath.Rel(s.Dir, path)
			paths = append(paths, rel)
		}
		return nil
	}))
	return paths
}
