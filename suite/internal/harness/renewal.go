package harness

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/suite/internal/match"
	"assay/suite/internal/once"
	"assay/suite/internal/wire"
)

// ExpectOneOfTwoRenewed proves that a certificate is not renewed, without waiting for
// nothing to happen. One server has two certificates of the same lifetime in
// its cache, with ECDSA and with RSA keys. The second is due. By the time that
// it has been renewed, the first, which was looked up before it, would have
// been too. What is to be done first is done when the server is ready.
func (e *Env) ExpectOneOfTwoRenewed(left, due, lifetime time.Duration, first ...func(*Server)) *Server {
	ginkgo.GinkgoHelper()
	kept := e.CacheCertificate("cache", left, lifetime)
	old := e.CacheCertificate("cache", due, lifetime, WithRSAKey)
	server := e.StartOffering(e.OwnChallenge())
	for _, do := range first {
		do(server)
	}
	Expect(e.Handshake(server)).To(match.ServeLeaf(kept.Leaf))
	Expect(e.Handshake(server, RSAOnly())).To(match.Complete())
	e.Eventually(func(g Gomega) {
		renewed := e.Handshake(server, RSAOnly())
		g.Expect(renewed).NotTo(match.ServeLeaf(old.Leaf))
		g.Expect(renewed).To(match.HaveFullChainTo(e.CA().Root()))
	}, "the control, a certificate with "+due.String()+" left, to be renewed")

	Expect(e.Handshake(server)).To(match.ServeLeaf(kept.Leaf))
	Expect(e.Path("cache", e.Hostname)).To(match.HoldCertificate(kept.Leaf))
	Expect(e.Journal()).To(match.HaveOrdered(1))
	Expect(e.Journal()).To(match.HaveIssued(1))
	return server
}

// RenewalRefused is the detail of the problem by which the CA refuses.
const RenewalRefused = "Renewal is refused until the operator pays the bill 4711"

// FailRenewal makes the CA fail in the way that a row names.
func (e *Env) FailRenewal(how string) {
	ginkgo.GinkgoHelper()
	switch how {
	case "unreachable":
		e.CA().Down()
	case "server-error":
		e.Inject(pebble.Status(pebble.KindAny, http.StatusInternalServerError).Persistently())
	case "refused":
		e.Inject(pebble.Fail(pebble.KindNewOrder, pebble.Problem{
			Type: "urn:ietf:params:acme:error:unauthorized", Detail: RenewalRefused, Status: http.StatusForbidden,
		}).Persistently())
	default:
		e.Fail("unknown fault " + how)
	}
}

// AwaitFailure waits until the server has tried to renew, in vain.
func (e *Env) AwaitFailure() {
	ginkgo.GinkgoHelper()
	e.Await("an attempt to renew that the CA fails", func(j *pebble.Journal) bool {
		return j.Count(func(e pebble.Entry) bool { return e.Fault != "" }) > 0
	})
}

// AwaitFailedValidation waits until the CA has looked for the answer to a
// challenge of the configured type in vain, and returns its reason, with
// "<token>" in the token's place.
func (e *Env) AwaitFailedValidation() (reason string) {
	ginkgo.GinkgoHelper()
	e.Await("a failed validation by "+e.OwnChallenge(), func(j *pebble.Journal) bool {
		for _, entry := range j.Validations() {
			if entry.Challenge == e.OwnChallenge() && !entry.Valid() {
				reason = entry.Detail
			}
		}
		return reason != ""
	})
	return reason
}

// RefuseHandshake lets the server refuse a handshake for this foreign name, and waits
// for the line about it. It is the control of specs about a log that stays
// silent, and two such lines tell what was written in between from what a
// server says at start, and from what came late.
func (e *Env) RefuseHandshake(server *Server, name string) {
	ginkgo.GinkgoHelper()
	Expect(e.Handshake(server, SNI(name))).To(match.EndInAnAlert())
	server.WaitLog("a line about the handshake for "+name, Mentions(name))
}

// AwaitCached waits until the certificate that a handshake served is in the cache:
// a server may serve it first and store it then.
func (e *Env) AwaitCached(served *wire.Handshake) {
	e.Eventually(func(g Gomega) {
		g.Expect(e.Path("cache", e.Hostname)).To(match.HoldCertificate(served.Leaf()))
	}, "the certificate that is served to be in the cache")
}

// AwaitRenewal waits until the server serves another certificate than the old
// one, which it must have been asked for once: autocert's timer starts then.
func (e *Env) AwaitRenewal(server *Server, old *pki.Identity) (renewed *wire.Handshake) {
	e.Eventually(func(g Gomega) {
		renewed = e.Handshake(server)
		g.Expect(renewed).To(match.Complete())
		g.Expect(renewed).NotTo(match.ServeLeaf(old.Leaf))
	}, "a renewed certificate to be served")
	return renewed
}

// ExpectRecovery is the control of every spec about a CA in trouble: with the CA well
// again, the same server, restarted, gets its certificate and serves it. The
// restart is there because autocert tries again only after a minute.
func (e *Env) ExpectRecovery(server *Server) {
	ginkgo.GinkgoHelper()
	e.CA().Restore()
	server.Restart()
	Expect(e.Handshake(server)).To(match.HaveFullChainTo(e.CA().Root()), "with the CA well again, after a restart")
}

// Schedule runs the target's schedule command, once in a run: the specs that
// look at its output share it. Without a command the spec is skipped.
func (e *Env) Schedule() *match.Schedule {
	ginkgo.GinkgoHelper()
	cmd, err := e.setup.Target.ScheduleCommand(e.Dir, e.setup.Env)
	if err != nil {
		e.SkipUnless(false, err.Error())
	}
	ctx, cancel := e.within(Limits.Schedule + Limits.CA) // another spec may run it
	defer cancel()
	name := "schedule.json"
	if e.setup.Again {
		name = "schedule-again.json"
	}
	path := filepath.Join(e.setup.Run.Scratch(), name)
	result, err := once.Do(ctx, path, func() (scheduleResult, error) { return e.runSchedule(cmd) })
	e.Must(err)
	e.Outcome.Deadline = result.Deadline
	if result.Failure != "" {
		e.Fail("expected  a schedule command that exits with code 0\n" +
			"seen      " + match.Indent(result.Failure))
	}
	schedule, err := match.ReadSchedule(result.Output)
	if err != nil {
		e.Fail("expected  the renewal schedule as JSON (see type Schedule)\n" +
			"seen      " + match.Indent(err.Error()+"\n"+match.FirstLine(string(result.Output))))
	}
	e.Observe("schedule", "days played through", schedule.Span.Days())
	return schedule
}

// scheduleResult is what the schedule command left.
type scheduleResult struct {
	Output   []byte
	Failure  string    // how it ended, if not as it should
	Deadline *Deadline // the time limit that decided the failure, if one did
}

// runSchedule runs the schedule command in the spec's world, as the target's
// own. The error is Assay's own.
func (e *Env) runSchedule(cmd *exec.Cmd) (result scheduleResult, err error) {
	ctx, cancel := e.within(Limits.Schedule)
	defer cancel()
	began := time.Now()
	var output, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &trouble
	if err := e.World.Start(cmd); err != nil {
		return result, fmt.Errorf("starting the schedule command: %w", err)
	}
	if e.setup.Recorder != nil {
		e.setup.Recorder.Watch(cmd.Process.Pid)
	}
	stop := context.AfterFunc(ctx, func() {
		e.measureSince(began)
		cmd.Process.Kill()
	})
	err = cmd.Wait()
	stop()
	result.Output = output.Bytes()
	switch {
	case ctx.Err() != nil:
		result.Failure = fmt.Sprintf("no end within %s", Limits.Schedule)
		result.Deadline = e.Outcome.Deadline
	case err != nil:
		result.Failure = strings.TrimSpace(err.Error() + "\n" + trouble.String())
	}
	return result, nil
}
