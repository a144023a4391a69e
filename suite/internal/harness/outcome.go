package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"assay/pebble"
	"assay/pebble/ledger"
	"assay/pebble/presets"
	"assay/suite/internal/careful"
	"assay/suite/internal/limits"
	"assay/suite/internal/logtext"
	"assay/suite/internal/match"
	"assay/suite/internal/patience"
	"assay/suite/internal/redact"
	"assay/suite/internal/sut"
	"assay/suite/internal/verdict"
	"assay/suite/internal/world"
	"assay/suite/report"
	"assay/suite/report/words"
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
	// NoContact says that the spec failed because the target did not turn to its CA.
	NoContact bool
}

// A Deadline is a time limit that decided a failure. If the machine was starved
// while the time ran, the failure says nothing about the target.
type Deadline struct {
	Loss patience.Loss // what was measured while the time ran
	// Starved says in words how the machine was starved, or that its clock was set;
	// empty if it was not.
	Starved string
	// ClockSet says that Starved is about the clock.
	ClockSet bool
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
		e.noteContact(message)
	}
	ginkgo.Fail(words.Cut(match.Plain(message), limits.Reason), callerSkip...)
}

// fail ends the spec as the target's failure. Ginkgo prints the message, so the
// secrets of the spec are taken out before.
func (e *Env) fail(message string, callerSkip ...int) {
	ginkgo.GinkgoHelper()
	e.noteDeadline(message)
	e.noteContact(message)
	ginkgo.Fail(words.Cut(e.WithoutSecrets(match.Plain(message)), limits.Reason), callerSkip...)
}

// noteDeadline records the time limit that decided a failure, if one did: that
// of a wait that goes on, or one behind what a matcher judged.
func (e *Env) noteDeadline(message string) {
	var over time.Duration
	since, found := e.waits.overrun()
	if !found {
		since, over, found = match.DecidedByTime(message)
	}
	if found {
		e.measureSince(since, over)
	}
}

// noteContact notes whether a failure may have come about because the target has sent the
// CA no request: a wait was over that nothing but a request can end, or a matcher judged
// what nothing but a request can bring about, or a handshake that failed.
func (e *Env) noteContact(message string) {
	if e.ca == nil || e.requested() {
		return
	}
	e.lacked.request = e.waits.forCA() || match.RestsOnCA(message, e.ca.Root())
	e.lacked.handshake = match.RestsOnTLS(message)
}

// lacked says what was missing when a spec failed and the target had sent the CA no
// request.
type lacked struct{ request, handshake bool }

// blame records that the spec failed because the target did not turn to its CA, if that is
// so, and the reason that the target logged. It logs that after a client learns of it.
func (e *Env) blame() {
	if !e.lacked.request && !e.lacked.handshake {
		return
	}
	why, _ := e.noConnection()
	e.Outcome.NoContact = e.lacked.request || why != ""
	if why != "" {
		e.Outcome.Cause, _ = e.NoContact()
	}
}

// NoContact reports whether no request of the target has reached the spec's CA, and says
// why, as far as that is known.
func (e *Env) NoContact() (cause string, never bool) {
	if e.requested() {
		return report.CauseNoCertificate, false
	}
	cause = report.CauseNoContact
	why, _ := e.noConnection()
	for _, entry := range e.ca.Journal().Requests(pebble.KindTLS) {
		if entry.Fault == "" {
			cause = report.CauseNoTLS
			why = cmp.Or(why, entry.Detail)
		}
	}
	if why != "" {
		cause += ": " + why
	}
	return cause, true
}

// AskedAnotherCA reports whether the server that was started last has logged that it got no
// connection to a CA, and it is not the spec's.
func (e *Env) AskedAnotherCA() bool {
	_, line := e.noConnection()
	own, err := url.Parse(e.DirectoryURL())
	return err == nil && anotherCA.MatchString(line) && !strings.Contains(line, own.Host)
}

// anotherCA matches the names of CAs with ACME, and their directories (RFC 8555 §7.1.1).
var anotherCA = regexp.MustCompile(`(?i)\bacme\b|letsencrypt|zerossl|buypass|/directory\b`)

// noConnection returns why the server that was started last got no connection, and the
// whole line with which it logged that last. Both are "" if it logged nothing of that kind.
func (e *Env) noConnection() (why, line string) {
	if len(e.servers) == 0 || e.servers[len(e.servers)-1].Process == nil {
		return "", ""
	}
	for _, l := range e.servers[len(e.servers)-1].Log() {
		if text := logtext.NoConnection(l.Text); text != "" {
			why, line = text, l.Text
		}
	}
	return why, line
}

// Describe returns a failure with this reason outside of any spec, with what the
// environment shows so far, fit for publication.
func (e *Env) Describe(reason string) verdict.Outcome {
	o := verdict.Outcome{Status: report.Failed, Reason: reason, UsedCA: e.ca != nil}
	o.Evidence = e.evidence()
	o.Sanitize(e.secrets(), e.roles())
	return o
}

// measureSince records what the machine withheld since then, or since the spec
// began if since is zero. over is by how much the limit was passed, or 0 if that is
// unknown.
func (e *Env) measureSince(since time.Time, over time.Duration) {
	if e.Outcome.Deadline != nil || e.setup.Recorder == nil {
		return
	}
	if since.IsZero() {
		since = e.began
	}
	d := &Deadline{Loss: e.setup.Recorder.Since(since)}
	d.Starved, _ = d.Loss.StarvedBy(over)
	e.Outcome.Deadline = d
}

// noteClock records that the clock of this machine was set while the spec ran. A failure
// then says nothing about the target.
func (e *Env) noteClock() {
	if d := e.Outcome.Deadline; d != nil && d.Starved != "" {
		return
	}
	if words, was := e.clock.Set(); was {
		e.Outcome.Deadline = &Deadline{Starved: words, ClockSet: true}
	}
}

// Finish closes the spec's environment and hands in its outcome. Evidence is
// gathered before, while there is still something to gather from.
func (e *Env) Finish() {
	spec := ginkgo.CurrentSpecReport()
	if !spec.Failed() && !spec.State.Is(types.SpecStateSkipped) {
		e.facts()
	}
	if spec.Failed() {
		e.AwaitLastWords()
		e.noteEnd()
		e.blame()
		e.noteClock()
	}
	e.collect(spec)
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
	if err := removeAll(e.World.Dir()); err != nil {
		e.breakDown("cleaning up", err)
	}
	current.CompareAndSwap(e, nil)
	if e.setup.Recorder != nil {
		e.setup.Recorder.Forget()
	}
	e.handIn(spec)
}

// AwaitLastWords gives a server that runs the time to log what a failed spec saw
// last: a client often learns of an error before the server logs it.
func (e *Env) AwaitLastWords() {
	if len(e.servers) == 0 {
		return
	}
	server := e.servers[len(e.servers)-1]
	if server.Process == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), Limits.LastWords)
	defer cancel()
	log := server.Process.Log()
	_, _ = log.WaitSince(ctx, log.Mark(), "a further line", func(sut.Line) bool { return true })
}

// noteEnd notes how the server that was started last ended, if it was ready and nobody has
// asked it to end: that explains the failed connection with which a spec ends.
func (e *Env) noteEnd() {
	if len(e.servers) == 0 {
		return
	}
	server := e.servers[len(e.servers)-1]
	if server.Process == nil || !server.served {
		return
	}
	if server.reloaded {
		ctx, cancel := context.WithTimeout(context.Background(), Limits.LastWords)
		defer cancel()
		select {
		case <-server.Process.Exited():
		case <-ctx.Done():
		}
	}
	if ending, ended := server.Process.EndedByItself(); ended {
		e.ended = "the server ended by itself: it " + ending.How()
		if server.reloaded {
			e.ended = "the server ended after it was told to reload: it " + ending.How()
		}
	}
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
		e.measureSince(time.Time{}, 0)
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

// Interrupted is the reason of the outcome of a spec that the end of the run cut
// short.
const Interrupted = "interrupted"

// AddOutcome completes the outcome when the spec has ended, makes it fit for
// publication, and hands it to Ginkgo, which brings it, as JSON, to the process
// that gathers. Under the command ginkgo there is no such process.
func AddOutcome(e *Env) { e.handIn(ginkgo.CurrentSpecReport()) }

// handIn does what [AddOutcome] does, for a spec that ended as a report says.
// [Env.Finish] asks for the report when it begins: if the run or the spec's time ends
// meanwhile, Ginkgo goes on without waiting, and its current report is that of no spec
// or of the next one.
func (e *Env) handIn(spec types.SpecReport) {
	if os.Getenv(ResultsVariable) == "" {
		return
	}
	e.Outcome.Status, e.Outcome.Reason = status(spec, e.Outcome)
	if e.Outcome.Status == report.Failed && e.ended != "" {
		e.Outcome.Reason = words.Cut(e.Outcome.Reason+"\n"+e.ended, limits.Reason)
	}
	e.Outcome.Whole = e.Outcome.Whole && spent.evidence < share(limits.Evidence)
	e.Outcome.Sanitize(e.known, e.masks)
	if e.Outcome.Whole {
		spent.evidence += e.Outcome.Evidence.Size()
	}
	ginkgo.AddReportEntry(EntryName, ginkgo.ReportEntryVisibilityNever, e.Outcome)
}

// spent counts the bytes of evidence that this worker has handed in.
var spent struct{ evidence, captures int }

// share returns this worker's part of what all workers of a run have.
func share(all int) int {
	suite, _ := ginkgo.GinkgoConfiguration()
	return all / max(1, suite.ParallelTotal)
}

// status tells a target's failure from Assay's own. A panic or a spec that
// ran into Ginkgo's timeout is Assay's: waits for a target have deadlines of
// their own, which fail with what was awaited. Where the timeout cut such a wait
// short, and the spec failed for it, the target was what kept it.
func status(spec types.SpecReport, o Outcome) (report.Status, string) {
	message := spec.Failure.Message
	switch {
	case spec.State.Is(types.SpecStateInterrupted): // whatever failed for it afterwards
		return report.Skipped, Interrupted
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
	default:
		return report.Error, spec.State.String() + ": " + message
	}
}

// cutShort returns the failure with which a spec answered the end of its time; "" if it
// did not. Ginkgo puts a line of its own before it.
func cutShort(spec types.SpecReport) string {
	then := spec.Failure.AdditionalFailure
	if then == nil || !then.State.Is(types.SpecStateFailed) {
		return ""
	}
	_, message, _ := strings.Cut(then.Failure.Message, "\n")
	return message + "\n(the time of the whole spec was over)"
}

// collect gathers what the report says of a spec while its surroundings exist:
// what the CA did for it, its evidence, and the secrets and masks with which
// [AddOutcome] makes all of it fit for publication.
func (e *Env) collect(spec types.SpecReport) {
	e.secrets()
	e.masks = e.roles()
	if e.ca != nil {
		e.Outcome.UsedCA = true
		e.Outcome.Issuances = len(e.ca.Journal().Issued())
		e.Outcome.Limits = e.limits()
	}
	if spec.State.Is(types.SpecStateSkipped) {
		return
	}
	e.Outcome.Whole = spec.Failed() || e.setup.Keep != ""
	e.Outcome.Evidence = e.evidence()
	if e.Outcome.Whole {
		e.keepPackets()
	}
}

// RefusedWithin says in words what Let's Encrypt would refuse within so many days, if the
// target goes on as it did. The limit of failures in an hour does not count: it fills again
// by itself, and a server that tries a few times soon after a first failure helps its
// operator.
func (e *Env) RefusedWithin(days float64) (refused []string) {
	for _, row := range ledger.Book(e.Journal().Entries(), presets.LetsEncryptLimits()) {
		if row.Name != ledger.Failures && row.Day != nil && *row.Day <= days {
			refused = append(refused, fmt.Sprintf("%d %s; Let's Encrypt %s on day %.1f: more than %d %s",
				row.Count, row.Name, row.After, *row.Day, row.Most, row.Per))
		}
	}
	return refused
}

// limits says how near the target came to the rate limits of the run's CA. Where a spec has
// chosen a lifetime of its own, the CA's limit of certificates says nothing.
func (e *Env) limits() (all []report.Limit) {
	booked := e.setup.CA.RateLimits()
	if e.ownLifetime {
		booked = slices.DeleteFunc(booked, func(l ledger.Limit) bool {
			return l.Name == ledger.Certificates
		})
	}
	in := e.Outcome.ID
	if e.Outcome.Case != "" {
		in += "/" + e.Outcome.Case
	}
	for _, row := range ledger.Book(e.ca.Journal().Entries(), booked) {
		if row.Count == 0 {
			continue
		}
		l := report.Limit{
			Name: row.Name, Most: row.Most, Per: row.Per, After: row.After,
			Peak: row.Peak, Nearest: in,
		}
		if row.Day != nil {
			l.Refusals = []report.Refusal{{In: in, Day: *row.Day, Ahead: !row.Exceeded()}}
		}
		all = append(all, l)
	}
	return all
}

// keyLog returns where the suite's clients write the keys of their connections, or
// nil if packets are not recorded.
func (e *Env) keyLog() io.Writer {
	if e.World.Kind() != world.Namespace {
		return nil
	}
	return &e.packets.Keys
}

// keepPackets leaves the packets of the spec's network beside the outcome, as a file
// that becomes part of the evidence. If a packet holds a secret, the evidence says
// that instead.
func (e *Env) keepPackets() {
	dir := os.Getenv(ResultsVariable)
	if dir == "" || e.World.Kind() != world.Namespace {
		return
	}
	redactor := redact.New(e.known...)
	file, err := e.packets.File(e.known, func(text string) bool { return redactor.Text(text) != text })
	if err == nil && spent.captures+len(file) > share(limits.Captures) {
		err = errors.New("this worker has kept as many packets as it may")
	}
	if err == nil && len(file) > 0 {
		spent.captures += len(file)
		name := "packets-" + e.requirement.ID + "-" + e.row.Name + ".pcapng"
		e.Outcome.Packets = filepath.Join(dir, name)
		err = careful.WriteFile(e.Outcome.Packets, file, 0o600)
	}
	if err != nil {
		e.Outcome.Packets, e.Outcome.Evidence.CaptureLeftOut = "", err.Error()
	}
}

// secrets returns the texts that the report must not hold: every private key in
// the spec's directory, in the forms in which a server may log it, and the secrets
// that the spec saw before.
func (e *Env) secrets() []string {
	_, _ = e.findSecrets(".") // what is beyond the limits is redacted by its form alone
	return e.known
}

// WithoutSecrets returns a message without the secrets of the spec. It is for
// messages that leave the process before the outcome does: Ginkgo prints why a
// spec failed, and the probe has no outcome.
func (e *Env) WithoutSecrets(message string) string {
	return redact.New(e.secrets()...).Text(message)
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

// evidence returns what a person needs to understand a result: the configuration
// and the log of each server started, the CA's journal, and the handshakes of the
// suite's clients. All times count from the beginning of the spec.
func (e *Env) evidence() *report.Evidence {
	found := &report.Evidence{Handshakes: e.seen.Since(e.began)}
	var starts []*sut.Log
	for _, server := range e.servers {
		found.Config = server.configuration()
		if server.Process == nil {
			continue
		}
		starts = append(starts, server.Logs()...)
	}
	say := func(at time.Time, line string) {
		found.Log = append(found.Log, line)
		found.LogTMS = append(found.LogTMS, at.Sub(e.began).Milliseconds())
	}
	for i, log := range starts {
		if len(starts) > 1 { // such as a control and the server that it is for
			say(log.Started(), fmt.Sprintf("--- start %d of %d ---", i+1, len(starts)))
		}
		for _, line := range log.Lines() {
			say(log.Started().Add(line.T), line.Text)
		}
	}
	if e.ca == nil {
		return found
	}
	journal := e.ca.Journal()
	for _, entry := range journal.Entries() {
		found.ACME = append(found.ACME, report.Exchange{
			TMS:  journal.Began().Add(entry.T).Sub(e.began).Milliseconds(),
			From: entry.From, To: entry.To,
			What: entry.What, Status: entry.Status, Fault: entry.Fault,
			Detail: strings.TrimSpace(entry.Problem + " " + entry.Detail),
		})
	}
	return found
}

// keep copies the spec's directory into the report, keys and all, for a
// person to look at and to start the server by hand.
func (e *Env) keep() error {
	to := filepath.Join(e.setup.Keep, e.requirement.ID, e.row.Name)
	if err := removeAll(to); err != nil {
		return err
	}
	_, err := e.below.CopyTo(to, limits.Kept)
	return err
}

// removeAll removes a file or a directory within the time that a cleanup may take.
func removeAll(path string) error {
	ctx, cancel := careful.Deadline(limits.Cleanup)
	defer cancel()
	return careful.RemoveAll(ctx, path)
}
