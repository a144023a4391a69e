package harness

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"assay/fixtures/pki"
	"assay/pebble"
	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
	"assay/suite/internal/match"
	"assay/suite/internal/once"
	"assay/suite/internal/wire"
)

// ExpectOneOfTwoRenewed proves that a certificate is not renewed, and waits for an
// event in order to prove it. The server has two certificates of the same lifetime
// in its cache, one with an ECDSA key and one with an RSA key, and only the second
// one is due. The first one is looked up earlier: if the server renewed it, that
// would have happened by the time that the second one is renewed. The functions in
// first are called when the server is ready.
func (e *Env) ExpectOneOfTwoRenewed(
	left, due, lifetime time.Duration, first ...func(*Server),
) *Server {
	ginkgo.GinkgoHelper()
	kept := e.CacheCertificate("cache", left, lifetime)
	old := e.CacheCertificate("cache", due, lifetime, WithRSAKey)
	server := e.StartOffering(e.OwnChallenge())
	for _, do := range first {
		do(server)
	}
	Expect(e.Handshake(server)).To(match.ServeLeaf(kept.Leaf))
	rsa := e.Handshake(server, RSAOnly())
	_, refused := rsa.Alert()
	e.SkipUnless(!refused, "this server has no RSA certificate, which ACME-13 is about")
	Expect(rsa).To(match.Complete())
	e.EventuallyRenewed(func(g Gomega) {
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

// RenewalRefused is the detail of the problem document with which the CA refuses
// to renew, see [Env.FailRenewal].
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
		e.RefuseRenewal(pebble.KindNewOrder)
	default:
		e.Fail("unknown fault " + how)
	}
}

// RefuseRenewal makes the CA refuse a kind of request with a reason, until the CA is
// restored.
func (e *Env) RefuseRenewal(request pebble.Kind) {
	ginkgo.GinkgoHelper()
	e.Inject(pebble.Fail(request, pebble.Problem{
		Type:   "urn:ietf:params:acme:error:unauthorized",
		Detail: RenewalRefused,
		Status: http.StatusForbidden,
	}).Persistently())
}

// AwaitFailure waits until an attempt of the server to renew has failed.
func (e *Env) AwaitFailure() {
	ginkgo.GinkgoHelper()
	e.Await("an attempt to renew that the CA fails", func(j *pebble.Journal) bool {
		return j.Count(func(e pebble.Entry) bool { return e.Fault != "" }) > 0
	})
}

// AwaitFailedValidation waits until a validation of the configured type has
// failed. It returns the CA's reason, in which "<token>" replaces the token.
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

// RefuseHandshake makes the server refuse a handshake for this foreign name, and
// waits for the log line about it. Specs about a log that stays silent need it as
// their control: the line shows that the server logs refusals. Two such lines
// also separate what the server wrote between them from what it wrote at start.
func (e *Env) RefuseHandshake(server *Server, name string) {
	ginkgo.GinkgoHelper()
	Expect(e.Handshake(server, SNI(name))).To(match.BeRefused())
	server.WaitLog("a line about the handshake for "+name, Mentions(name))
}

// AwaitCached waits until the certificate that a handshake served is in the cache.
// A server may serve a certificate before it stores it.
func (e *Env) AwaitCached(served *wire.Handshake) {
	e.Eventually(func(g Gomega) {
		g.Expect(e.Path("cache", e.Hostname)).To(match.HoldCertificate(served.Leaf()))
	}, "the certificate that is served to be in the cache")
}

// AwaitRenewal waits until the server serves another certificate than the old one.
// A client must have asked for the old one before: autocert starts its timer at
// that moment.
func (e *Env) AwaitRenewal(server *Server, old *pki.Identity) (renewed *wire.Handshake) {
	e.EventuallyRenewed(func(g Gomega) {
		renewed = e.Handshake(server)
		g.Expect(renewed).To(match.Complete())
		g.Expect(renewed).NotTo(match.ServeLeaf(old.Leaf))
	}, "a renewed certificate to be served")
	return renewed
}

// ExpectRecovery expects the same server to get its certificate and to serve it,
// after the CA was restored and the server restarted. It is the control of every
// spec about a CA that fails. The restart saves a minute, which autocert waits
// before it tries again.
func (e *Env) ExpectRecovery(server *Server) {
	ginkgo.GinkgoHelper()
	e.CA().Restore()
	server.Restart()
	Expect(e.Handshake(server)).To(match.HaveFullChainTo(e.CA().Root()),
		"after the CA was restored and the server restarted")
}

// Schedule returns the output of the target's schedule command. The command runs
// once in a run, and all specs share its output. The spec is skipped if there is no
// command.
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
		e.Fail("expected  the renewal schedule as JSON (see suite/CONTRACTS.md)\n" +
			"seen      " + match.Indent(err.Error()+"\n"+match.FirstLine(string(result.Output))))
	}
	e.Observe("schedule", "days played through", schedule.Span.Days())
	return schedule
}

// scheduleResult holds how the schedule command ended.
type scheduleResult struct {
	Output   []byte
	Failure  string    // how it ended, if not as it should
	Deadline *Deadline // the time limit that decided the failure, if one did
}

// untilCut is an output that ends what prints more than the output keeps.
type untilCut struct {
	*careful.Output
	end func()
}

// Write takes all of p.
func (o untilCut) Write(p []byte) (int, error) {
	n, err := o.Output.Write(p)
	if o.Cut() > 0 {
		o.end()
	}
	return n, err
}

// runSchedule runs the schedule command in the spec's world, as the target's
// own. The error is Assay's own.
func (e *Env) runSchedule(cmd *exec.Cmd) (result scheduleResult, err error) {
	ctx, cancel := e.within(Limits.Schedule)
	defer cancel()
	began := time.Now()
	output, trouble := careful.NewOutput(limits.Schedule), careful.NewOutput(limits.Output)
	cmd.Stdout, cmd.Stderr = untilCut{output, func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}}, trouble
	cmd.WaitDelay = limits.Drain
	if err := e.World.Start(cmd); err != nil {
		return result, fmt.Errorf("starting the schedule command: %w", err)
	}
	if e.setup.Recorder != nil {
		e.setup.Recorder.Watch(cmd.Process.Pid)
	}
	stop := context.AfterFunc(ctx, func() {
		e.measureSince(began, 0)
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	})
	err = cmd.Wait()
	stop()
	result.Output = output.Bytes()
	switch {
	case ctx.Err() != nil:
		result.Failure = fmt.Sprintf("no end within %s", Limits.Schedule)
		result.Deadline = e.Outcome.Deadline
	case output.Cut() > 0:
		result.Failure = fmt.Sprintf("it printed more than %s", careful.Size(limits.Schedule))
	case err != nil:
		result.Failure = strings.TrimSpace(err.Error() + "\n" + trouble.String())
	}
	return result, nil
}
