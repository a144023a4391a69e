package life

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	"assay/fixtures/pki"
	"assay/scenarios"
	"assay/suite/internal/coverage"
	"assay/suite/internal/harness"
	"assay/suite/internal/match"
	"assay/suite/internal/patience"
	"assay/suite/internal/sut"
)

// An Outcome holds what came of one walk.
type Outcome struct {
	// Finding says what the server did wrong; nil for nothing.
	Finding *Finding `json:"finding,omitempty"`
	// Unjudged says why the walk could not be judged to its end.
	Unjudged string `json:"unjudged,omitempty"`
	// Error is Assay's own.
	Error string   `json:"error,omitempty"`
	Notes []string `json:"notes,omitempty"` // what was seen in each step
	// Covered is the code that the target reached, see [coverage.Read].
	Covered []uint32 `json:"covered,omitempty"`
	Took    float64  `json:"took_s"`
}

// A Finding is a broken invariant.
type Finding struct {
	Invariant string `json:"invariant"`
	// Also are requirements about what has gone wrong in the walk.
	Also     []string `json:"also,omitempty"`
	Step     int      `json:"step"` // that broke it; the number of steps stands for the end
	Expected string   `json:"expected"`
	Seen     string   `json:"seen"`
}

// A life is one server that takes a walk.
type life struct {
	e       *harness.Env
	target  *sut.Target
	failing string          // the invariant that a failing start breaks; "" for that about starts
	known   map[string]bool // requirements that the target is known to fail
	walk    Walk
	at      int // number of the step that is taken
	notes   []string

	server *harness.Server // nil before the first start
	up     bool            // it was started and nobody has ended it
	before []string        // files that were there before the first start
	base   *match.Growth   // how much it took when it was first well

	pair
	acme
	words    words
	also     []string // requirements about what has gone wrong in the walk so far
	secrets  map[string]bool
	forged   []match.Forgery
	contacts int           // clients, starts and reloads in this step
	passed   time.Duration // time that has passed in this step
	all      time.Duration // time that has passed
	closers  []func()
	began    time.Time
	begun    mark // where the step began
}

// ended is the panic of a walk that ends early.
type ended struct {
	finding  *Finding
	unjudged string
	broken   string
}

// Requirement stands where an environment has a requirement, and Case its case.
var (
	Requirement = scenarios.Requirement{ID: "WALK"}
	Case        = scenarios.Case{}
)

// Lead leads a server through a walk, in a world of its own.
func Lead(
	ctx context.Context, setup harness.Setup, w Walk, worker, serial int,
) (o Outcome) {
	began := time.Now()
	defer func() { o.Took = time.Since(began).Seconds() }()
	if w.Mode != ModeOwn {
		setup.CA = presetOf(w)
	}
	e, err := harness.Open(ctx, setup, Requirement, Case, worker, serial%200)
	if err != nil {
		return Outcome{Error: err.Error()}
	}
	defer func() {
		if err := e.Close(); err != nil && o.Error == "" && o.Finding == nil {
			o.Error = err.Error()
		}
	}()
	return play(ctx, e, w)
}

// Play leads a server through a walk in the world of a spec.
func Play(e *harness.Env, w Walk) Outcome {
	fail, skip := e.Fail, e.Skip
	defer func() {
		e.Fail, e.Skip = fail, skip
		gomega.RegisterFailHandler(harness.FailAssertion)
	}()
	return play(e.Context(), e, w)
}

func play(ctx context.Context, e *harness.Env, w Walk) (o Outcome) {
	began, setup := time.Now(), e.Setup()
	l := &life{e: e, target: setup.Target, walk: w, began: began, secrets: map[string]bool{},
		known: map[string]bool{}}
	version := setup.Target.Version()
	for _, k := range setup.Target.KnownFailures {
		if k.Applies(version) {
			id, _, _ := strings.Cut(k.ID, "/")
			l.known[id] = true
		}
	}
	defer func() {
		for _, end := range l.closers {
			end()
		}
	}()
	e.Fail = func(message string, _ ...int) {
		if e.Outcome.Broken != "" {
			panic(ended{broken: e.Outcome.Broken})
		}
		l.found(cmp.Or(l.failing, invStarts), message)
	}
	gomega.RegisterFailHandler(func(message string, _ ...int) { e.Fail(match.Plain(message)) })
	e.Skip = func(message string, _ ...int) { panic(ended{unjudged: message}) }
	defer func() {
		value := recover()
		o.Notes = l.notes
		switch end := value.(type) {
		case nil:
		case ended:
			o.Finding, o.Unjudged, o.Error = end.finding, end.unjudged, end.broken
			if o.Error != "" && ctx.Err() != nil {
				o.Error, o.Unjudged = "", "interrupted"
			}
			if f := o.Finding; f != nil {
				if why := l.starved(setup.Recorder, began, f); why != "" {
					o.Finding, o.Unjudged = nil, why
				}
			}
		default:
			panic(value)
		}
	}()
	l.run()
	if setup.Covdata != "" {
		covered, err := coverage.Read(ctx, setup.Covdata, e.Path(harness.CoverageDir))
		e.Must(err)
		o.Covered = covered
	}
	return o
}

// starved says why a finding that rests on a time limit proves nothing; "" if it does.
func (l *life) starved(r *patience.Recorder, began time.Time, f *Finding) string {
	if r == nil || !slices.Contains([]string{invStops, invStarts, invNoEndless}, f.Invariant) {
		return ""
	}
	why, starved := r.Since(began).Starved()
	if !starved {
		return ""
	}
	return "the machine was starved: " + why
}

func (l *life) run() {
	l.e.UseClock()
	l.troubles = map[string]func(){}
	if l.walk.Mode == ModeOwn {
		l.firstPair()
	} else {
		l.prepareCA()
	}
	for i, s := range l.walk.Steps {
		l.at, l.contacts, l.passed = i, 0, 0
		l.note("%s", s)
		l.inTime()
		l.begun = l.mark()
		kindOf(s.Do).take(l, s)
		l.settle()
		l.judgeStep()
	}
	l.at, l.contacts, l.passed = len(l.walk.Steps), 0, 0
	l.note("the end")
	l.finish()
}

// note adds a line to what was seen.
func (l *life) note(format string, args ...any) {
	text := l.e.WithoutSecrets(fmt.Sprintf(format, args...))
	l.notes = append(l.notes, text)
}

// seen adds to the note of the step.
func (l *life) seen(format string, args ...any) {
	if n := len(l.notes); n > 0 {
		l.notes[n-1] += " → " + l.e.WithoutSecrets(fmt.Sprintf(format, args...))
	}
}

// found ends the walk with a broken invariant. The message is that of a matcher.
func (l *life) found(id, message string) {
	v := InvariantOf(id)
	if !l.judged(id) {
		panic(ended{unjudged: "the target is known to fail one of " + v.Source()})
	}
	message = l.e.WithoutSecrets(message)
	for _, id := range l.also {
		if l.known[id] {
			panic(ended{unjudged: "the target is known to fail " + id + ", which may explain " + v.ID})
		}
	}
	expected, seen, _ := strings.Cut(strings.TrimPrefix(message, "expected  "), "\nseen      ")
	panic(ended{finding: &Finding{
		Invariant: id, Also: l.also, Step: l.at, Expected: expected, Seen: seen,
	}})
}

// about notes requirements about what goes wrong in a step.
func (l *life) about(ids ...string) {
	for _, id := range ids {
		if !slices.Contains(l.also, id) {
			l.also = append(l.also, id)
		}
	}
}

// judged reports whether an invariant is judged for the target.
func (l *life) judged(id string) bool {
	v := InvariantOf(id)
	for _, chapter := range v.Claims {
		if !l.e.Claims(chapter) {
			return false
		}
	}
	if v.Each {
		return true // the requirement at hand was looked up before
	}
	return !slices.ContainsFunc(v.From, func(id string) bool { return l.known[id] })
}

// expect ends the walk unless the matcher matches.
func (l *life) expect(id string, actual any, m types.GomegaMatcher) {
	if !l.judged(id) {
		return
	}
	ok, err := m.Match(actual)
	if err != nil {
		panic(ended{broken: err.Error()})
	}
	if !ok {
		l.found(id, m.FailureMessage(actual))
	}
}

// broke ends the walk with a broken invariant.
func (l *life) broke(id, expected, seen string, args ...any) {
	if l.judged(id) {
		l.found(id, "expected  "+expected+"\nseen      "+fmt.Sprintf(seen, args...))
	}
}

// identity makes a pair that is valid for longer than a walk lasts.
func (l *life) identity(change func(*pki.Spec)) *pki.Identity {
	spec := pki.Spec{Intermediates: 1, Now: l.e.Now(), Lifetime: 10 * 365 * day, Age: day}
	if change != nil {
		change(&spec)
	}
	return l.e.Identity(spec)
}

// keepSecrets remembers every private key that is in a file now.
func (l *life) keepSecrets() {
	for _, text := range harness.SecretsBelow(l.e, ".") {
		l.secrets[text] = true
	}
}

func (l *life) secretList() (all []string) {
	for text := range l.secrets {
		all = append(all, text)
	}
	slices.Sort(all)
	return all
}

// settle waits until the server and its CA have done what is due.
func (l *life) settle() { l.mustPass(l.e.Time.Settle(l.e.Context())) }

// walkAtMost is how long a walk may take, in real time. A server that keeps its CA busy all
// the time makes its walks long.
const walkAtMost = time.Minute

// inTime ends a walk that takes too long.
func (l *life) inTime() {
	if time.Since(l.began) > walkAtMost {
		panic(ended{unjudged: "the walk took longer than " + walkAtMost.String()})
	}
}

// advance lets time pass until a condition holds, at most so much. Where something happens
// at the CA it passes in small moves.
func (l *life) advance(d time.Duration, until func() bool) bool {
	l.inTime()
	return l.timed(func() (bool, error) {
		return l.e.Time.AdvanceUntil(l.e.Context(), d, d, func() bool {
			return until != nil && until() || l.busy() || time.Since(l.began) > walkAtMost
		})
	})
}

// leap lets time pass in one move.
func (l *life) leap(d time.Duration) {
	l.inTime()
	l.timed(func() (bool, error) { return false, l.e.Time.Leap(l.e.Context(), d) })
}

// timed counts the time that passes.
func (l *life) timed(move func() (bool, error)) bool {
	before := l.e.Time.Clock.Moved()
	found, err := move()
	moved := l.e.Time.Clock.Moved() - before
	l.passed += moved
	l.all += moved
	l.mustPass(err)
	l.inTime()
	return found
}

// mustPass ends the walk if time could not pass.
func (l *life) mustPass(err error) {
	if err == nil {
		return
	}
	if strings.Contains(err.Error(), "without a pause") {
		l.broke(invFewRequests, "a server that leaves its CA alone for a moment", "%s", err)
	}
	if l.e.Context().Err() != nil {
		panic(ended{unjudged: "interrupted"})
	}
	if errors.Is(err, context.DeadlineExceeded) {
		panic(ended{unjudged: "time cannot pass for a server that never rests: " + err.Error()})
	}
	panic(ended{broken: err.Error()})
}

// isAlive ends the walk if the server has ended by itself.
func (l *life) isAlive() {
	if !l.up {
		return
	}
	if ending, ended := l.server.Process.EndedByItself(); ended {
		how, _, _ := strings.Cut(ending.String(), " after ")
		l.broke(invAlive, "a server that runs on",
			"it %s, saying\n%s", how, l.server.Process.Log().Tail(6))
		l.up = false
	}
}

// leafEqual reports whether two certificates are the same.
func leafEqual(a, b *x509.Certificate) bool { return a != nil && b != nil && a.Equal(b) }
