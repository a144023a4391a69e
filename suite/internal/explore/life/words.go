package life

import (
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"assay/pebble"
	"assay/suite/internal/harness"
	"assay/suite/internal/sut"
	"assay/suite/internal/wire"
)

// words holds where the log stood when something went wrong that a line has to tell.
type words struct {
	refused, unheard, unkept telling
}

// A telling is a moment from which on the log has to say something.
type telling struct {
	since   bool // it has begun, and the log has not said it yet
	process any  // to which the log belongs
	line    int  // where the log stood
	journal int  // where the CA's journal stood
}

func (l *life) tell() telling {
	t := telling{since: true, journal: l.e.Journal().Len()}
	if l.up {
		t.process, t.line = l.server.Process, l.server.Process.Log().Mark()
	}
	return t
}

// mark returns from where on the log of the process that runs has to say it.
func (t telling) mark(l *life) int {
	if t.process == any(l.server.Process) {
		return t.line
	}
	return 0
}

// caRefusal is a problem as a CA has it that pauses an account: its link is long.
var caRefusal = pebble.Problem{
	Type:   "urn:ietf:params:acme:error:rateLimited",
	Status: http.StatusTooManyRequests,
	Detail: "Your account is paused for this name: see https://ca.example/unpause?jwt=" +
		strings.Repeat("abcdefghijklmnopqrstuvwxyz0123456789-_", 20),
}

// judgeWords judges what the log says of the trouble around the server.
func (l *life) judgeWords() {
	if !l.up || l.walk.Mode == ModeOwn {
		return
	}
	t := &l.words.refused
	since := l.e.Journal().Since(max(t.journal, l.startedAt))
	if t.since && l.e.Claims("autocert") && slices.ContainsFunc(since, func(e pebble.Entry) bool {
		return e.Kind == pebble.KindNewOrder && e.Fault != ""
	}) {
		t.since = false
		l.settle()
		said := func(line sut.Line) bool { return strings.Contains(line.Words(), caRefusal.Detail) }
		// A server may try once more before it tells of a refusal; RES-86 gives it two hours.
		l.expectLineWithin(2*time.Hour, "what the CA says, with its whole link", t.mark(l), said,
			"AUTOCERT-03", "RES-33", "RES-86")
	}
	t = &l.words.unkept
	if t.since && l.unstored && l.good != nil && l.e.Claims("autocert") &&
		l.troubles["cache"] != nil && l.issuedSince(l.good, max(t.journal, l.startedAt)) {
		t.since = false
		name := filepath.Base(l.cache)
		l.settle()
		l.expectLine("that the certificate cannot be stored, with the directory", t.mark(l),
			func(line sut.Line) bool {
				return strings.Contains(line.Words(), name) && harness.Complains(line)
			}, "RES-24", "RES-25", "RES-61")
	}
}

// judgeUnheard judges what the log says when the first client after a start gets no
// certificate since the CA cannot be reached.
func (l *life) judgeUnheard(h *wire.Handshake) {
	t := &l.words.unheard
	if !t.since || l.walk.Mode == ModeOwn || h.Err == nil || l.hasValid() ||
		l.troubles["ca"] == nil || !l.caDown {
		return
	}
	t.since = false
	l.expectLine("the directory of the CA, "+l.caURL, t.mark(l), func(line sut.Line) bool {
		return strings.Contains(line.Words(), l.caURL) && harness.Complains(line)
	}, "ACME-20", "RES-34")
}

// expectLine expects the log to have a line after a mark.
func (l *life) expectLine(what string, mark int, wanted func(sut.Line) bool, from ...string) {
	if slices.ContainsFunc(from, func(id string) bool { return l.known[id] }) {
		return
	}
	if !l.awaitLine(l.server, mark, wanted) {
		l.about(from...)
		l.broke(invNamesCause, "a line of the log with "+what, "%s", l.server.Process.Log().Tail(6))
	}
}

// expectLineWithin expects the log to have a line after a mark when so much time has passed, in
// which clients come.
func (l *life) expectLineWithin(
	limit time.Duration, what string, mark int, wanted func(sut.Line) bool, from ...string,
) {
	for waited := 0 * limit; waited < limit; waited += limit / 8 {
		if slices.ContainsFunc(l.server.Process.Log().Since(mark), wanted) {
			return
		}
		l.advance(limit/8, nil)
		l.visit(able())
	}
	if l.up {
		l.expectLine(what, mark, wanted, from...)
	}
}

// blames reports whether a line names a file of the pair that is at fault.
func (l *life) blames(b badPair, line sut.Line) bool {
	cert, key := l.place.Paths()
	var names []string
	if b.cert != "" || b.both {
		names = append(l.e.AnyNameOf("tls_cert_path"), path.Base(cert))
	}
	if b.key != "" || b.both {
		names = append(append(names, l.e.AnyNameOf("tls_key_path")...), path.Base(key))
	}
	text := line.Words()
	return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(text, name) })
}

// chainIsBad reports whether the chain is what is wrong with a pair. Its message names
// certificates, and CHAIN-03 judges it.
func (b badPair) chainIsBad() bool { return b.long }

func badPairOf(name string) badPair {
	i := slices.IndexFunc(badPairs, func(b badPair) bool { return b.name == name })
	if i < 0 {
		return badPair{}
	}
	return badPairs[i]
}

// judgeRefusedPair judges how a server has refused a bad pair at its start.
func (l *life) judgeRefusedPair() {
	b := badPairOf(l.badHow)
	if b.name == "" || b.chainIsBad() || l.target.OnBadConfig != sut.ExitOnBadConfig {
		return
	}
	if code := l.server.Process.ExitCode(); code == 0 {
		l.broke(invRefusesBad, "an exit code other than 0", "0")
	}
	l.expectLine("the file that is at fault ("+b.name+")", 0, func(line sut.Line) bool {
		return harness.Complains(line) && l.blames(b, line)
	}, "BYO-05")
}

// judgeComplaint judges whether a server that runs complains of a bad pair. Its mark is where
// its log stood before.
func (l *life) judgeComplaint(b badPair, mark int) {
	if b.chainIsBad() || !l.e.OffersReload() || l.known["BYO-19"] {
		return
	}
	control := l.server.Process.Log().Lines()
	// A server may have read files before that were half written.
	control = slices.DeleteFunc(control[:min(mark, len(control))], harness.Complains)
	wanted := func(line sut.Line) bool {
		return harness.Complains(line) && l.blames(b, line) && !l.e.Said(control, line.Words())
	}
	limit := max(takeUpWithin, 2*l.target.Reload.Within)
	l.expectLineWithin(limit, "the file that is at fault ("+b.name+")", mark, wanted, "BYO-19")
}

// keep opens a connection that is to live on over a reload; nil if there is none.
func (l *life) keep() *wire.Handshake {
	if !l.up || !l.e.IsToldToReload() {
		return nil
	}
	if h := l.visit(able()); h == nil || h.Err != nil { // which notes the certificate
		return nil
	}
	h, _ := l.shake(harness.Offering("http/1.1"), harness.KeepOpen)
	if h.Err != nil {
		return nil
	}
	l.closers = append(l.closers, func() { h.Close() })
	return h
}

// judgeKept asks for something on a connection that was open before a reload.
func (l *life) judgeKept(h *wire.Handshake) {
	const enough = 20 // seconds; a server may end idle connections later
	if h == nil || l.passed.Seconds() > enough || !l.up {
		return
	}
	answer := l.e.RequestOn(h)
	if answer.Status != 0 {
		return
	}
	l.isAlive()
	l.broke(invKeepsOpen, "an answer on a connection that was open before the reload",
		"%v", answer.Err)
}

// judgeStored judges where the certificate is that is served.
func (l *life) judgeStored() {
	if l.good == nil || l.doubt || l.unstored || l.troubles["cache"] != nil {
		return
	}
	if len(l.e.FilesOfCache(l.cache)) > 0 {
		return
	}
	elsewhere := l.e.NewFiles(l.before)
	l.broke(invStored, "the certificate in the directory "+l.e.Path(l.cache),
		"no file there, and %d elsewhere (%s); it says\n%s", len(elsewhere),
		strings.Join(elsewhere, ", "), l.server.Process.Log().Tail(4))
}
