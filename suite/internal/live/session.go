package live

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"assay/pebble"
	"assay/pebble/ledger"
	"assay/pebble/presets"
	"assay/scenarios"
	"assay/suite/internal/harness"
	"assay/suite/internal/inner"
	"assay/suite/internal/sut"
	"assay/suite/internal/version"
	"assay/suite/internal/wire"
	"assay/suite/internal/world"
)

// live takes the target through time, inside of a run. What the target does wrong is in
// the life; the error is Assay's own, or says why there is no life.
func live(
	ctx context.Context, o Options, inside *world.Run, tell func(Event),
) (life *Life, err error) {
	target, err := inner.Load(o.Target, o.Bin)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	e, err := harness.Open(ctx, harness.Setup{Target: target, Run: inside, CA: o.preset(), Env: o.Env},
		scenarios.Requirement{ID: "LIVE"}, scenarios.Case{}, 0, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	e.Fail = func(message string, _ ...int) { panic(failed(e.WithoutSecrets(message))) }
	e.Skip = e.Fail
	defer func() {
		switch ended := recover().(type) {
		case nil:
		case failed:
			life, err = nil, errors.New(string(ended))
		default:
			panic(ended) // Assay's own mistake
		}
	}()
	if !target.Claims("acme") {
		return nil, fmt.Errorf("target %s: it does not claim acme, so it has no certificates to renew",
			target.Name)
	}
	target.AskVersion(e.World.Start)
	e.UseClock()
	e.UseCA(func(c *pebble.Options) {
		c.Validity = time.Duration(o.Lifetime)
		c.NonceLife = time.Duration(o.preset().NonceLife)
	})
	s := &session{o: o, e: e, target: target, w: &watcher{
		tell: tell, redact: e.WithoutSecrets, warnings: map[string]int{}, began: e.Now(),
		life: &Life{
			Schema: 1, Assay: version.Current().String(), World: string(inside.Kind()),
			Preset: o.CA, For: o.For, Life: o.Lifetime, Step: o.Step, Outage: o.Outages,
			Began: e.Now().UTC(),
			Target: Target{
				Name: target.Name, Version: target.Version(), Autocert: target.AutocertVersion(),
				Challenge: e.OwnChallenge(),
			},
		},
	}}
	if err := s.run(); err != nil {
		return nil, err
	}
	life = s.w.life
	life.Took = time.Since(began).Seconds()
	life.conclude()
	return life, nil
}

// failed is the value of the panic of a step that fails.
type failed string

// session is one target on its way through time.
type session struct {
	o      Options
	e      *harness.Env
	target *sut.Target
	w      *watcher
	server *harness.Server
	down   bool // the CA cannot be reached
}

func (s *session) run() error {
	s.server = s.e.StartACME()
	s.w.event(KindStarted, s.e.Now(), "%s is ready, with the CA %s, which issues for %s by %s",
		s.target.Name, s.o.CA, s.o.Lifetime, s.w.life.Target.Challenge)
	if err := s.look(); err != nil {
		return err
	}
	for passed := time.Duration(0); passed < time.Duration(s.o.For); {
		if s.server.Process.Ending() != (sut.Ending{}) {
			break
		}
		step := min(time.Duration(s.o.Step), time.Duration(s.o.For)-passed)
		step = min(step, s.switchCA(passed))
		_, err := s.e.Time.AdvanceUntil(s.e.Context(), step, step, nil)
		if err == nil {
			err = s.look()
		}
		switch {
		case s.e.Context().Err() != nil:
			return ErrInterrupted
		case err != nil:
			return fmt.Errorf("on day %.1f: %w", passed.Hours()/24, err)
		}
		passed += step
		s.w.life.Passed = seconds(passed)
	}
	s.end()
	return nil
}

// look lets a client come by, and records what it and everything else show.
func (s *session) look() error {
	s.w.client(s.handshake(), s.e.Now())
	if err := s.e.Time.Settle(s.e.Context()); err != nil { // the client may set something off
		return err
	}
	s.w.lookAtCA(s.e.Journal(), s.e.Now())
	s.w.matchServed()
	log := s.server.Process.Log()
	s.w.lookAtLog(log, func(line sut.Line) time.Time {
		return s.e.Time.At(log.Started().Add(line.T))
	})
	s.w.flush()
	return nil
}

// handshake lets a client come by. It waits as long as a busy machine needs, unless the
// clients before it were not served either.
func (s *session) handshake() *wire.Handshake {
	if s.w.open() != nil {
		return s.e.HandshakeOrLeave(s.server)
	}
	ctx, cancel := context.WithTimeout(s.e.Context(), harness.Patience)
	defer cancel()
	client := s.e.Client(s.server)
	return client.Handshake(ctx)
}

// switchCA takes the CA away or gives it back, as the outages say, and returns how much
// time passes until it has to be asked again.
func (s *session) switchCA(passed time.Duration) time.Duration {
	down, next := false, time.Duration(s.o.For)-passed
	for _, outage := range s.o.Outages {
		from := time.Duration(outage.From)
		to := from + time.Duration(outage.For)
		down = down || passed >= from && passed < to
		for _, change := range []time.Duration{from, to} {
			if change > passed {
				next = min(next, change-passed)
			}
		}
	}
	if down != s.down {
		s.down = down
		if down {
			s.e.CA().Down()
			s.w.event(KindOutage, s.e.Now(), "the CA cannot be reached from now on")
		} else {
			s.e.CA().Restore()
			s.w.event(KindOutage, s.e.Now(), "the CA can be reached again")
		}
	}
	return next
}

// end records how the server ended, or ends it.
func (s *session) end() {
	s.w.lookAtCA(s.e.Journal(), s.e.Now().Add(apart))
	if ending := s.server.Process.Ending(); ending != (sut.Ending{}) {
		// When it ended, by the real time, says nothing.
		how, _, _ := strings.Cut(ending.String(), " after ")
		s.w.life.Ended = s.target.Name + " " + how
		s.w.event(KindEnded, s.e.Now(), "%s", s.w.life.Ended)
	} else {
		s.server.Stop()
	}
	s.w.flush()
	s.w.life.Ledger = ledger.Book(s.e.Journal().Entries(), presets.LetsEncryptLimits())
	s.w.life.Clock = s.e.Time.Clock.Seen()
}
