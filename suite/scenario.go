package suite

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/onsi/ginkgo/v2"

	"assay/pebble"
	"assay/scenarios"
	"assay/suite/internal/world"
)

// Scenario is the surroundings of one spec: a world with a network of its
// own, a directory, a CA when one is asked for, and the servers started in
// it. Nothing in it is shared with another spec. Its methods carry the
// mechanics; what they find goes to the report by itself.
type Scenario struct {
	Hostname string      // the name of the target's host, "http01-02.assay.test"
	World    world.World // where the target runs
	Dir      string      // the spec's own directory; the config file lies in it

	ctx         context.Context
	plan        *plan
	run         *world.Run
	requirement scenarios.Requirement
	row         scenarios.Case

	ca         *pebble.CA
	caOptions  []func(*pebble.Options)
	resolver   *pebble.DNS
	servers    []*Server
	outcome    outcome
	handshakes handshakes
	warnings   []string // that servers gave when they started
	announced  bool     // the spec is about warnings
	known      []string // secrets that it has come across: keys, tokens of challenges
	// fail and skip end the spec: [ginkgo.Fail] and [ginkgo.Skip], or a panic
	// where no spec is running.
	fail, skip func(message string, callerSkip ...int)
	closers    []func() error
}

// newScenario opens the surroundings for one case of a requirement.
func newScenario(ctx context.Context, p *plan, run *world.Run, r scenarios.Requirement, row scenarios.Case, worker, serial int) (*Scenario, error) {
	name := strings.ToLower(r.ID)
	if row.Name != "" {
		name += "-" + row.Name
	}
	w, err := run.Open(worker, serial)
	if err != nil {
		return nil, err
	}
	s := &Scenario{
		Hostname:    hostLabel(name) + ".assay.test",
		World:       w,
		Dir:         filepath.Join(run.Scratch(), fmt.Sprintf("%d-%d", worker, serial), name),
		ctx:         ctx,
		plan:        p,
		run:         run,
		requirement: r,
		row:         row,
		fail:        ginkgo.Fail,
		skip:        ginkgo.Skip,
	}
	s.outcome = newOutcome(r.ID, row.Name)
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		w.Close()
		return nil, err
	}
	return s, nil
}

// hostLabel makes a DNS label of a case's name: at most 63 octets (RFC 1035
// §2.3.4), no underscore.
func hostLabel(name string) string {
	label := strings.NewReplacer("_", "-", ".", "-").Replace(name)
	return strings.Trim(label[:min(len(label), 63)], "-")
}

// must ends the spec as an error of Assay's own, not of the target.
func (s *Scenario) must(err error) {
	if err == nil {
		return
	}
	ginkgo.GinkgoHelper()
	s.outcome.Broken = err.Error()
	s.fail("Assay itself failed: " + err.Error())
}

// SkipUnless leaves the spec with a reason that the report shows.
func (s *Scenario) SkipUnless(possible bool, reason string) {
	if !possible {
		s.skip(reason)
	}
}

// Context ends with the spec, or when the run is interrupted.
func (s *Scenario) Context() context.Context { return s.ctx }

// Addr is the "ip:port" of the target's host at a documented port: the same
// number in a network namespace, a high one on loopback.
func (s *Scenario) Addr(port int) string {
	v4, _ := s.World.Host()
	return netip.AddrPortFrom(v4, uint16(s.World.Port(port))).String()
}

// Addr6 is Addr for IPv6; only a network namespace has it.
func (s *Scenario) Addr6(port int) string {
	_, v6 := s.World.Host()
	return netip.AddrPortFrom(v6, uint16(s.World.Port(port))).String()
}

// Path is an absolute path below the spec's directory.
func (s *Scenario) Path(elements ...string) string {
	return filepath.Join(append([]string{s.Dir}, elements...)...)
}

// Write puts a file below the spec's directory, with its parents, readable by
// its owner alone, and returns its absolute path.
func (s *Scenario) Write(name string, data []byte) string {
	ginkgo.GinkgoHelper()
	path := s.Path(name)
	s.must(os.MkdirAll(filepath.Dir(path), 0o755))
	s.must(os.WriteFile(path, data, 0o600))
	return path
}

// HealthPath is where the target answers that it is well, or its first page.
func (s *Scenario) HealthPath() string {
	if path := s.plan.target.Health; path != "" {
		return path
	}
	return "/"
}

// NeedsKey leaves the spec if the target's configuration has no place for a
// key that it is about.
func (s *Scenario) NeedsKey(key string) {
	s.SkipUnless(s.plan.target.CanSet(key), "the target's configuration has nothing for "+key)
}

// names is what the target's messages are expected to call keys. One whose
// name the target file does not tell is left out.
func (s *Scenario) names(keys ...string) []string {
	var names []string
	for _, key := range keys {
		if name := s.plan.target.NameOf(key); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// called is what the target's messages may call keys: the keys themselves, and
// what [Scenario.names] adds.
func (s *Scenario) called(keys ...string) []string {
	all := slices.Clone(keys)
	for _, name := range s.names(keys...) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// ReadsYAML says whether the target's configuration is headscale's YAML, with
// the scenario's keys in it, and not another syntax made of them.
func (s *Scenario) ReadsYAML() bool { return !s.plan.target.Templated() }

// close ends everything that the spec started, last started first.
func (s *Scenario) close() error {
	for _, server := range s.servers {
		server.kill()
	}
	var first error
	for i := len(s.closers) - 1; i >= 0; i-- {
		if err := s.closers[i](); err != nil && first == nil {
			first = err
		}
	}
	if err := s.World.Close(); err != nil && first == nil {
		first = err
	}
	return first
}
