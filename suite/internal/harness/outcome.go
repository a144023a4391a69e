package harness

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"assay/suite/internal/match"
	"assay/suite/internal/patience"
	"assay/suite/internal/redact"
	"assay/suite/internal/sut"
	"assay/suite/internal/verdict"
	"assay/suite/report"
)

// ResultsVariable names the directory in which workers leave their outcomes.
const ResultsVariable = "ASSAY_RESULTS"

// Outcome holds the outcome of one case of a requirement. A worker hands it over
// in an entry of Ginkgo's report.
type Outcome struct {
	verdict.Outcome
	Broken    string    // why Assay itself failed; empty if it did not
	Issuances int       // certificates that the spec's CA issued
	Deadline  *Deadline // the time limit that decided a failure, if one did
}

// A Deadline is a time limit that decided a failure. If the machine was starved
// while the time ran, the failure says nothing about the target.
type Deadline struct {
	Loss    patience.Loss // what was measured while the time ran
	Starved string        // how the machine was starved, in words; empty if it was not
}

// NewOutcome returns the outcome of a spec that begins. [AddOutcome] sets its
// status when the spec has ended.
func NewOutcome(id, row string) Outcome {
	return Outcome{Outcome: verdict.Outcome{ID: id, Case: row, Status: report.Passed}}
}

// EntryName is the name of the report entry that holds the outcome.
const EntryName = "assay-outcome"

// current is the environment of the spec that runs in this process.
var current atomic.Pointer[Env]

// FailAssertion ends the current spec, like [ginkgo.Fail], for an assertion
// that failed. It is Gomega's fail handler in workers.
func FailAssertion(message string, callerSkip ...int) {
	ginkgo.GinkgoHelper()
	if e := current.Load(); e != nil {
		e.noteDeadline(message)
	}
	ginkgo.Fail(message, callerSkip...)
}

// fail ends the spec as the target's failure. Ginkgo prints the message, so the
// secrets of the spec are taken out before.
func (e *Env) fail(message string, callerSkip ...int) {
	ginkgo.GinkgoHelper()
	e.noteDeadline(message)
	ginkgo.Fail(e.WithoutSecrets(message), callerSkip...)
}

// noteDeadline records the time limit that decided a failure, if one did: that
// of a wait that goes on, or one behind what a matcher judged.
func (e *Env) noteDeadline(message string) {
	since, found := e.waits.overrun()
	if !found {
		since, found = match.RestedOn(message)
	}
	if found {
		e.measureSince(since)
	}
}

// measureSince records what the machine withheld since then, or since the spec
// began if since is zero.
func (e *Env) measureSince(since time.Time) {
	if e.Outcome.Deadline != nil || e.setup.Recorder == nil {
		return
	}
	if since.IsZero() {
		since = e.began
	}
	d := &Deadline{Loss: e.setup.Recorder.Since(since)}
	d.Starved, _ = d.Loss.Starved()
	e.Outcome.Deadline = d
}

// Finish closes the spec's environment and hands in its outcome. Evidence is
// gathered before, while there is still something to gather from.
func (e *Env) Finish() {
	spec := ginkgo.CurrentSpecReport()
	if !spec.Failed() && !spec.State.Is(types.SpecStateSkipped) {
		e.facts()
	}
	e.collect(spec.Failed())
	if spec.Failed() {
		e.explain(spec)
	}
	if e.setup.Keep != "" {
		if err := e.keep(); err != nil {
			e.breakDown("keeping the spec's directory", err)
		}
	}
	if err := e.Close(); err != nil {
		e.breakDown("cleaning up", err)
	}
	if err := os.RemoveAll(filepath.Dir(e.Dir)); err != nil {
		e.breakDown("cleaning up", err)
	}
	current.CompareAndSwap(e, nil)
	if e.setup.Recorder != nil {
		e.setup.Recorder.Forget()
	}
	AddOutcome(e)
}

// breakDown records that Assay itself failed, unless that is recorded already.
func (e *Env) breakDown(doing string, err error) {
	if e.Outcome.Broken == "" {
		e.Outcome.Broken = doing + ": " + err.Error()
	}
}

// explain looks for time limits behind a failure that are not the suite's: the
// CA's for a validation, and Ginkgo's for the whole spec.
func (e *Env) explain(spec types.SpecReport) {
	validation, slow := e.validationTimeout(), e.overload()
	if spec.State.Is(types.SpecStateTimedout) || validation || slow != "" {
		e.measureSince(time.Time{})
	}
	if slow == "" {
		return
	}
	if e.Outcome.Broken == "" {
		e.Outcome.Broken = slow
	}
	if d := e.Outcome.Deadline; d != nil && d.Starved == "" {
		d.Starved = slow
	}
}

// AddOutcome completes the outcome when the spec has ended, makes it fit for
// publication, and hands it to Ginkgo, which brings it, as JSON, to the process
// that gathers. Under the command ginkgo there is no such process.
func AddOutcome(e *Env) {
	if os.Getenv(ResultsVariable) == "" {
		return
	}
	e.Outcome.Status, e.Outcome.Reason = status(ginkgo.CurrentSpecReport(), e.Outcome)
	e.Outcome.Sanitize(e.known, e.masks)
	ginkgo.AddReportEntry(EntryName, ginkgo.ReportEntryVisibilityNever, e.Outcome)
}

// status tells a target's failure from Assay's own. A panic or a spec that
// ran into Ginkgo's timeout is Assay's: waits for a target have deadlines of
// their own, which fail with what was awaited. Where the timeout cut such a wait
// short, and the spec failed for it, the target was what kept it.
func status(spec types.SpecReport, o Outcome) (report.Status, string) {
	message := spec.Failure.Message
	switch {
	case o.Broken != "":
		return report.Error, o.Broken
	case spec.State.Is(types.SpecStatePassed):
		return report.Passed, ""
	case spec.State.Is(types.SpecStateSkipped):
		return report.Skipped, message
	case spec.State.Is(types.SpecStateFailed):
		return report.Failed, message
	case spec.State.Is(types.SpecStatePanicked):
		return report.Error, "panic: " + spec.Failure.ForwardedPanic
	case spec.State.Is(types.SpecStateTimedout) && cutShort(spec) != "":
		return report.Failed, cutShort(spec)
	case spec.State.Is(types.SpecStateInterrupted):
		return report.Skipped, "interrupted"
	default:
		return report.Error, spec.State.String() + ": " + message
	}
}

// cutShort is the failure with which a spec answered the end of its time; "" if
// it did not. Ginkgo puts a line of its own before it.
func cutShort(spec types.SpecReport) string {
	then := spec.Failure.AdditionalFailure
	if then == nil || !then.State.Is(types.SpecStateFailed) {
		return ""
	}
	_, message, _ := strings.Cut(then.Failure.Message, "\n")
	return message + "\n(the time of the whole spec was over)"
}

// collect gathers what the report says of a spec while its surroundings exist:
// what the CA did for it, if it failed its evidence, and the secrets and masks
// with which [AddOutcome] makes all of it fit for publication.
func (e *Env) collect(failed bool) {
	e.secrets()
	e.masks = e.roles()
	if e.ca != nil {
		e.Outcome.UsedCA = true
		e.Outcome.Issuances = len(e.ca.Journal().Issued())
	}
	if failed || e.setup.Keep != "" {
		e.Outcome.Evidence = e.evidence()
	}
}

// secrets returns the texts that the report must not hold: every private key in
// the spec's directory, in the forms in which a server may log it, and the secrets
// that the spec saw before.
func (e *Env) secrets() []string {
	SecretsBelow(e, ".")
	return e.known
}

// WithoutSecrets returns a message without the secrets of the spec. It is for
// messages that leave the process before the outcome does: Ginkgo prints why a
// spec failed, and the probe has no outcome.
func (e *Env) WithoutSecrets(message string) string {
	if !e.searching { // a search that fails ends the spec with another message
		e.searching = true
		e.secrets()
		e.searching = false
	}
	return redact.New(e.known...).Text(message)
}

// roles names this spec's addresses, directory and host, so that what was
// observed can be compared with another run's.
func (e *Env) roles() map[string]string {
	v4, v6 := e.World.Host()
	roles := map[string]string{e.Dir: "<dir>", e.Hostname: "<hostname>", v4.String(): "<host>"}
	if v6.IsValid() {
		roles[v6.String()] = "<host6>"
	}
	roles[e.World.Services().Authority] = "<ca>"
	return roles
}

// evidence returns what a person needs to understand a failure: the configuration
// and the log of each server started, and the CA's journal.
func (e *Env) evidence() *report.Evidence {
	found := &report.Evidence{}
	var starts []*sut.Log
	for _, server := range e.servers {
		found.Config = server.configuration()
		if server.Process == nil {
			continue
		}
		starts = append(starts, server.Logs()...)
	}
	for i, log := range starts {
		if len(starts) > 1 { // such as a control and the server that it is for
			found.Log = append(found.Log, fmt.Sprintf("--- start %d of %d ---", i+1, len(starts)))
		}
		for _, line := range log.Lines() {
			found.Log = append(found.Log, line.Text)
		}
	}
	if e.ca != nil {
		for _, entry := range e.ca.Journal().Entries() {
			found.ACME = append(found.ACME, report.Exchange{
				TMS: entry.T.Milliseconds(), From: entry.From, To: entry.To,
				What: entry.What, Status: entry.Status, Fault: entry.Fault,
				Detail: strings.TrimSpace(entry.Problem + " " + entry.Detail),
			})
		}
	}
	return found
}

// keep copies the spec's directory into the report, keys and all, for a
// person to look at and to start the server by hand.
func (e *Env) keep() error {
	to := filepath.Join(e.setup.Keep, e.requirement.ID, e.row.Name)
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return copyTree(e.Dir, to)
}

// copyTree copies directories, files and symbolic links. What cannot be copied
// is left out: a server's sockets, and what a spec made unreadable.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return IgnoreGone(err)
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		copied := filepath.Join(to, rel)
		switch entry.Type() {
		case fs.ModeDir:
			return os.MkdirAll(copied, 0o755)
		case fs.ModeSymlink:
			points, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(points, copied)
		case 0:
			content, err := os.ReadFile(path)
			if err != nil {
				return IgnoreGone(err)
			}
			return os.WriteFile(copied, content, 0o600)
		}
		return nil
	})
}

// IgnoreGone returns nil for what a walk through a spec's directory may leave
// out: what nobody may read, and what a server removed in the meantime.
func IgnoreGone(err error) error {
	if err == nil || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
