package run

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"assay/scenarios"
	"assay/suite/internal/contact"
	"assay/suite/internal/harness"
	"assay/suite/internal/match"
	"assay/suite/internal/patience"
	"assay/suite/internal/wire"
	"assay/suite/internal/world"
	"assay/suite/report"
	"assay/suite/report/words"
)

// contactFile returns the name of the file by which the inner process tells the workers
// what the target never does.
func contactFile(inside *world.Run) string {
	return filepath.Join(inside.Scratch(), "contact.json")
}

// acmeChapters holds the chapters of which most specs need a certificate from the CA.
var acmeChapters = map[string]bool{
	"acme": true, "http-01": true, "tls-alpn-01": true, "renewal": true, "expiry": true,
	"autocert": true,
}

// triesIssuance reports whether the run tries one issuance beside the specs. It does not
// if all specs that need a certificate can wait for it at the same time.
func (p *plan) triesIssuance() bool {
	if !p.target.Claims("acme") {
		return false
	}
	n := 0
	for _, r := range p.catalogue.Requirements() {
		acme := acmeChapters[r.Chapter]
		for _, need := range r.Needs {
			acme = acme || need.Chapter == "acme"
		}
		if acme {
			n += p.countOf(r)
		}
	}
	return n > p.Procs
}

// startTrying begins the one issuance, and returns a function that ends it. If nothing can
// run beside it, it has ended before.
func (p *plan) startTrying(
	ctx context.Context, inside *world.Run, tell func(*report.Result),
) (stop func()) {
	if !p.triesIssuance() {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := p.try(ctx, inside, tell); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "assay: trying one issuance:", err)
		}
	}()
	if p.portsAreFixed(inside) {
		<-ended
	}
	return func() { cancel(); <-ended }
}

// portsAreFixed reports whether no two servers of the target can run at the same time.
func (p *plan) portsAreFixed(inside *world.Run) bool {
	return p.setup(nil).Workers(inside.Kind(), 2) == 1
}

// try lets the target get one certificate by each challenge type that it claims. It tells
// why there was none, and lets the workers know what the target never does.
func (p *plan) try(ctx context.Context, inside *world.Run, tell func(*report.Result)) error {
	all := &trials{path: contactFile(inside), tell: tell, latest: map[string]shown{}}
	for _, challenge := range []string{"tls-alpn-01", "http-01"} {
		if p.target.Claims(challenge) {
			all.latest[challenge] = shown{}
		}
	}
	var running errgroup.Group
	if p.portsAreFixed(inside) {
		running.SetLimit(1)
	}
	recorder := patience.Start()
	for i, challenge := range slices.Sorted(maps.Keys(all.latest)) {
		setup := p.setup(inside)
		setup.Recorder, setup.Keep = recorder, ""
		running.Go(func() error {
			e, err := openAside(ctx, setup, "ISSUANCE", i+1)
			if err != nil {
				return err
			}
			t := &trial{Env: e, trials: all, challenge: challenge}
			return errors.Join(t.run(ctx, recorder), e.Close())
		})
	}
	return running.Wait()
}

// trials holds what the issuances of a run have shown so far, by the challenge type.
type trials struct {
	path string // where the workers find what the target never does
	tell func(*report.Result)

	mu     sync.Mutex
	latest map[string]shown
	told   bool // that no request reaches the CA
}

// shown holds what a trial has shown so far.
type shown struct {
	waited    bool   // the target had its time, and did not end by itself
	elsewhere bool   // it has tried another CA
	ready     bool   // it is
	asked     bool   // a request reached the CA
	issued    bool   // there is a certificate
	listens   bool   // the target has listened where the CA expects the answers to challenges
	cause     string // why there is no certificate
}

// note stores what the target never does, after a trial has shown more of it.
func (all *trials) note(challenge string, s shown) error {
	all.mu.Lock()
	defer all.mu.Unlock()
	all.latest[challenge] = s
	return finding(all.latest).Store(all.path)
}

// finding returns what the target never did in any of the trials.
func finding(all map[string]shown) contact.Finding {
	found := contact.Finding{Never: true, NotReady: true}
	asked := false
	for _, s := range all {
		asked = asked || s.asked
		found.Never = found.Never && (s.waited || s.elsewhere) && !s.asked
		found.NotReady = found.NotReady && s.waited && !s.ready
		found.NoListener = found.NoListener || s.waited && s.ready && !s.listens && !s.issued
		if len(s.cause) > len(found.Cause) { // the one that says why
			found.Cause = s.cause
		}
	}
	found.NotReady = found.NotReady && found.Never
	if asked || !found.Never && found.Cause == report.CauseNoContact {
		found.Cause = ""
	}
	return found
}

// A trial is the one issuance of a run by a challenge type.
type trial struct {
	*harness.Env
	*trials
	challenge string

	began  time.Time
	server *harness.Server
	seen   string // what came of the start, or what a client saw
	shown
}

func (t *trial) run(ctx context.Context, recorder *patience.Recorder) error {
	if failure := failureOf(func() { t.CA() }); failure != "" {
		return errors.New(failure)
	}
	t.listens = t.challenge != "http-01"
	t.began = time.Now()
	t.seen = failureOf(func() { t.server = t.StartBy(t.challenge) })
	if t.ready = t.server != nil; !t.ready {
		_, starved := recorder.Since(t.began).Starved()
		t.waited = time.Since(t.began) >= harness.Patience && !starved
		return t.end(ctx)
	}
	t.look(func(s *harness.Server) *wire.Handshake { return t.Handshake(s) })
	if err := t.note(t.challenge, t.sofar()); err != nil || ctx.Err() != nil {
		return err
	}
	for limit := harness.Patience; ; limit *= 2 {
		if err := t.await(ctx, t.began.Add(limit)); err != nil || ctx.Err() != nil || t.issued {
			return err
		}
		if _, starved := recorder.Since(t.began).Starved(); !starved {
			t.waited = true
			return t.end(ctx)
		}
	}
}

// end notes and tells what came of a trial that brought no certificate.
func (t *trial) end(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	t.observe()
	if t.waited && t.ready && t.asked && !t.listens {
		t.cause = report.CauseNoListener
	}
	// A target that ends at once says why, and so do the specs.
	if t.waited || t.cause != report.CauseNoContact {
		t.report()
	}
	return t.note(t.challenge, t.shown)
}

// await waits until a certificate is issued, or the time is over. A client comes each
// second.
func (t *trial) await(ctx context.Context, end time.Time) error {
	for time.Now().Before(end) {
		second, cancel := context.WithTimeout(ctx, time.Second)
		t.issued = t.AwaitIssued(second)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		t.observe()
		if t.issued {
			return t.note(t.challenge, t.shown)
		}
		t.look(func(s *harness.Server) *wire.Handshake { return t.HandshakeOrLeave(s) })
		if err := t.note(t.challenge, t.sofar()); err != nil {
			return err
		}
	}
	return nil
}

// sofar returns what the trial has shown. A target that has tried another CA has a moment
// to turn to the right one.
func (t *trial) sofar() shown {
	s := t.shown
	s.elsewhere = s.elsewhere && time.Since(t.began) >= harness.Limits.Vain
	return s
}

// observe notes what the target has done so far.
func (t *trial) observe() {
	cause, never := t.NoContact()
	if failure := failureOf(func() { t.cause = t.WithoutSecrets(cause) }); failure != "" {
		t.cause, _, _ = strings.Cut(cause, ":")
	}
	t.asked = !never
	t.elsewhere = never && t.AskedAnotherCA()
}

// look notes what a client sees, and what the target has done until then.
func (t *trial) look(shakeHands func(*harness.Server) *wire.Handshake) {
	var seen *wire.Handshake
	if failure := failureOf(func() { seen = shakeHands(t.server) }); failure != "" {
		t.seen = failure
		return
	}
	if t.seen = match.Describe(seen); seen.Err != nil {
		t.AwaitLastWords()
	}
	t.listens = t.listens || t.ConnectError(t.Addr(5080)) == nil
	// A server that says that it gets no connection need not be waited for.
	if t.observe(); !t.asked && t.cause != report.CauseNoContact {
		t.report()
	}
}

// report tells why the target got no certificate, once for all challenge types if the
// target does not turn to the CA.
func (t *trial) report() {
	t.mu.Lock()
	again := t.told && !t.asked
	t.told = t.told || !t.asked
	t.mu.Unlock()
	if !again {
		t.describe()
	}
}

// describe tells that the target got no certificate.
func (t *trial) describe() {
	x := &report.Result{
		Title: "one issuance by " + t.challenge + ", beside the requirements: the server was " +
			"started with this configuration, and a client asked for its name",
		Level: scenarios.Must, Status: report.Failed, UsedCA: true,
	}
	if failure := failureOf(func() {
		o := t.Describe(t.seen)
		x.Reason, x.Detail = words.Headline(o.Reason), o.Reason
		x.Cause, x.Evidence = t.cause, o.Evidence
	}); failure != "" {
		fmt.Fprintln(os.Stderr, "assay: telling of one issuance:", failure)
		return
	}
	t.tell(x)
}
