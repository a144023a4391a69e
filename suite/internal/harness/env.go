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
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/onsi/ginkgo/v2"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/pebble/presets"
	"assay/scenarios"
	"assay/suite/internal/capture"
	"assay/suite/internal/careful"
	"assay/suite/internal/clock"
	"assay/suite/internal/contact"
	"assay/suite/internal/evidence"
	"assay/suite/internal/limits"
	"assay/suite/internal/match"
	"assay/suite/internal/passage"
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
	// Time is the time of the spec's servers and of its CA, if the spec has one of its
	// own, see [Env.UseClock].
	Time *passage.Passage
	// behind is how far the servers' clock is behind, see [Env.SetClockBack].
	behind atomic.Int64
	Dir    string // the spec's own directory; the config file lies in it

	// below is the directory, in which targets may change everything. All access to
	// its files goes through it.
	below *careful.Dir

	ctx         context.Context
	setup       Setup
	requirement scenarios.Requirement
	row         scenarios.Case
	worker      int

	ca         *pebble.CA
	caOptions  []func(*pebble.Options)
	Resolver   *pebble.DNS
	servers    []*Server
	holds      []*Hold
	Outcome    Outcome
	handshakes handshakes
	seen       evidence.Handshakes            // of all clients that the spec used
	packets    capture.Packets                // of the spec's network
	warnings   []string                       // that servers gave when they started
	known      []string                       // secrets that the spec has seen
	forms      map[[sha256.Size]byte][]string // of the keys in files, by their content
	masks      map[string]string              // see [Env.roles]; set when the spec ends
	began      time.Time
	clock      interface {
		Set() (words string, was bool)
	} // see [patience.Clock]

	identities     []*pki.Identity // that the spec has made
	further        int             // how many further ports were given out
	backendAddress string          // see [Env.backend]

	ownLifetime bool // the spec has chosen how long the CA's certificates live

	waits  waits
	lacked lacked
	ended  string // how the last server ended, if that explains a failure
	// Fail and Skip end the spec. They call [ginkgo.Fail] and [ginkgo.Skip], or
	// panic where no spec is running.
	Fail, Skip func(message string, callerSkip ...int)
	Closers    []func() error
}

// Setup says what every spec of a run shares.
type Setup struct {
	Target *sut.Target
	Run    *world.Run     // opens a world for each spec
	Env    []string       // further KEY=VALUE for the target
	CA     presets.Preset // the CA that a spec has unless it asks for another one
	Keep   string         // the directory that specs' directories are copied to; "" copies none
	Again  bool           // the cases are tried for the second time

	// Covdata is the path of Go's tool covdata, if the target was built by "go build -cover":
	// then it leaves in [CoverageDir] what it covered.
	Covdata string

	Recorder *patience.Recorder // measures whether the machine is starved; may be nil
	Contact  *contact.Reader    // tells whether the target turns to its CA; may be nil
}

// Setup returns what the environment was opened with.
func (e *Env) Setup() Setup { return e.setup }

// StartPatience returns how long a start may take. The time that the target
// file gives for an idle machine never shortens it.
func (u Setup) StartPatience() time.Duration {
	return max(Patience, u.Target.Ready.Timeout)
}

// Claims reports whether the target claims a chapter.
func (e *Env) Claims(chapter string) bool { return e.setup.Target.Claims(chapter) }

// NeedsEdge needs the edge in front of the CA. Without it, the spec is skipped: Pebble
// alone injects no faults.
func (e *Env) NeedsEdge() {
	e.SkipUnless(!e.setup.CA.Stock, "needs the edge in front of the CA, which injects the fault")
}

// NeedsClaim needs a target that claims this chapter. For another one, the spec is skipped.
func (e *Env) NeedsClaim(chapter string) {
	e.SkipUnless(e.Claims(chapter), "the target does not claim "+chapter)
}

// NeedsNamespace needs the namespace world, in which the target's machine is its own. In
// another one, the spec is skipped with the reason.
func (e *Env) NeedsNamespace(reason string) {
	e.SkipUnless(e.World.Kind() == world.Namespace, "needs the namespace world: it "+reason)
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
		Dir:         filepath.Join(w.Dir(), name),
		ctx:         ctx,
		setup:       setup,
		requirement: r,
		row:         row,
		worker:      worker,
		began:       time.Now(),
		clock:       patience.StartClock(),
		Skip:        ginkgo.Skip,
	}
	e.Fail = e.fail
	current.Store(e)
	e.Outcome = NewOutcome(r.ID, row.Name)
	if err := e.makeDirectory(); err != nil {
		w.Close()
		return nil, err
	}
	if w.Kind() == world.Namespace {
		e.packets.Record(w.Do)
	}
	return e, nil
}

// makeDirectory makes the directory of the spec, as a file system of its own where the
// world has that, so that a target which fills it takes no room from other specs.
func (e *Env) makeDirectory() error {
	above := filepath.Dir(e.Dir)
	if err := os.Mkdir(above, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if e.World.Kind() == world.Namespace {
		disk, err := world.NewDisk(e.World, above)
		if err != nil {
			return err
		}
		e.Closers = append(e.Closers, disk.Remove)
	}
	if err := os.Mkdir(e.Dir, 0o755); err != nil {
		return err
	}
	files, err := careful.OpenDir(above)
	if err != nil {
		return err
	}
	e.below = files.From(filepath.Base(e.Dir))
	return nil
}

// mostLabel is the length of the first label of host names. A label may have 63 octets (RFC
// 1035 §2.3.4), but a client may put the whole name into the common name of its request, which
// may have 64 (RFC 5280, appendix A.1).
const mostLabel = 44

// hostLabel makes a DNS label of a case's name, without underscores.
func hostLabel(name string) string {
	label := strings.NewReplacer("_", "-", ".", "-").Replace(name)
	return strings.Trim(label[:min(len(label), mostLabel)], "-")
}

// UseClock gives the spec a time of its own. The servers that it starts from now on
// live at that time, and so do its CA and its clients. Call it before the first use of
// [Env.CA]. The spec is skipped where clocks cannot be moved.
func (e *Env) UseClock() *passage.Passage {
	ginkgo.GinkgoHelper()
	if err := clock.Available(); err != nil {
		e.SkipUnless(false, err.Error())
	}
	e.Time = &passage.Passage{Clock: clock.New(), Patience: Patience, Held: e.holding}
	return e.Time
}

// Now returns the time at which the spec's servers, its CA and its clients live.
func (e *Env) Now() time.Time {
	if e.Time == nil {
		return time.Now()
	}
	return e.Time.Clock.Now().Add(time.Duration(e.behind.Load()))
}

// SetClockBack sets the clock of the server back, as a machine without a battery does when
// it starts. The CA and clients keep their time. No server may run, and so much time
// must have passed.
func (e *Env) SetClockBack(by time.Duration) {
	ginkgo.GinkgoHelper()
	late := clock.New()
	if d := e.Time.Clock.Moved() - by; d > 0 {
		e.Must(late.Advance(e.ctx, d))
	}
	e.behind.Store(int64(by))
	e.Time.Clock = late
}

// SetClockRight sets the clock of the server right while it runs, and leaves its timers
// as they are.
func (e *Env) SetClockRight() {
	ginkgo.GinkgoHelper()
	began := time.Now()
	e.passed(began, e.Time.Settle(e.ctx))
	e.passed(began, e.Time.Sleep(e.ctx, time.Duration(e.behind.Swap(0))))
}

// Pass lets time pass for the server, its CA and its clients, in small moves where
// something happens at the CA.
func (e *Env) Pass(d time.Duration) {
	ginkgo.GinkgoHelper()
	e.PassUntil(d, d, nil)
}

// PassUntil lets time pass until a condition holds, at most so much, in moves that are
// not longer than step. It reports whether the condition holds. A nil condition never does.
func (e *Env) PassUntil(limit, step time.Duration, condition func() bool) bool {
	ginkgo.GinkgoHelper()
	began := time.Now()
	found, err := e.Time.AdvanceUntil(e.ctx, limit, step, condition)
	e.passed(began, err)
	return found
}

// Leap lets time pass in one move.
func (e *Env) Leap(d time.Duration) {
	ginkgo.GinkgoHelper()
	began := time.Now()
	e.passed(began, e.Time.Leap(e.ctx, d))
}

// Doze lets time pass as if the machine of the server had slept: its timers stand still.
func (e *Env) Doze(d time.Duration) {
	ginkgo.GinkgoHelper()
	began := time.Now()
	e.passed(began, e.Time.Sleep(e.ctx, d))
}

// passed ends the spec if time could not pass. A server that has ended has failed, and so has
// one that used a processor up for as long as the suite waits. Another one that never rests
// cannot be judged in this way, and a machine that gives it no time says nothing about it.
func (e *Env) passed(began time.Time, err error) {
	ginkgo.GinkgoHelper()
	if err == nil {
		return
	}
	var busy passage.Restless
	if errors.As(err, &busy) {
		e.Fail(fmt.Sprintf("expected  a server that leaves its CA alone for a moment\n"+
			"seen      %d events at the CA without a pause, at one moment of the server's time",
			busy.Events))
	}
	if e.ctx.Err() == nil && timedOut(err) {
		if waited := time.Now().Add(-Patience); waited.After(began) {
			began = waited // the time passed well before
		}
		e.measureSince(began, 0)
		d := e.Outcome.Deadline
		if d != nil && d.Starved == "" && d.Loss.Burnt() {
			e.Fail(fmt.Sprintf("expected  a server that rests when it has done what was due\n"+
				"seen      one that ran for %s of %s without rest, at one moment of its own time",
				d.Loss.Target.CPU.Round(time.Second), d.Loss.Wall.Round(time.Second)))
		}
		if d == nil || d.Starved == "" {
			e.Outcome.Deadline = nil
			e.SkipUnless(false, "time cannot pass for a server that never rests: "+err.Error())
		}
	}
	e.Must(err)
}

// startTimed starts a server at the spec's own time.
func (e *Env) startTimed(cmd *exec.Cmd) (wait func() syscall.WaitStatus, err error) {
	target, err := e.Time.Clock.Start(cmd, e.World.StartHeld)
	if err != nil {
		return nil, err
	}
	return target.Wait, nil
}

// Must ends the spec as an error of Assay's own, not of the target, unless the target
// has changed the files of the spec so that Assay cannot work with them.
func (e *Env) Must(err error) {
	if err == nil {
		return
	}
	ginkgo.GinkgoHelper()
	if e.causedByTarget(err) {
		e.Fail("expected  a server that leaves the files in its directory usable\n" +
			"seen      " + match.Indent(err.Error()))
	}
	e.Outcome.Broken = err.Error()
	if timedOut(err) {
		e.measureSince(time.Time{}, 0)
	}
	e.Fail("Assay itself failed: " + err.Error())
}

// causedByTarget reports whether a target that was started can be the cause of an
// error about a file: the file is below the spec's directory.
func (e *Env) causedByTarget(err error) bool {
	started := slices.ContainsFunc(e.servers, func(v *Server) bool { return v.Process != nil })
	path, ok := careful.ProgramsDoing(err)
	if !started || !ok || !strings.HasPrefix(path, e.Dir) {
		return false
	}
	// Only a file system of its own is full because of the target.
	return !errors.Is(err, syscall.ENOSPC) || e.World.Kind() == world.Namespace
}

// SkipUnless leaves the spec with a reason that the report shows.
func (e *Env) SkipUnless(possible bool, reason string) {
	if !possible {
		e.Skip(reason)
	}
}

// Context ends with the spec, or when the run is interrupted.
func (e *Env) Context() context.Context { return e.ctx }

// Addr returns the "ip:port" of the target's host at a documented port: the same
// number in a network namespace, a high one on loopback.
func (e *Env) Addr(port int) string {
	v4, _ := e.World.Host()
	return netip.AddrPortFrom(v4, uint16(e.World.Port(port))).String()
}

// Addr6 returns the IPv6 address that corresponds to [Env.Addr]. Only a network
// namespace has one.
func (e *Env) Addr6(port int) string {
	_, v6 := e.World.Host()
	return netip.AddrPortFrom(v6, uint16(e.World.Port(port))).String()
}

// Path returns an absolute path below the spec's directory.
func (e *Env) Path(elements ...string) string {
	return filepath.Join(append([]string{e.Dir}, elements...)...)
}

// Write puts a file below the spec's directory, with its parents, readable by
// its owner alone, and returns its absolute path.
func (e *Env) Write(name string, data []byte) string {
	ginkgo.GinkgoHelper()
	path := e.Path(name)
	e.Must(e.below.MkdirAll(filepath.Dir(path), 0o755))
	e.Must(e.below.WriteFile(path, data, 0o600))
	return path
}

// HealthPath returns the path at which the target says that it is well, or "/".
func (e *Env) HealthPath() string {
	if path := e.setup.Target.Health; path != "" {
		return path
	}
	return "/"
}

// NeedsKey skips the spec if the target's configuration has no place for a key
// that the spec is about.
func (e *Env) NeedsKey(key string) {
	e.SkipUnless(e.CanSet(key), "the target's configuration has nothing for "+key)
}

// CanSet reports whether the target's configuration has a place for a key.
func (e *Env) CanSet(key string) bool { return e.setup.Target.CanSet(key) }

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

// ReadsYAML reports whether the target's configuration is headscale's YAML, with the
// scenario's keys in it, and not another syntax made of them.
func (e *Env) ReadsYAML() bool { return !e.setup.Target.Templated() }

// inTime ends something, and returns an error if that takes longer than a cleanup may.
func inTime(end func() error) error {
	ended := make(chan error, 1)
	go func() { ended <- end() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(limits.Cleanup):
		return fmt.Errorf("ending what the spec has started took longer than %s", limits.Cleanup)
	}
}

// Close ends everything that the spec started, last started first.
func (e *Env) Close() error {
	for _, server := range e.servers {
		server.Kill()
	}
	e.packets.Stop()
	var first error
	for _, end := range slices.Backward(append([]func() error{e.World.Close}, e.Closers...)) {
		if err := inTime(end); err != nil && first == nil {
			first = err
		}
	}
	if e.below != nil {
		e.below.Close()
	}
	return first
}
