// Package harness is the environment of a spec: a world with a network of its
// own, a directory, a CA, and the servers and clients that the spec starts in
// it. It also holds the registry of specs, by requirement ID.
//
// Specs import this package and package match with a dot, so that they read as
// sentences. The helpers here carry the mechanics and record evidence; they
// judge nothing but what every spec takes for granted, such as that a server
// becomes ready.
package harness

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/scenarios"
	"assay/suite/internal/patience"
	"assay/suite/internal/sut"
	"assay/suite/internal/world"
)

// Expand replaces the placeholders in a row's text by what only the spec knows:
// {hostname}, {HOSTNAME} in upper case, {v4} and {v6} for the host's addresses,
// {challenges} for the address of the preset's challenge listener, and {dir} for
// the spec's directory.
func (e *Env) Expand(text string) string {
	v4, v6 := e.World.Host()
	return strings.NewReplacer(
		"{hostname}", e.Hostname,
		"{HOSTNAME}", strings.ToUpper(e.Hostname),
		"{v4}", v4.String(),
		"{v6}", v6.String(),
		"{challenges}", e.Addr(5080),
		"{dir}", e.Dir,
	).Replace(text)
}

// ExpandAll returns the texts of a list, each expanded by [Env.Expand].
func (e *Env) ExpandAll(texts []string) []string {
	all := []string{}
	for _, text := range texts {
		all = append(all, e.Expand(text))
	}
	return all
}

// Env is the environment of one spec: a world with a network of its own, a
// directory, a CA if the spec asks for one, and the servers that it starts.
// Nothing in it is shared with another spec. What its methods observe goes to
// the report by itself.
type Env struct {
	Hostname string      // the name of the target's host, "http01-02.assay.test"
	World    world.World // where the target runs
	Dir      string      // the spec's own directory; the config file lies in it

	ctx         context.Context
	setup       Setup
	requirement scenarios.Requirement
	row         scenarios.Case
	worker      int

	ca         *pebble.CA
	caOptions  []func(*pebble.Options)
	Resolver   *pebble.DNS
	servers    []*Server
	Outcome    Outcome
	handshakes handshakes
	warnings   []string                       // that servers gave when they started
	known      []string                       // secrets that the spec has seen
	forms      map[[sha256.Size]byte][]string // of the keys in files, by their content
	searching  bool                           // for secrets, see [Env.WithoutSecrets]
	masks      map[string]string              // see [Env.roles]; set when the spec ends
	began      time.Time

	identities     []*pki.Identity // that the spec has made
	further        int             // how many further ports were given out
	backendAddress string          // see [Env.backend]

	waits waits
	// Fail and Skip end the spec. They call [ginkgo.Fail] and [ginkgo.Skip], or
	// panic where no spec is running.
	Fail, Skip func(message string, callerSkip ...int)
	Closers    []func() error
}

// Setup says what every spec of a run shares.
type Setup struct {
	Target *sut.Target
	Run    *world.Run // opens a world for each spec
	Env    []string   // further KEY=VALUE for the target
	Stock  bool       // the CA is Pebble as it comes: no faults can be injected
	Keep   string     // the directory that specs' directories are copied to; "" copies none
	Again  bool       // the cases are tried for the second time

	Recorder *patience.Recorder // measures whether the machine is starved; may be nil
}

// StartPatience returns how long a start may take. The time that the target
// file gives for an idle machine never shortens it.
func (u Setup) StartPatience() time.Duration {
	return max(Patience, u.Target.Ready.Timeout)
}

// Claims says whether the target claims a chapter.
func (e *Env) Claims(chapter string) bool { return e.setup.Target.Claims(chapter) }

// NeedsEdge skips the spec if the CA is Pebble as it comes, which injects no faults.
func (e *Env) NeedsEdge() {
	e.SkipUnless(!e.setup.Stock, "needs the edge in front of the CA, which injects the fault")
}

// NeedsClaim skips the spec if the target does not claim a chapter.
func (e *Env) NeedsClaim(chapter string) {
	e.SkipUnless(e.Claims(chapter), "the target does not claim "+chapter)
}

// Open opens the environment for one case of a requirement. worker and serial
// number it within the run.
func Open(ctx context.Context, setup Setup, r scenarios.Requirement, row scenarios.Case,
	worker, serial int) (*Env, error) {
	name := strings.ToLower(r.ID)
	if row.Name != "" {
		name += "-" + row.Name
	}
	w, err := setup.Run.Open(worker, serial)
	if err != nil {
		return nil, err
	}
	e := &Env{
		Hostname:    hostLabel(name) + ".assay.test",
		World:       w,
		Dir:         filepath.Join(setup.Run.Scratch(), fmt.Sprintf("%d-%d", worker, serial), name),
		ctx:         ctx,
		setup:       setup,
		requirement: r,
		row:         row,
		worker:      worker,
		began:       time.Now(),
		Skip:        ginkgo.Skip,
	}
	e.Fail = e.fail
	current.Store(e)
	e.Outcome = NewOutcome(r.ID, row.Name)
	if err := os.MkdirAll(e.Dir, 0o755); err != nil {
		w.Close()
		return nil, err
	}
	return e, nil
}

// hostLabel makes a DNS label of a case's name: at most 63 octets (RFC 1035
// §2.3.4), no underscore.
func hostLabel(name string) string {
	label := strings.NewReplacer("_", "-", ".", "-").Replace(name)
	return strings.Trim(label[:min(len(label), 63)], "-")
}

// Must ends the spec as an error of Assay's own, not of the target.
func (e *Env) Must(err error) {
	if err == nil {
		return
	}
	ginkgo.GinkgoHelper()
	e.Outcome.Broken = err.Error()
	if timedOut(err) {
		e.measureSince(time.Time{})
	}
	e.Fail("Assay itself failed: " + err.Error())
}

// SkipUnless leaves the spec with a reason that the report shows.
func (e *Env) SkipUnless(possible bool, reason string) {
	if !possible {
		e.Skip(reason)
	}
}

// Context ends with the spec, or when the run is interrupted.
func (e *Env) Context() context.Context { return e.ctx }

// Addr is the "ip:port" of the target's host at a documented port: the same
// number in a network namespace, a high one on loopback.
func (e *Env) Addr(port int) string {
	v4, _ := e.World.Host()
	return netip.AddrPortFrom(v4, uint16(e.World.Port(port))).String()
}

// Addr6 is Addr for IPv6; only a network namespace has it.
func (e *Env) Addr6(port int) string {
	_, v6 := e.World.Host()
	return netip.AddrPortFrom(v6, uint16(e.World.Port(port))).String()
}

// Path is an absolute path below the spec's directory.
func (e *Env) Path(elements ...string) string {
	return filepath.Join(append([]string{e.Dir}, elements...)...)
}

// Write puts a file below the spec's directory, with its parents, readable by
// its owner alone, and returns its absolute path.
func (e *Env) Write(name string, data []byte) string {
	ginkgo.GinkgoHelper()
	path := e.Path(name)
	e.Must(os.MkdirAll(filepath.Dir(path), 0o755))
	e.Must(os.WriteFile(path, data, 0o600))
	return path
}

// HealthPath is the path at which the target says that it is well, or "/".
func (e *Env) HealthPath() string {
	if path := e.setup.Target.Health; path != "" {
		return path
	}
	return "/"
}

// NeedsKey skips the spec if the target's configuration has no place for a key
// that the spec is about.
func (e *Env) NeedsKey(key string) {
	e.SkipUnless(e.setup.Target.CanSet(key), "the target's configuration has nothing for "+key)
}

// NamesOf returns what the target's messages are expected to call keys. A key
// whose name the target file does not tell is left out.
func (e *Env) NamesOf(keys ...string) []string {
	var names []string
	for _, key := range keys {
		if name := e.setup.Target.NameOf(key); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// AnyNameOf returns what the target's messages may call keys: the keys
// themselves, and the names that [Env.NamesOf] adds.
func (e *Env) AnyNameOf(keys ...string) []string {
	all := slices.Clone(keys)
	for _, name := range e.NamesOf(keys...) {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// ReadsYAML says whether the target's configuration is headscale's YAML, with
// the scenario's keys in it, and not another syntax made of them.
func (e *Env) ReadsYAML() bool { return !e.setup.Target.Templated() }

// Close ends everything that the spec started, last started first.
func (e *Env) Close() error {
	for _, server := range e.servers {
		server.Kill()
	}
	var first error
	for i := len(e.Closers) - 1; i >= 0; i-- {
		if err := e.Closers[i](); err != nil && first == nil {
			first = err
		}
	}
	if err := e.World.Close(); err != nil && first == nil {
		first = err
	}
	return first
}
